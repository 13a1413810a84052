#include "executors/supervisor/tracking/logged_models.h"

#include <algorithm>

#include "executors/supervisor/tracking/json_fields.h"
#include "executors/supervisor/tracking/random_text.h"
#include "executors/supervisor/tracking/tracking_error.h"

namespace hd {
namespace {

using Json = nlohmann::json;
using Code = TrackingError::Code;

/// Takes the next part off a path.
std::string_view next_part(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view part = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return part;
}

[[noreturn]] void refuse_place(std::string_view artifact) {
  throw TrackingError(Code::kDoesNotExist,
                      "'" + std::string(artifact) + "' names no files of this run");
}

/// A model's name as the name of a folder.
std::string folder_name(const std::string& name) {
  std::string folder = name;
  std::replace(folder.begin(), folder.end(), '\0', '_');
  std::replace(folder.begin(), folder.end(), '/', '_');
  return folder.find_first_not_of(". ") == std::string::npos ? "model" : folder;
}

Json pairs_json(const std::map<std::string, std::string>& texts) {
  Json list = Json::array();
  for (const auto& [key, value] : texts) list.push_back({{"key", key}, {"value", value}});
  return list;
}

Json model_json(const TrackedAttempt& attempt,
                const LoggedModels& models,
                const LoggedModel& model) {
  return {{"info",
           {{"model_id", model.id},
            {"experiment_id", attempt.identity().experiment_id},
            {"name", model.name},
            {"model_type", model.type},
            {"artifact_uri", models.uri_of(model)},
            {"source_run_id", model.run_id},
            {"creation_timestamp_ms", model.created_ms},
            {"last_updated_timestamp_ms", model.created_ms},
            {"status", model.status},
            {"tags", pairs_json(model.tags)}}},
          {"data", {{"params", pairs_json(model.parameters)}, {"metrics", Json::array()}}}};
}

void set_pairs(std::map<std::string, std::string>& texts, const Json& pairs) {
  for (const Json& pair : pairs) {
    texts.insert_or_assign(required_text(pair, "key"), text_field(pair, "value"));
  }
}

}  // namespace

std::string artifact_prefix_of(const TrackedRun& run) { return run.prefix; }

LoggedModel& LoggedModels::create(const std::string& name, const std::string& run_id) {
  if (models_.size() >= kMost) {
    throw TrackingError(Code::kInvalidParameter,
                        "a run logs at most " + std::to_string(kMost) + " models");
  }
  const TrackedRun& run = run_id.empty() ? attempt_.own_run() : attempt_.run(run_id);
  LoggedModel model;
  model.id = "m-" + random_hex_text();
  model.name = name.empty() ? model.id : name;
  model.run_id = run.id;
  const std::string wanted = artifact_prefix_of(run) + folder_name(model.name);
  model.folder = wanted;
  const auto is_taken = [&](const std::string& folder) {
    return std::any_of(models_.begin(), models_.end(), [&](const auto& other) {
      return other.second.folder == folder;
    });
  };
  for (std::size_t number = 2; is_taken(model.folder); ++number) {
    model.folder = wanted + '_' + std::to_string(number);
  }
  return models_.emplace(model.id, std::move(model)).first->second;
}

LoggedModel& LoggedModels::find(std::string_view id) {
  const auto found = models_.find(id);
  if (found == models_.end()) {
    throw TrackingError(Code::kDoesNotExist,
                        "Logged model with ID '" + std::string(id) + "' not found");
  }
  return found->second;
}

std::string LoggedModels::uri_of(const LoggedModel& model) const {
  return "mlflow-artifacts:/" + attempt_.identity().experiment_id + "/models/" + model.id +
         "/artifacts";
}

std::string LoggedModels::path_of(std::string_view artifact) {
  std::string_view rest = artifact;
  if (next_part(rest) != attempt_.identity().experiment_id) refuse_place(artifact);
  std::string_view owner = next_part(rest);
  const bool is_model = owner == "models";
  if (is_model) owner = next_part(rest);
  if (next_part(rest) != "artifacts") refuse_place(artifact);
  if (is_model) return find(owner).folder + '/' + std::string(rest);
  return artifact_prefix_of(attempt_.run(owner)) + std::string(rest);
}

std::string LoggedModels::path_of_uri(std::string_view uri) {
  std::string_view rest = uri;
  const std::string_view scheme = rest.substr(0, rest.find(":/"));
  rest.remove_prefix(std::min(scheme.size() + 2, rest.size()));
  if (rest.starts_with('/')) {  // a server's name follows
    rest.remove_prefix(1);
    next_part(rest);
  }
  if (scheme == "mlflow-artifacts") return path_of(rest);
  if (scheme == "runs")
    return artifact_prefix_of(attempt_.run(next_part(rest))) + std::string(rest);
  if (scheme == "models") return find(next_part(rest)).folder;
  throw TrackingError(
      Code::kInvalidParameter,
      "only files that this run has logged can be registered, found " + std::string(uri));
}

void add_logged_model_endpoints(EndpointTable& table,
                                TrackedAttempt& attempt,
                                LoggedModels& models) {
  const auto shown = [&attempt, &models](const LoggedModel& model) -> Json {
    return {{"model", model_json(attempt, models, model)}};
  };
  table.add("POST", "logged-models", [&attempt, &models, shown](const Json& parameters) {
    LoggedModel& model =
        models.create(text_field(parameters, "name"), text_field(parameters, "source_run_id"));
    TrackedRun& run = attempt.opened_run(model.run_id);
    model.type = text_field(parameters, "model_type");
    model.created_ms = attempt.identity().start_ms;
    set_pairs(model.tags, list_field(parameters, "tags"));
    set_pairs(model.parameters, list_field(parameters, "params"));
    attempt.set_tag(run, "model/" + model.name, model.id);
    return shown(model);
  });
  table.add("GET", "logged-models/*", [&models, shown](const Json& parameters) {
    return shown(models.find(text_field(parameters, "id")));
  });
  table.add("PATCH", "logged-models/*", [&models, shown](const Json& parameters) {
    LoggedModel& model = models.find(text_field(parameters, "id"));
    const std::string status = text_field(parameters, "status");
    if (!status.empty()) model.status = status;
    return shown(model);
  });
  table.add("PATCH", "logged-models/*/tags", [&models, shown](const Json& parameters) {
    LoggedModel& model = models.find(text_field(parameters, "id"));
    set_pairs(model.tags, list_field(parameters, "tags"));
    return shown(model);
  });
  table.add("POST", "logged-models/*/params", [&models](const Json& parameters) {
    LoggedModel& model = models.find(text_field(parameters, "id"));
    set_pairs(model.parameters, list_field(parameters, "params"));
    return Json::object();
  });
  table.add("POST", "logged-models/search", [&models, shown](const Json& /*parameters*/) -> Json {
    Json list = Json::array();
    for (const auto& [id, model] : models.all()) list.push_back(shown(model)["model"]);
    return {{"models", std::move(list)}};
  });
}

}  // namespace hd
