#include <malloc.h>

#include <gtest/gtest.h>

#include "tests/engine/tuner_harness.h"

namespace hd::test {
namespace {

TunerConfig config(Goal goal) {
  TunerConfig config;
  config.primary_metric_name = "score";
  config.primary_metric_goal = goal;
  config.max_total_runs = 3;
  config.max_concurrent_runs = 3;
  return config;
}

TEST(History, BestIsTheBestOfAllReportsUnderTheGoal) {
  for (const Goal goal : {Goal::kMaximize, Goal::kMinimize}) {
    TunerHarness harness(config(goal));
    harness.start();
    harness.answer(3);
    harness.report(0, 0.2);
    harness.report(0, 0.9);
    harness.report(0, 0.5);
    harness.report(1, 0.6);
    EXPECT_EQ(harness.run(0).best, goal == Goal::kMaximize ? 0.9 : 0.2);
    EXPECT_EQ(harness.run(0).details->last, 0.5);
    EXPECT_EQ(harness.run(0).intervals, 3);
    EXPECT_EQ(harness.tuner.history().best_child(), 0);
  }
}

TEST(History, NanIsNeverBestButCountsAsAnInterval) {
  TunerHarness harness(config(Goal::kMinimize));
  harness.start();
  harness.answer(3);
  harness.report(0, NAN);
  EXPECT_EQ(harness.run(0).intervals, 1);
  EXPECT_EQ(harness.tuner.history().best_child(), -1);
  harness.report(1, 5.0);
  harness.report(0, NAN);
  EXPECT_EQ(harness.tuner.history().best_child(), 1);
  EXPECT_TRUE(std::isnan(harness.run(0).best));
}

TEST(History, TiesKeepTheEarlierBest) {
  TunerHarness harness(config(Goal::kMaximize));
  harness.start();
  harness.answer(3);
  harness.report(2, 0.5);
  harness.report(0, 0.5);
  EXPECT_EQ(harness.tuner.history().best_child(), 2);
}

TEST(History, TrialsTellHowEachConfigurationFared) {
  TunerHarness harness(config(Goal::kMaximize));
  harness.policy->cancel_at(1, 1);
  harness.start();
  harness.answer(3);
  harness.report(0, 0.4);
  harness.report(1, 0.1);
  harness.end(1);
  harness.end(2, 1);
  const auto trials = harness.tuner.history().trials();
  ASSERT_EQ(trials.size(), 3U);
  EXPECT_EQ(trials[0]->outcome, Trial::Outcome::kPending);
  EXPECT_EQ(trials[0]->value, 0.4);
  EXPECT_EQ(trials[1]->outcome, Trial::Outcome::kCensored);
  EXPECT_EQ(trials[1]->value, 0.1);
  EXPECT_EQ(trials[2]->outcome, Trial::Outcome::kFailed);
  harness.end(0);
  EXPECT_EQ(harness.tuner.history().trials()[0]->outcome, Trial::Outcome::kFinished);
}

TEST(History, CountsEveryStateOnce) {
  TunerHarness harness(config(Goal::kMaximize));
  harness.start();
  harness.answer(3);
  EXPECT_EQ(harness.tuner.history().active(), 3);
  harness.end(0);
  harness.end(1, 1);
  harness.feed(CancelRequested{2, CancelCause::kUser, "by hand"});
  harness.end(2, 1);
  const History& history = harness.tuner.history();
  EXPECT_EQ(history.completed(), 1);
  EXPECT_EQ(history.failed(), 1);
  EXPECT_EQ(history.canceled(), 1);
  EXPECT_EQ(history.active(), 0);
  EXPECT_EQ(history.queued(), 0);
}

TEST(History, ATimeLimitMakesTheRunCanceled) {
  TunerHarness harness(config(Goal::kMaximize));
  harness.start();
  harness.answer(3);
  ExitStatus exit;
  exit.kind = ExitStatus::Kind::kTimeLimit;
  harness.feed(ChildEnded{0, 0, exit});
  EXPECT_EQ(harness.run(0).status, RunStatus::kCanceled);
  EXPECT_EQ(harness.run(0).cancel_cause, CancelCause::kDuration);
}

TEST(History, ForgetsTheDetailsOfEndedChildrenButNotOfTheBest) {
  TunerHarness harness(config(Goal::kMaximize));
  harness.start();
  harness.answer(3);
  harness.report(0, 0.4);
  harness.report(1, 0.9);
  harness.end(0);
  harness.end(1);
  harness.tuner.forget_ended();
  EXPECT_EQ(harness.run(0).details, nullptr);
  EXPECT_EQ(harness.run(0).trial, nullptr);
  EXPECT_EQ(harness.run(0).best, 0.4);
  EXPECT_EQ(harness.run(1).configuration().find("--x")->as_integer(), 1);
  EXPECT_NE(harness.run(2).details, nullptr) << "it goes on";
  harness.report(2, 0.95);
  harness.tuner.forget_ended();
  EXPECT_EQ(harness.run(1).details, nullptr) << "another one is best";
  harness.end(2);
  harness.tuner.forget_ended();
  EXPECT_NE(harness.run(2).details, nullptr);
}

/// A child run from its configuration to its end, with everything that a script may leave behind.
void play_child(History& history, int child) {
  AskAnswered answered;
  answered.configurations.push_back(
      {{"--lr", Value(0.1 * child)}, {"--name", Value("a long text")}});
  answered.reasons.emplace_back("random draw of a seed that needs some words");
  MetricReported reported{child, 0, {}};
  reported.point = {2, "score", 1.0 / child, "", {}, 0};
  ExitStatus exit;
  exit.code = 1;
  exit.log_tail = std::string(4000, 'x');
  for (EventBody& body : std::vector<EventBody>{AskIssued{child, child, 1},
                                                answered,
                                                ChildStarting{child, 0},
                                                ChildStarted{child, 0, "this machine", 1},
                                                reported,
                                                ChildEnded{child, 0, exit}}) {
    history.apply({1, 1, std::move(body)});
  }
  history.forget_ended(false);
}

TEST(History, HoldsLessThanAHundredBytesOfAChildThatEnded) {
  constexpr int kChildren = 10'000;
  History history("score", Goal::kMinimize, 0);
  history.apply({1, 1, EngineStarted{}});
  for (int child = 0; child < kChildren; ++child) play_child(history, child);
  const std::size_t before = mallinfo2().uordblks;
  for (int child = kChildren; child < 2 * kChildren; ++child) play_child(history, child);
  EXPECT_EQ(history.failed(), 2 * kChildren);
  EXPECT_LE(mallinfo2().uordblks, before + std::size_t{100} * kChildren);
}

TEST(History, KeepsWhatASamplerLearnsFrom) {
  TunerConfig learning = config(Goal::kMaximize);
  learning.sampler_learns = true;
  TunerHarness harness(learning);
  harness.start();
  harness.answer(3);
  harness.report(0, 0.4);
  harness.report(1, 0.9);
  harness.end(0);
  harness.tuner.forget_ended();
  EXPECT_EQ(harness.run(0).details, nullptr);
  EXPECT_EQ(harness.tuner.history().trials().at(0)->value, 0.4);
}

TEST(History, NothingThatIsSaidOfAChildAfterItsEndChangesIt) {
  for (const bool forgets : {false, true}) {
    TunerHarness harness(config(Goal::kMaximize));
    harness.start();
    harness.answer(3);
    harness.report(0, 0.4);
    harness.report(1, 0.5);
    harness.end(0);
    if (forgets) harness.tuner.forget_ended();
    MetricReported late{0, 0, {}};
    late.point = {9, "score", 0.9, "", {}, 0};
    EXPECT_TRUE(harness.feed(late).empty());
    harness.feed(ChildStarted{0, 0, "elsewhere", 8});
    harness.feed(ChildStarting{0, 1});
    harness.feed(PolicyJudged{0, {PolicyVerdict::Outcome::kContinue, 2, 0.9, 0.1, 1}});
    harness.feed(CancelRequested{0, CancelCause::kUser, "late"});
    harness.feed(Noted{0, "late", 12});
    harness.feed(TagSet{0, "key", "value", false, false, 13});
    harness.feed(ScriptSaid{0, "Completed", "", 14});
    harness.feed(ChildEnded{0, 0, {}});
    harness.feed(RetryDue{0});
    AskAnswered again;
    again.first_child = 0;
    again.configurations.emplace_back();
    harness.feed(again);
    EXPECT_EQ(harness.run(0).status, RunStatus::kCompleted);
    EXPECT_EQ(harness.run(0).intervals, 1);
    EXPECT_EQ(harness.run(0).best, 0.4);
    EXPECT_EQ(harness.tuner.history().best_child(), 1);
    EXPECT_EQ(harness.tuner.history().active(), 2);
  }
}

TEST(History, TheTimeOfAnAskLeavesOutWhenNoEngineWasThere) {
  TunerHarness harness(config(Goal::kMinimize));
  harness.start();
  EXPECT_TRUE(std::isnan(harness.tuner.history().mean_ask_us()));
  harness.now_us += 3'600'000'000;
  harness.feed(EngineStarted{2, "boot", 0, 0, 1});
  harness.now_us += 50;
  harness.answer(3);
  EXPECT_EQ(harness.tuner.history().mean_ask_us(), 50);
}

TEST(History, TheMeanTimeOfAttemptsFollowsTheLatestByAnEighth) {
  TunerHarness harness(config(Goal::kMinimize));
  harness.start();
  harness.answer(3);
  for (int child = 0; child < 3; ++child) harness.feed(ChildStarted{child, 0, "here", 1});
  harness.now_us += 800;
  harness.end(0);
  EXPECT_EQ(harness.tuner.history().mean_attempt_us(), 800);
  harness.now_us += 800;
  harness.end(1);
  EXPECT_EQ(harness.tuner.history().mean_attempt_us(), 900);
  harness.now_us = 0;  // the clock was set back
  harness.end(2);
  EXPECT_EQ(harness.tuner.history().mean_attempt_us(), 787.5);
}

}  // namespace
}  // namespace hd::test
