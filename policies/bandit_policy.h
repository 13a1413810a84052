#pragma once
#include <string>
#include <vector>

#include "policies/scheduled_policy.h"

namespace hd {

/// Cancels a child run whose best value Y at interval n is worse than the best B of all child runs
/// that have a value at n (its own included), by more than the slack:
///
///   maximize   Y < B / (1 + slack_factor)    Y < B - slack_amount
///   minimize   Y > B * (1 + slack_factor)    Y > B + slack_amount
///
/// For B < 0 multiplication and division change places, so that the limit is never on the good side
/// of B and the best child run is never canceled. NaN is worst: a run with nothing but NaN is
/// canceled once another has a number, and where all have NaN nobody is. Infinities are ordinary
/// extreme values. O(1) per report and verdict; memory O(1) per due interval.
class BanditPolicy final : public ScheduledPolicy {
 public:
  /// Throws std::invalid_argument unless exactly one slack is set, finite and not negative.
  BanditPolicy(const BanditPolicyConfig& config, Goal goal);

  [[nodiscard]] std::string name() const override { return "BanditPolicy"; }

 private:
  struct Interval {
    double best = 0;
    int runs = 0;
  };
  void on_record(int child, int interval, double value, double best) override;
  [[nodiscard]] Comparison compare(int child, int interval, double best) const override;
  [[nodiscard]] std::string explain_limit(const PolicyVerdict& verdict) const override;
  [[nodiscard]] std::vector<std::string> describe_rule(int max_total_runs,
                                                       int max_concurrent_runs) const override;
  [[nodiscard]] bool multiplies(double best) const;
  [[nodiscard]] double limit(double best) const;

  bool is_factor_;
  double slack_;
  std::vector<Interval> due_;  ///< by number of the due interval, from 1
};

}  // namespace hd
