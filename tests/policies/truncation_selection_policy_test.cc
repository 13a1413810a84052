#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/policies/policy_support.h"

namespace hd {
namespace {

constexpr Goal kMax = Goal::kMaximize;

PolicyConfig truncation(int percentage, PolicySchedule schedule = {}, bool exclude = false) {
  return TruncationSelectionPolicyConfig{schedule, percentage, exclude};
}

TEST(TruncationSelectionPolicy, CutsTheLowestTwentyPercentAtIntervalFive) {
  // Interval 1, percentage 20, delay 5: at interval 5 the lowest of five runs is cut, before
  // nobody.
  const auto policy = make_policy(truncation(20, {1, 5}), kMax);
  for (int child = 0; child < 5; ++child) {
    for (int interval = 1; interval <= 4; ++interval) policy->record(child, interval, child);
    EXPECT_EQ(policy->judge(child).outcome, kNotDue);
  }
  for (int child = 0; child < 5; ++child) policy->record(child, 5, child);
  EXPECT_EQ(policy->judge(0).outcome, kCancel);
  EXPECT_EQ(policy->judge(0).population, 4);
  EXPECT_EQ(policy->judge(0).limit, 1);
  for (int child = 1; child < 5; ++child) EXPECT_EQ(policy->judge(child).outcome, kContinue);
}

TEST(TruncationSelectionPolicy, RoundsTheNumberOfRunsDown) {
  const Curves nine = {{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}};
  EXPECT_EQ(verdict_on(truncation(20), kMax, nine, 0).outcome, kCancel);  // 1.8 -> 1
  EXPECT_EQ(verdict_on(truncation(20), kMax, nine, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(truncation(20), kMax, {{1}, {2}, {3}, {4}}, 0).outcome, kContinue);
  EXPECT_EQ(verdict_on(truncation(99), kMax, {{1}, {2}}, 0).outcome, kCancel);
  EXPECT_EQ(verdict_on(truncation(99), kMax, {{1}, {2}}, 1).outcome, kContinue);
}

TEST(TruncationSelectionPolicy, KeepsTies) {
  // Two of five would be cut, but three share the lowest value.
  EXPECT_EQ(verdict_on(truncation(40), kMax, {{1}, {1}, {1}, {2}, {3}}, 0).outcome, kContinue);
  EXPECT_EQ(verdict_on(truncation(40), kMax, {{1}, {1}, {2}, {2}, {3}}, 0).outcome, kCancel);
}

TEST(TruncationSelectionPolicy, ComparesYoungRunsWithWhatOldOnesHadAtTheSameInterval) {
  EXPECT_EQ(verdict_on(truncation(50), kMax, {{.1, .9}, {.2}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(truncation(50), kMax, {{.3, .9}, {.2}}, 1).outcome, kCancel);
  // A run with fewer reports counts with the best it has.
  EXPECT_EQ(verdict_on(truncation(50), kMax, {{.3}, {.2, .2, .2}}, 1).outcome, kCancel);
}

TEST(TruncationSelectionPolicy, FinishedRunsStayInUnlessExcluded) {
  for (const bool exclude : {false, true}) {
    const auto policy = make_policy(truncation(50, {}, exclude), kMax);
    feed(*policy, {{.1}, {.2}, {.3}, {.4}});
    policy->end(0);
    policy->end(1);
    // Of four the lowest two are cut, of the remaining two the lower one.
    EXPECT_EQ(policy->judge(2).outcome, exclude ? kCancel : kContinue);
    EXPECT_EQ(policy->judge(2).population, exclude ? 1 : 3);
    EXPECT_EQ(policy->judge(3).outcome, kContinue);
    policy->end(3);
    EXPECT_EQ(policy->judge(2).outcome, exclude ? kNotDue : kContinue);
  }
}

TEST(TruncationSelectionPolicy, NaNRanksWorstAndTiesWithNaN) {
  EXPECT_EQ(verdict_on(truncation(50), kMax, {{kNaN}, {-kInfinity}}, 0).outcome, kCancel);
  EXPECT_EQ(verdict_on(truncation(50), kMax, {{kNaN}, {-kInfinity}}, 1).outcome, kContinue);
  EXPECT_EQ(verdict_on(truncation(50), kMax, {{kNaN}, {kNaN}}, 0).outcome, kContinue);
  EXPECT_EQ(verdict_on(truncation(50), Goal::kMinimize, {{kNaN}, {kInfinity}}, 0).outcome, kCancel);
}

TEST(TruncationSelectionPolicy, PercentageIsOneToNinetyNine) {
  EXPECT_THROW((void)make_policy(truncation(0), kMax), std::invalid_argument);
  EXPECT_THROW((void)make_policy(truncation(100), kMax), std::invalid_argument);
}

TEST(TruncationSelectionPolicy, ExplainsWithTheNumbersCompared) {
  const auto policy = make_policy(truncation(40), kMax);
  feed(*policy, {{.1}, {.2}, {.3}, {.4}, {.5}});
  EXPECT_EQ(policy->explain(policy->judge(0)),
            "TruncationSelectionPolicy: best so far 0.1 < 0.3, the worst value kept when 2 of 5 "
            "runs (40 %) are cut, at interval 1 (4 other runs compared)");
}

TEST(TruncationSelectionPolicy, SaysWhenItCanNeverAct) {
  const auto says_never = [](const PolicyConfig& config, int total, int concurrent) {
    for (const std::string& line : make_policy(config, kMax)->describe(total, concurrent)) {
      if (line.find("never act") != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(says_never(truncation(20), 4, 1));
  EXPECT_FALSE(says_never(truncation(20), 5, 1));
  EXPECT_TRUE(says_never(truncation(20, {}, true), 50, 4));
  EXPECT_FALSE(says_never(truncation(20, {}, true), 50, 5));
}

}  // namespace
}  // namespace hd
