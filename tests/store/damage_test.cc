// A history that was truncated or overwritten: a correct prefix, or a message, never an invention.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/store/run_store.h"
#include "tests/store/random_history.h"

namespace hd {
namespace {

using testing::difference;
using ::testing::HasSubstr;
using testing::RandomHistory;
using testing::sample_spec;
using testing::TemporaryFolder;

class RunStoreDamage : public ::testing::Test {
 protected:
  /// Fills a history and closes it, so that all of it is in the main file, or copies it while it is
  /// open, so that most of it is in the write-ahead log.
  void fill(bool keep_log) {
    std::filesystem::create_directory(folder_.path() / "original");
    const std::string original = (folder_.path() / "original" / "history.db").string();
    RunStore store(original);
    store.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
    const int epoch = store.take_over("HD_a");
    RandomHistory random(11);
    for (int i = 0; i < 12; ++i) {
      const std::vector<Event> events = random.next(25);
      store.append("HD_a", epoch, events, Durability::kProcessCrash);
      all_.insert(all_.end(), events.begin(), events.end());
    }
    if (keep_log) {
      log_ = read(original + "-wal");
      database_ = read(original);
    } else {
      store = RunStore((folder_.path() / "unused.db").string());
      database_ = read(original);
    }
  }

  /// Opens the given bytes and compares what can be read with what was written.
  void expect_prefix_or_message(const std::string& database,
                                const std::string& log,
                                const std::string& what) {
    const std::string file = folder_.file();
    for (const char* side : {"", "-wal", "-shm"}) std::filesystem::remove(file + side);
    write(file, database);
    if (!log.empty()) write(file + "-wal", log);
    std::vector<Event> events;
    try {
      RunStore store(file);
      store.replay("HD_a", [&](const Event& event) { events.push_back(event); });
      for (const RunSummary& run : store.runs({.parent_run_id = "HD_a", .last = 0})) {
        ASSERT_THAT(run.run_id, HasSubstr("HD_a_")) << what;
      }
    } catch (const StoreError& error) {
      ASSERT_THAT(error.what(), HasSubstr(file)) << what;
      ++messages_;
    } catch (const NotFoundError&) {
      ++messages_;  // the run itself was cut off
    }
    ASSERT_LE(events.size(), all_.size()) << what;
    // Points that were delivered twice leave no event, so compare by number.
    const std::vector<Event> expected(all_.begin(),
                                      all_.begin() + static_cast<long>(events.size()));
    ASSERT_EQ(difference(expected, events), "") << what;
  }

  static std::string read(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void write(const std::string& file, const std::string& content) {
    std::ofstream(file, std::ios::binary) << content;
  }

  TemporaryFolder folder_;
  std::vector<Event> all_;
  std::string database_, log_;
  int messages_ = 0;
};

TEST_F(RunStoreDamage, ReadsAPrefixOfATruncatedFile) {
  fill(false);
  expect_prefix_or_message(database_, "", "whole");
  ASSERT_EQ(messages_, 0);
  for (std::size_t size = 1; size < database_.size(); size += 1 + database_.size() / 150) {
    expect_prefix_or_message(database_.substr(0, size), "", "cut to " + std::to_string(size));
  }
  EXPECT_GT(messages_, 0);
}

TEST_F(RunStoreDamage, ReadsAPrefixOfATruncatedLog) {
  fill(true);
  expect_prefix_or_message(database_, log_, "whole");
  ASSERT_EQ(messages_, 0);
  for (std::size_t size = 0; size < log_.size(); size += 1 + log_.size() / 150) {
    expect_prefix_or_message(database_, log_.substr(0, size), "log cut to " + std::to_string(size));
  }
}

TEST_F(RunStoreDamage, ReadsAPrefixCutAtAnyPage) {
  fill(false);
  for (std::size_t size = 4096; size < database_.size(); size += 4096) {
    expect_prefix_or_message(database_.substr(0, size), "", "cut to " + std::to_string(size));
  }
}

TEST_F(RunStoreDamage, ReadsAPrefixCutAtAnyFrameOfTheLog) {
  fill(true);
  constexpr std::size_t kHeader = 32;
  constexpr std::size_t kFrame = 24 + 4096;
  for (std::size_t size = kHeader; size < log_.size(); size += kFrame) {
    for (const std::size_t cut : {size, size + 24}) {
      expect_prefix_or_message(database_, log_.substr(0, cut), "log cut to " + std::to_string(cut));
    }
  }
}

TEST_F(RunStoreDamage, NoticesOverwrittenBytes) {
  fill(false);
  Rng rng(1, RngPurpose::kTest, 2);
  for (int round = 0; round < 300; ++round) {
    std::string database = database_;
    std::string what = "bytes";
    for (int i = 0; i < 3; ++i) {
      const std::size_t at = rng.next_below(database.size());
      database[at] = static_cast<char>(rng.next_below(256));
      what += ' ' + std::to_string(at);
    }
    expect_prefix_or_message(database, "", what);
  }
  EXPECT_GT(messages_, 30) << "most of the file is content, and a changed one must be noticed";
}

TEST_F(RunStoreDamage, NoticesOverwrittenBytesOfTheLog) {
  fill(true);
  Rng rng(2, RngPurpose::kTest, 2);
  for (int round = 0; round < 100; ++round) {
    std::string log = log_;
    const std::size_t at = rng.next_below(log.size());
    log[at] = static_cast<char>(log[at] ^ 0x55);
    expect_prefix_or_message(database_, log, "log byte " + std::to_string(at));
  }
}

TEST_F(RunStoreDamage, NoticesAZeroedPage) {
  fill(false);
  for (std::size_t page = 0; page < database_.size(); page += 4096) {
    std::string database = database_;
    std::fill_n(database.begin() + static_cast<long>(page), 4096, '\0');
    expect_prefix_or_message(database, "", "page at " + std::to_string(page));
  }
}

TEST_F(RunStoreDamage, SaysThatAFileIsNoHistory) {
  const std::string file = folder_.file();
  write(file, std::string(5000, 'x'));
  try {
    RunStore store(file);
    FAIL() << "opened";
  } catch (const StoreError& error) {
    EXPECT_THAT(error.what(), HasSubstr(file));
    EXPECT_THAT(error.what(), HasSubstr("damaged or not a history"));
  }
  EXPECT_EQ(read(file), std::string(5000, 'x'));
}

TEST_F(RunStoreDamage, TakesAnEmptyFileForANewHistory) {
  write(folder_.file(), "");
  const RunStore store(folder_.file());
  EXPECT_TRUE(store.runs({}).empty());
}

}  // namespace
}  // namespace hd
