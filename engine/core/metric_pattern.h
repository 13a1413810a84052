#pragma once
#include <string>
#include <vector>

namespace hd {

/// A user's own way to find a metric in what a script prints, as it is written in a runconfig.
struct MetricPattern {
  std::string regex;  ///< RE2 syntax
  std::string name;   ///< of the metric; empty = the expression finds the name as well
  friend bool operator==(const MetricPattern&, const MetricPattern&) = default;
};

/// How printed lines are searched for metrics.
struct MetricPatterns {
  std::vector<MetricPattern> own;  ///< tried on every line, before the built-in ones
  bool built_in = true;            ///< search lines where none of them found anything
  friend bool operator==(const MetricPatterns&, const MetricPatterns&) = default;
};

}  // namespace hd
