#include "engine/loop/tuner_loop.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <malloc.h>
#include <set>

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/engine/loop_harness.h"

namespace hd {
namespace {

using test::configurations;
using test::Engine;
using test::kSecond;
using test::learning_curve;
using test::LeaveAfter;
using test::parent_spec;
using test::ScratchFolder;
using test::sweep_config;
using test::whole_history;

TEST(TunerLoop, AThousandChildrenOnTheVirtualClock) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  const HyperDriveConfig config = sweep_config(1000, 20);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store, config, parent_spec(), clock, learning_curve);
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
  const History& history = engine.loop().history();
  EXPECT_EQ(history.children().size(), 1000U);
  EXPECT_EQ(engine.executor().started(), 1000);
  EXPECT_EQ(engine.executor().most_running(), 20);
  EXPECT_EQ(history.completed() + history.canceled_by_policy(), 1000);
  // Bandit with a tenth of slack lets only children near the best run to their end.
  EXPECT_GT(history.canceled_by_policy(), 500);
  const auto best = history.children().at(static_cast<std::size_t>(history.best_child())).best;
  for (const ChildRun& run : history.children()) {
    if (run.status == RunStatus::kCompleted) {
      EXPECT_EQ(run.intervals, 10);
    }
    if (!std::isnan(run.best)) {
      EXPECT_LE(run.best, best);
    }
  }
  const std::vector<std::string> all = configurations(whole_history(store, config));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
}

/// Remembers what is held when a number of children have ended.
class Holdings final : public RunObserver {
 public:
  explicit Holdings(int results) : results_(results) {}
  void on_events(std::span<const Event>, const History& history) override {
    if (taken_ || history.results() < results_) return;
    taken_ = true;
    bytes = mallinfo2().uordblks;
    const std::filesystem::directory_iterator open("/proc/self/fd");
    descriptors = std::distance(open, std::filesystem::directory_iterator{});
  }
  std::size_t bytes = 0;
  std::ptrdiff_t descriptors = 0;

 private:
  int results_;
  bool taken_ = false;
};

TEST(TunerLoop, AManyTimesLongerSweepHoldsLittleMore) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  const HyperDriveConfig config = sweep_config(3000, 20);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store, config, parent_spec(), clock, learning_curve);
  Holdings early(500);
  Holdings late(3000);
  engine.loop().add_observer(early);
  engine.loop().add_observer(late);
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
  EXPECT_GT(early.descriptors, 0);
  EXPECT_EQ(late.descriptors, early.descriptors);
  // The pages of the history that SQLite keeps, up to 8 MB, and next to nothing for each child.
  // (Sanitizers count no bytes.)
  EXPECT_LE(late.bytes, early.bytes + std::size_t{2500} * 1500);
}

TEST(TunerLoop, TheStoredHistoryReplaysToTheSameState) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  const HyperDriveConfig config = sweep_config(60, 7);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store, config, parent_spec(), clock, learning_curve);
  engine.loop().run();
  RunStore reopened(folder.history());
  Engine replayed(reopened, config, parent_spec(), clock, learning_curve);
  EXPECT_EQ(replayed.loop().history().status(), RunStatus::kCompleted);
  EXPECT_EQ(replayed.loop().history().best_child(), engine.loop().history().best_child());
  for (std::size_t i = 0; i < 60; ++i) {
    const ChildRun& before = engine.loop().history().children()[i];
    const ChildRun& after = replayed.loop().history().children()[i];
    EXPECT_EQ(before.status, after.status);
    EXPECT_EQ(before.attempt, after.attempt);
    EXPECT_EQ(before.intervals, after.intervals);
    EXPECT_EQ(before.cancel_cause, after.cancel_cause);
    EXPECT_EQ(before.started_us, after.started_us);
    EXPECT_EQ(before.ended_us, after.ended_us);
    EXPECT_EQ(before.details == nullptr, after.details == nullptr);
  }
}

