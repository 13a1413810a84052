#pragma once
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/policy.h"
#include "policies/factory.h"

namespace hd {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr auto kNotDue = PolicyVerdict::Outcome::kNotDue;
inline constexpr auto kContinue = PolicyVerdict::Outcome::kContinue;
inline constexpr auto kCancel = PolicyVerdict::Outcome::kCancel;

/// One step of a history: a child run reports its primary metric, or ends.
struct Step {
  int child = 0;
  double value = 0;
  bool ends = false;
};

/// All values of each child run, child by child. The last one listed is fed last.
using Curves = std::vector<std::vector<double>>;

inline void feed_child(Policy& policy, int child, const std::vector<double>& values) {
  int interval = 0;
  for (const double value : values) policy.record(child, ++interval, value);
}

inline void feed(Policy& policy, const Curves& curves) {
  for (std::size_t i = 0; i < curves.size(); ++i) {
    feed_child(policy, static_cast<int>(i), curves[i]);
  }
}

/// Verdict on child `judged` after all curves were recorded.
inline PolicyVerdict verdict_on(const PolicyConfig& config,
                                Goal goal,
                                const Curves& curves,
                                int judged) {
  const auto policy = make_policy(config, goal);
  feed(*policy, curves);
  return policy->judge(judged);
}

inline BanditPolicyConfig bandit_factor(double factor, PolicySchedule schedule = {}) {
  return {schedule, factor, std::nullopt};
}
inline BanditPolicyConfig bandit_amount(double amount, PolicySchedule schedule = {}) {
  return {schedule, std::nullopt, amount};
}

}  // namespace hd
