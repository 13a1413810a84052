#pragma once
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/store/run_store.h"
#include "executors/tracking/tracked_run.h"

namespace hd {

/// An experiment of the history as MLflow's protocol shows it.
struct TrackedExperiment {
  std::string id;  ///< the name, or where clients refuse that, something made from it
  std::string name;
  std::int64_t created_ms = 0;
};

/// The runs of a history as MLflow's protocol shows them, whatever way their scripts reported by.
/// Reads only. What a finished run logged is kept, because it does not change any more.
class HistoryRuns {
 public:
  /// `store` must outlive this object.
  explicit HistoryRuns(const RunStore& store) : store_(store) {}

  [[nodiscard]] std::vector<TrackedExperiment> experiments() const;

  /// Throws NotFoundError when there is none.
  [[nodiscard]] TrackedRun run(const std::string& run_id);

  /// All runs of an experiment: sweeps, their child runs and single script runs.
  [[nodiscard]] std::deque<TrackedRun> runs(const std::string& experiment);

  /// The points of one metric in the order reported, of the run's latest attempt.
  [[nodiscard]] std::vector<TrackedMetric> metric_history(const std::string& run_id,
                                                          const std::string& name) const;

 private:
  using Latest = std::map<std::string, TrackedMetric>;

  [[nodiscard]] TrackedRun tracked(const RunSummary& run);
  [[nodiscard]] Latest latest(const RunSummary& run) const;

  const RunStore& store_;
  std::map<std::string, Latest> finished_;  ///< by run id
};

/// The attempt whose files and points a run shows.
[[nodiscard]] int shown_attempt(const RunSummary& run);

}  // namespace hd
