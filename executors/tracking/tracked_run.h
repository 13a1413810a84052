#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hd {

struct TrackedMetric {
  double value = 0;
  std::int64_t timestamp_ms = 0;
  std::int64_t step = 0;
};

/// Whether `a` is the latest value rather than `b`: by step, then time, then value.
[[nodiscard]] bool is_later(const TrackedMetric& a, const TrackedMetric& b);

/// A run as MLflow's protocol shows it.
struct TrackedRun {
  std::string id;
  std::string experiment_id;
  std::string name;
  /// Before every name that it logs: empty for a run of its own, "child/fold1/" for one that a
  /// script made below its attempt.
  std::string prefix;
  std::string status = "RUNNING";
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;  ///< 0 = not known
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> parameters;
  std::map<std::string, TrackedMetric> latest;  ///< per metric, by step, then time, then value
  std::vector<std::string> inputs;              ///< data sets, as JSON
  std::vector<std::string> outputs;             ///< logged models, as JSON

  [[nodiscard]] bool is_below() const { return !prefix.empty(); }
};

/// The experiment's name where clients take it for an id, else something made from it.
[[nodiscard]] std::string experiment_id_of(std::string_view name);

}  // namespace hd
