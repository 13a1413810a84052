// Several engines, readers and commands on one file.
#include <array>
#include <csignal>
#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/store/run_store.h"
#include "tests/store/random_history.h"

namespace hd {
namespace {

using testing::difference;
using testing::RandomHistory;
using testing::replayed;
using testing::sample_spec;
using testing::TemporaryFolder;

TEST(RunStoreSharing, FencesAnEngineThatWasReplaced) {
  const TemporaryFolder folder;
  RunStore old_engine(folder.file());
  RunStore new_engine(folder.file());
  RandomHistory random(1);
  old_engine.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  const int old_epoch = old_engine.take_over("HD_a");
  std::vector<Event> all = random.next(10);
  old_engine.append("HD_a", old_epoch, all, Durability::kProcessCrash);
  const int new_epoch = new_engine.take_over("HD_a");
  EXPECT_EQ(new_epoch, old_epoch + 1);

  const std::vector<Event> events = random.next(10);
  EXPECT_THROW(old_engine.append("HD_a", old_epoch, events, Durability::kPowerLoss), FencedError);
  new_engine.append("HD_a", new_epoch, events, Durability::kPowerLoss);
  EXPECT_THROW(old_engine.append("HD_a", old_epoch, events, Durability::kPowerLoss), FencedError);
  all.insert(all.end(), events.begin(), events.end());
  EXPECT_EQ(difference(all, replayed(old_engine, "HD_a")), "");
}

TEST(RunStoreSharing, LetsAnEngineComeBackWithANewEpoch) {
  const TemporaryFolder folder;
  RunStore one(folder.file());
  RunStore two(folder.file());
  one.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  RandomHistory random(2);
  std::vector<Event> all;
  for (int i = 0; i < 6; ++i) {
    RunStore& engine = i % 2 == 0 ? one : two;
    const int epoch = engine.take_over("HD_a");
    const std::vector<Event> events = random.next(20);
    engine.append("HD_a", epoch, events, Durability::kProcessCrash);
    all.insert(all.end(), events.begin(), events.end());
  }
  EXPECT_EQ(difference(all, replayed(one, "HD_a")), "");
}

TEST(RunStoreSharing, TellsThatOthersWrote) {
  const TemporaryFolder folder;
  RunStore one(folder.file());
  RunStore two(folder.file());
  (void)one.changed_by_others();
  EXPECT_FALSE(one.changed_by_others());
  one.create_experiment("mine", 1);
  EXPECT_FALSE(one.changed_by_others()) << "its own writing does not count";
  two.create_experiment("yours", 1);
  EXPECT_TRUE(one.changed_by_others());
  EXPECT_FALSE(one.changed_by_others());
}

TEST(RunStoreSharing, KeepsTheEventsOfSeveralParentRunsApart) {
  const TemporaryFolder folder;
  RunStore store(folder.file());
  RandomHistory first_random(3);
  RandomHistory second_random(4);
  store.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  store.create_parent(sample_spec("HD_b"), "loss", Goal::kMinimize, 1);
  const int first = store.take_over("HD_a");
  const int second = store.take_over("HD_b");
  std::vector<Event> first_all;
  std::vector<Event> second_all;
  for (int i = 0; i < 10; ++i) {
    const std::vector<Event> a = first_random.next(15);
    const std::vector<Event> b = second_random.next(15);
    store.append("HD_a", first, a, Durability::kProcessCrash);
    store.append("HD_b", second, b, Durability::kProcessCrash);
    first_all.insert(first_all.end(), a.begin(), a.end());
    second_all.insert(second_all.end(), b.begin(), b.end());
  }
  EXPECT_EQ(difference(first_all, replayed(store, "HD_a")), "");
  EXPECT_EQ(difference(second_all, replayed(store, "HD_b")), "");
}

/// Runs `work` in another process, which tells by its exit code whether all went well.
template <typename Work>
pid_t in_child_process(Work work) {
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 0;
  try {
    code = work() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 2;
  }
  _exit(code);
}

int exit_code(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(RunStoreSharing, ServesTwoReadingProcessesWhileOneWrites) {
  const TemporaryFolder folder;
  RandomHistory random(5);
  const std::vector<Event> all = random.next(2000);
  {
    RunStore store(folder.file());
    store.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
  }
  const auto read = [&] {
    const RunStore store(folder.file());
    std::size_t seen = 0;
    while (seen < all.size()) {
      const std::vector<Event> events = replayed(store, "HD_a");
      if (events.size() < seen || events.size() > all.size()) return false;
      seen = events.size();
      const std::vector<Event> expected(all.begin(), all.begin() + static_cast<long>(seen));
      if (!difference(expected, events).empty()) return false;
    }
    return true;
  };
  const std::array<pid_t, 2> readers = {in_child_process(read), in_child_process(read)};
  {
    RunStore store(folder.file());
    const int epoch = store.take_over("HD_a");
    for (std::size_t i = 0; i < all.size(); i += 20) {
      store.append("HD_a", epoch, std::span(all).subspan(i, 20), Durability::kProcessCrash);
    }
  }
  for (const pid_t reader : readers) EXPECT_EQ(exit_code(reader), 0);
}

TEST(RunStoreSharing, IsCreatedOnceByManyProcesses) {
  for (int round = 0; round < 10; ++round) {  // they meet at another place every time
    const TemporaryFolder folder;
    std::array<pid_t, 6> processes{};
    for (std::size_t i = 0; i < processes.size(); ++i) {
      processes[i] = in_child_process([&] {
        RunStore store(folder.file());
        store.create_experiment("e" + std::to_string(i), 1);
        return true;
      });
    }
    for (const pid_t process : processes) EXPECT_EQ(exit_code(process), 0);
    const RunStore store(folder.file());
    EXPECT_EQ(store.experiments().size(), processes.size());
  }
}

TEST(RunStoreSharing, KeepsEveryAppendOfAProcessThatWasKilled) {
  const TemporaryFolder folder;
  RandomHistory random(6);
  const std::vector<Event> all = random.next(500);
  const pid_t engine = in_child_process([&] {
    RunStore store(folder.file());
    store.create_parent(sample_spec("HD_a"), "loss", Goal::kMinimize, 1);
    const int epoch = store.take_over("HD_a");
    store.append("HD_a", epoch, all, Durability::kProcessCrash);
    kill(getpid(), SIGKILL);
    return false;
  });
  EXPECT_EQ(exit_code(engine), 128 + SIGKILL);
  const RunStore store(folder.file());
  EXPECT_EQ(difference(all, replayed(store, "HD_a")), "");
}

}  // namespace
}  // namespace hd
