#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "tests/policies/policy_support.h"

namespace hd {
namespace {

/// The rules once more, written as plainly as possible: every verdict from all values again.
class Reference {
 public:
  Reference(PolicyConfig config, Goal goal) : config_(std::move(config)), goal_(goal) {}

  void record(int child, double value) { values_[child].push_back(value); }
  void end(int child) { ended_[child] = true; }

  [[nodiscard]] PolicyVerdict judge(int child) const {
    PolicyVerdict verdict;
    if (!values_.count(child) || ended_.count(child)) return verdict;
    const int n = static_cast<int>(values_.at(child).size());
    verdict.interval = n;
    verdict.value = best(values_.at(child), n);
    const PolicySchedule schedule = std::visit(
        [](const auto& c) -> PolicySchedule {
          if constexpr (requires { c.schedule; }) return c.schedule;
          return {};
        },
        config_);
    const bool due = n % schedule.evaluation_interval == 0 && n >= schedule.delay_evaluation;
    if (!due || std::holds_alternative<NoTerminationPolicyConfig>(config_)) return verdict;
    std::optional<double> limit;
    if (const auto* b = std::get_if<BanditPolicyConfig>(&config_)) limit = bandit(*b, n, verdict);
    if (std::holds_alternative<MedianStoppingPolicyConfig>(config_))
      limit = median(child, n, verdict);
    if (const auto* t = std::get_if<TruncationSelectionPolicyConfig>(&config_)) {
      limit = truncation(*t, n, verdict);
    }
    if (!limit) {
      verdict.population = 0;
      return verdict;
    }
    verdict.limit = *limit;
    verdict.outcome = is_better(goal_, *limit, verdict.value) ? kCancel : kContinue;
    return verdict;
  }

 private:
  [[nodiscard]] double best(const std::vector<double>& values, int n) const {
    double result = kNaN;
    for (int i = 0; i < std::min<int>(n, static_cast<int>(values.size())); ++i) {
      const double value = values[static_cast<std::size_t>(i)];
      if (is_better(goal_, value, result)) result = value;
    }
    return result;
  }
  [[nodiscard]] std::vector<double> worst_first(std::vector<double> figures) const {
    std::sort(
        figures.begin(), figures.end(), [&](double a, double b) { return is_better(goal_, b, a); });
    return figures;
  }
  std::optional<double> bandit(const BanditPolicyConfig& c, int n, PolicyVerdict& verdict) const {
    double b = kNaN;
    int runs = 0;
    for (const auto& [child, values] : values_) {
      if (static_cast<int>(values.size()) < n) continue;
      ++runs;
      if (is_better(goal_, best(values, n), b)) b = best(values, n);
    }
    verdict.population = runs - 1;
    if (runs < 2) return std::nullopt;
    const bool maximize = goal_ == Goal::kMaximize;
    if (c.slack_amount) return maximize ? b - *c.slack_amount : b + *c.slack_amount;
    const double ratio = 1 + *c.slack_factor;
    if (maximize) return b >= 0 ? b / ratio : b * ratio;
    return b >= 0 ? b * ratio : b / ratio;
  }
  std::optional<double> median(int judged, int n, PolicyVerdict& verdict) const {
    std::vector<double> averages;
    for (const auto& [child, values] : values_) {
      if (child == judged || values.empty()) continue;
      const int m = std::min<int>(n, static_cast<int>(values.size()));
      double sum = 0;
      for (int i = 0; i < m; ++i) sum += values[static_cast<std::size_t>(i)];
      averages.push_back(sum / m);
    }
    verdict.population = static_cast<int>(averages.size());
    if (averages.empty()) return std::nullopt;
    averages = worst_first(std::move(averages));
    const std::size_t half = averages.size() / 2;
    if (averages.size() % 2 == 1) return averages[half];
    return (averages[half - 1] + averages[half]) / 2;
  }
  std::optional<double> truncation(const TruncationSelectionPolicyConfig& c,
                                   int n,
                                   PolicyVerdict& verdict) const {
    std::vector<double> bests;
    for (const auto& [child, values] : values_) {
      if (values.empty() || (c.exclude_finished_jobs && ended_.count(child))) continue;
      bests.push_back(best(values, n));
    }
    verdict.population = static_cast<int>(bests.size()) - 1;
    if (bests.size() < 2) return std::nullopt;
    bests = worst_first(std::move(bests));
    return bests[bests.size() * static_cast<std::size_t>(c.truncation_percentage) / 100];
  }

