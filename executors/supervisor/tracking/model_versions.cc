#include "executors/supervisor/tracking/model_versions.h"

#include <algorithm>

#include "executors/supervisor/tracking/json_fields.h"
#include "executors/supervisor/tracking/tracking_error.h"

namespace hd {
namespace {

using Json = nlohmann::json;
using Code = TrackingError::Code;

std::string no_such_model(const std::string& name) {
  return "Registered Model with name=" + name +
         " not found: a script sees the models that it registered itself; `hdrive model list` "
         "shows "
         "all";
}

/// The name in a filter such as "name='best'", empty when it has none.
std::string name_in(const std::string& filter) {
  const std::size_t begin = filter.find_first_of("'\"");
  if (filter.find("name") == std::string::npos || begin == std::string::npos) return {};
  return filter.substr(begin + 1, filter.find(filter[begin], begin + 1) - begin - 1);
}

}  // namespace

void ModelVersions::create(const Json& parameters, const Reply& reply) {
  const std::string name = required_text(parameters, "name");
  const std::string source = required_text(parameters, "source");
  const auto key = std::pair(name, source);
  if (const auto same = under_way_.find(key); same != under_way_.end()) {
    same->second.push_back(reply);
    return;
  }
  const std::string model_id = text_field(parameters, "model_id");
  ModelToRegister model;
  model.name = name;
  model.path =
      model_id.empty() ? models_.path_of_uri(source) : models_.path_of_uri("models:/" + model_id);
  while (model.path.ends_with('/')) model.path.pop_back();
  if (!artifacts_.holds(model.path)) {
    throw TrackingError(Code::kDoesNotExist, "the run has no files at " + source);
  }
  model.description = text_field(parameters, "description");
  for (const Json& tag : list_field(parameters, "tags")) {
    model.tags.emplace_back(required_text(tag, "key"), text_field(tag, "value"));
  }
  Version version;
  version.source = source;
  version.run_id = text_field(parameters, "run_id");
  version.description = model.description;
  version.model_id = model_id;
  under_way_[key].push_back(reply);
  register_model_(model, [this, name, source, version](const Result<int>& registered) {
    finish(name, source, version, registered);
  });
}

void ModelVersions::finish(const std::string& name,
                           const std::string& source,
                           Version version,
                           const Result<int>& registered) {
  const auto waiting = under_way_.find({name, source});
  if (waiting == under_way_.end()) return;
  const std::vector<Reply> replies = std::move(waiting->second);
  under_way_.erase(waiting);
  Json answer;
  if (registered) {
    version.version = registered.value();
    registered_[name].versions.push_back(version);
    answer = {{"model_version", version_json(name, version)}};
  } else {
    answer = {{"error", registered.error().message}};
  }
  for (const Reply& reply : replies) reply(answer);
}

ModelVersions::Model& ModelVersions::find(const std::string& name) {
  const auto found = registered_.find(name);
  if (found == registered_.end()) {
    throw TrackingError(Code::kDoesNotExist, no_such_model(name));
  }
  return found->second;
}

const ModelVersions::Version& ModelVersions::find_version(const Json& parameters) {
  const std::string name = required_text(parameters, "name");
  const Model& model = find(name);
  const auto wanted = integer_field(parameters, "version");
  const auto found =
      std::find_if(model.versions.begin(), model.versions.end(), [&](const Version& version) {
        return version.version == wanted;
      });
  if (found == model.versions.end()) {
    throw TrackingError(Code::kDoesNotExist, "Model Version (name=" + name + ") not found");
  }
  return *found;
}

Json ModelVersions::version_json(const std::string& name, const Version& version) {
  return {{"name", name},
          {"version", std::to_string(version.version)},
          {"source", version.source},
          {"run_id", version.run_id},
          {"model_id", version.model_id},
          {"description", version.description},
          {"status", "READY"},
          {"current_stage", "None"},
          {"creation_timestamp", 0},
          {"last_updated_timestamp", 0}};
}

Json ModelVersions::model_json(const std::string& name, const Model& model) {
  Json latest = Json::array();
  if (!model.versions.empty()) latest.push_back(version_json(name, model.versions.back()));
  return {{"name", name},
          {"description", model.description},
          {"creation_timestamp", 0},
          {"last_updated_timestamp", 0},
          {"latest_versions", std::move(latest)}};
}

Json ModelVersions::search(const Json& parameters) const {
  const std::string wanted = name_in(text_field(parameters, "filter"));
  Json list = Json::array();
  for (const auto& [name, model] : registered_) {
    if (!wanted.empty() && name != wanted) continue;
    for (auto version = model.versions.rbegin(); version != model.versions.rend(); ++version) {
      list.push_back(version_json(name, *version));
    }
  }
  return {{"model_versions", std::move(list)}};
}

void ModelVersions::add_endpoints(EndpointTable& table) {
  table.add("POST", "registered-models/create", [this](const Json& parameters) -> Json {
    const std::string name = required_text(parameters, "name");
    const auto [place, is_new] = registered_.try_emplace(name);
    if (!is_new) {
      throw TrackingError(Code::kAlreadyExists,
                          "Registered Model (name=" + name + ") already exists.");
    }
    place->second.description = text_field(parameters, "description");
    return {{"registered_model", model_json(name, place->second)}};
  });
  table.add("GET", "registered-models/get", [this](const Json& parameters) -> Json {
    const std::string name = required_text(parameters, "name");
    return {{"registered_model", model_json(name, find(name))}};
  });
  table.add("GET", "registered-models/search", [this](const Json& parameters) -> Json {
    const std::string wanted = name_in(text_field(parameters, "filter"));
    Json list = Json::array();
    for (const auto& [name, model] : registered_) {
      if (wanted.empty() || name == wanted) list.push_back(model_json(name, model));
    }
    return {{"registered_models", std::move(list)}};
  });
  const Endpoint latest = [this](const Json& parameters) -> Json {
    const std::string name = required_text(parameters, "name");
    return {{"model_versions", model_json(name, find(name))["latest_versions"]}};
  };
  table.add("GET", "registered-models/get-latest-versions", latest);
  table.add("POST", "registered-models/get-latest-versions", latest);
  table.add("GET", "model-versions/get", [this](const Json& parameters) -> Json {
    return {{"model_version",
             version_json(required_text(parameters, "name"), find_version(parameters))}};
  });
  table.add("GET", "model-versions/get-download-uri", [this](const Json& parameters) -> Json {
    return {{"artifact_uri", find_version(parameters).source}};
  });
  table.add("GET", "model-versions/search", [this](const Json& parameters) {
    return search(parameters);
  });
}

}  // namespace hd
