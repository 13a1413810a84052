#include "executors/supervisor/metric_router.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "executors/supervisor/metric_line.h"
#include "tests/executors/sealed.h"

namespace hd {
namespace {

class MetricRouterTest : public ::testing::Test {
 protected:
  MetricRouterTest() {
    std::string name = (std::filesystem::temp_directory_path() / "hdrive-router-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    directory_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
    log_ = std::make_unique<StreamLog>(directory_);
    router_ = std::make_unique<MetricRouter>(*log_);
  }
  ~MetricRouterTest() override {
    ::close(directory_);
    std::filesystem::remove_all(folder_);
  }
  void hear(const std::string& name, double value, Route route, std::int64_t at_us) {
    HeardLine line;
    line.kind = HeardLine::Kind::kMetrics;
    line.points.push_back({name, value, {}});
    router_->hear(line, route, {1, at_us});
  }
  std::string stream() {
    log_->flush();
    std::string text(static_cast<std::size_t>(log_->end_offset()), '\0');
    text.resize(log_->read(0, text.data(), text.size()));
    return text;
  }

  std::string folder_;
  int directory_ = -1;
  std::unique_ptr<StreamLog> log_;
  std::unique_ptr<MetricRouter> router_;
};

TEST_F(MetricRouterTest, HoldsTheFirstPrintedValuesOfAName) {
  hear("a", 1, Route::kPattern, 0);
  EXPECT_EQ(stream(), "");
  EXPECT_EQ(router_->next_release_us(), MetricRouter::kHoldUs);
  hear("a", 2, Route::kPattern, 10);
  router_->release(MetricRouter::kHoldUs, false);
  hear("a", 3, Route::kPattern, MetricRouter::kHoldUs + 1);
  EXPECT_EQ(stream(),
            testing::sealed("{\"n\":1,\"k\":\"m\",\"p\":[[\"a\",1,null,1],[\"a\",2,null,1],"
                            "[\"a\",3,null,1]]}\n"));
}

TEST_F(MetricRouterTest, EventFilesGoBeforePrintedValuesUntilTheseCount) {
  hear("a", 1, Route::kPattern, 0);
  hear("a", 2, Route::kEventFile, 10);
  hear("a", 3, Route::kPattern, 20);
  hear("b", 4, Route::kPattern, 20);
  router_->release(MetricRouter::kHoldUs + 20, false);
  hear("b", 5, Route::kEventFile, MetricRouter::kHoldUs + 30);
  hear("b", 6, Route::kPattern, MetricRouter::kHoldUs + 40);
  EXPECT_EQ(
      stream(),
      testing::sealed(
          "{\"n\":1,\"k\":\"m\",\"p\":[[\"a\",2,null,1],[\"b\",4,null,1],[\"b\",6,null,1]]}\n"));
}

TEST_F(MetricRouterTest, NativeValuesEndThoseOfEventFiles) {
  hear("a", 1, Route::kEventFile, 0);
  hear("a", 2, Route::kNative, 10);
  hear("a", 3, Route::kEventFile, 20);
  EXPECT_EQ(stream(),
            testing::sealed("{\"n\":1,\"k\":\"m\",\"p\":[[\"a\",1,null,1],[\"a\",2,null,1]]}\n"));
}

TEST_F(MetricRouterTest, NativeValuesReplaceHeldOnesAndEndPrintedOnes) {
  hear("a", 1, Route::kPattern, 0);
  hear("a", 1.5, Route::kNative, 5);
  hear("a", 2, Route::kPattern, 10);
  router_->release(0, true);
  EXPECT_EQ(stream(), testing::sealed("{\"n\":1,\"k\":\"m\",\"p\":[[\"a\",1.5,null,1]]}\n"));
}

TEST_F(MetricRouterTest, MlflowGoesBeforeAllButNativeValues) {
  hear("a", 1, Route::kEventFile, 0);
  hear("a", 2, Route::kMlflow, 10);
  hear("a", 3, Route::kEventFile, 20);
  hear("a", 4, Route::kPattern, 30);
  hear("a", 5, Route::kNative, 40);
  hear("a", 6, Route::kMlflow, 50);
  EXPECT_EQ(stream(),
            testing::sealed("{\"n\":1,\"k\":\"m\",\"p\":[[\"a\",1,null,1],[\"a\",2,null,1],"
                            "[\"a\",5,null,1]]}\n"));
}

TEST_F(MetricRouterTest, PrintedValuesWaitForRequestsThatAreOnTheirWay) {
  hear("a", 1, Route::kPattern, 0);
  router_->expect_more(90'000);
  router_->release(150'000, false);
  EXPECT_EQ(stream(), "");
  EXPECT_EQ(router_->next_release_us(), 190'000);
  hear("a", 2, Route::kMlflow, 180'000);
  hear("b", 3, Route::kPattern, 200'000);
  // Not for ever.
  for (std::int64_t at = 200'000; at < 3'000'000; at += 50'000) router_->expect_more(at);
  EXPECT_EQ(router_->next_release_us(), 200'000 + MetricRouter::kLongestHoldUs);
  EXPECT_EQ(stream(), testing::sealed("{\"n\":1,\"k\":\"m\",\"p\":[[\"a\",2,null,1]]}\n"));
}

TEST_F(MetricRouterTest, LimitsTheNumberOfNames) {
  for (std::size_t i = 0; i < MetricRouter::kMostNames + 5; ++i) {
    hear("n" + std::to_string(i), 1, Route::kNative, 0);
  }
  hear("n3", 2, Route::kNative, 0);
  const std::string text = stream();
  EXPECT_NE(text.find("n9999"), std::string::npos);
  EXPECT_EQ(text.find("[\"n10001\""), std::string::npos);
  EXPECT_NE(text.find("more than 10000 different metric names"), std::string::npos);
  EXPECT_NE(text.find("[\"n3\",2,"), std::string::npos);
}

TEST_F(MetricRouterTest, LimitsTheNumberOfFactsAndTellsOnce) {
  MetricRouter router(*log_, 1000);
  HeardLine line;
  line.kind = HeardLine::Kind::kMetrics;
  line.points.push_back({"a", 1, {}});
  for (int i = 0; i < 999; ++i) router.hear(line, Route::kNative, {1, 0});
  line.kind = HeardLine::Kind::kTag;
  line.key = "k";
  for (int i = 0; i < 50; ++i) router.hear(line, Route::kNative, {1, 0});
  line.kind = HeardLine::Kind::kMetrics;
  for (int i = 0; i < 50; ++i) router.hear(line, Route::kNative, {1, 0});
  const std::string text = stream();
  EXPECT_NE(text.find("{\"n\":1000,\"k\":\"tag\""), std::string::npos);
  EXPECT_NE(text.find("{\"n\":1001,\"k\":\"note\""), std::string::npos);
  EXPECT_EQ(text.find("{\"n\":1002,"), std::string::npos);
}

}  // namespace
}  // namespace hd
