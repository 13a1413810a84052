#include "executors/tracking/run_json.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "executors/tracking/json_fields.h"

namespace hd {
namespace {

using Json = nlohmann::json;

Json pairs_json(const std::map<std::string, std::string>& texts) {
  Json list = Json::array();
  for (const auto& [key, value] : texts) list.push_back({{"key", key}, {"value", value}});
  return list;
}

Json documents_json(const std::vector<std::string>& documents) {
  Json list = Json::array();
  for (const std::string& document : documents) list.push_back(Json::parse(document));
  return list;
}

}  // namespace

Json metric_json(const std::string& key, const TrackedMetric& metric) {
  return {{"key", key},
          {"value", number_json(metric.value)},
          {"timestamp", metric.timestamp_ms},
          {"step", metric.step}};
}

Json run_info_json(const TrackedRun& run) {
  Json info = {{"run_id", run.id},
               {"run_uuid", run.id},
               {"run_name", run.name},
               {"experiment_id", run.experiment_id},
               {"user_id", ""},
               {"status", run.status},
               {"start_time", run.start_ms},
               {"artifact_uri", artifact_uri_of(run)},
               {"lifecycle_stage", "active"}};
  if (run.end_ms != 0) info["end_time"] = run.end_ms;
  return info;
}

Json run_json(const TrackedRun& run) {
  Json metrics = Json::array();
  for (const auto& [key, metric] : run.latest) metrics.push_back(metric_json(key, metric));
  return {{"info", run_info_json(run)},
          {"data",
           {{"metrics", std::move(metrics)},
            {"params", pairs_json(run.parameters)},
            {"tags", pairs_json(run.tags)}}},
          {"inputs", {{"dataset_inputs", documents_json(run.inputs)}}},
          {"outputs", {{"model_outputs", documents_json(run.outputs)}}}};
}

Json runs_page_json(const std::vector<const TrackedRun*>& runs,
                    const std::string& token,
                    std::int64_t most) {
  std::size_t begin = 0;
  std::from_chars(token.data(), token.data() + token.size(), begin);
  begin = std::min(begin, runs.size());
  // A run may have many metrics, and an answer is made in memory.
  const auto count = static_cast<std::size_t>(std::clamp<std::int64_t>(most, 1, 1000));
  const std::size_t end = std::min(runs.size(), begin + count);
  Json list = Json::array();
  for (std::size_t i = begin; i < end; ++i) list.push_back(run_json(*runs[i]));
  Json answer = {{"runs", std::move(list)}};
  if (end < runs.size()) answer["next_page_token"] = std::to_string(end);
  return answer;
}

std::string artifact_uri_of(const TrackedRun& run) {
  return "mlflow-artifacts:/" + run.experiment_id + '/' + run.id + "/artifacts";
}

}  // namespace hd
