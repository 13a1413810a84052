#include "executors/supervisor/stream_log.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <signal.h>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace hd {
namespace {

class StreamLogTest : public ::testing::Test {
 protected:
  StreamLogTest() {
    std::string name = (std::filesystem::temp_directory_path() / "hdrive-stream-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    directory_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
  }
  ~StreamLogTest() override {
    ::close(directory_);
    std::filesystem::remove_all(folder_);
  }
  static std::string read_from(const StreamLog& log, std::int64_t offset) {
    std::string text(static_cast<std::size_t>(log.end_offset() - offset), '\0');
    text.resize(log.read(offset, text.data(), text.size()));
    return text;
  }

  std::string folder_;
  int directory_ = -1;
};

TEST_F(StreamLogTest, FindsTheRecordOfAnyNumber) {
  StreamLog log(directory_);
  log.add_started(1, "h", 1);
  for (int i = 0; i < 20000; ++i) log.add_point("\"x\"", {"x", i * 0.5, {}}, std::nullopt, 7);
  log.flush();
  for (const std::int64_t wanted : {1, 2, 3, 5000, 12345, 20001}) {
    const std::string text = read_from(log, log.offset_of(wanted));
    ASSERT_EQ(text.substr(0, 5), "{\"n\":");
    EXPECT_LE(std::stoll(text.substr(5)), wanted);
  }
  EXPECT_EQ(log.offset_of(1), 0);
  EXPECT_GT(log.offset_of(20001), log.end_offset() - 200000);
}

TEST_F(StreamLogTest, KeepsFactsInMemoryWhileTheDiskTakesNone) {
  StreamLog log(directory_);
  log.add_started(1, "h", 1);
  log.flush();
  ASSERT_TRUE(log.is_written());
  // A limit on file sizes refuses writes as a full disk does.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(log.end_offset()) + 10;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  for (int i = 0; i < 100; ++i) log.add_point("\"x\"", {"x", i * 1.0, {}}, std::nullopt, 7);
  log.flush();
  const bool written = log.is_written();
  const std::string seen = read_from(log, 0);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(written);
  EXPECT_NE(seen.find("[\"x\",99,null,7]],"), std::string::npos)
      << "an engine sees them all the same";
  EXPECT_NE(seen.find("cannot write the attempt's stream"), std::string::npos);
  log.flush();
  EXPECT_TRUE(log.is_written());
  EXPECT_EQ(read_from(log, 0), seen);
}

TEST_F(StreamLogTest, BoundsWhatWaitsAndTellsWhatWasLost) {
  StreamLog log(directory_);
  rlimit before{};
  ::signal(SIGXFSZ, SIG_IGN);
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit tight = before;
  tight.rlim_cur = 10;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  for (int i = 0; i < 200000; ++i) log.add_point("\"x\"", {"x", 0.5, {}}, std::nullopt, 1234567890);
  log.flush();
  const std::int64_t held = log.end_offset();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_LT(held, 3 << 20);
  log.flush();
  EXPECT_NE(read_from(log, 0).find("metric points were lost"), std::string::npos);
}

}  // namespace
}  // namespace hd
