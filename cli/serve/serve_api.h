#pragma once
#include <string>
#include <vector>

#include "cli/serve/history_runs.h"
#include "engine/workspace/model_registry.h"
#include "engine/workspace/workspace.h"
#include "executors/tracking/endpoint_table.h"
#include "executors/tracking/http_message.h"

namespace hd {

/// Who may ask.
struct ServeAccess {
  std::string token;  ///< empty = everybody who reaches the port
  /// Names of this server in a request. A web page of somebody else's, whose name was made to lead
  /// here, must not read what only this machine's user may. Empty = any, where there is a token.
  std::vector<std::string> hosts;
};

/// Reads a workspace over MLflow's tracking protocol: experiments, runs, metrics, artifacts and
/// registered models. Changes nothing.
class ServeApi : public HttpService {
 public:
  /// All must outlive this object.
  ServeApi(const Workspace& workspace, const RunStore& store, ServeAccess access);

  HttpAdmission admit(const HttpRequest& head) override;
  void answer(const HttpRequest& request, Reply reply) override;

 private:
  using Json = nlohmann::json;

  void add_experiment_endpoints();
  void add_run_endpoints();
  void add_model_endpoints();
  [[nodiscard]] HttpAnswer answer_call(const HttpRequest& request, std::string_view call);
  [[nodiscard]] HttpAnswer answer_artifacts(const HttpRequest& request, std::string_view path);
  [[nodiscard]] const TrackedExperiment& find_experiment(const Json& parameters);
  [[nodiscard]] Json search(const Json& parameters);
  [[nodiscard]] Json history(const Json& parameters);
  [[nodiscard]] Json list_artifacts(const Json& parameters);
  [[nodiscard]] Json version_json(const RegisteredModel& model) const;
  [[nodiscard]] Json model_json(const std::string& name) const;
  [[nodiscard]] Json versions_of(const Json& parameters) const;
  [[nodiscard]] RegisteredModel find_version(const Json& parameters) const;

  const Workspace& workspace_;
  const RunStore& store_;
  ServeAccess access_;
  HistoryRuns runs_;
  ModelRegistry models_;
  std::vector<TrackedExperiment> experiments_;  ///< as of the latest question
  EndpointTable table_;
};

}  // namespace hd
