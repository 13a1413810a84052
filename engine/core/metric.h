#pragma once
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

namespace hd {

/// Which way the primary metric gets better. The lower-case names are for users of the library.
enum class Goal { kMinimize, kMaximize, minimize = kMinimize, maximize = kMaximize };

/// Whether `a` is strictly better than `b` under the goal. NaN is worse than any number, and not
/// better than another NaN.
[[nodiscard]] inline bool is_better(Goal goal, double a, double b) {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  return goal == Goal::kMaximize ? a > b : a < b;
}

/// One reported value as it came from a script. `sequence` is given by the supervisor, rises by one
/// per point within an attempt, and identifies the point together with run and attempt.
struct MetricPoint {
  std::int64_t sequence = 0;
  std::string name;
  double value = 0;  ///< NaN and infinities allowed
  std::string text;  ///< for non-numeric metrics: JSON (string, list, row); then value is NaN
  std::optional<std::int64_t> step;
  std::int64_t time_us = 0;  ///< wall clock of the machine that ran the script, Unix microseconds
  friend bool operator==(const MetricPoint&, const MetricPoint&) = default;
};

}  // namespace hd
