#include "engine/core/ask_ahead.h"

#include <cmath>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "tests/engine/tuner_harness.h"

namespace hd::test {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(AskAhead, AFreePlaceWaitsForAnAskOfATwentiethOfAChildRun) {
  EXPECT_TRUE(plan_ask_ahead(0.05 * kSecond, kSecond, 8).waits);
  EXPECT_EQ(plan_ask_ahead(0.05 * kSecond, kSecond, 8).stock, 0);
  EXPECT_FALSE(plan_ask_ahead(0.051 * kSecond, kSecond, 8).waits);
  EXPECT_TRUE(plan_ask_ahead(0, 0, 8).waits);
}

TEST(AskAhead, AFreePlaceWaitsUntilBothTimesAreKnown) {
  EXPECT_TRUE(plan_ask_ahead(NAN, NAN, 8).waits);
  EXPECT_TRUE(plan_ask_ahead(9 * kSecond, NAN, 8).waits);
  EXPECT_TRUE(plan_ask_ahead(NAN, kSecond, 8).waits);
}

TEST(AskAhead, KeepsAsManyReadyAsPlacesBecomeFreeDuringAnAsk) {
  EXPECT_EQ(plan_ask_ahead(0.1 * kSecond, kSecond, 1).stock, 1);
  EXPECT_EQ(plan_ask_ahead(0.1 * kSecond, kSecond, 15).stock, 2);
  EXPECT_EQ(plan_ask_ahead(0.5 * kSecond, kSecond, 8).stock, 4);
  EXPECT_EQ(plan_ask_ahead(100 * kSecond, kSecond, 8).stock, 8) << "never more than places";
  EXPECT_EQ(plan_ask_ahead(kSecond, 0, 8).stock, 8);
}

TEST(AskAhead, RefreshesUnlessMostRefreshesWouldBeOvertaken) {
  EXPECT_TRUE(plan_ask_ahead(0.1 * kSecond, kSecond, 5).refreshes);
  EXPECT_FALSE(plan_ask_ahead(0.1 * kSecond, kSecond, 6).refreshes);
}

TunerConfig learning(int total, int concurrent) {
  TunerConfig config;
  config.primary_metric_name = "score";
  config.max_total_runs = total;
  config.max_concurrent_runs = concurrent;
  config.stop_on_first_failures = false;
  config.sampler_learns = true;
  return config;
}

/// A tuner with a clock: asks take `ask_us`, children `child_us`.
class LearningSweep : public TunerHarness {
 public:
  LearningSweep(int total, int concurrent, std::int64_t ask_us, std::int64_t child_us)
      : TunerHarness(learning(total, concurrent)), ask_us_(ask_us), child_us_(child_us) {
    start();
  }
  std::vector<EventBody> answer_in_time(int fewer = 0) {
    now_us += ask_us_;
    auto followed = answer_ask(fewer);
    started(followed);
    return followed;
  }
  std::vector<EventBody> end_in_time(int child) {
    now_us = std::max(now_us, run(child).started_us + child_us_);
    auto followed = end(child);
    started(followed);
    return followed;
  }
  /// The executor says that what was started is under way.
  void started(const std::vector<EventBody>& followed) {
    for (const ChildStarting& one : of_kind<ChildStarting>(followed)) {
      feed(ChildStarted{one.child, one.attempt, "here", 1});
    }
  }
  [[nodiscard]] const History& history() const { return tuner.history(); }
  [[nodiscard]] std::string configuration(int child) const {
    return to_json(run(child).configuration());
  }

