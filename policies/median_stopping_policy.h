#pragma once
#include <string>
#include <vector>

#include "policies/ranked_values.h"
#include "policies/scheduled_policy.h"

namespace hd {

/// Cancels a child run whose best value at interval N is worse than the median of the other child
/// runs' averages over their first N values; runs with fewer values count with the average of what
/// they have, finished and canceled ones too. The median of an even number is the mean of the
/// middle two. An average that includes NaN, or both infinities, is NaN and ranks worst; where the
/// median itself is NaN nobody is canceled, where only the best value is NaN the run is.
///
/// Per report O(log c log n), per verdict O(log^2 c log n), both expected, for n child runs with up
/// to c reports.
class MedianStoppingPolicy final : public ScheduledPolicy {
 public:
  /// Throws std::invalid_argument for a bad schedule.
  MedianStoppingPolicy(const MedianStoppingPolicyConfig& config, Goal goal);

  [[nodiscard]] std::string name() const override { return "MedianStoppingPolicy"; }

 private:
  void on_record(int child, int interval, double value, double best) override;
  [[nodiscard]] Comparison compare(int child, int interval, double best) const override;
  [[nodiscard]] std::string explain_limit(const PolicyVerdict& verdict) const override;
  [[nodiscard]] std::vector<std::string> describe_rule(int max_total_runs,
                                                       int max_concurrent_runs) const override;

  struct Child {
    double sum = 0;
    double average = 0;
  };
  std::vector<Child> children_;
  RankedValues averages_;
};

}  // namespace hd
