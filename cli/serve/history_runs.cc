#include "cli/serve/history_runs.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cli/run_document.h"
#include "engine/core/error.h"

namespace hd {
namespace {

constexpr std::string_view kParameter = "parameter/";
/// Of runs whose latest values are kept.
constexpr std::size_t kMostFinished = 20'000;

const char* status_of(RunStatus status) {
  switch (status) {
    case RunStatus::kCompleted:
      return "FINISHED";
    case RunStatus::kFailed:
      return "FAILED";
    case RunStatus::kCanceled:
      return "KILLED";
    case RunStatus::kNotStarted:
    case RunStatus::kQueued:
    case RunStatus::kPreparing:
    case RunStatus::kProvisioning:
    case RunStatus::kStarting:
      return "SCHEDULED";
    default:
      return "RUNNING";
  }
}

std::string without_dashes(const std::string& name) {
  const std::size_t begin = name.find_first_not_of('-');
  return begin == std::string::npos ? name : name.substr(begin);
}

TrackedMetric metric_of(const MetricPoint& point, std::int64_t number) {
  // Without a step a point has the number of those before it.
  return {point.value, point.time_us / 1000, point.step.value_or(number)};
}

void add_parameters(TrackedRun& tracked, const RunSummary& run) {
  if (!run.hyperparameters.empty()) {
    const Value configuration = parse_json(run.hyperparameters);
    if (configuration.is_map()) {
      for (const auto& [name, value] : configuration.as_map()) {
        tracked.parameters.emplace(without_dashes(name), to_argument(value));
      }
    }
  }
  for (const auto& [key, value] : run.tags) {
    if (key.starts_with(kParameter)) {
      tracked.parameters.insert_or_assign(key.substr(kParameter.size()), value);
    } else {
      tracked.tags.emplace(key, value);
    }
  }
}

}  // namespace

int shown_attempt(const RunSummary& run) { return std::max(run.attempt, 0); }

std::vector<TrackedExperiment> HistoryRuns::experiments() const {
  std::vector<TrackedExperiment> experiments;
  for (const auto& [name, created_us] : store_.experiments()) {
    experiments.push_back({experiment_id_of(name), name, created_us / 1000});
  }
  return experiments;
}

TrackedRun HistoryRuns::run(const std::string& run_id) {
  const std::optional<RunSummary> found = store_.run(run_id);
  if (!found) throw NotFoundError("there is no run " + run_id);
  return tracked(*found);
}

std::deque<TrackedRun> HistoryRuns::runs(const std::string& experiment) {
  std::deque<TrackedRun> runs;
  RunFilter parents;
  parents.experiment = experiment;
  parents.last = 0;
  for (const RunSummary& parent : store_.runs(parents)) {
    runs.push_back(tracked(parent));
    RunFilter children;
    children.parent_run_id = parent.run_id;
    children.last = 0;
    for (const RunSummary& child : store_.runs(children)) runs.push_back(tracked(child));
  }
  return runs;
}

std::vector<TrackedMetric> HistoryRuns::metric_history(const std::string& run_id,
                                                       const std::string& name) const {
  const std::optional<RunSummary> run = store_.run(run_id);
  if (!run) throw NotFoundError("there is no run " + run_id);
  std::vector<TrackedMetric> points;
  if (run->is_sweep()) {
    store_.parent_metrics(
        run_id, name, [&](int /*child*/, int /*attempt*/, const MetricPoint& point) {
          if (!point.text.empty()) return;
          points.push_back(metric_of(point, static_cast<std::int64_t>(points.size())));
        });
    return points;
  }
  store_.metrics(run_id, name, [&](int attempt, const MetricPoint& point) {
    if (attempt != shown_attempt(*run) || !point.text.empty()) return;
    points.push_back(metric_of(point, static_cast<std::int64_t>(points.size())));
  });
  return points;
}

TrackedRun HistoryRuns::tracked(const RunSummary& run) {
  TrackedRun tracked;
  tracked.id = run.run_id;
  tracked.name = run.run_id;
  tracked.experiment_id = experiment_id_of(run.experiment);
  tracked.status = status_of(run.status);
  tracked.start_ms = (run.started_us > 0 ? run.started_us : run.created_us) / 1000;
  tracked.end_ms = run.ended_us / 1000;
  add_parameters(tracked, run);
  if (const auto name = tracked.tags.find("mlflow.runName"); name != tracked.tags.end()) {
    tracked.name = name->second;
  }
  tracked.tags.emplace("mlflow.runName", tracked.name);
  if (run.is_child) tracked.tags.emplace("mlflow.parentRunId", run.parent_run_id);
  if (!is_terminal(run.status)) {
    tracked.latest = latest(run);
    return tracked;
  }
  if (finished_.size() >= kMostFinished) finished_.clear();
  const auto known = finished_.find(run.run_id);
  tracked.latest = known != finished_.end()
                       ? known->second
                       : finished_.emplace(run.run_id, latest(run)).first->second;
  return tracked;
}

HistoryRuns::Latest HistoryRuns::latest(const RunSummary& run) const {
  Latest latest;
  std::map<std::string, std::int64_t> counts;
  const auto take = [&](const MetricPoint& point) {
    if (!point.text.empty()) return;
    const TrackedMetric metric = metric_of(point, counts[point.name]++);
    const auto [place, is_new] = latest.emplace(point.name, metric);
    if (!is_new && is_later(metric, place->second)) place->second = metric;
  };
  if (run.is_sweep()) {
    store_.parent_metrics(
        run.run_id, {}, [&](int /*child*/, int /*attempt*/, const MetricPoint& point) {
          take(point);
        });
  } else {
    store_.metrics(run.run_id, {}, [&](int attempt, const MetricPoint& point) {
      if (attempt == shown_attempt(run)) take(point);
    });
  }
  return latest;
}

}  // namespace hd
