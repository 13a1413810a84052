#include <gtest/gtest.h>

#include "tests/engine/tuner_harness.h"

namespace hd::test {
namespace {

TunerConfig config(int total, int concurrent) {
  TunerConfig config;
  config.primary_metric_name = "score";
  config.primary_metric_goal = Goal::kMaximize;
  config.max_total_runs = total;
  config.max_concurrent_runs = concurrent;
  return config;
}

TEST(Tuner, AsksForTheFreePlacesInOneBatch) {
  TunerHarness harness(config(10, 4));
  const auto asks = of_kind<AskIssued>(harness.start());
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].count, 4);
  EXPECT_EQ(asks[0].first_child, 0);
}

TEST(Tuner, NeverAsksForMoreThanMaxTotalRuns) {
  TunerHarness harness(config(3, 8));
  EXPECT_EQ(of_kind<AskIssued>(harness.start()).at(0).count, 3);
}

TEST(Tuner, StartsWhatWasAskedUpToMaxConcurrentRuns) {
  TunerHarness harness(config(10, 2));
  harness.start();
  const auto starts = of_kind<ChildStarting>(harness.answer(2));
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_EQ(starts[1].child, 1);
  EXPECT_EQ(starts[1].attempt, 0);
}

TEST(Tuner, AFinishedChildFreesExactlyOnePlace) {
  TunerHarness harness(config(10, 2));
  harness.start();
  harness.answer(2);
  const auto decided = harness.end(0);
  ASSERT_EQ(of_kind<AskIssued>(decided).size(), 1U);
  EXPECT_EQ(of_kind<AskIssued>(decided)[0].count, 1);
  EXPECT_EQ(of_kind<ChildStarting>(harness.answer(1)).at(0).child, 2);
  EXPECT_EQ(harness.tuner.history().active(), 2);
}

TEST(Tuner, PlacesFreedInOneTurnAreFilledByOneAsk) {
  TunerHarness harness(config(10, 4));
  harness.start();
  harness.answer(4);
  const auto decided =
      harness.feed_turn({ChildEnded{0, 0, {}}, ChildEnded{2, 0, {}}, ChildEnded{3, 0, {}}});
  const auto asks = of_kind<AskIssued>(decided);
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].count, 3);
}

TEST(Tuner, AsksAheadSoThatAPlaceWaitsForNoAsk) {
  TunerConfig ahead = config(20, 2);
  ahead.ask_ahead = 4;
  TunerHarness harness(ahead);
  EXPECT_EQ(of_kind<AskIssued>(harness.start()).at(0).count, 6);
  harness.answer(6);
  EXPECT_EQ(harness.tuner.history().active(), 2);
  EXPECT_EQ(of_kind<ChildStarting>(harness.end(0)).size(), 1U);
}

TEST(Tuner, EndsCompletedWhenEveryConfigurationHasRun) {
  TunerHarness harness(config(2, 2));
  harness.start();
  harness.answer(2);
  harness.report(1, 0.7);
  harness.end(0);
  const auto ends = of_kind<ParentEnded>(harness.end(1));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].status, RunStatus::kCompleted);
  EXPECT_EQ(ends[0].best_child, 1);
  EXPECT_EQ(ends[0].reason, "max_total_runs 2 reached");
}

TEST(Tuner, EndsCompletedWhenTheSpaceIsExhausted) {
  TunerHarness harness(config(10, 4));
  harness.start();
  harness.answer(1, true);
  const auto ends = of_kind<ParentEnded>(harness.end(0));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].status, RunStatus::kCompleted);
  EXPECT_EQ(ends[0].reason, "the parameter space is exhausted after 1 child run");
}

TEST(Tuner, EndsFailedWhenEveryChildFailed) {
  TunerHarness harness(config(2, 2));
  harness.start();
  harness.answer(2);
  harness.end(0, 1);
  EXPECT_EQ(of_kind<ParentEnded>(harness.end(1, 1)).at(0).status, RunStatus::kFailed);
}

