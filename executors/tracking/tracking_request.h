#pragma once
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "executors/tracking/artifact_folder.h"
#include "executors/tracking/http_message.h"
#include "executors/tracking/tracking_error.h"

namespace hd {

// What every server of MLflow's protocol does with a request.

/// The call that a path names ("runs/get"), for clients and browsers.
[[nodiscard]] std::optional<std::string_view> call_of(std::string_view path);

/// The artifact that a path names; empty for the list of them.
[[nodiscard]] std::optional<std::string_view> artifact_of(std::string_view path);

/// The members of the body and the parameters of the query. Throws TrackingError.
[[nodiscard]] nlohmann::json parameters_of(const HttpRequest& request);

/// The run that a call is about: old clients say run_uuid, all others say both. Throws
/// TrackingError.
[[nodiscard]] std::string run_id_of(const nlohmann::json& parameters);

/// Whether an Authorization header holds the token, as a bearer's or as anybody's password.
[[nodiscard]] bool is_authorized(std::string_view authorization, std::string_view token);

/// The answer to what clients ask of the server itself: /health, /version, server-info.
[[nodiscard]] std::optional<HttpAnswer> answer_about_server(std::string_view path);

[[nodiscard]] HttpAnswer json_answer(const nlohmann::json& json);

/// `folder` comes before every name.
[[nodiscard]] nlohmann::json entries_json(const std::vector<ArtifactEntry>& entries,
                                          const std::string& folder);

/// An answer to what cannot be answered, whatever it is.
template <typename Work>
HttpAnswer guarded(const Work& work) {
  try {
    return work();
  } catch (const TrackingError& error) {
    return answer_of(error);
  } catch (const std::exception& error) {
    return answer_of(TrackingError(TrackingError::Code::kInternal, error.what()));
  }
}

}  // namespace hd