TEST(TunerLoop, AnEngineThatLeavesAnywhereIsFollowedByOneThatFinishes) {
  std::vector<std::string> unharmed;
  {
    const ScratchFolder folder;
    RunStore store(folder.history());
    VirtualClock clock;
    store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
    Engine engine(store, sweep_config(25, 4), parent_spec(), clock, learning_curve);
    engine.loop().run();
    unharmed = configurations(whole_history(store, sweep_config(25, 4)));
  }
  for (const int commits : {2, 3, 5, 9, 20, 33, 60, 90}) {
    const ScratchFolder folder;
    RunStore store(folder.history());
    VirtualClock clock;
    const HyperDriveConfig config = sweep_config(25, 4);
    store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
    RunStatus status = RunStatus::kRunning;
    for (int engines = 0; status == RunStatus::kRunning; ++engines) {
      ASSERT_LT(engines, 1000);
      Engine engine(store, config, parent_spec(), clock, learning_curve);
      LeaveAfter leave(engine.loop(), commits);
      engine.loop().add_observer(leave);
      status = engine.loop().run();
      if (is_terminal(status)) {
        EXPECT_EQ(configurations(whole_history(store, config)), unharmed);
      }
    }
    EXPECT_EQ(status, RunStatus::kCompleted);
    int ended = 0;
    store.replay("HD_test", [&](const Event& event) {
      ended += std::holds_alternative<ChildEnded>(event.body) ? 1 : 0;
    });
    EXPECT_EQ(ended, 25) << "leaving after every " << commits << " commits";
  }
}

TEST(TunerLoop, AnotherEngineFencesTheFirst) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store, sweep_config(25, 4), parent_spec(), clock, learning_curve);
  RunStore other(folder.history());
  clock.call_after(std::chrono::seconds(100), [&] { (void)other.take_over("HD_test"); });
  EXPECT_THROW(engine.loop().run(), FencedError);
}

TEST(TunerLoop, TheDurationLimitCancelsAndKeepsTheBest) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  HyperDriveConfig config = sweep_config(1000, 2);
  config.max_duration_minutes = 30;
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store, config, parent_spec(), clock, learning_curve);
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
  EXPECT_GE(engine.loop().history().best_child(), 0);
  EXPECT_EQ(engine.loop().history().end_reason(), "the maximum duration of 30 minutes was reached");
  EXPECT_EQ(engine.executor().running(), 0);
  EXPECT_LT(clock.now_us() - engine.loop().history().started_us(), 31 * 60 * kSecond);
}

TEST(TunerLoop, TheDurationLimitSurvivesARestart) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  HyperDriveConfig config = sweep_config(1000, 2);
  config.max_duration_minutes = 30;
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  const std::int64_t begin = clock.now_us();
  RunStatus status = RunStatus::kRunning;
  while (status == RunStatus::kRunning) {
    Engine engine(store, config, parent_spec(), clock, learning_curve);
    LeaveAfter leave(engine.loop(), 12);
    engine.loop().add_observer(leave);
    status = engine.loop().run();
    ASSERT_LT(clock.now_us() - begin, 40 * 60 * kSecond);
  }
  EXPECT_EQ(status, RunStatus::kCompleted);
}

TEST(TunerLoop, AFailedChildIsRetriedWithTheSameConfiguration) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  HyperDriveConfig config = sweep_config(4, 2);
  config.max_retries = 2;
  config.policy = NoTerminationPolicyConfig{};
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  std::map<int, int> attempts;
  Engine engine(store, config, parent_spec(), clock, [&](const ChildRunSpec& spec) {
    ++attempts[spec.child];
    SimulatedAttempt attempt = learning_curve(spec);
    if (spec.child == 1 && spec.attempt < 2) attempt.exit.code = 1;
    if (spec.child == 2) attempt.exit.code = 1;
    return attempt;
  });
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
  EXPECT_EQ(attempts[0], 1);
  EXPECT_EQ(attempts[1], 3);
  EXPECT_EQ(attempts[2], 3);
  EXPECT_EQ(engine.loop().history().children()[1].status, RunStatus::kCompleted);
  EXPECT_EQ(engine.loop().history().children()[2].status, RunStatus::kFailed);
}

TEST(TunerLoop, EveryRetryWaitsTwiceAsLong) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  HyperDriveConfig config = sweep_config(1, 1);
  config.max_retries = 11;
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  std::vector<std::int64_t> starts;
  Engine engine(store, config, parent_spec(), clock, [&](const ChildRunSpec&) {
    starts.push_back(clock.now_us());
    SimulatedAttempt attempt;
    attempt.exit.code = 1;
    return attempt;
  });
  EXPECT_EQ(engine.loop().run(), RunStatus::kFailed);
  ASSERT_EQ(starts.size(), 12U);
  for (std::size_t i = 1; i < starts.size(); ++i) {
    EXPECT_EQ(starts[i] - starts[i - 1],
              std::min(std::int64_t{1} << (i - 1), std::int64_t{300}) * kSecond);
  }
}

