#pragma once
#include <string>
#include <string_view>

#include "executors/supervisor/tracking/logged_models.h"
#include "executors/supervisor/tracking/model_versions.h"
#include "executors/supervisor/tracking/run_endpoints.h"
#include "executors/supervisor/tracking/tracked_attempt.h"
#include "executors/tracking/artifact_folder.h"
#include "executors/tracking/endpoint_table.h"
#include "executors/tracking/http_message.h"

namespace hd {

/// MLflow's tracking protocol for the script of one attempt: a request in, an answer out, and what
/// it says to whoever listens. Knows neither sockets nor clocks.
class TrackingApi : public HttpService {
 public:
  struct Parts {
    TrackedIdentity identity;
    std::string token;  ///< without it nothing of the attempt is answered
    TrackedAttempt::Tell tell;
    ReadHistory history;
    RegisterModel register_model;
  };

  /// `artifacts` must outlive this object.
  TrackingApi(Parts parts, ArtifactFolder& artifacts);

  HttpAdmission admit(const HttpRequest& head) override;
  void answer(const HttpRequest& request, Reply reply) override;

 private:
  void answer_call(const HttpRequest& request, std::string_view path, const Reply& reply);
  [[nodiscard]] HttpAnswer answer_artifacts(const HttpRequest& request, std::string_view path);
  [[nodiscard]] nlohmann::json list_run_artifacts(const nlohmann::json& parameters);

  std::string token_;
  ArtifactFolder& artifacts_;
  TrackedAttempt attempt_;
  LoggedModels models_;
  ModelVersions versions_;
  EndpointTable table_;
};

}  // namespace hd
