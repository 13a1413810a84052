#include "executors/supervisor/tracking/run_endpoints.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "executors/supervisor/tracking/json_fields.h"
#include "executors/supervisor/tracking/run_search.h"
#include "executors/supervisor/tracking/tracking_error.h"

namespace hd {
namespace {

using Json = nlohmann::json;
using Code = TrackingError::Code;

constexpr const char* kParentTag = "mlflow.parentRunId";

/// Old clients say run_uuid, all others say both.
std::string run_id_of(const Json& parameters) {
  std::string id = text_field(parameters, "run_id");
  return id.empty() ? required_text(parameters, "run_uuid") : id;
}

Json metric_json(const std::string& key, const TrackedMetric& metric) {
  return {{"key", key},
          {"value", number_json(metric.value)},
          {"timestamp", metric.timestamp_ms},
          {"step", metric.step}};
}

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

class Runs {
 public:
  Runs(TrackedAttempt& attempt, ReadHistory history)
      : attempt_(attempt), history_(std::move(history)) {}

  Json get(const Json& parameters) {
    return {{"run", run_json(attempt_.run(run_id_of(parameters)))}};
  }

  Json create(const Json& parameters) {
    std::string name = text_field(parameters, "run_name");
    std::string parent;
    for (const Json& tag : list_field(parameters, "tags")) {
      const std::string key = text_field(tag, "key");
      if (key == kParentTag) parent = text_field(tag, "value");
      if (key == "mlflow.runName" && name.empty()) name = text_field(tag, "value");
    }
    TrackedRun& run = attempt_.create_run(
        name,
        parent,
        integer_field(parameters, "start_time").value_or(attempt_.identity().start_ms));
    set_tags(run, list_field(parameters, "tags"));
    if (run.is_below() && parent.empty()) {
      attempt_.set_tag(run, kParentTag, attempt_.own_run().id);
    }
    return {{"run", run_json(run)}};
  }

  Json update(const Json& parameters) {
    TrackedRun& run = attempt_.opened_run(run_id_of(parameters));
    const std::string name = text_field(parameters, "run_name");
    if (!name.empty()) attempt_.set_tag(run, "mlflow.runName", name);
    const std::string status = text_field(parameters, "status");
    if (!status.empty()) {
      attempt_.set_status(run, status, integer_field(parameters, "end_time").value_or(0));
    }
    return {{"run_info", info_json(run)}};
  }

  Json log_metric(const Json& parameters) {
    log(attempt_.opened_run(run_id_of(parameters)), parameters);
    return Json::object();
  }

  Json log_parameter(const Json& parameters) {
    TrackedRun& run = attempt_.opened_run(run_id_of(parameters));
    attempt_.log_parameter(run, required_text(parameters, "key"), text_field(parameters, "value"));
    return Json::object();
  }

  Json log_batch(const Json& parameters) {
    TrackedRun& run = attempt_.opened_run(run_id_of(parameters));
    const Json& metrics = list_field(parameters, "metrics");
    const Json& params = list_field(parameters, "params");
    // Whole or not at all: a mistake at its end must not leave the begin behind.
    for (const Json& metric : metrics) static_cast<void>(read_metric(metric));
    for (const Json& param : params) static_cast<void>(required_text(param, "key"));
    for (const Json& metric : metrics) log(run, metric);
    for (const Json& param : params) {
      attempt_.log_parameter(run, required_text(param, "key"), text_field(param, "value"));
    }
    set_tags(run, list_field(parameters, "tags"));
    return Json::object();
  }

  Json set_tag(const Json& parameters) {
    TrackedRun& run = attempt_.opened_run(run_id_of(parameters));
    attempt_.set_tag(run, required_text(parameters, "key"), text_field(parameters, "value"));
    return Json::object();
  }

  Json delete_tag(const Json& parameters) {
    attempt_.delete_tag(attempt_.opened_run(run_id_of(parameters)),
                        required_text(parameters, "key"));
    return Json::object();
  }

  Json log_inputs(const Json& parameters) {
    TrackedRun& run = attempt_.opened_run(run_id_of(parameters));
    for (const Json& input : list_field(parameters, "datasets")) {
      const auto dataset = input.find("dataset");
      if (dataset == input.end()) continue;
      attempt_.set_tag(
          run, "dataset/" + text_field(*dataset, "name"), text_field(*dataset, "digest"));
      attempt_.keep_input(run, dumped(input));
    }
    return Json::object();
  }

  Json log_model(const Json& parameters) {
    TrackedRun& run = attempt_.opened_run(run_id_of(parameters));
    const Json model = read_json_object(text_field(parameters, "model_json"));
    std::string path = text_field(model, "artifact_path");
    // Its whole description lies beside the model, in the file MLmodel.
    if (!path.empty()) attempt_.set_tag(run, "model/" + path, text_field(model, "model_uuid"));
    return Json::object();
  }

  Json log_outputs(const Json& parameters) {
    TrackedRun& run = attempt_.opened_run(run_id_of(parameters));
    for (const Json& model : list_field(parameters, "models")) {
      attempt_.keep_output(run, dumped(model));
    }
    return Json::object();
  }

