#include "executors/tracking/tracking_request.h"

#include <utility>

#include "executors/tracking/json_fields.h"
#include "executors/tracking/random_text.h"

namespace hd {
namespace {

using Json = nlohmann::json;

/// What is said to clients that ask for it before they use newer calls.
constexpr const char* kServerVersion = "2.22.0";

std::optional<std::string_view> below(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

HttpAnswer text_answer(const char* text) {
  HttpAnswer answer;
  answer.body = text;
  answer.content_type = "text/plain; charset=utf-8";
  return answer;
}

}  // namespace

std::optional<std::string_view> call_of(std::string_view path) {
  for (const std::string_view prefix :
       {"/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/", "/api/2.0/preview/mlflow/"}) {
    if (const auto rest = below(path, prefix)) return rest;
  }
  return std::nullopt;
}

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

Json parameters_of(const HttpRequest& request) {
  Json parameters = read_json_object(request.body);
  for (const auto& [name, value] : request.query) parameters[name] = value;
  return parameters;
}

std::string run_id_of(const Json& parameters) {
  std::string id = text_field(parameters, "run_id");
  return id.empty() ? required_text(parameters, "run_uuid") : id;
}

bool is_authorized(std::string_view authorization, std::string_view token) {
  if (const auto bearer = below(authorization, "Bearer ")) return is_same_secret(*bearer, token);
  // Names and passwords that a user keeps for another server go before a token in the client.
  if (const auto pair = below(authorization, "Basic ")) {
    const std::string decoded = base64_decoded(*pair);
    const std::size_t colon = decoded.find(':');
    return colon != std::string::npos &&
           is_same_secret(std::string_view(decoded).substr(colon + 1), token);
  }
  return false;
}

std::optional<HttpAnswer> answer_about_server(std::string_view path) {
  if (path == "/health") return text_answer("OK");
  if (path == "/version") return text_answer(kServerVersion);
  if (path != "/api/3.0/mlflow/server-info" && path != "/ajax-api/3.0/mlflow/server-info") {
    return std::nullopt;
  }
  return json_answer({{"store_type", "SqlStore"},
                      {"workspaces_enabled", false},
                      {"multipart_uploads_enabled", false},
                      {"multipart_downloads_enabled", false}});
}

HttpAnswer json_answer(const Json& json) {
  HttpAnswer answer;
  answer.body = dumped(json);
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

}  // namespace hd
