#include "executors/supervisor/tracking/tracking_api.h"

#include <optional>
#include <utility>

#include "executors/supervisor/tracking/json_fields.h"
#include "executors/supervisor/tracking/random_text.h"
#include "executors/supervisor/tracking/tracking_error.h"

namespace hd {
namespace {

using Json = nlohmann::json;
using Code = TrackingError::Code;

/// What is said to clients that ask for it before they use newer calls.
constexpr const char* kServerVersion = "2.22.0";

std::optional<std::string_view> below(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

/// The call that a path names, for clients and browsers.
std::optional<std::string_view> call_of(std::string_view path) {
  for (const std::string_view prefix :
       {"/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/", "/api/2.0/preview/mlflow/"}) {
    if (const auto rest = below(path, prefix)) return rest;
  }
  return std::nullopt;
}

/// The artifact that a path names; empty for the list of them.
std::optional<std::string_view> artifact_of(std::string_view path) {
  for (const std::string_view prefix :
       {"/api/2.0/mlflow-artifacts/artifacts", "/ajax-api/2.0/mlflow-artifacts/artifacts"}) {
    const auto rest = below(path, prefix);
    if (!rest) continue;
    if (rest->empty()) return rest;
    if (rest->front() == '/') return rest->substr(1);
  }
  return std::nullopt;
}

HttpAnswer json_answer(const Json& json) {
  HttpAnswer answer;
  answer.body = dumped(json);
  return answer;
}

HttpAnswer text_answer(const char* text) {
  HttpAnswer answer;
  answer.body = text;
  answer.content_type = "text/plain; charset=utf-8";
  return answer;
}

Json entries_json(const std::vector<ArtifactEntry>& entries, const std::string& folder) {
  Json files = Json::array();
  for (const ArtifactEntry& entry : entries) {
    Json file = {{"path", folder + entry.name}, {"is_dir", entry.is_folder}};
    if (!entry.is_folder) file["file_size"] = entry.size;
    files.push_back(std::move(file));
  }
  return files;
}

/// An answer to what cannot be answered, whatever it is.
template <typename Work>
HttpAnswer guarded(const Work& work) {
  try {
    return work();
  } catch (const TrackingError& error) {
    return answer_of(error);
  } catch (const std::exception& error) {
    return answer_of(TrackingError(Code::kInternal, error.what()));
  }
}

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

Json parameters_of(const HttpRequest& request) {
  Json parameters = read_json_object(request.body);
  for (const auto& [name, value] : request.query) parameters[name] = value;
  return parameters;
}

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

bool TrackingApi::is_authorized(std::string_view authorization) const {
  if (const auto token = below(authorization, "Bearer ")) return is_same_secret(*token, token_);
  // Names and passwords that a user keeps for another server go before a token in the client.
  if (const auto pair = below(authorization, "Basic ")) {
    const std::string decoded = base64_decoded(*pair);
    const std::size_t colon = decoded.find(':');
    return colon != std::string::npos &&
           is_same_secret(std::string_view(decoded).substr(colon + 1), token_);
  }
  return false;
}

HttpAdmission TrackingApi::admit(const HttpRequest& head) {
  HttpAdmission admission;
  if (head.path == "/health" || head.path == "/version") return admission;
  if (!is_authorized(head.authorization)) {
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
  if (path == "/health") return reply(text_answer("OK"));
  if (path == "/version") return reply(text_answer(kServerVersion));
  if (const auto artifact = artifact_of(path)) {
    return reply(guarded([&] { return answer_artifacts(request, *artifact); }));
  }
  if (const auto call = call_of(path)) return answer_call(request, *call, reply);
  if (path == "/api/3.0/mlflow/server-info" || path == "/ajax-api/3.0/mlflow/server-info") {
    return reply(json_answer({{"store_type", "SqlStore"},
                              {"workspaces_enabled", false},
                              {"multipart_uploads_enabled", false},
                              {"multipart_downloads_enabled", false}}));
  }
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
  std::string id = text_field(parameters, "run_id");
  if (id.empty()) id = required_text(parameters, "run_uuid");
  const TrackedRun& run = attempt_.run(id);
  std::string folder = text_field(parameters, "path");
  const auto entries = artifacts_.list(artifact_prefix_of(run) + folder);
  if (!folder.empty() && !folder.ends_with('/')) folder += '/';
  return {{"root_uri", artifact_uri_of(attempt_, run)}, {"files", entries_json(entries, folder)}};
}

}  // namespace hd
