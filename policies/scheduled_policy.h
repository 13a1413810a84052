#pragma once
#include <string>
#include <vector>

#include "engine/core/hyperdrive_config.h"
#include "engine/core/policy.h"

namespace hd {

/// What the rules with a schedule have in common. An interval is due when it is a multiple of
/// `evaluation_interval` and not below `delay_evaluation`; only there is a child run judged, by its
/// best value so far, and only when at least one other can be compared.
class ScheduledPolicy : public Policy {
 public:
  void record(int child, int interval, double value) final;
  void end(int child) final;
  [[nodiscard]] PolicyVerdict judge(int child) const final;
  [[nodiscard]] std::string explain(const PolicyVerdict& verdict) const final;
  [[nodiscard]] std::vector<std::string> describe(int max_total_runs,
                                                  int max_concurrent_runs) const final;

 protected:
  /// Throws std::invalid_argument for negative numbers. An evaluation_interval of 0 means 1.
  ScheduledPolicy(PolicySchedule schedule, Goal goal);

  /// The outcome of comparing with `population` other child runs; 0 = nothing to compare with.
  struct Comparison {
    double limit = 0;
    int population = 0;
  };

  [[nodiscard]] Goal goal() const { return goal_; }
  [[nodiscard]] bool is_due(int interval) const;
  /// How many intervals were due up to and including this one.
  [[nodiscard]] int due_number(int interval) const;

  virtual void on_record(int child, int interval, double value, double best) = 0;
  virtual void on_end(int /*child*/) {}
  /// What `child`, with `best` as its best value at its due `interval`, must not be worse than.
  [[nodiscard]] virtual Comparison compare(int child, int interval, double best) const = 0;
  /// Where the limit of a verdict came from: follows "<value> < <limit> ".
  [[nodiscard]] virtual std::string explain_limit(const PolicyVerdict& verdict) const = 0;
  /// The rule and its limits in words, one sentence each.
  [[nodiscard]] virtual std::vector<std::string> describe_rule(int max_total_runs,
                                                               int max_concurrent_runs) const = 0;

 private:
  struct Child {
    int interval = 0;
    bool has_ended = false;
    double best = 0;
  };
  Child& child_at(int child);

  PolicySchedule schedule_;
  Goal goal_;
  std::vector<Child> children_;
};

}  // namespace hd