TEST(Tuner, OneSuccessMakesTheParentCompleted) {
  TunerHarness harness(config(2, 2));
  harness.start();
  harness.answer(2);
  harness.end(0, 1);
  EXPECT_EQ(of_kind<ParentEnded>(harness.end(1, 0)).at(0).status, RunStatus::kCompleted);
}

TEST(Tuner, EveryVerdictIsRecordedAndACancelCarriesItsReason) {
  TunerHarness harness(config(4, 2));
  harness.policy->cancel_at(1, 2);
  harness.start();
  harness.answer(2);
  const auto first = harness.report(1, 0.1);
  ASSERT_EQ(of_kind<PolicyJudged>(first).size(), 1U);
  EXPECT_TRUE(of_kind<CancelRequested>(first).empty());
  const auto second = harness.report(1, 0.2);
  ASSERT_EQ(of_kind<CancelRequested>(second).size(), 1U);
  EXPECT_EQ(of_kind<CancelRequested>(second)[0].reason, "scripted at interval 2");
  EXPECT_EQ(of_kind<CancelRequested>(second)[0].cause, CancelCause::kPolicy);
  EXPECT_EQ(harness.run(1).status, RunStatus::kCancelRequested);
  harness.end(1, 0);
  EXPECT_EQ(harness.run(1).status, RunStatus::kCanceled);
  EXPECT_EQ(harness.tuner.history().canceled_by_policy(), 1);
}

TEST(Tuner, ACanceledChildCannotArgue) {
  TunerHarness harness(config(4, 2));
  harness.policy->cancel_at(0, 1);
  harness.start();
  harness.answer(2);
  harness.report(0, 0.1);
  EXPECT_TRUE(harness.report(0, 0.9).empty());
  EXPECT_EQ(harness.run(0).intervals, 2);
}

TEST(Tuner, OtherMetricsAreNotJudged) {
  TunerHarness harness(config(4, 2));
  harness.start();
  harness.answer(2);
  EXPECT_TRUE(harness.report(0, 0.1, "loss").empty());
  EXPECT_EQ(harness.run(0).intervals, 0);
  EXPECT_EQ(harness.tuner.history().other_metrics().at(0).first, "loss");
}

TEST(Tuner, ThePolicyLearnsOfEveryEnd) {
  TunerHarness harness(config(2, 2));
  harness.start();
  harness.answer(2);
  harness.end(1, 3);
  harness.end(0);
  EXPECT_EQ(harness.policy->ended, (std::vector<int>{1, 0}));
}

TEST(Tuner, PauseStopsNewChildrenAndUnpauseGoesOn) {
  TunerHarness harness(config(4, 1));
  harness.start();
  harness.answer(1);
  harness.feed(PauseRequested{});
  EXPECT_TRUE(harness.end(0).empty());
  EXPECT_EQ(harness.tuner.history().status(), RunStatus::kPaused);
  const auto decided = harness.feed(UnpauseRequested{});
  EXPECT_EQ(of_kind<AskIssued>(decided).size(), 1U);
}

TEST(Tuner, CancelEndsRunningChildrenAndForgetsQueuedOnes) {
  TunerConfig ahead = config(10, 1);
  ahead.ask_ahead = 2;
  TunerHarness harness(ahead);
  harness.start();
  harness.answer(3);
  const auto decided = harness.feed(ParentCancelRequested{CancelCause::kUser, "by hand"});
  EXPECT_EQ(of_kind<CancelRequested>(decided).size(), 3U);
  EXPECT_EQ(harness.run(0).status, RunStatus::kCancelRequested);
  EXPECT_EQ(harness.run(2).status, RunStatus::kCanceled);
  const auto ends = of_kind<ParentEnded>(harness.end(0));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].status, RunStatus::kCanceled);
}

TEST(Tuner, TheDurationLimitEndsTheParentCompleted) {
  TunerHarness harness(config(10, 1));
  harness.start();
  harness.answer(1);
  harness.report(0, 0.4);
  harness.feed(ParentCancelRequested{CancelCause::kDuration, "100 minutes reached"});
  const auto ends = of_kind<ParentEnded>(harness.end(0));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].status, RunStatus::kCompleted);
  EXPECT_EQ(ends[0].reason, "100 minutes reached");
  EXPECT_EQ(ends[0].best_child, 0);
}

