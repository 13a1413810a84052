#include "executors/supervisor/event_files.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/executors/event_file.h"

namespace hd {
namespace {

using ::testing::ElementsAre;
using testing::event_record;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::scalar_event;

constexpr const char* kName = "events.out.tfevents.1700000000.host.1.0";

class EventFilesTest : public ::testing::Test {
 protected:
  EventFilesTest() {
    std::string name = (std::filesystem::temp_directory_path() / "hdrive-events-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    work_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
  }
  ~EventFilesTest() override {
    ::close(work_);
    std::filesystem::remove_all(folder_);
  }
  void append(const std::string& path, const std::string& bytes) {
    const std::filesystem::path file = std::filesystem::path(folder_) / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::app) << bytes;
  }
  void append_scalar(const std::string& folder, const char* tag, float value) {
    append(folder + '/' + kName, event_record(scalar_event(tag, 1, value)));
  }
  std::vector<std::pair<std::string, double>> read(EventFiles& files,
                                                   std::size_t budget = 1 << 20) {
    std::vector<std::pair<std::string, double>> found;
    files.search();
    while (files.read(budget, [&](std::string_view name, const EventScalar& scalar) {
      found.emplace_back(std::string(name), scalar.value);
    })) {
    }
    return found;
  }

  std::string folder_;
  int work_ = -1;
};

TEST_F(EventFilesTest, FollowsFilesThatAppearAndGrow) {
  EventFiles files(work_);
  EXPECT_THAT(read(files), IsEmpty());
  append_scalar("logs", "loss", 0.5F);
  EXPECT_THAT(read(files), ElementsAre(Pair("loss", 0.5)));
  EXPECT_THAT(read(files), IsEmpty());
  const std::string record = event_record(scalar_event("loss", 2, 0.25F));
  append(std::string("logs/") + kName, record.substr(0, 20));
  EXPECT_THAT(read(files), IsEmpty()) << "half a record is not read yet";
  append(std::string("logs/") + kName, record.substr(20));
  append_scalar("logs/validation", "loss", 0.75F);
  EXPECT_THAT(read(files), ElementsAre(Pair("loss", 0.25), Pair("validation/loss", 0.75)));
}

TEST_F(EventFilesTest, LeavesOutWhatWasThereBefore) {
  append_scalar("runs/old", "loss", 0.5F);
  EventFiles files(work_);
  files.ignore_present();
  EXPECT_THAT(read(files), IsEmpty());
  append_scalar("runs/old", "loss", 0.25F);
  append_scalar("runs/new", "loss", 0.125F);
  EXPECT_THAT(read(files), ElementsAre(Pair("loss", 0.125), Pair("loss", 0.25)));
}

TEST_F(EventFilesTest, ReadsLargeFilesInTurns) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += event_record(scalar_event("loss", i, 1.0F));
  append(std::string("outputs/tb/") + kName, bytes);
  EventFiles files(work_);
  files.search();
  std::size_t found = 0;
  int turns = 1;
  while (files.read(1000, [&](std::string_view, const EventScalar&) { ++found; })) ++turns;
  EXPECT_EQ(found, 5000U);
  EXPECT_GT(turns, 100);
}

TEST_F(EventFilesTest, LooksOnlyWhereWritersPutThem) {
  append_scalar("data", "loss", 1);
  append_scalar("logs/1/2/3/4/5/6", "deep", 2);
  append_scalar("logs/1/2/3/4/5/6/7", "too_deep", 3);
  append("logs/events.txt", event_record(scalar_event("other", 1, 4)));
  EventFiles files(work_);
  EXPECT_THAT(read(files), ElementsAre(Pair("1/2/3/4/5/6/deep", 2)));
}

TEST_F(EventFilesTest, FollowsNoLinks) {
  append_scalar("elsewhere", "loss", 1);
  std::filesystem::create_directories(folder_ + "/logs");
  std::filesystem::create_symlink(folder_ + "/elsewhere", folder_ + "/logs/link");
  std::filesystem::create_symlink(folder_ + "/elsewhere/" + kName, folder_ + "/logs/" + kName);
  EventFiles files(work_);
  EXPECT_THAT(read(files), IsEmpty());
}

TEST_F(EventFilesTest, SurvivesFilesThatVanishShrinkOrAreNone) {
  std::filesystem::create_directories(folder_ + "/logs/sub.tfevents");
  ASSERT_EQ(::mkfifo((folder_ + "/logs/fifo.tfevents").c_str(), 0600), 0);
  append_scalar("logs", "loss", 1);
  append_scalar("logs/a", "loss", 2);
  EventFiles files(work_);
  files.search();
  std::filesystem::remove_all(folder_ + "/logs/a");
  std::filesystem::resize_file(folder_ + "/logs/" + kName, 3);
  EXPECT_THAT(read(files), IsEmpty());
  append_scalar("logs/b", "loss", 3);
  EXPECT_THAT(read(files), ElementsAre(Pair("b/loss", 3)));
}

TEST_F(EventFilesTest, ReadsABoundedNumberOfFiles) {
  for (std::size_t i = 0; i < EventFiles::kMostFiles + 10; ++i) {
    append_scalar("logs/" + std::to_string(i), "loss", 1);
  }
  EventFiles files(work_);
  EXPECT_EQ(read(files).size(), EventFiles::kMostFiles);
  EXPECT_TRUE(files.left_some_out());
}

TEST(EventMetricPrefix, KeepsTheFoldersThatMeanSomething) {
  EXPECT_EQ(event_metric_prefix("logs/e"), "");
  EXPECT_EQ(event_metric_prefix("logs/train/e"), "train/");
  EXPECT_EQ(event_metric_prefix("logs/fit/20231126-101500/validation/e"), "fit/validation/");
  EXPECT_EQ(event_metric_prefix("runs/Nov26_10-15-00_host/e"), "");
  EXPECT_EQ(event_metric_prefix("runs/Nov26_10-15-00_host/Loss_train/e"), "Loss_train/");
  EXPECT_EQ(event_metric_prefix("lightning_logs/version_0/e"), "");
  EXPECT_EQ(event_metric_prefix("outputs/version_12/e"), "");
  EXPECT_EQ(event_metric_prefix("logs/1700000000.1234567/e"), "");
  EXPECT_EQ(event_metric_prefix("logs/2024/e"), "2024/");
}

}  // namespace
}  // namespace hd
