#include "cli/serve/serve_api.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "cli/serve/served_files.h"
#include "engine/core/error.h"
#include "executors/tracking/json_fields.h"
#include "executors/tracking/run_json.h"
#include "executors/tracking/run_search.h"
#include "executors/tracking/tracking_request.h"

namespace hd {
namespace {

using Json = nlohmann::json;
using Code = TrackingError::Code;

constexpr std::size_t kHistoryPage = 25'000;

Json experiment_json(const TrackedExperiment& experiment) {
  return {{"experiment_id", experiment.id},
          {"name", experiment.name},
          {"artifact_location", "mlflow-artifacts:/" + experiment.id},
          {"lifecycle_stage", "active"},
          {"creation_time", experiment.created_ms},
          {"last_update_time", experiment.created_ms},
          {"tags", Json::array()}};
}

/// Filters are made for runs; names of other things are asked the same way.
TrackedRun named(const std::string& name) {
  TrackedRun run;
  run.name = name;
  // Clients ask for models that are not the prompts which newer registries keep beside them.
  run.tags.emplace("mlflow.prompt.is_prompt", "false");
  return run;
}

Json tags_json(const std::vector<std::pair<std::string, std::string>>& tags) {
  Json list = Json::array();
  for (const auto& [key, value] : tags) list.push_back({{"key", key}, {"value", value}});
  return list;
}

/// Of an RFC 3339 time in UTC; 0 when it is none.
std::int64_t milliseconds_of(const std::string& time) {
  std::tm parts{};
  if (::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return 0;
  return std::int64_t{::timegm(&parts)} * 1000;
}

/// "name:port", "[::1]:port" or a name alone.
std::string_view name_of_host(std::string_view host) {
  const std::size_t end = host.starts_with('[') ? host.find(']') : host.find(':') - 1;
  return end >= host.size() ? host : host.substr(0, end + 1);
}

/// What the history or the registry says of something that is not there, in the protocol's words.
template <typename Work>
HttpAnswer answered(const Work& work) {
  return guarded([&]() -> HttpAnswer {
    try {
      return work();
    } catch (const NotFoundError& error) {
      throw TrackingError(Code::kDoesNotExist, error.what());
    } catch (const UsageError& error) {
      throw TrackingError(Code::kInvalidParameter, error.what());
    }
  });
}

}  // namespace

ServeApi::ServeApi(const Workspace& workspace, const RunStore& store, ServeAccess access)
    : workspace_(workspace),
      store_(store),
      access_(std::move(access)),
      runs_(store),
      models_(workspace) {
  add_experiment_endpoints();
  add_run_endpoints();
  add_model_endpoints();
}

HttpAdmission ServeApi::admit(const HttpRequest& head) {
  HttpAdmission admission;
  const auto& hosts = access_.hosts;
  if (!hosts.empty() &&
      std::find(hosts.begin(), hosts.end(), name_of_host(head.host)) == hosts.end()) {
    admission.refusal = answer_of(
        TrackingError(Code::kPermissionDenied,
                      "this server is not called '" + head.host + "': ask for it by its address"));
  } else if (!access_.token.empty() && head.path != "/health" && head.path != "/version" &&
             !is_authorized(head.authorization, access_.token)) {
    admission.refusal = answer_of(TrackingError(
        Code::kUnauthenticated, "hdrive serve wants its token: set MLFLOW_TRACKING_TOKEN"));
  } else if (artifact_of(head.path) && head.method != "GET") {
    admission.refusal = answer_of(TrackingError(
        Code::kPermissionDenied, "hdrive serve only reads; scripts write to their own runs"));
  }
  return admission;
}

void ServeApi::answer(const HttpRequest& request, Reply reply) {
  if (auto about = answer_about_server(request.path)) return reply(std::move(*about));
  reply(answered([&]() -> HttpAnswer {
    if (const auto artifact = artifact_of(request.path))
      return answer_artifacts(request, *artifact);
    if (const auto call = call_of(request.path)) return answer_call(request, *call);
    throw TrackingError(Code::kNoSuchEndpoint, "there is no " + request.path);
  }));
}

HttpAnswer ServeApi::answer_call(const HttpRequest& request, std::string_view call) {
  std::string id;
  const Endpoint* endpoint = table_.find(request.method, call, id);
  if (endpoint == nullptr) {
    const bool writes = request.method != "GET";
    throw TrackingError(writes ? Code::kPermissionDenied : Code::kNoSuchEndpoint,
                        writes ? "hdrive serve only reads; scripts write to their own runs"
                               : "hdrive does not serve " + std::string(call));
  }
  return json_answer((*endpoint)(parameters_of(request)));
}

const TrackedExperiment& ServeApi::find_experiment(const Json& parameters) {
  const std::string id = text_field(parameters, "experiment_id");
  const std::string name = id.empty() ? required_text(parameters, "experiment_name") : "";
  experiments_ = runs_.experiments();
  const auto found =
      std::find_if(experiments_.begin(), experiments_.end(), [&](const TrackedExperiment& one) {
        return id.empty() ? one.name == name : one.id == id;
      });
  if (found == experiments_.end()) {
    throw TrackingError(Code::kDoesNotExist,
                        "there is no experiment '" + (id.empty() ? name : id) + "'");
  }
  return *found;
}

void ServeApi::add_experiment_endpoints() {
  const Endpoint get = [this](const Json& parameters) -> Json {
    return {{"experiment", experiment_json(find_experiment(parameters))}};
  };
  table_.add("GET", "experiments/get", get);
  table_.add("GET", "experiments/get-by-name", get);
  const Endpoint search = [this](const Json& parameters) -> Json {
    const TrackedRunFilter filter(text_field(parameters, "filter"));
    Json list = Json::array();
    if (text_field(parameters, "view_type") != "DELETED_ONLY") {
      for (const TrackedExperiment& experiment : runs_.experiments()) {
        if (filter.accepts(named(experiment.name))) list.push_back(experiment_json(experiment));
      }
    }
    return {{"experiments", std::move(list)}};
  };
  for (const char* path : {"experiments/search", "experiments/list"}) {
    table_.add("GET", path, search);
    table_.add("POST", path, search);
  }
}

void ServeApi::add_run_endpoints() {
  table_.add("GET", "runs/get", [this](const Json& parameters) -> Json {
    return {{"run", run_json(runs_.run(run_id_of(parameters)))}};
  });
  table_.add("POST", "runs/search", [this](const Json& parameters) { return search(parameters); });
  table_.add(
      "GET", "metrics/get-history", [this](const Json& parameters) { return history(parameters); });
  // Logged models of MLflow 3 lie among the artifacts of their runs.
  table_.add("POST", "logged-models/search", [](const Json& /*parameters*/) -> Json {
    return {{"models", Json::array()}};
  });
  table_.add("GET", "artifacts/list", [this](const Json& parameters) {
    return list_artifacts(parameters);
  });
}

Json ServeApi::search(const Json& parameters) {
  const TrackedRunFilter filter(text_field(parameters, "filter"));
  std::deque<TrackedRun> all;
  const Json& ids = list_field(parameters, "experiment_ids");
  const bool wants_active = text_field(parameters, "run_view_type") != "DELETED_ONLY";
  for (const TrackedExperiment& experiment : runs_.experiments()) {
    if (!wants_active || std::find(ids.begin(), ids.end(), experiment.id) == ids.end()) continue;
    for (TrackedRun& run : runs_.runs(experiment.name)) all.push_back(std::move(run));
  }
  std::vector<const TrackedRun*> found;
  for (const TrackedRun& run : all) {
    if (filter.accepts(run)) found.push_back(&run);
  }
  std::vector<std::string> order;
  for (const Json& key : list_field(parameters, "order_by")) {
    if (key.is_string()) order.push_back(key.get<std::string>());
  }
  sort_runs(found, order);
  return runs_page_json(found,
                        text_field(parameters, "page_token"),
                        integer_field(parameters, "max_results").value_or(1000));
}

Json ServeApi::history(const Json& parameters) {
  const std::string key = required_text(parameters, "metric_key");
  const auto points = runs_.metric_history(run_id_of(parameters), key);
  const auto begin = static_cast<std::size_t>(
      std::clamp<std::int64_t>(integer_field(parameters, "page_token").value_or(0),
                               0,
                               static_cast<std::int64_t>(points.size())));
  const std::size_t end = std::min(points.size(), begin + kHistoryPage);
  Json metrics = Json::array();
  for (std::size_t i = begin; i < end; ++i) metrics.push_back(metric_json(key, points[i]));
  Json answer = {{"metrics", std::move(metrics)}};
  if (end < points.size()) answer["next_page_token"] = std::to_string(end);
  return answer;
}

Json ServeApi::list_artifacts(const Json& parameters) {
  const TrackedRun run = runs_.run(run_id_of(parameters));
  std::string folder = text_field(parameters, "path");
  const ServedFiles files(workspace_, store_, models_);
  const auto entries = files.list(files.of_run(run.id), folder);
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  return {{"root_uri", artifact_uri_of(run)}, {"files", entries_json(entries, folder)}};
}

HttpAnswer ServeApi::answer_artifacts(const HttpRequest& request, std::string_view path) {
  const ServedFiles files(workspace_, store_, models_);
  if (path.empty()) {
    const auto [place, inside] = files.find(query_value(request, "path"));
    return json_answer({{"files", entries_json(files.list(place, inside), "")}});
  }
  const auto [place, inside] = files.find(path);
  HttpAnswer answer;
  answer.file = files.open(place, inside);
  answer.content_type = "application/octet-stream";
  return answer;
}

void ServeApi::add_model_endpoints() {
  table_.add("GET", "registered-models/get", [this](const Json& parameters) -> Json {
    const std::string name = required_text(parameters, "name");
    if (models_.versions(name).empty()) {
      throw TrackingError(Code::kDoesNotExist, "there is no registered model '" + name + "'");
    }
    return {{"registered_model", model_json(name)}};
  });
  table_.add("GET", "registered-models/search", [this](const Json& parameters) -> Json {
    const TrackedRunFilter filter(text_field(parameters, "filter"));
    Json list = Json::array();
    for (const std::string& name : models_.names()) {
      if (!models_.versions(name).empty() && filter.accepts(named(name)))
        list.push_back(model_json(name));
    }
    return {{"registered_models", std::move(list)}};
  });
  const Endpoint latest = [this](const Json& parameters) -> Json {
    return {{"model_versions", model_json(required_text(parameters, "name"))["latest_versions"]}};
  };
  table_.add("GET", "registered-models/get-latest-versions", latest);
  table_.add("POST", "registered-models/get-latest-versions", latest);
  table_.add("GET", "model-versions/get", [this](const Json& parameters) -> Json {
    return {{"model_version", version_json(find_version(parameters))}};
  });
  table_.add("GET", "model-versions/get-download-uri", [this](const Json& parameters) -> Json {
    return {{"artifact_uri", version_json(find_version(parameters))["source"]}};
  });
  table_.add("GET", "model-versions/search", [this](const Json& parameters) {
    return versions_of(parameters);
  });
}

RegisteredModel ServeApi::find_version(const Json& parameters) const {
  const auto version = integer_field(parameters, "version");
  if (!version || *version < 1 || *version > 1'000'000'000) {
    throw TrackingError(Code::kInvalidParameter, "the parameter 'version' is no version");
  }
  return models_.find(required_text(parameters, "name"), static_cast<int>(*version));
}

Json ServeApi::version_json(const RegisteredModel& model) const {
  return {{"name", model.name},
          {"version", std::to_string(model.version)},
          {"source", ServedFiles::uri_of(model)},
          {"run_id", model.facts.run_id},
          {"description", model.facts.description},
          {"status", "READY"},
          {"current_stage", "None"},
          {"creation_timestamp", milliseconds_of(model.facts.created_time_utc)},
          {"last_updated_timestamp", milliseconds_of(model.facts.created_time_utc)},
          {"tags", tags_json(model.facts.tags)}};
}

Json ServeApi::model_json(const std::string& name) const {
  Json latest = Json::array();
  const auto versions = models_.versions(name);
  if (!versions.empty()) latest.push_back(version_json(models_.find(name, versions.back())));
  const Json created = latest.empty() ? Json(0) : latest[0]["creation_timestamp"];
  return {{"name", name},
          {"creation_timestamp", created},
          {"last_updated_timestamp", created},
          {"latest_versions", std::move(latest)}};
}

Json ServeApi::versions_of(const Json& parameters) const {
  const TrackedRunFilter filter(text_field(parameters, "filter"));
  Json list = Json::array();
  for (const std::string& name : models_.names()) {
    auto versions = models_.versions(name);
    std::reverse(versions.begin(), versions.end());
    for (const int version : versions) {
      const RegisteredModel model = models_.find(name, version);
      TrackedRun asked = named(name);
      asked.id = model.facts.run_id;
      if (filter.accepts(asked)) list.push_back(version_json(model));
    }
  }
  return {{"model_versions", std::move(list)}};
}

}  // namespace hd