 private:
  std::int64_t ask_us_;
  std::int64_t child_us_;
};

/// Two children at a time, one configuration ready: asks take a fifth of a child run.
LearningSweep dear_asks(int total) {
  LearningSweep sweep(total, 2, kSecond, 5 * kSecond);
  sweep.answer_in_time();
  sweep.end_in_time(0);
  EXPECT_EQ(sweep.history().outstanding_ask().value().issued.count, 2);
  sweep.answer_in_time();
  EXPECT_EQ(sweep.history().active(), 2);
  EXPECT_EQ(sweep.history().queued(), 1);
  return sweep;
}

TEST(LearningTuner, CheapAsksAreWaitedForAndNothingIsAskedAhead) {
  LearningSweep sweep(20, 2, kSecond / 100, kSecond);
  sweep.answer_in_time();
  for (int child = 0; child < 10; ++child) {
    const auto asks = of_kind<AskIssued>(sweep.end_in_time(child));
    ASSERT_EQ(asks.size(), 1U);
    EXPECT_EQ(asks[0].count, 1);
    EXPECT_EQ(of_kind<ChildStarting>(sweep.answer_in_time()).size(), 1U);
    EXPECT_EQ(sweep.run(child + 2).details->known_results, child + 1);
  }
}

TEST(LearningTuner, DearAsksAreMadeAheadAndAFreePlaceWaitsForNone) {
  LearningSweep sweep = dear_asks(20);
  for (int child = 1; child < 10; ++child) {
    const auto decided = sweep.end_in_time(child);
    ASSERT_EQ(of_kind<ChildStarting>(decided).size(), 1U) << child;
    ASSERT_EQ(of_kind<AskIssued>(decided).size(), 1U) << child;
    sweep.answer_in_time();
  }
}

TEST(LearningTuner, AnAnswerIsUsedEvenIfAResultCameMeanwhile) {
  LearningSweep sweep(20, 2, kSecond / 100, kSecond);
  sweep.answer_in_time();
  sweep.end_in_time(0);
  sweep.end_in_time(1);
  EXPECT_EQ(of_kind<ChildStarting>(sweep.answer_in_time()).size(), 1U);
  EXPECT_EQ(sweep.run(2).details->known_results, 1);
}

/// Two children at a time, of whom the second took so long that of two ready configurations one is
/// too many: it took the first and has the other refreshed.
class BackgroundRefresh : public ::testing::Test {
 protected:
  BackgroundRefresh() : sweep(40, 2, 3 * kSecond, 4 * kSecond) {
    sweep.answer_in_time();
    sweep.end_in_time(0);
    sweep.answer_in_time();
    EXPECT_EQ(sweep.history().queued(), 2);
    sweep.now_us += 100 * kSecond;
    before = sweep.configuration(4);
    decided = sweep.end(1);
    sweep.started(decided);
  }
  LearningSweep sweep;
  std::string before;
  std::vector<EventBody> decided;
};

TEST_F(BackgroundRefresh, APlaceTakesWhatIsReadyAndTheRestIsRefreshed) {
  EXPECT_EQ(of_kind<ChildStarting>(decided).at(0).child, 3);
  const AskIssued ask = of_kind<AskIssued>(decided).at(0);
  EXPECT_EQ(ask.first_child, 4);
  EXPECT_EQ(ask.count, 1);
  EXPECT_TRUE(sweep.answer_in_time().empty());
  EXPECT_NE(sweep.configuration(4), before);
  EXPECT_EQ(sweep.run(4).details->sampler_reason,
            "test; refreshed with 2 results, first asked with 1");
  EXPECT_EQ(sweep.history().children().size(), 5U);
}

TEST_F(BackgroundRefresh, APlaceThatNeedsTheOldConfigurationTakesItAndTheAnswerIsVoid) {
  EXPECT_EQ(of_kind<ChildStarting>(sweep.end_in_time(2)).at(0).child, 4);
  const auto followed = sweep.answer_in_time();
  EXPECT_EQ(sweep.configuration(4), before);
  EXPECT_EQ(sweep.run(4).details->sampler_reason, "test");
  EXPECT_EQ(of_kind<AskIssued>(followed).at(0).first_child, 5);
}

/// Six children at a time and three ready ones: asks took half of a child run, then, after a long
/// one, less than a twentieth.
class Refresh : public ::testing::Test {
 protected:
  Refresh() : sweep(40, 6, 3 * kSecond, 6 * kSecond) {
    sweep.answer_in_time();
    sweep.end_in_time(0);
    sweep.answer_in_time();
    EXPECT_EQ(sweep.history().queued(), 3);
    sweep.now_us += 600 * kSecond;
    decided = sweep.end(1);
  }
  LearningSweep sweep;
  std::vector<EventBody> decided;
};

TEST_F(Refresh, APlaceThatFindsOldConfigurationsWaitsForTheirRefreshWhenAsksAreCheap) {
  EXPECT_TRUE(of_kind<ChildStarting>(decided).empty());
  const AskIssued ask = of_kind<AskIssued>(decided).at(0);
  EXPECT_EQ(ask.first_child, 7);
  EXPECT_EQ(ask.count, 3);
  const std::string before = sweep.configuration(7);
  EXPECT_EQ(of_kind<ChildStarting>(sweep.answer_in_time()).at(0).child, 7);
  EXPECT_NE(sweep.configuration(7), before);
  EXPECT_EQ(sweep.run(7).details->sampler_reason,
            "test; refreshed with 2 results, first asked with 1");
  EXPECT_EQ(sweep.history().children().size(), 10U);
  EXPECT_EQ(sweep.history().queued(), 2);
}

TEST_F(Refresh, AnAnswerWithTooFewConfigurationsReplacesNoneAndIsNotRepeated) {
  const std::string before = sweep.configuration(7);
  const auto followed = sweep.answer_in_time(1);
  EXPECT_EQ(of_kind<ChildStarting>(followed).at(0).child, 7);
  EXPECT_TRUE(of_kind<AskIssued>(followed).empty());
  EXPECT_EQ(sweep.configuration(7), before);
  EXPECT_EQ(sweep.run(7).details->sampler_reason, "test");
  EXPECT_TRUE(sweep.history().exhausted());
}

TEST_F(Refresh, AChildCanceledMeanwhileMakesTheAnswerVoid) {
  const std::string before = sweep.configuration(9);
  // What lies before the canceled child cannot be refreshed any more, so it starts.
  const auto followed = sweep.feed(CancelRequested{8, CancelCause::kUser, "by hand"});
  EXPECT_EQ(of_kind<ChildStarting>(followed).at(0).child, 7);
  sweep.answer_in_time();
  EXPECT_EQ(sweep.configuration(9), before);
  EXPECT_EQ(sweep.history().children().size(), 10U);
}

TEST_F(Refresh, AnswersAfterACancelOfTheParentMakeNoChildren) {
  sweep.feed(ParentCancelRequested{CancelCause::kUser, "by hand"});
  sweep.answer_in_time();
  EXPECT_EQ(sweep.history().children().size(), 10U);
  EXPECT_EQ(sweep.history().queued(), 0);
}

TEST_F(Refresh, TheRequestKnowsNothingOfWhatItReplaces) {
  class Learner final : public Sampler {
   public:
    [[nodiscard]] AskResult ask(const AskRequest&) const override { return {}; }
    [[nodiscard]] bool needs_trials() const override { return true; }
    [[nodiscard]] std::optional<std::uint64_t> limit() const override { return std::nullopt; }
  };
  const AskIssued issued = sweep.history().outstanding_ask().value().issued;
  const AskRequest request = ask_request(issued, sweep.history(), Learner(), 5);
  EXPECT_EQ(request.first_index, 7);
  EXPECT_EQ(request.count, 3);
  EXPECT_EQ(request.trials.size(), 7U);
}

TEST(LearningTuner, AReadyChildBeforeACanceledOneStillRuns) {
  LearningSweep sweep(10, 6, 3 * kSecond, 6 * kSecond);
  sweep.answer_in_time();
  sweep.end_in_time(0);
  sweep.answer_in_time();
  ASSERT_EQ(sweep.history().queued(), 3);
  sweep.feed(CancelRequested{9, CancelCause::kUser, "by hand"});
  sweep.now_us += 600 * kSecond;
  EXPECT_EQ(of_kind<ChildStarting>(sweep.end(1)).at(0).child, 7);
}

/// Random sweeps in which asks are now cheap, now dear, and children fail, pause and are canceled.
/// At every position of its history a tuner that replayed exactly that prefix must decide what the
/// first one decided.
TEST(LearningTuner, ReplayingAnyPrefixGivesTheSameRemainingDecisions) {
  int refreshes = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed, RngPurpose::kTest, 0);
    const auto below = [&](int n) { return static_cast<int>(rng.next_unit() * n); };
    TunerConfig config = learning(40, 1 + below(8));
    config.max_retries = below(2);
    TunerHarness harness(config);
    harness.start();
    for (int turn = 0; !is_terminal(harness.tuner.history().status()); ++turn) {
      ASSERT_LT(turn, 2000) << "seed " << seed;
      const History& history = harness.tuner.history();
      std::vector<int> waiting;
      for (const ChildRun& run : history.children()) {
        if (run.waits_for_retry) waiting.push_back(run.index);
      }
      const bool slow = (turn / 25) % 2 == 0;
      const int what = below(10);
      if (history.ask_outstanding() && (what < 4 || history.active() == 0)) {
        harness.now_us += slow ? kSecond : kSecond / 100;
        refreshes += history.outstanding_ask()->issued.first_child <
                             static_cast<int>(history.children().size())
                         ? 1
                         : 0;
        harness.answer_ask();
      } else if (history.paused() || what == 9) {
        harness.feed(history.paused() ? EventBody(UnpauseRequested{})
                                      : EventBody(PauseRequested{}));
      } else if (!waiting.empty() && (what == 8 || history.active() == 0)) {
        harness.feed(RetryDue{waiting.front()});
      } else if (what == 7 && below(4) == 0 && history.queued() > 0 && waiting.empty()) {
        const int child = history.startable_children().back();
        harness.feed(CancelRequested{child, CancelCause::kUser, "by hand"});
      } else if (history.active() > 0) {
        const auto& active = history.active_children();
        const ChildRun& run =
            harness.run(active[static_cast<std::size_t>(below(static_cast<int>(active.size())))]);
        if (run.started_us == 0) {
          harness.feed(ChildStarted{run.index, run.attempt, "here", 1});
        } else {
          harness.now_us += slow ? kSecond / 2 : 50 * kSecond;
          harness.end(run.index, below(5) == 0 ? 1 : 0);
        }
      }
    }
    EXPECT_EQ(harness.tuner.history().children().size(), 40U) << "seed " << seed;
    Tuner replayed(config, std::make_unique<ScriptedPolicy>());
    for (std::size_t at = 0; at < harness.events.size(); ++at) {
      std::vector<EventBody> bodies = replayed.decide();
      if (bodies.empty()) {
        if (const auto ask = replayed.decide_ask()) bodies.emplace_back(*ask);
      }
      ASSERT_EQ(!bodies.empty(), harness.decided.contains(at)) << "seed " << seed << " at " << at;
      const EventBody& recorded = harness.events[at].body;
      if (!bodies.empty()) {
        ASSERT_EQ(event_name(bodies[0]), event_name(recorded));
        ASSERT_EQ(event_child(bodies[0]), event_child(recorded));
        if (const auto* ask = std::get_if<AskIssued>(&bodies[0])) {
          EXPECT_EQ(ask->first_child, std::get<AskIssued>(recorded).first_child);
          EXPECT_EQ(ask->count, std::get<AskIssued>(recorded).count);
        }
      }
      replayed.apply(harness.events[at]);
    }
  }
  EXPECT_GT(refreshes, 50);
}

}  // namespace
}  // namespace hd::test