TEST(TunerLoop, CommandsOfOtherProcessesAreObeyed) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  RunStore other(folder.history());
  VirtualClock clock;
  HyperDriveConfig config = sweep_config(50, 2);
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Command cancel;
  cancel.kind = Command::Kind::kCancel;
  cancel.reason = "by hand";
  other.post("HD_test", cancel);
  Engine engine(store, config, parent_spec(), clock, learning_curve);
  EXPECT_EQ(engine.loop().run(), RunStatus::kCanceled);
  EXPECT_EQ(engine.loop().history().end_reason(), "by hand");
  EXPECT_TRUE(other.commands("HD_test").empty());
}

/// Looks at results, so it is asked on the worker thread.
class LearningSampler final : public Sampler {
 public:
  explicit LearningSampler(int fails_at) : fails_at_(fails_at) {}
  [[nodiscard]] AskResult ask(const AskRequest& request) const override {
    if (request.first_index >= fails_at_) throw std::runtime_error("no factor");
    AskResult result;
    for (int i = 0; i < request.count; ++i) {
      Configuration configuration;
      configuration.set("--x", Value(request.first_index + i));
      result.configurations.push_back(configuration);
      result.reasons.push_back("knows " + std::to_string(request.trials.size()));
    }
    result.notes = std::to_string(request.first_index) + " after " + request.notes;
    return result;
  }
  [[nodiscard]] bool needs_trials() const override { return true; }
  [[nodiscard]] std::optional<std::uint64_t> limit() const override { return std::nullopt; }

 private:
  int fails_at_;
};

TEST(TunerLoop, ASamplerThatLearnsIsToldEverythingAskedBefore) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store,
                sweep_config(12, 3),
                parent_spec(),
                clock,
                learning_curve,
                std::make_unique<LearningSampler>(1000));
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
  const History history = whole_history(store, sweep_config(12, 3));
  ASSERT_EQ(history.children().size(), 12U);
  EXPECT_EQ(history.children()[0].details->sampler_reason, "knows 0");
  EXPECT_EQ(history.children()[2].details->sampler_reason, "knows 0");
  EXPECT_NE(history.children()[11].details->sampler_reason, "knows 0");
  EXPECT_EQ(history.sampler_notes().substr(history.sampler_notes().size() - 8), "0 after ");
}

TEST(TunerLoop, ASamplerThatFailsEndsTheAskingWithAWarningNotTheSweep) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store,
                sweep_config(12, 3),
                parent_spec(),
                clock,
                learning_curve,
                std::make_unique<LearningSampler>(6));
  EXPECT_EQ(engine.loop().run(), RunStatus::kCompleted);
  EXPECT_LT(engine.loop().history().children().size(), 12U);
  EXPECT_GE(engine.loop().history().best_child(), 0);
  bool warned = false;
  store.replay("HD_test", [&](const Event& event) {
    const auto* noted = std::get_if<Noted>(&event.body);
    warned = warned || (noted != nullptr && noted->text == "the sampler failed: no factor");
  });
  EXPECT_TRUE(warned);
}

TEST(TunerLoop, APrimaryMetricThatNeverCameIsSaidOnceWithTheLikelyName) {
  const ScratchFolder folder;
  RunStore store(folder.history());
  VirtualClock clock;
  store.create_parent(parent_spec(), "score", Goal::kMaximize, clock.now_us());
  Engine engine(store, sweep_config(6, 2), parent_spec(), clock, [](const ChildRunSpec&) {
    SimulatedAttempt attempt;
    attempt.reports.push_back({kSecond, "Score", 0.5});
    attempt.duration_us = 2 * kSecond;
    return attempt;
  });
  engine.loop().run();
  std::vector<std::string> notes;
  store.replay("HD_test", [&](const Event& event) {
    if (const auto* noted = std::get_if<Noted>(&event.body)) notes.push_back(noted->text);
  });
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("Did you mean primary_metric_name: Score?"), std::string::npos)
      << notes[0];
}

}  // namespace
}  // namespace hd