TEST(Tuner, StopsWhenTheFirstThreeFailWithinAMinute) {
  TunerHarness harness(config(100, 1));
  harness.start();
  for (int child = 0; child < 2; ++child) {
    harness.answer(1);
    EXPECT_TRUE(of_kind<ParentCancelRequested>(harness.end(child, 1)).empty());
  }
  harness.answer(1);
  const auto decided = harness.end(2, 1);
  EXPECT_EQ(of_kind<ParentCancelRequested>(decided).at(0).cause, CancelCause::kFirstFailures);
  EXPECT_EQ(of_kind<ParentEnded>(decided).at(0).status, RunStatus::kFailed);
}

TEST(Tuner, SlowFailuresStopOnlyAfterTheFifth) {
  TunerHarness harness(config(100, 1));
  harness.start();
  for (int child = 0; child < 5; ++child) {
    harness.answer(1);
    harness.now_us += 120'000'000;
    const auto decided = harness.end(child, 1);
    EXPECT_EQ(of_kind<ParentCancelRequested>(decided).size(), child == 4 ? 1U : 0U) << child;
  }
}

TEST(Tuner, FailuresAfterASuccessDoNotStopTheSweep) {
  TunerHarness harness(config(100, 1));
  harness.start();
  for (int child = 0; child < 8; ++child) {
    harness.answer(1);
    EXPECT_TRUE(of_kind<ParentCancelRequested>(harness.end(child, child == 0 ? 0 : 1)).empty());
  }
}

TEST(Tuner, KeepGoingTurnsTheFirstFailuresRuleOff) {
  TunerConfig keep_going = config(100, 1);
  keep_going.stop_on_first_failures = false;
  TunerHarness harness(keep_going);
  harness.start();
  for (int child = 0; child < 8; ++child) {
    harness.answer(1);
    EXPECT_TRUE(of_kind<ParentCancelRequested>(harness.end(child, 1)).empty());
  }
}

TEST(Tuner, AFailedChildIsStartedAgainAfterItsBackOff) {
  TunerConfig retries = config(1, 1);
  retries.max_retries = 1;
  TunerHarness harness(retries);
  harness.start();
  harness.answer(1);
  EXPECT_TRUE(harness.end(0, 1).empty());
  EXPECT_TRUE(harness.run(0).waits_for_retry);
  const auto starts = of_kind<ChildStarting>(harness.feed(RetryDue{0}));
  ASSERT_EQ(starts.size(), 1U);
  EXPECT_EQ(starts[0].attempt, 1);
  const auto ends = of_kind<ParentEnded>(harness.end(0, 1));
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(ends[0].status, RunStatus::kFailed);
}

TEST(Tuner, ARetryGoesOnFromTheLatestAttemptWhoseScriptRan) {
  TunerConfig retries = config(1, 1);
  retries.max_retries = 3;
  TunerHarness harness(retries);
  harness.start();
  harness.answer(1);
  EXPECT_EQ(harness.run(0).details->continued_attempt, -1);
  harness.end(0, 1);
  harness.feed(RetryDue{0});
  EXPECT_EQ(harness.run(0).details->continued_attempt, -1) << "attempt 0 never ran";
  harness.feed(ChildStarted{0, 1, "here", 7});
  EXPECT_EQ(harness.run(0).details->continued_attempt, -1)
      << "an attempt does not go on from itself";
  harness.end(0, 1);
  harness.feed(RetryDue{0});
  EXPECT_EQ(harness.run(0).details->continued_attempt, 1);
  harness.end(0, 1);
  harness.feed(RetryDue{0});
  EXPECT_EQ(harness.run(0).attempt, 3);
  EXPECT_EQ(harness.run(0).details->continued_attempt, 1);
}

TEST(Tuner, ResumedChildrenAreNeitherJudgedNorComparedWith) {
  TunerConfig resuming = config(2, 2);
  resuming.resumed_children = 1;
  TunerHarness harness(resuming);
  harness.policy->cancel_at(0, 1);
  harness.start();
  harness.answer(2);
  EXPECT_TRUE(harness.report(0, 0.9).empty());
  EXPECT_EQ(of_kind<PolicyJudged>(harness.report(1, 0.1)).size(), 1U);
  harness.end(0);
  harness.end(1);
  EXPECT_EQ(harness.policy->ended, std::vector<int>{1});
  EXPECT_EQ(harness.tuner.history().best_child(), 0);
}

