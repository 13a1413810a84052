#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "executors/tracking/tracked_run.h"

namespace hd {

[[nodiscard]] nlohmann::json metric_json(const std::string& key, const TrackedMetric& metric);

/// The part of a run that needs no values.
[[nodiscard]] nlohmann::json run_info_json(const TrackedRun& run);
[[nodiscard]] nlohmann::json run_json(const TrackedRun& run);

/// The answer to a search: at most `most` of the runs (1,000 at most) from where `token` says, and
/// the token of the next page if there is one.
[[nodiscard]] nlohmann::json runs_page_json(const std::vector<const TrackedRun*>& runs,
                                            const std::string& token,
                                            std::int64_t most);

/// Where clients find the artifacts of a run.
[[nodiscard]] std::string artifact_uri_of(const TrackedRun& run);

}  // namespace hd
