#include "engine/workspace/snapshot.h"

#include <chrono>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/workspace/temporary_folder.h"

namespace hd {
namespace {

namespace fs = std::filesystem;
using test::content_of;
using test::TemporaryFolder;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

std::set<std::string> names_below(const std::string& root) {
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    names.insert(entry.path().string().substr(root.size() + 1));
  }
  return names;
}

/// Until times of files written so far differ from those of any later change.
void let_settle() { std::this_thread::sleep_for(std::chrono::milliseconds(60)); }

class Snapshot : public testing::Test {
 protected:
  SnapshotResult take(const SnapshotOptions& options = {}) {
    return take_snapshot(project_.path(), workspace_, options);
  }

  TemporaryFolder project_;
  Workspace workspace_ = Workspace::open_or_create(project_.path());
};

TEST_F(Snapshot, HoldsExactlyTheFiles) {
  project_.write("train.py", "print(1)\n");
  project_.write("data/x.csv", std::string("1,2\n\0\xff", 6));
  fs::create_directory(project_ / "empty");
  const SnapshotResult result = take();
  EXPECT_EQ(result.directory, workspace_.snapshot_directory(result.id));
  EXPECT_EQ(names_below(result.directory),
            (std::set<std::string>{"train.py", "data", "data/x.csv", "empty"}));
  EXPECT_EQ(content_of(result.directory + "/data/x.csv"), std::string("1,2\n\0\xff", 6));
  EXPECT_EQ(result.file_count, 2U);
  EXPECT_EQ(result.bytes, 15U);
  EXPECT_EQ(result.copied_count, 2U);
  EXPECT_FALSE(result.existed);
  EXPECT_THAT(result.warnings, IsEmpty());
  EXPECT_THAT(content_of(workspace_.snapshot_manifest_file(result.id)),
              HasSubstr("file train.py 0644 9 "));
}

TEST_F(Snapshot, IsReadOnlyAndKeepsTheExecutableBit) {
  ::chmod(project_.write("run.sh", "#!/bin/sh\n").c_str(), 0755);
  ::chmod(project_.write("copy.sh", "#!/bin/sh\n").c_str(), 0640);
  const SnapshotResult result = take();
  EXPECT_EQ(status_of(result.directory + "/run.sh").st_mode & 0777U, 0555U);
  EXPECT_EQ(status_of(result.directory + "/copy.sh").st_mode & 0777U, 0444U);
}

TEST_F(Snapshot, NeverSharesAnInodeWithTheUsersFile) {
  const std::string file = project_.write("a.txt", "before");
  const SnapshotResult result = take();
  EXPECT_NE(status_of(file).st_ino, status_of(result.directory + "/a.txt").st_ino);
  project_.write("a.txt", "after!");
  EXPECT_EQ(content_of(result.directory + "/a.txt"), "before");
}

TEST_F(Snapshot, IdIsAFunctionOfTheContentAlone) {
  TemporaryFolder other;
  for (const TemporaryFolder* folder : {&project_, &other}) {
    folder->write("b.txt", "b");
    folder->write("a.txt", "a");
  }
  const std::string id = take().id;
  const Workspace second = Workspace::open_or_create(other.path());
  EXPECT_EQ(take_snapshot(other.path(), second).id, id);
  other.write("a.txt", "A");
  const std::string changed = take_snapshot(other.path(), second).id;
  EXPECT_NE(changed, id);
  ::chmod((other / "a.txt").c_str(), 0755);
  EXPECT_NE(take_snapshot(other.path(), second).id, changed);
}

TEST_F(Snapshot, SecondSubmitReadsNothing) {
  // Mostly empty ones: removing thousands of files with content takes long on some disks.
  for (int i = 0; i < 2000; ++i) {
    project_.write("d" + std::to_string(i % 20) + "/f" + std::to_string(i),
                   i < 100 ? std::to_string(i) : "");
  }
  let_settle();
  const SnapshotResult first = take();
  EXPECT_EQ(first.read_count, 2000U);
  EXPECT_EQ(first.copied_count, 101U);
  const SnapshotResult second = take();
  EXPECT_TRUE(second.existed);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.read_count, 0U);
  EXPECT_EQ(second.copied_count, 0U);
  EXPECT_EQ(second.file_count, 2000U);
}

TEST_F(Snapshot, ChangedFileAloneIsCopied) {
  for (int i = 0; i < 50; ++i) project_.write("f" + std::to_string(i), std::to_string(i));
  let_settle();
  const SnapshotResult first = take();
  project_.write("f7", "seven");
  const SnapshotResult second = take();
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(second.read_count, 1U);
  EXPECT_EQ(second.copied_count, 1U);
  EXPECT_EQ(second.copied_bytes, 5U);
  EXPECT_EQ(content_of(second.directory + "/f7"), "seven");
  EXPECT_EQ(content_of(first.directory + "/f7"), "7");
  EXPECT_EQ(status_of(first.directory + "/f8").st_ino, status_of(second.directory + "/f8").st_ino);
}

TEST_F(Snapshot, SameSizeChangeRightAfterASubmitIsSeen) {
  const std::string file = project_.write("a.txt", "one");
  const auto time = fs::last_write_time(file);
  std::set<std::string> ids;
  for (const char* content : {"one", "two", "six"}) {
    project_.write("a.txt", content);
    fs::last_write_time(file, time);
    const SnapshotResult result = take();
    EXPECT_EQ(content_of(result.directory + "/a.txt"), content);
    ids.insert(result.id);
  }
  EXPECT_EQ(ids.size(), 3U);
}

