#pragma once
#include <string>
#include <vector>

#include "policies/ranked_values.h"
#include "policies/scheduled_policy.h"

namespace hd {

/// Ranks all child runs that have a value, the judged one included, by their best value at the
/// judged run's interval (runs with fewer reports: by their best so far), and cancels the judged
/// run when it is among the worst floor(truncation_percentage * runs / 100). A run that ties with
/// one outside that group is kept. Canceled and finished runs stay in the ranking unless
/// exclude_finished_jobs. NaN ranks worst and ties with NaN.
///
/// Per report O(log c log n), mostly O(log n); per verdict O(log^2 c log n); both expected, for n
/// child runs with up to c reports.
class TruncationSelectionPolicy final : public ScheduledPolicy {
 public:
  /// Throws std::invalid_argument for a bad schedule or a percentage outside 1 to 99.
  TruncationSelectionPolicy(const TruncationSelectionPolicyConfig& config, Goal goal);

  [[nodiscard]] std::string name() const override { return "TruncationSelectionPolicy"; }

 private:
  void on_record(int child, int interval, double value, double best) override;
  void on_end(int child) override;
  [[nodiscard]] Comparison compare(int child, int interval, double best) const override;
  [[nodiscard]] std::string explain_limit(const PolicyVerdict& verdict) const override;
  [[nodiscard]] std::vector<std::string> describe_rule(int max_total_runs,
                                                       int max_concurrent_runs) const override;
  [[nodiscard]] int cut(int runs) const;

  int percentage_;
  bool exclude_finished_;
  RankedValues bests_;
};

}  // namespace hd