  PolicyConfig config_;
  Goal goal_;
  std::map<int, std::vector<double>> values_;
  std::map<int, bool> ended_;
};

/// A random history: children at different paces, repeated values, NaN and infinities, some ends.
std::vector<Step> random_history(std::uint64_t seed, int children, int steps) {
  Rng rng(seed, RngPurpose::kTest, 0);
  std::vector<Step> history;
  for (int i = 0; i < steps; ++i) {
    Step step;
    // The square makes low numbers frequent, so that lengths differ much.
    const double u = rng.next_unit();
    step.child = static_cast<int>(u * u * children);
    const std::uint64_t kind = rng.next_below(40);
    step.value = static_cast<double>(rng.next_below(64)) / 8 - 4;
    if (kind == 0) step.value = kNaN;
    if (kind == 1) step.value = kInfinity;
    if (kind == 2) step.value = -kInfinity;
    step.ends = kind == 3;
    history.push_back(step);
  }
  return history;
}

std::string to_text(const std::vector<Step>& history, std::size_t length) {
  std::ostringstream text;
  for (std::size_t i = 0; i < length; ++i) {
    text << history[i].child << (history[i].ends ? " ends" : ": ");
    if (!history[i].ends) text << history[i].value;
    text << "; ";
  }
  return text.str();
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

struct ContractCase {
  const char* name;
  PolicyConfig config;
};

class PolicyContract : public testing::TestWithParam<ContractCase> {
 protected:
  [[nodiscard]] const PolicyConfig& config() const { return GetParam().config; }
};

TEST_P(PolicyContract, AgreesWithThePlainStatementOfTheRule) {
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    const Goal goal = seed % 2 == 0 ? Goal::kMaximize : Goal::kMinimize;
    const auto history = random_history(seed, 2 + static_cast<int>(seed), 150);
    const auto policy = make_policy(config(), goal);
    Reference reference(config(), goal);
    std::map<int, int> intervals;
    std::map<int, bool> ended;
    for (std::size_t i = 0; i < history.size(); ++i) {
      const Step& step = history[i];
      if (ended[step.child]) continue;
      if (step.ends) {
        ended[step.child] = true;
        policy->end(step.child);
        reference.end(step.child);
        continue;
      }
      policy->record(step.child, ++intervals[step.child], step.value);
      reference.record(step.child, step.value);
      const PolicyVerdict expected = reference.judge(step.child);
      const PolicyVerdict found = policy->judge(step.child);
      ASSERT_EQ(found.outcome, expected.outcome)
          << "seed " << seed << ": " << to_text(history, i + 1);
      if (expected.outcome == kNotDue) continue;
      ASSERT_EQ(found.interval, expected.interval);
      ASSERT_EQ(found.population, expected.population) << to_text(history, i + 1);
      ASSERT_TRUE(same(found.limit, expected.limit))
          << found.limit << " is not " << expected.limit << ": " << to_text(history, i + 1);
      ASSERT_TRUE(same(found.value, expected.value)) << to_text(history, i + 1);
    }
  }
}

TEST_P(PolicyContract, NegatingTheMetricAndFlippingTheGoalChangesNothing) {
  for (std::uint64_t seed = 100; seed < 110; ++seed) {
    const auto up = make_policy(config(), Goal::kMaximize);
    const auto down = make_policy(config(), Goal::kMinimize);
    std::map<int, int> intervals;
    for (const Step& step : random_history(seed, 12, 200)) {
      const int interval = ++intervals[step.child];
      up->record(step.child, interval, step.value);
      down->record(step.child, interval, -step.value);
      const PolicyVerdict a = up->judge(step.child);
      const PolicyVerdict b = down->judge(step.child);
      ASSERT_EQ(a.outcome, b.outcome);
      ASSERT_EQ(a.population, b.population);
      ASSERT_TRUE(same(a.limit, -b.limit)) << a.limit << " and " << b.limit;
    }
  }
}

TEST_P(PolicyContract, DoesNotDependOnTheOrderOfReportsOfDifferentRuns) {
  const Curves curves = {{.1, .5, .7, .2}, {.9, .1, .1, .3}, {.4, .6}, {.2, .2, .8, .9}};
  const auto in_order = make_policy(config(), Goal::kMaximize);
  feed(*in_order, curves);
  const auto interleaved = make_policy(config(), Goal::kMaximize);
  for (std::size_t interval = 0; interval < 4; ++interval) {
    for (std::size_t child = curves.size(); child-- > 0;) {
      if (interval >= curves[child].size()) continue;
      interleaved->record(
          static_cast<int>(child), static_cast<int>(interval) + 1, curves[child][interval]);
    }
  }
  for (int child = 0; child < 4; ++child) {
    EXPECT_EQ(in_order->judge(child), interleaved->judge(child)) << "child " << child;
  }
}

TEST_P(PolicyContract, NeverCancelsTheOnlyRun) {
  const auto policy = make_policy(config(), Goal::kMaximize);
  for (int interval = 1; interval <= 12; ++interval) {
    policy->record(0, interval, -interval);
    EXPECT_NE(policy->judge(0).outcome, kCancel);
  }
}

TEST_P(PolicyContract, NeverCancelsTheRunWithTheBestValue) {
  for (std::uint64_t seed = 200; seed < 220; ++seed) {
    const auto policy = make_policy(config(), Goal::kMinimize);
    std::map<int, int> intervals;
    double best = kNaN;
    int holder = -1;
    for (const Step& step : random_history(seed, 8, 150)) {
      policy->record(step.child, ++intervals[step.child], step.value);
      if (is_better(Goal::kMinimize, step.value, best)) {
        best = step.value;
        holder = step.child;
      }
      if (step.child == holder) {
        ASSERT_NE(policy->judge(holder).outcome, kCancel);
      }
    }
  }
}

TEST_P(PolicyContract, JudgingChangesNothing) {
  const auto policy = make_policy(config(), Goal::kMaximize);
  feed(*policy, {{.1, .2, .3, .4}, {.4, .3, .2, .1}, {.5, .5, .5, .5}});
  const PolicyVerdict first = policy->judge(1);
  EXPECT_EQ(policy->judge(1), first);
  EXPECT_EQ(policy->judge(1), first);
}

INSTANTIATE_TEST_SUITE_P(
    AllPolicies,
    PolicyContract,
    testing::Values(
        ContractCase{"BanditFactor", bandit_factor(0.1)},
        ContractCase{"BanditAmount", bandit_amount(0.5)},
        ContractCase{"BanditLater", bandit_amount(0.25, {2, 3})},
        ContractCase{"Median", MedianStoppingPolicyConfig{}},
        ContractCase{"MedianLater", MedianStoppingPolicyConfig{{3, 4}}},
        ContractCase{"Truncation", TruncationSelectionPolicyConfig{{}, 20, false}},
        ContractCase{"TruncationLater", TruncationSelectionPolicyConfig{{2, 3}, 50, false}},
        ContractCase{"TruncationRunning", TruncationSelectionPolicyConfig{{}, 35, true}},
        ContractCase{"TruncationRunningLater", TruncationSelectionPolicyConfig{{2, 0}, 60, true}},
        ContractCase{"NoTermination", NoTerminationPolicyConfig{}}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace hd
