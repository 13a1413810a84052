#include "executors/supervisor/tracking/tracking_api.h"

#include <optional>
#include <utility>

#include "executors/tracking/json_fields.h"
#include "executors/tracking/run_json.h"
#include "executors/tracking/tracking_error.h"
#include "executors/tracking/tracking_request.h"

namespace hd {
namespace {

using Json = nlohmann::json;
using Code = TrackingError::Code;

/// A file that replaces an artifact once it is complete.
class Upload : public HttpUpload {
 public:
  explicit Upload(ArtifactFile file) : file_(std::move(file)) {}
  void write(std::string_view bytes) override { file_.write(bytes); }
  HttpAnswer finish() override {
    return guarded([this] {
      file_.finish();
      return json_answer(Json::object());
    });
  }

 private:
  ArtifactFile file_;
};

}  // namespace

TrackingApi::TrackingApi(Parts parts, ArtifactFolder& artifacts)
    : token_(std::move(parts.token)),
      artifacts_(artifacts),
      attempt_(std::move(parts.identity), std::move(parts.tell)),
      models_(attempt_),
      versions_(models_, artifacts, std::move(parts.register_model)) {
  add_run_endpoints(table_, attempt_, std::move(parts.history));
  add_experiment_endpoints(table_, attempt_);
  add_logged_model_endpoints(table_, attempt_, models_);
  versions_.add_endpoints(table_);
  table_.add("GET", "artifacts/list", [this](const Json& parameters) {
    return list_run_artifacts(parameters);
  });
}

HttpAdmission TrackingApi::admit(const HttpRequest& head) {
  HttpAdmission admission;
  if (head.path == "/health" || head.path == "/version") return admission;
  if (!is_authorized(head.authorization, token_)) {
    admission.refusal = answer_of(
        TrackingError(Code::kUnauthenticated,
                      "this is the tracking server of one run; it wants the token of that run"));
    return admission;
  }
  const auto artifact = artifact_of(head.path);
  if (!artifact || head.method != "PUT") return admission;
  const HttpAnswer refused = guarded([&] {
    admission.upload = std::make_unique<Upload>(artifacts_.create(models_.path_of(*artifact)));
    return HttpAnswer();
  });
  if (!admission.upload) admission.refusal = refused;
  return admission;
}

void TrackingApi::answer(const HttpRequest& request, Reply reply) {
  const std::string_view path = request.path;
  if (const auto about = answer_about_server(path)) return reply(*about);
  if (const auto artifact = artifact_of(path)) {
    return reply(guarded([&] { return answer_artifacts(request, *artifact); }));
  }
  if (const auto call = call_of(path)) return answer_call(request, *call, reply);
  reply(answer_of(TrackingError(Code::kNoSuchEndpoint, "there is no " + request.path)));
}

void TrackingApi::answer_call(const HttpRequest& request,
                              std::string_view path,
                              const Reply& reply) {
  bool is_later = false;
  HttpAnswer answer = guarded([&]() -> HttpAnswer {
    if (request.method == "POST" && path == "model-versions/create") {
      versions_.create(parameters_of(request), [reply](const Json& created) {
        const auto error = created.find("error");
        if (error == created.end()) return reply(json_answer(created));
        reply(answer_of(TrackingError(Code::kInvalidParameter, error->get<std::string>())));
      });
      is_later = true;
      return {};
    }
    std::string id;
    const Endpoint* endpoint = table_.find(request.method, path, id);
    if (endpoint == nullptr) {
      throw TrackingError(Code::kNoSuchEndpoint,
                          "hdrive does not serve " + request.method + ' ' + std::string(path));
    }
    Json parameters = parameters_of(request);
    if (!id.empty()) parameters["id"] = id;
    return json_answer((*endpoint)(parameters));
  });
  if (!is_later) reply(std::move(answer));
}

HttpAnswer TrackingApi::answer_artifacts(const HttpRequest& request, std::string_view path) {
  if (request.method == "GET" && path.empty()) {
    const std::string folder = models_.path_of(query_value(request, "path"));
    return json_answer({{"files", entries_json(artifacts_.list(folder), "")}});
  }
  if (request.method == "GET") {
    HttpAnswer answer;
    answer.file = artifacts_.open(models_.path_of(path));
    answer.content_type = "application/octet-stream";
    return answer;
  }
  if (request.method == "DELETE" && !path.empty()) {
    artifacts_.remove(models_.path_of(path));
    return json_answer(Json::object());
  }
  throw TrackingError(Code::kNoSuchEndpoint,
                      "hdrive does not serve " + request.method + " of an artifact");
}

Json TrackingApi::list_run_artifacts(const Json& parameters) {
  const TrackedRun& run = attempt_.run(run_id_of(parameters));
  std::string folder = text_field(parameters, "path");
  const auto entries = artifacts_.list(artifact_prefix_of(run) + folder);
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  return {{"root_uri", artifact_uri_of(run)}, {"files", entries_json(entries, folder)}};
}

}  // namespace hd
