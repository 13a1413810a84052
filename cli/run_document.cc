#include "cli/run_document.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/text.h"
#include "engine/core/json_reader.h"

namespace hd {

namespace {

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value text_map(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Value::Map map;
  for (const auto& [key, value] : pairs) map.emplace_back(key, value);
  return map;
}

void add_parent_members(Value::Map& map, const RunSummary& run) {
  Value::Map children;
  std::int64_t total = 0;
  for (const auto& [status, count] : run.children_by_status) total += count;
  children.emplace_back("total", total);
  for (const auto& [status, count] : run.children_by_status) {
    children.emplace_back(std::string(status_name(status)), count);
  }
  map.emplace_back("children", std::move(children));
  map.emplace_back("bestChildRunId", text_or_null(run.best_child_run_id));
  Value::Map metric;
  metric.emplace_back("name", text_or_null(run.primary_metric_name));
  if (run.primary_metric_goal) {
    metric.emplace_back("goal",
                        run.primary_metric_goal == Goal::kMaximize ? "maximize" : "minimize");
  }
  map.emplace_back("primaryMetric", std::move(metric));
  map.emplace_back("generatedRuns", total);
  map.emplace_back("terminationReason", text_or_null(run.termination_reason));
}

}  // namespace

Value parse_json(const std::string& text) {
  Result<Value> json = read_json(text);
  return json ? std::move(*json) : Value(text);
}

Value run_document(const RunSummary& run) {
  Value::Map map;
  map.emplace_back("runId", run.run_id);
  map.emplace_back("runType", run.is_sweep() ? "hyperdrive" : "azureml.scriptrun");
  map.emplace_back("parentRunId", text_or_null(run.parent_run_id));
  map.emplace_back("experimentName", run.experiment);
  map.emplace_back("status", std::string(status_name(run.status)));
  map.emplace_back("target", run.target);
  map.emplace_back("startTimeUtc",
                   text_or_null(utc_time(run.started_us != 0 || run.is_child ? run.started_us
                                                                             : run.created_us)));
  map.emplace_back("endTimeUtc", text_or_null(utc_time(run.ended_us)));
  if (run.is_child || !run.hyperparameters.empty()) {
    map.emplace_back(
        "hyperparameters",
        run.hyperparameters.empty() ? Value(Value::Map{}) : parse_json(run.hyperparameters));
  }
  map.emplace_back("tags", text_map(run.tags));
  map.emplace_back("properties", text_map(run.properties));
  map.emplace_back("bestPrimaryMetric",
                   run.best_primary_metric ? Value(*run.best_primary_metric) : Value());
  if (run.error_code.empty() && run.error_message.empty()) {
    map.emplace_back("error", Value());
  } else {
    map.emplace_back("error", Value::Map{{"code", run.error_code}, {"message", run.error_message}});
  }
  if (run.is_sweep()) add_parent_members(map, run);
  map.emplace_back("schemaVersion", 1);
  return map;
}

const std::vector<std::string>& run_columns() {
  static const std::vector<std::string> kColumns = {
      "runId", "runType", "status", "target", "startTimeUtc", "endTimeUtc", "bestPrimaryMetric"};
  return kColumns;
}

void sort_best_first(std::vector<RunSummary>& children, Goal goal) {
  std::sort(children.begin(), children.end(), [&](const RunSummary& a, const RunSummary& b) {
    const double x = a.best_primary_metric.value_or(std::nan(""));
    const double y = b.best_primary_metric.value_or(std::nan(""));
    if (is_better(goal, x, y)) return true;
    if (is_better(goal, y, x)) return false;
    return a.child < b.child;
  });
}

std::vector<std::string> hyperparameter_arguments(const std::string& json) {
  std::vector<std::string> words;
  const Value parsed = parse_json(json);
  if (!parsed.is_map()) return words;
  for (const auto& [name, value] : parsed.as_map()) {
    if (value.is_null()) continue;
    words.push_back(name.starts_with('-') ? name : "--" + name);
    words.push_back(to_argument(value));
  }
  return words;
}

}  // namespace hd
