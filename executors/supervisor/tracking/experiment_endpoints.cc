#include <string>

#include "executors/supervisor/tracking/run_endpoints.h"
#include "executors/tracking/json_fields.h"
#include "executors/tracking/tracking_error.h"

namespace hd {
namespace {

using Json = nlohmann::json;
using Code = TrackingError::Code;

/// What the script called its experiment.
constexpr const char* kAskedTag = "mlflow.experimentName";

Json experiment_json(const TrackedAttempt& attempt, const std::string& name) {
  const TrackedIdentity& identity = attempt.identity();
  return {{"experiment_id", identity.experiment_id},
          {"name", name.empty() ? identity.experiment : name},
          {"artifact_location", "mlflow-artifacts:/" + identity.experiment_id},
          {"lifecycle_stage", "active"},
          {"creation_time", identity.start_ms},
          {"last_update_time", identity.start_ms},
          {"tags", Json::array()}};
}

void note_name(TrackedAttempt& attempt, const std::string& name) {
  if (!name.empty() && name != attempt.identity().experiment) {
    attempt.set_tag(attempt.own_run(), kAskedTag, name);
  }
}

/// The name that the script knows it by.
std::string known_name(TrackedAttempt& attempt) {
  const auto& tags = attempt.own_run().tags;
  const auto asked = tags.find(kAskedTag);
  return asked == tags.end() ? attempt.identity().experiment : asked->second;
}

void require_own(const TrackedAttempt& attempt, const std::string& id) {
  // "0" is the default experiment, which every client takes to exist.
  if (id == attempt.identity().experiment_id || id == "0") return;
  throw TrackingError(Code::kDoesNotExist, "No Experiment with id=" + id + " exists");
}

Json refuse(const Json& /*parameters*/) {
  throw TrackingError(Code::kPermissionDenied,
                      "a script cannot delete or restore runs and experiments of hdrive");
}

}  // namespace

void add_experiment_endpoints(EndpointTable& table, TrackedAttempt& attempt) {
  table.add("GET", "experiments/get", [&attempt](const Json& parameters) -> Json {
    require_own(attempt, required_text(parameters, "experiment_id"));
    return {{"experiment", experiment_json(attempt, known_name(attempt))}};
  });
  table.add("GET", "experiments/get-by-name", [&attempt](const Json& parameters) -> Json {
    const std::string name = required_text(parameters, "experiment_name");
    note_name(attempt, name);
    return {{"experiment", experiment_json(attempt, name)}};
  });
  table.add("POST", "experiments/create", [&attempt](const Json& parameters) -> Json {
    note_name(attempt, required_text(parameters, "name"));
    return {{"experiment_id", attempt.identity().experiment_id}};
  });
  const Endpoint search = [&attempt](const Json& /*parameters*/) -> Json {
    return {{"experiments", Json::array({experiment_json(attempt, known_name(attempt))})}};
  };
  table.add("GET", "experiments/search", search);
  table.add("POST", "experiments/search", search);
  table.add("GET", "experiments/list", search);
  table.add("POST", "experiments/set-experiment-tag", [&attempt](const Json& parameters) -> Json {
    require_own(attempt, required_text(parameters, "experiment_id"));
    attempt.set_tag(attempt.own_run(),
                    "experiment/" + required_text(parameters, "key"),
                    text_field(parameters, "value"));
    return Json::object();
  });
  table.add("POST", "experiments/update", [&attempt](const Json& parameters) -> Json {
    note_name(attempt, text_field(parameters, "new_name"));
    return Json::object();
  });
  for (const char* path :
       {"experiments/delete", "experiments/restore", "runs/delete", "runs/restore"}) {
    table.add("POST", path, refuse);
  }
}

}  // namespace hd