TEST(Tuner, ReportsOfAnEarlierAttemptAreIgnored) {
  TunerConfig retries = config(1, 1);
  retries.max_retries = 1;
  TunerHarness harness(retries);
  harness.start();
  harness.answer(1);
  harness.end(0, 1);
  harness.feed(RetryDue{0});
  MetricReported late;
  late.child = 0;
  late.attempt = 0;
  late.point.name = "score";
  late.point.value = 1;
  EXPECT_TRUE(harness.feed(late).empty());
  EXPECT_EQ(harness.run(0).intervals, 0);
}

/// Plays a whole sweep with awkward values, then checks at every position of its history that a
/// tuner which replayed exactly that prefix decides what the first one decided.
TEST(Tuner, ReplayingAnyPrefixGivesTheSameRemainingDecisions) {
  TunerConfig sweep = config(30, 4);
  sweep.max_retries = 1;
  sweep.ask_ahead = 3;
  TunerHarness harness(sweep);
  for (int child = 0; child < 30; child += 3) harness.policy->cancel_at(child, 2);
  harness.start();
  int turn = 0;
  while (!is_terminal(harness.tuner.history().status())) {
    const History& history = harness.tuner.history();
    if (history.ask_outstanding()) {
      harness.answer(std::min(2 + turn % 3, 30 - static_cast<int>(history.children().size())));
    } else if (turn % 7 == 3) {
      harness.feed(turn % 2 == 0 ? EventBody(PauseRequested{}) : EventBody(UnpauseRequested{}));
    } else if (history.paused()) {
      harness.feed(UnpauseRequested{});
    } else if (history.active() > 0) {
      const int child =
          history
              .active_children()[static_cast<std::size_t>(turn) % history.active_children().size()];
      if (harness.run(child).intervals < 3) {
        harness.report(child, turn % 11 == 0 ? NAN : turn * 0.1);
      } else {
        harness.end(child, turn % 5 == 0 ? 1 : 0);
      }
    } else {
      for (const ChildRun& run : history.children()) {
        if (run.waits_for_retry) {
          harness.feed(RetryDue{run.index});
          break;
        }
      }
    }
    ASSERT_LT(++turn, 2000);
  }
  ASSERT_GT(harness.events.size(), 150U);

  for (std::size_t prefix = 1; prefix <= harness.events.size(); ++prefix) {
    auto* policy = new ScriptedPolicy;
    for (int child = 0; child < 30; child += 3) policy->cancel_at(child, 2);
    Tuner replayed(sweep, std::unique_ptr<Policy>(policy));
    for (std::size_t i = 0; i < prefix; ++i) {
      replayed.apply(harness.events[i]);
      replayed.forget_ended();  // the first tuner forgot nothing
    }
    std::vector<EventBody> bodies = replayed.decide();
    if (bodies.empty()) {
      if (const auto ask = replayed.decide_ask()) bodies.emplace_back(*ask);
    }
    if (prefix == harness.events.size()) {
      EXPECT_TRUE(bodies.empty());
      break;
    }
    // What the first tuner decided next; the rest of its history came from outside.
    const EventBody& next = harness.events[prefix].body;
    const bool decided = harness.decided.contains(prefix);
    ASSERT_EQ(!bodies.empty(), decided) << "after event " << prefix;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      const EventBody& recorded = harness.events.at(prefix + i).body;
      ASSERT_EQ(event_name(bodies[i]), event_name(recorded)) << "after event " << prefix;
      ASSERT_EQ(event_child(bodies[i]), event_child(recorded)) << "after event " << prefix;
    }
    if (const auto* cancel = std::get_if<CancelRequested>(&next); cancel != nullptr && decided) {
      EXPECT_EQ(std::get<CancelRequested>(bodies[0]).reason, cancel->reason);
    }
  }
}

}  // namespace
}  // namespace hd::test