TEST_F(Snapshot, DamagedIndexCostsOnlyTime) {
  project_.write("a.txt", "a");
  let_settle();
  const std::string id = take().id;
  std::ofstream(workspace_.snapshots_directory() + "/index") << "hdrive snapshot index 1\n1 2 x\n%";
  const SnapshotResult again = take();
  EXPECT_EQ(again.id, id);
  EXPECT_EQ(again.read_count, 1U);
  EXPECT_EQ(again.copied_count, 0U);
}

TEST_F(Snapshot, DamagedSnapshotIsMadeAnew) {
  project_.write("a.txt", "a");
  project_.write("b.txt", "b");
  let_settle();
  const SnapshotResult first = take();
  fs::remove(first.directory + "/a.txt");
  fs::remove_all(workspace_.snapshots_directory() + "/objects");
  const SnapshotResult second = take();
  EXPECT_FALSE(second.existed);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(content_of(second.directory + "/a.txt"), "a");
  EXPECT_EQ(content_of(second.directory + "/b.txt"), "b");
}

TEST_F(Snapshot, RemainsOfAKilledSubmitAreRemovedAndNothingElseIsLeft) {
  project_.write("a.txt", "a");
  fs::create_directories(workspace_.snapshots_directory() + "/temporary/0123/tree");
  (void)take();
  EXPECT_TRUE(fs::is_empty(workspace_.snapshots_directory() + "/temporary"));
}

TEST_F(Snapshot, SubmitsAtTheSameTimeDoNotCollide) {
  for (int i = 0; i < 100; ++i) project_.write("f" + std::to_string(i), std::to_string(i));
  std::vector<SnapshotResult> results(6);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&, this] { result = take(); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) {
    EXPECT_EQ(result.id, results[0].id);
    EXPECT_EQ(names_below(result.directory).size(), 100U);
  }
}

TEST_F(Snapshot, LinkThatStaysInsideRemainsALink) {
  project_.write("data/x", "x");
  fs::create_symlink("data/x", project_ / "relative");
  fs::create_symlink(project_ / "data/x", project_ / "data/absolute");
  fs::create_symlink("..", project_ / "data/loop");
  fs::create_symlink("self", project_ / "self");
  const SnapshotResult result = take();
  EXPECT_EQ(fs::read_symlink(result.directory + "/relative"), "data/x");
  EXPECT_EQ(fs::read_symlink(result.directory + "/data/absolute"), "../data/x");
  EXPECT_EQ(fs::read_symlink(result.directory + "/data/loop"), "..");
  EXPECT_EQ(fs::read_symlink(result.directory + "/self"), "self");
  EXPECT_EQ(content_of(result.directory + "/data/absolute"), "x");
  EXPECT_THAT(result.warnings, IsEmpty());
}

TEST_F(Snapshot, LinkThatLeavesIsFollowedToAFileAndElseNamed) {
  TemporaryFolder outside;
  outside.write("big.csv", "1,2,3");
  fs::create_symlink(outside / "big.csv", project_ / "data.csv");
  fs::create_symlink(outside.path(), project_ / "folder");
  fs::create_symlink(outside / "missing", project_ / "dangling");
  const SnapshotResult result = take();
  EXPECT_EQ(names_below(result.directory), (std::set<std::string>{"data.csv"}));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(result.directory + "/data.csv")));
  EXPECT_EQ(content_of(result.directory + "/data.csv"), "1,2,3");
  EXPECT_THAT(result.warnings, Contains(HasSubstr("folder is a link")));
  EXPECT_THAT(result.warnings, Contains(HasSubstr("dangling is a link")));
}

TEST_F(Snapshot, SocketsAndPipesAreLeftOutWithAWarning) {
  ASSERT_EQ(::mkfifo((project_ / "pipe").c_str(), 0600), 0);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (project_ / "sock").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const SnapshotResult result = take();
  ::close(descriptor);
  EXPECT_EQ(result.file_count, 0U);
  EXPECT_THAT(result.warnings, Contains(HasSubstr("pipe is no regular file")));
  EXPECT_THAT(result.warnings, Contains(HasSubstr("sock is no regular file")));
}

TEST_F(Snapshot, StrangeNamesSurvive) {
  for (const char* name : {"a b%20", "new\nline", "\xff\xfe", "-rf"}) project_.write(name, name);
  const SnapshotResult result = take();
  EXPECT_EQ(content_of(result.directory + "/new\nline"), "new\nline");
  EXPECT_EQ(content_of(result.directory + "/\xff\xfe"), "\xff\xfe");
  EXPECT_EQ(result.file_count, 4U);
}

TEST_F(Snapshot, LimitsWarnFirstAndThenRefuseNamingTheLargestPart) {
  for (int i = 0; i < 5; ++i) project_.write("data/" + std::to_string(i), "x");
  SnapshotOptions options;
  options.limits.warn_files = 4;
  EXPECT_THAT(take(options).warnings, Contains(HasSubstr("data with 0 MB in 5 files")));
  options.limits.refuse_files = 4;
  try {
    (void)take(options);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the limit is 10737 MB or 4 files"));
    EXPECT_THAT(error.hint(), HasSubstr(".amlignore"));
  }
  options.limits.allow_large = true;
  EXPECT_EQ(take(options).file_count, 5U);
}

TEST_F(Snapshot, MissingSourceDirectoryIsAUsageError) {
  EXPECT_THROW((void)take_snapshot(project_ / "nowhere", workspace_), UsageError);
  EXPECT_THROW((void)take_snapshot(project_.write("file", ""), workspace_), UsageError);
}

}  // namespace
}  // namespace hd