  Json search(const Json& parameters) {
    std::vector<const TrackedRun*> found;
    const RunFilter filter(text_field(parameters, "filter"));
    const Json& experiments = list_field(parameters, "experiment_ids");
    const bool ours = std::any_of(experiments.begin(), experiments.end(), [&](const Json& id) {
      return id == attempt_.identity().experiment_id;
    });
    if (ours && text_field(parameters, "run_view_type") != "DELETED_ONLY") {
      for (const TrackedRun& run : attempt_.runs()) {
        if (filter.accepts(run, attempt_.identity())) found.push_back(&run);
      }
    }
    std::vector<std::string> order;
    for (const Json& key : list_field(parameters, "order_by")) {
      if (key.is_string()) order.push_back(key.get<std::string>());
    }
    sort_runs(found, order, attempt_.identity());
    return page_of(found,
                   text_field(parameters, "page_token"),
                   integer_field(parameters, "max_results").value_or(1000));
  }

  Json history(const Json& parameters) {
    const TrackedRun& run = attempt_.run(run_id_of(parameters));
    const std::string key = required_text(parameters, "metric_key");
    const MetricPage page =
        history_(run.prefix + key, integer_field(parameters, "page_token").value_or(0));
    Json metrics = Json::array();
    for (const TrackedMetric& metric : page.points) metrics.push_back(metric_json(key, metric));
    Json answer = {{"metrics", std::move(metrics)}};
    if (page.next) answer["next_page_token"] = std::to_string(*page.next);
    return answer;
  }

 private:
  static std::pair<std::string, TrackedMetric> read_metric(const Json& parameters) {
    if (!parameters.is_object()) {
      throw TrackingError(Code::kInvalidParameter, "a metric is an object");
    }
    return {required_text(parameters, "key"),
            {number_field(parameters, "value"),
             integer_field(parameters, "timestamp").value_or(0),
             integer_field(parameters, "step").value_or(0)}};
  }

  void log(TrackedRun& run, const Json& parameters) {
    const auto [key, metric] = read_metric(parameters);
    attempt_.log_metric(run, key, metric);
  }

  void set_tags(TrackedRun& run, const Json& tags) {
    for (const Json& tag : tags) {
      attempt_.set_tag(run, required_text(tag, "key"), text_field(tag, "value"));
    }
  }

  Json page_of(const std::vector<const TrackedRun*>& runs,
               const std::string& token,
               std::int64_t most) const {
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

  [[nodiscard]] Json info_json(const TrackedRun& run) const {
    Json info = {{"run_id", run.id},
                 {"run_uuid", run.id},
                 {"run_name", run.name},
                 {"experiment_id", attempt_.identity().experiment_id},
                 {"user_id", ""},
                 {"status", run.status},
                 {"start_time", run.start_ms},
                 {"artifact_uri", artifact_uri_of(attempt_, run)},
                 {"lifecycle_stage", "active"}};
    if (run.end_ms != 0) info["end_time"] = run.end_ms;
    return info;
  }

  [[nodiscard]] Json run_json(const TrackedRun& run) const {
    Json metrics = Json::array();
    for (const auto& [key, metric] : run.latest) metrics.push_back(metric_json(key, metric));
    return {{"info", info_json(run)},
            {"data",
             {{"metrics", std::move(metrics)},
              {"params", pairs_json(run.parameters)},
              {"tags", pairs_json(run.tags)}}},
            {"inputs", {{"dataset_inputs", documents_json(run.inputs)}}},
            {"outputs", {{"model_outputs", documents_json(run.outputs)}}}};
  }

  TrackedAttempt& attempt_;
  ReadHistory history_;
};

}  // namespace

std::string artifact_uri_of(const TrackedAttempt& attempt, const TrackedRun& run) {
  return "mlflow-artifacts:/" + attempt.identity().experiment_id + '/' + run.id + "/artifacts";
}

void add_run_endpoints(EndpointTable& table, TrackedAttempt& attempt, ReadHistory history) {
  const auto runs = std::make_shared<Runs>(attempt, std::move(history));
  const auto add = [&](const char* method, const char* path, Json (Runs::*call)(const Json&)) {
    table.add(
        method, path, [runs, call](const Json& parameters) { return (*runs.*call)(parameters); });
  };
  add("GET", "runs/get", &Runs::get);
  add("POST", "runs/create", &Runs::create);
  add("POST", "runs/update", &Runs::update);
  add("POST", "runs/log-metric", &Runs::log_metric);
  add("POST", "runs/log-parameter", &Runs::log_parameter);
  add("POST", "runs/log-batch", &Runs::log_batch);
  add("POST", "runs/set-tag", &Runs::set_tag);
  add("POST", "runs/delete-tag", &Runs::delete_tag);
  add("POST", "runs/log-inputs", &Runs::log_inputs);
  add("POST", "runs/log-model", &Runs::log_model);
  add("POST", "runs/outputs", &Runs::log_outputs);
  add("POST", "runs/search", &Runs::search);
  add("GET", "metrics/get-history", &Runs::history);
}

}  // namespace hd
