#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/policies/policy_support.h"

namespace hd {
namespace {

/// The intervals up to `last` at which a poor child run is judged.
std::vector<int> due_intervals(PolicySchedule schedule, int last) {
  const auto policy = make_policy(bandit_amount(0.1, schedule), Goal::kMaximize);
  std::vector<int> due;
  for (int interval = 1; interval <= last; ++interval) {
    policy->record(0, interval, 1);
    policy->record(1, interval, 0);
    if (policy->judge(1).outcome != kNotDue) due.push_back(interval);
  }
  return due;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(PolicySchedule, FirstEvaluationIsTheFirstMultipleNotBelowTheDelay) {
  EXPECT_EQ(due_intervals({1, 0}, 3), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(due_intervals({1, 5}, 7), (std::vector<int>{5, 6, 7}));
  EXPECT_EQ(due_intervals({2, 5}, 9), (std::vector<int>{6, 8}));
  EXPECT_EQ(due_intervals({100, 200}, 350), (std::vector<int>{200, 300}));
  EXPECT_EQ(due_intervals({3, 3}, 7), (std::vector<int>{3, 6}));
}

TEST(PolicySchedule, AnEvaluationIntervalOfZeroMeansOne) {
  EXPECT_EQ(due_intervals({0, 0}, 3), (std::vector<int>{1, 2, 3}));
}

TEST(PolicySchedule, AnUnknownOrSilentOrEndedRunIsNotDue) {
  const auto policy = make_policy(bandit_amount(0.1), Goal::kMaximize);
  EXPECT_EQ(policy->judge(0).outcome, kNotDue);
  feed(*policy, {{1}, {}, {0}});
  EXPECT_EQ(policy->judge(1).outcome, kNotDue);
  EXPECT_EQ(policy->judge(7).outcome, kNotDue);
  policy->end(2);
  EXPECT_EQ(policy->judge(2).outcome, kNotDue);
}

TEST(PolicySchedule, DescribesWhenItJudges) {
  const auto policy = make_policy(bandit_amount(0.1, {2, 5}), Goal::kMaximize);
  const std::string text = joined(policy->describe(20, 4));
  EXPECT_NE(text.find("at reports 6, 8, 10, ... of the primary metric"), std::string::npos) << text;
  EXPECT_NE(text.find("fewer than 6 times is never judged"), std::string::npos) << text;
  EXPECT_NE(text.find("The first 4 child runs start together"), std::string::npos) << text;
}

TEST(PolicySchedule, SaysWhatItCannotDoForTheSizeOfTheSweep) {
  const auto policy = make_policy(bandit_factor(0.1), Goal::kMinimize);
  EXPECT_NE(joined(policy->describe(8, 8)).find("All 8 child runs start together"),
            std::string::npos);
  EXPECT_NE(joined(policy->describe(1, 1)).find("It can never act"), std::string::npos);
  EXPECT_EQ(joined(policy->describe(8, 1)).find("start together"), std::string::npos);
}

TEST(PolicySchedule, DescriptionSurvivesHugeNumbers) {
  const auto policy = make_policy(bandit_factor(0.1, {2147483647, 2147483647}), Goal::kMinimize);
  EXPECT_NE(joined(policy->describe(8, 1)).find("2147483647, 4294967294"), std::string::npos);
}

TEST(NoTerminationPolicy, NeverJudges) {
  const auto policy = make_policy(NoTerminationPolicyConfig{}, Goal::kMaximize);
  feed(*policy, {{1}, {-1e9}});
  EXPECT_EQ(policy->judge(1).outcome, kNotDue);
  EXPECT_EQ(policy->name(), "NoTerminationPolicy");
  EXPECT_EQ(policy->describe(10, 2).size(), 1u);
}

}  // namespace
}  // namespace hd
