#pragma once
#include <string>
#include <vector>

#include "engine/core/metric.h"

namespace hd {

/// The outcome of judging one child run at one interval, with the numbers compared.
struct PolicyVerdict {
  enum class Outcome : int {
    kNotDue = 0,  ///< off-schedule, or nothing to compare with: not stored
    kContinue = 1,
    kCancel = 2,
  };
  Outcome outcome = Outcome::kNotDue;
  int interval = 0;    ///< the child's count of primary-metric reports, from 1
  double value = 0;    ///< the child's figure that was compared
  double limit = 0;    ///< what it was compared with
  int population = 0;  ///< how many other child runs the limit was taken from
  friend bool operator==(const PolicyVerdict&, const PolicyVerdict&) = default;
};

/// Early-termination rule, as a fold over the history: `record` and `end` are called in history
/// order for every child of the sweep, `judge` reads only what they left behind. So the state, and
/// with it every verdict, is a function of the history; and each rule keeps just the index it needs
/// to answer in polylogarithmic time. Loop thread only. NaN compares as worst under either goal.
class Policy {
 public:
  virtual ~Policy() = default;

  /// `child` logged its primary metric for the `interval`-th time (1, 2, 3, ... without gaps).
  virtual void record(int child, int interval, double value) = 0;

  /// `child` reached a terminal state; nothing more will be recorded for it.
  virtual void end(int child) = 0;

  /// Whether `child` may go on after its latest recorded interval. Changes nothing.
  [[nodiscard]] virtual PolicyVerdict judge(int child) const = 0;

  /// One sentence with the verdict's numbers, in HyperDrive's words, for the user.
  [[nodiscard]] virtual std::string explain(const PolicyVerdict& verdict) const = 0;

  /// HyperDrive's name: "BanditPolicy", ...
  [[nodiscard]] virtual std::string name() const = 0;

  /// What the policy will do, and what it can never do, for a sweep of this size; one line each.
  [[nodiscard]] virtual std::vector<std::string> describe(int max_total_runs,
                                                          int max_concurrent_runs) const = 0;
};

}  // namespace hd
