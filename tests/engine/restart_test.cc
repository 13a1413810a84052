// Clocks that jump, engines that come and go, and histories that are gone for a while.
#include <filesystem>

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/loop/tuner_loop.h"
#include "tests/engine/loop_harness.h"

namespace hd {
namespace {

using test::Engine;
using test::kSecond;
using test::learning_curve;
using test::LeaveAfter;
using test::parent_spec;
using test::ScratchFolder;
using test::sweep_config;

/// A day to and fro, at moments when children run.
void arm_jumps(VirtualClock& clock) {
  using std::chrono::hours;
  using std::chrono::minutes;
  clock.call_after(minutes(3), [&clock] { clock.set_wall_clock(hours(24)); });
  clock.call_after(minutes(7), [&clock] { clock.set_wall_clock(hours(-48)); });
  clock.call_after(minutes(11), [&clock] { clock.set_wall_clock(hours(24)); });
  clock.call_after(minutes(13), [&clock] { clock.set_wall_clock(hours(-24)); });
}

TEST(TunerLoop, AWallClockThatJumpsMovesNoDeadline) {
  for (const int commits : {1'000'000, 12, 5}) {
    const ScratchFolder folder;
    RunStore store(folder.history());
    VirtualClock clock;
    HyperDriveConfig config = sweep_config(1000, 2);
    config.max_duration_minutes = 30;
    store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
    arm_jumps(clock);
    const std::int64_t begin = clock.boottime_us();
    RunStatus status = RunStatus::kRunning;
    std::string reason;
    while (status == RunStatus::kRunning) {
      Engine engine(store, config, parent_spec(), clock, learning_curve);
      LeaveAfter leave(engine.loop(), commits);
      engine.loop().add_observer(leave);
      status = engine.loop().run();
      reason = engine.loop().history().end_reason();
    }
    EXPECT_EQ(status, RunStatus::kCompleted);
    EXPECT_EQ(reason, "the maximum duration of 30 minutes was reached");
    const std::int64_t took = clock.boottime_us() - begin;
    EXPECT_GE(took, 30 * 60 * kSecond) << "leaving after every " << commits << " commits";
    EXPECT_LT(took, 31 * 60 * kSecond) << "leaving after every " << commits << " commits";
  }
}

TEST(TunerLoop, AWallClockThatJumpsChangesNoDecision) {
  std::vector<std::string> told;
  for (const bool jumps : {false, true}) {
    const ScratchFolder folder;
    RunStore store(folder.history());
    VirtualClock clock;
    store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
    if (jumps) arm_jumps(clock);
    const HyperDriveConfig config = sweep_config(40, 4);
    Engine engine(store, config, parent_spec(), clock, learning_curve);
    EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
    std::string text;
    const History history = test::whole_history(store, config);
    for (const ChildRun& run : history.children()) {
      text += std::string(status_name(run.status)) + ' ' + std::to_string(run.intervals) + ' ' +
              run.details->cancel_reason + '\n';
    }
    told.push_back(text);
  }
  EXPECT_EQ(told[0], told[1]);
}

TEST(TunerLoop, APausedRunStaysPausedUntilItIsUnpaused) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  RunStore other(folder.history());
  VirtualClock clock;
  const HyperDriveConfig config = sweep_config(6, 2);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Command command;
  command.kind = Command::Kind::kPause;
  other.post("HD_test", command);
  for (int restart = 0; restart < 3; ++restart) {
    Engine engine(store, config, parent_spec(), clock, learning_curve);
    LeaveAfter leave(engine.loop(), 1);
    engine.loop().add_observer(leave);
    EXPECT_EQ(engine.loop().run(), RunStatus::kRunning);
    EXPECT_EQ(engine.loop().history().status(), RunStatus::kPaused);
    EXPECT_EQ(engine.executor().started(), 0);
  }
  command.kind = Command::Kind::kUnpause;
  other.post("HD_test", command);
  Engine engine(store, config, parent_spec(), clock, learning_curve);
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
  EXPECT_EQ(engine.executor().started(), 6);
}

TEST(TunerLoop, ACancelThatNoEngineCarriedOutIsCarriedOutByTheNext) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  RunStore other(folder.history());
  VirtualClock clock;
  const HyperDriveConfig config = sweep_config(50, 3);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  {
    Engine engine(store, config, parent_spec(), clock, learning_curve);
    LeaveAfter leave(engine.loop(), 8);
    engine.loop().add_observer(leave);
    EXPECT_EQ(engine.loop().run(), RunStatus::kRunning);
  }
  Command cancel;
  cancel.kind = Command::Kind::kCancel;
  cancel.reason = "by hand";
  other.post("HD_test", cancel);
  {
    // It dies right after the decision is durable.
    Engine engine(store, config, parent_spec(), clock, learning_curve);
    LeaveAfter leave(engine.loop(), 1);
    engine.loop().add_observer(leave);
    EXPECT_EQ(engine.loop().run(), RunStatus::kRunning);
    EXPECT_EQ(engine.loop().history().status(), RunStatus::kCancelRequested);
  }
  Engine engine(store, config, parent_spec(), clock, learning_curve);
  EXPECT_EQ(engine.loop().run(), RunStatus::kCanceled);
  EXPECT_EQ(engine.loop().history().end_reason(), "by hand");
  EXPECT_EQ(engine.executor().running(), 0);
  EXPECT_EQ(engine.loop().history().active(), 0);
}

TEST(TunerLoop, WaitsForAHistoryThatIsGoneForAWhile) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store, sweep_config(12, 3), parent_spec(), clock, learning_curve);
  std::vector<std::string> told;
  engine.loop().on_trouble([&](const std::string& trouble) { told.push_back(trouble); });
  const std::string aside = folder.history() + ".aside";
  clock.call_after(std::chrono::seconds(90),
                   [&] { std::filesystem::rename(folder.history(), aside); });
  clock.call_after(std::chrono::seconds(1000),
                   [&] { std::filesystem::rename(aside, folder.history()); });
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0].find("is not there any more"), std::string::npos) << told[0];
  EXPECT_EQ(told[1], "");
  int ended = 0;
  store.replay("HD_test", [&](const Event& event) {
    ended += std::holds_alternative<ChildEnded>(event.body) ? 1 : 0;
  });
  EXPECT_EQ(ended, 12);
}

TEST(TunerLoop, ASecondInterruptEndsAnEngineWhoseHistoryIsGone) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  const HyperDriveConfig config = sweep_config(12, 3);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  const std::string aside = folder.history() + ".aside";
  {
    Engine engine(store, config, parent_spec(), clock, learning_curve);
    clock.call_after(std::chrono::seconds(90),
                     [&] { std::filesystem::rename(folder.history(), aside); });
    clock.call_after(std::chrono::seconds(100), [&] { engine.loop().interrupt(); });
    clock.call_after(std::chrono::seconds(110), [&] { engine.loop().interrupt(); });
    EXPECT_THROW(engine.loop().run(), StoreError);
    EXPECT_EQ(engine.executor().running(), 0);
  }
  std::filesystem::rename(aside, folder.history());
  VirtualClock later(clock.boottime_us());
  Engine engine(store, config, parent_spec(), later, learning_curve);
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted) << "nothing of the interrupt was stored";
}

}  // namespace
}  // namespace hd
