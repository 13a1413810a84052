#include <gtest/gtest.h>

#include "tests/policies/policy_support.h"

namespace hd {
namespace {

constexpr Goal kMax = Goal::kMaximize;
constexpr Goal kMin = Goal::kMinimize;

PolicyConfig median(PolicySchedule schedule = {}) { return MedianStoppingPolicyConfig{schedule}; }

// Averages at interval 3: A .600, B .500, C .343, D .560.
const Curves kExample = {{.50, .60, .70}, {.40, .50, .60}, {.30, .35, .38}, {.55, .56, .57}};

TEST(MedianStoppingPolicy, MedianOfFourRunningAveragesIsTheMeanOfTheMiddleTwo) {
  // For a fifth run the median of A to D is (.500 + .560) / 2 = .530.
  Curves curves = kExample;
  curves.push_back({.1, .1, .52});
  const PolicyVerdict below = verdict_on(median(), kMax, curves, 4);
  EXPECT_NEAR(below.limit, .530, 1e-12);
  EXPECT_EQ(below.outcome, kCancel);
  EXPECT_EQ(below.population, 4);
  EXPECT_EQ(below.interval, 3);
  curves[4] = {.1, .1, .54};
  EXPECT_EQ(verdict_on(median(), kMax, curves, 4).outcome, kContinue);
}

TEST(MedianStoppingPolicy, ExampleCancelsOnlyC) {
  const Curves order[] = {kExample};
  for (const Curves& curves : order) {
    EXPECT_EQ(verdict_on(median(), kMax, curves, 0).outcome, kContinue);
    EXPECT_EQ(verdict_on(median(), kMax, curves, 1).outcome, kContinue);
    EXPECT_EQ(verdict_on(median(), kMax, curves, 2).outcome, kCancel);
    EXPECT_EQ(verdict_on(median(), kMax, curves, 3).outcome, kContinue);
  }
}

TEST(MedianStoppingPolicy, LeavesTheJudgedRunOut) {
  // Others: .6, .5, .343 for D; .6, .5, .56 for C.
  EXPECT_NEAR(verdict_on(median(), kMax, kExample, 3).limit, .5, 1e-12);
  EXPECT_NEAR(verdict_on(median(), kMax, kExample, 2).limit, .56, 1e-12);
}

TEST(MedianStoppingPolicy, RunsWithFewerValuesCountWithTheAverageOfThose) {
  // The only other run has one value, the judged one three.
  const PolicyVerdict verdict = verdict_on(median(), kMax, {{.4}, {.1, .2, .3}}, 1);
  EXPECT_EQ(verdict.outcome, kCancel);
  EXPECT_DOUBLE_EQ(verdict.limit, .4);
}

TEST(MedianStoppingPolicy, LaterValuesOfOthersDoNotCount) {
  const PolicyVerdict verdict = verdict_on(median(), kMax, {{.2, .9, .9}, {.3}}, 1);
  EXPECT_EQ(verdict.outcome, kContinue);
  EXPECT_DOUBLE_EQ(verdict.limit, .2);
}

TEST(MedianStoppingPolicy, EndedRunsStayIn) {
  const auto policy = make_policy(median(), kMax);
  feed(*policy, {{.9}, {.8}, {.1}});
  policy->end(0);
  policy->end(1);
  EXPECT_EQ(policy->judge(2).outcome, kCancel);
  EXPECT_EQ(policy->judge(2).population, 2);
}

TEST(MedianStoppingPolicy, NeedsAnotherRunWithAValue) {
  EXPECT_EQ(verdict_on(median(), kMax, {{.1, .2}}, 0).outcome, kNotDue);
}

TEST(MedianStoppingPolicy, ComparesStrictly) {
  EXPECT_EQ(verdict_on(median(), kMax, {{.5}, {.5}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(median(), kMin, {{.5}, {.5}}, 1).outcome, kContinue);
}

TEST(MedianStoppingPolicy, NaNRanksWorst) {
  // Middle of {NaN, .4, .5} is .4.
  const Curves curves = {{kNaN}, {.4}, {.5}, {.39}};
  EXPECT_EQ(verdict_on(median(), kMax, curves, 3).outcome, kCancel);
  EXPECT_DOUBLE_EQ(verdict_on(median(), kMax, curves, 3).limit, .4);
  EXPECT_DOUBLE_EQ(verdict_on(median(), kMin, curves, 3).limit, .5);
  // One NaN makes a run's average NaN, though not its best value.
  EXPECT_EQ(verdict_on(median(), kMax, {{.9, kNaN}, {.1, .1}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(median(), kMax, {{.2, .2}, {.3, kNaN}}, 1).outcome, kContinue);
}

TEST(MedianStoppingPolicy, WhereTheMedianIsNaNNobodyIsCanceled) {
  EXPECT_EQ(verdict_on(median(), kMax, {{kNaN}, {kNaN}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(median(), kMax, {{kNaN}, {.5}, {.1}}, 2).outcome, kContinue);
  EXPECT_EQ(verdict_on(median(), kMax, {{.5}, {kNaN}}, 1).outcome, kCancel);
}

TEST(MedianStoppingPolicy, InfinitiesAreExtremeValues) {
  EXPECT_EQ(verdict_on(median(), kMax, {{kInfinity}, {1}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(median(), kMax, {{-kInfinity}, {1}}, 1).outcome, kContinue);
  // Average of both infinities is NaN: worst.
  EXPECT_EQ(verdict_on(median(), kMax, {{kInfinity, -kInfinity}, {1, 1}}, 1).outcome, kContinue);
}

TEST(MedianStoppingPolicy, ExplainsWithTheNumbersCompared) {
  const auto policy = make_policy(median(), kMax);
  feed(*policy, kExample);
  EXPECT_EQ(policy->explain(policy->judge(2)),
            "MedianStoppingPolicy: best so far 0.38 < 0.56, the median of the running averages, at "
            "interval 3 (3 other runs compared)");
}

}  // namespace
}  // namespace hd
