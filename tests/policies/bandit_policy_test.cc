#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "tests/policies/policy_support.h"

namespace hd {
namespace {

constexpr Goal kMax = Goal::kMaximize;
constexpr Goal kMin = Goal::kMinimize;

TEST(BanditPolicy, SlackFactorAllowsTheBestDividedByOnePlusFactor) {
  // B = 0.8, factor 0.2: the limit is 0.8 / 1.2, about 0.667.
  const PolicyVerdict below = verdict_on(bandit_factor(0.2), kMax, {{0.8}, {0.66}}, 1);
  EXPECT_EQ(below.outcome, kCancel);
  EXPECT_DOUBLE_EQ(below.limit, 0.8 / 1.2);
  EXPECT_EQ(below.value, 0.66);
  EXPECT_EQ(below.interval, 1);
  EXPECT_EQ(below.population, 1);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{0.8}, {0.67}}, 1).outcome, kContinue);
}

TEST(BanditPolicy, SlackFactorOfATenthAllowsAboutNinetyOnePercent) {
  EXPECT_NEAR(verdict_on(bandit_factor(0.1), kMax, {{1.0}, {0.5}}, 1).limit, 0.909, 0.0005);
  EXPECT_EQ(verdict_on(bandit_factor(0.1), kMax, {{1.0}, {0.909}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_factor(0.1), kMax, {{1.0}, {0.9091}}, 1).outcome, kContinue);
}

TEST(BanditPolicy, SlackAmountIsSubtractedWhenMaximizing) {
  // B = 0.8, amount 0.2: the limit is 0.6.
  EXPECT_DOUBLE_EQ(verdict_on(bandit_amount(0.2), kMax, {{0.8}, {0.5}}, 1).limit, 0.6);
  EXPECT_EQ(verdict_on(bandit_amount(0.2), kMax, {{0.8}, {0.59}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_amount(0.2), kMax, {{0.8}, {0.61}}, 1).outcome, kContinue);
}

TEST(BanditPolicy, MinimizingCancelsAboveTheBestTimesOnePlusFactor) {
  // B = 0.40, factor 0.2: cancel above 0.48.
  EXPECT_DOUBLE_EQ(verdict_on(bandit_factor(0.2), kMin, {{0.4}, {0.5}}, 1).limit, 0.48);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMin, {{0.4}, {0.481}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMin, {{0.4}, {0.479}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(bandit_amount(0.2), kMin, {{0.4}, {0.61}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_amount(0.2), kMin, {{0.4}, {0.59}}, 1).outcome, kContinue);
}

TEST(BanditPolicy, ComparesStrictly) {
  EXPECT_EQ(verdict_on(bandit_amount(0.5), kMax, {{1.0}, {0.5}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(bandit_amount(0.5), kMin, {{1.0}, {1.5}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(bandit_factor(1.0), kMax, {{1.0}, {0.5}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(bandit_factor(1.0), kMin, {{1.0}, {2.0}}, 1).outcome, kContinue);
}

/// The slack factor is a ratio, so each goal and sign of the best value has its own row.
struct SignCase {
  Goal goal;
  double best, limit;
};

class BanditSign : public testing::TestWithParam<SignCase> {};

TEST_P(BanditSign, LimitIsOnThePoorSideOfTheBest) {
  const auto& [goal, best, limit] = GetParam();
  const double poor = goal == kMax ? -1e6 : 1e6;
  const PolicyVerdict other = verdict_on(bandit_factor(0.25), goal, {{best}, {poor}}, 1);
  EXPECT_DOUBLE_EQ(other.limit, limit);
  EXPECT_EQ(other.outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_factor(0.25), goal, {{best}, {poor}}, 0).outcome, kContinue);
}

INSTANTIATE_TEST_SUITE_P(GoalsAndSigns,
                         BanditSign,
                         testing::Values(SignCase{kMax, 2.0, 1.6},
                                         SignCase{kMax, 0.0, 0.0},
                                         SignCase{kMax, -2.0, -2.5},
                                         SignCase{kMin, 2.0, 2.5},
                                         SignCase{kMin, 0.0, 0.0},
                                         SignCase{kMin, -2.0, -1.6}));

TEST(BanditPolicy, NeverCancelsTheCurrentBestWithNegativeMetrics) {
  // The plain ratio would put the limit at -0.417, above the best run itself.
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{-0.5}, {-0.9}}, 0).outcome, kContinue);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{-0.5}, {-0.61}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{-0.5}, {-0.59}}, 1).outcome, kContinue);
}

TEST(BanditPolicy, ComparesAtTheSameInterval) {
  // The other run's later 0.9 is not used against a run at interval 1; its 0.5 is.
  EXPECT_EQ(verdict_on(bandit_amount(0.1), kMax, {{0.5, 0.9}, {0.45}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(bandit_amount(0.1), kMax, {{0.5, 0.9}, {0.45, 0.46}}, 1).outcome, kCancel);
}

TEST(BanditPolicy, UsesTheBestValueSoFarNotTheLatest) {
  EXPECT_EQ(verdict_on(bandit_amount(0.1), kMax, {{0.8, 0.8}, {0.75, 0.1}}, 1).outcome, kContinue);
}

TEST(BanditPolicy, DoesNotCancelBeforeDelay) {
  const auto policy = make_policy(bandit_amount(0.1, {1, 3}), kMax);
  feed(*policy, {{0.9, 0.9, 0.9}, {0.1, 0.1}});
  EXPECT_EQ(policy->judge(1).outcome, kNotDue);
  policy->record(1, 3, 0.1);
  EXPECT_EQ(policy->judge(1).outcome, kCancel);
}

TEST(BanditPolicy, CountsOnlyRunsThatReachedTheInterval) {
  const Curves curves = {{0.9}, {0.8, 0.8}, {0.7, 0.7}};
  EXPECT_EQ(verdict_on(bandit_amount(0.1), kMax, curves, 2).population, 1);
  EXPECT_EQ(verdict_on(bandit_amount(0.1), kMax, {{0.9}, {0.8, 0.8}}, 1).outcome, kNotDue);
}

TEST(BanditPolicy, KeepsCanceledRunsInTheComparison) {
  const auto policy = make_policy(bandit_amount(0.1), kMax);
  feed(*policy, {{0.9}, {0.5}});
  policy->end(0);
  EXPECT_EQ(policy->judge(1).outcome, kCancel);
}

TEST(BanditPolicy, TreatsNaNAsWorst) {
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{-1e300}, {kNaN}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMin, {{1e300}, {kNaN}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{kNaN}, {-1e300}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{kNaN}, {kNaN}}, 1).outcome, kContinue);
  // One number makes the best so far a number, whatever came after.
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{1, 1}, {1, kNaN}}, 1).outcome, kContinue);
}

