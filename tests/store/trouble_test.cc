// Files that cannot be used, or not now.
#include <csignal>
#include <filesystem>
#include <functional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "engine/core/error.h"
#include "engine/store/run_store.h"
#include "tests/store/random_history.h"

namespace hd {
namespace {

using testing::difference;
using ::testing::HasSubstr;
using testing::RandomHistory;
using testing::replayed;
using testing::sample_spec;
using testing::TemporaryFolder;

void execute(const std::string& file, const char* sql) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &connection), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(connection);
}

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const StoreError& error) {
    return error.what();
  }
  return "no error";
}

TEST(RunStoreTrouble, RefusesANewerSchema) {
  const TemporaryFolder folder;
  { const RunStore store(folder.file()); }
  execute(folder.file(), "PRAGMA user_version=999");
  const std::string message = message_of([&] { const RunStore store(folder.file()); });
  EXPECT_THAT(message, HasSubstr(folder.file()));
  EXPECT_THAT(message, HasSubstr("schema version 999"));
  EXPECT_THAT(message, HasSubstr("newer hdrive"));
}

TEST(RunStoreTrouble, RefusesTheDatabaseOfAnotherProgram) {
  const TemporaryFolder folder;
  execute(folder.file(), "CREATE TABLE people(name TEXT)");
  const auto before = std::filesystem::file_size(folder.file());
  EXPECT_THAT(message_of([&] { const RunStore store(folder.file()); }),
              HasSubstr("another program"));
  EXPECT_EQ(std::filesystem::file_size(folder.file()), before);
}

TEST(RunStoreTrouble, SaysWhyItCannotBeOpened) {
  const TemporaryFolder folder;
  const std::string nowhere = (folder.path() / "missing" / "history.db").string();
  EXPECT_THAT(message_of([&] { const RunStore store(nowhere); }),
              ::testing::AllOf(HasSubstr(nowhere), HasSubstr("No such file or directory")));
  std::filesystem::create_directory(folder.path() / "folder");
  EXPECT_THAT(message_of([&] { const RunStore store((folder.path() / "folder").string()); }),
              HasSubstr("folder"));
}

TEST(RunStoreTrouble, SaysThatItMayNotWrite) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TemporaryFolder folder;
  {
    RunStore store(folder.file());
    store.create_experiment("e", 1);
  }
  ASSERT_EQ(chmod(folder.file().c_str(), 0400), 0);
  EXPECT_THAT(message_of([&] {
                RunStore store(folder.file());
                store.create_experiment("f", 1);
              }),
              HasSubstr("permissions"));
}

/// Stands in for a full disk: no file of this process may grow beyond the limit.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

TEST(RunStoreTrouble, SurvivesAFullDisk) {
  const TemporaryFolder folder;
  RunStore store(folder.file());
  store.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  const int epoch = store.take_over("HD_a");
  RandomHistory random(21);
  std::vector<Event> stored;
  std::vector<Event> events;
  std::string message = "no error";
  {
    const FileSizeLimit limit(400'000);
    for (int i = 0; i < 200 && message == "no error"; ++i) {
      events = random.next(50);
      message = message_of([&] { store.append("HD_a", epoch, events, Durability::kPowerLoss); });
      if (message == "no error") stored.insert(stored.end(), events.begin(), events.end());
    }
    EXPECT_THAT(message, HasSubstr("no space is left"));
    EXPECT_THAT(message, HasSubstr(folder.file()));
    EXPECT_EQ(difference(stored, replayed(store, "HD_a")), "") << "nothing of it was stored";
    EXPECT_THAT(message_of([&] { store.append("HD_a", epoch, events, Durability::kPowerLoss); }),
                HasSubstr("no space is left"));
  }
  store.append("HD_a", epoch, events, Durability::kPowerLoss);
  stored.insert(stored.end(), events.begin(), events.end());
  EXPECT_EQ(difference(stored, replayed(store, "HD_a")), "");
  const RunStore reopened(folder.file());
  EXPECT_EQ(difference(stored, replayed(reopened, "HD_a")), "");
}

TEST(RunStoreTrouble, WritesToNoFileThatLostItsName) {
  const TemporaryFolder folder;
  RunStore store(folder.file());
  store.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  const int epoch = store.take_over("HD_a");
  const std::string aside = folder.file() + ".aside";
  std::filesystem::rename(folder.file(), aside);
  const std::vector<Event> events = {{1, 1, PauseRequested{}}};
  const auto append = [&] { store.append("HD_a", epoch, events, Durability::kProcessCrash); };
  EXPECT_THAT(message_of(append), HasSubstr("is not there any more"));
  EXPECT_THAT(message_of([&] { (void)store.changed_by_others(); }),
              HasSubstr("is not there any more"));
  std::filesystem::copy_file(aside, folder.file());
  EXPECT_THAT(message_of(append), HasSubstr("was replaced by another file"));
  std::filesystem::rename(aside, folder.file());
  append();
  EXPECT_EQ(difference(events, replayed(store, "HD_a")), "");
}

TEST(RunStoreTrouble, NoticesAnAlteredEvent) {
  const TemporaryFolder folder;
  RunStore store(folder.file());
  store.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  const std::vector<Event> events = {{1, 1, PauseRequested{}}};
  store.append("HD_a", store.take_over("HD_a"), events, Durability::kProcessCrash);
  execute(folder.file(), "UPDATE event SET kind='resized'");
  EXPECT_THAT(message_of([&] { (void)replayed(store, "HD_a"); }), HasSubstr("was altered"));
}

TEST(RunStoreTrouble, NamesAMissingEvent) {
  const TemporaryFolder folder;
  RunStore store(folder.file());
  store.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  const std::vector<Event> events = {
      {1, 1, PauseRequested{}}, {2, 2, UnpauseRequested{}}, {3, 3, PauseRequested{}}};
  store.append("HD_a", store.take_over("HD_a"), events, Durability::kProcessCrash);
  execute(folder.file(), "DELETE FROM event WHERE number=2");
  EXPECT_THAT(message_of([&] { (void)replayed(store, "HD_a"); }),
              HasSubstr("event 2 of run HD_a is missing"));
  execute(folder.file(), "DELETE FROM event WHERE number=3");
  EXPECT_THAT(message_of([&] { (void)replayed(store, "HD_a"); }), HasSubstr("is missing"));
}

}  // namespace
}  // namespace hd
