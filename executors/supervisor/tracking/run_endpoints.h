#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "executors/supervisor/tracking/endpoint_table.h"
#include "executors/supervisor/tracking/metric_history.h"
#include "executors/supervisor/tracking/tracked_attempt.h"

namespace hd {

/// A page of the history of a metric from an offset on, see MetricHistory.
using ReadHistory = std::function<MetricPage(std::string_view name, std::int64_t offset)>;

/// Adds `runs/...` and `metrics/...`. `attempt` must outlive the table.
void add_run_endpoints(EndpointTable& table, TrackedAttempt& attempt, ReadHistory history);

/// Adds `experiments/...`: whatever a script calls its experiment, it is that of the attempt,
/// because clients refuse to log to a run of another one.
void add_experiment_endpoints(EndpointTable& table, TrackedAttempt& attempt);

/// Where clients find the artifacts of a run.
[[nodiscard]] std::string artifact_uri_of(const TrackedAttempt& attempt, const TrackedRun& run);

}  // namespace hd