TEST(BanditPolicy, TakesInfinitiesAsExtremeValues) {
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{kInfinity}, {1}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_factor(0.2), kMax, {{kInfinity}, {kInfinity}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(bandit_amount(0.2), kMin, {{-kInfinity}, {1}}, 1).outcome, kCancel);
  EXPECT_EQ(verdict_on(bandit_amount(0.2), kMax, {{1}, {-kInfinity}}, 1).outcome, kCancel);
}

TEST(BanditPolicy, NeedsExactlyOneSlack) {
  EXPECT_THROW((void)make_policy(BanditPolicyConfig{}, kMax), std::invalid_argument);
  EXPECT_THROW((void)make_policy(BanditPolicyConfig{{}, 0.1, 0.1}, kMax), std::invalid_argument);
  EXPECT_THROW((void)make_policy(bandit_factor(-0.1), kMax), std::invalid_argument);
  EXPECT_THROW((void)make_policy(bandit_amount(kNaN), kMax), std::invalid_argument);
  EXPECT_THROW((void)make_policy(bandit_amount(0.1, {-1, 0}), kMax), std::invalid_argument);
}

TEST(BanditPolicy, ExplainsWithTheNumbersCompared) {
  const auto policy = make_policy(bandit_factor(0.1), kMax);
  feed(*policy, {{0.1, 0.87}, {0.1, 0.711}});
  EXPECT_EQ(policy->explain(policy->judge(1)),
            "BanditPolicy: best so far 0.711 < 0.790909 = 0.87 / (1 + 0.1) at interval 2 (1 other "
            "run compared)");
  const auto loss = make_policy(bandit_amount(0.5), kMin);
  feed(*loss, {{1}, {1.25}, {2}});
  EXPECT_EQ(
      loss->explain(loss->judge(1)),
      "BanditPolicy: best so far 1.25 <= 1.5 = 1 + 0.5 at interval 1 (2 other runs compared)");
  const auto negative = make_policy(bandit_factor(0.5), kMax);
  feed(*negative, {{-2}, {-4}});
  EXPECT_EQ(negative->explain(negative->judge(1)),
            "BanditPolicy: best so far -4 < -3 = -2 * (1 + 0.5) at interval 1 (1 other run "
            "compared)");
}

TEST(BanditPolicy, ExplanationShowsMoreDigitsWhereSixAreNotEnough) {
  const auto policy = make_policy(bandit_amount(0), kMax);
  feed(*policy, {{0.50000002}, {0.50000001}});
  const std::string text = policy->explain(policy->judge(1));
  EXPECT_NE(text.find("0.50000001 < 0.50000002"), std::string::npos) << text;
}

}  // namespace
}  // namespace hd
