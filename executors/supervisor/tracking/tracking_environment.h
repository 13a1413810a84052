#pragma once
#include <string>
#include <utility>
#include <vector>

#include "executors/supervisor/tracking/tracked_attempt.h"

namespace hd {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Whether the user has named a tracking server: then nothing about MLflow is touched.
[[nodiscard]] bool names_tracking_server(const Variables& environment);

/// Who the attempt is to its script, from the variables that every script gets.
[[nodiscard]] TrackedIdentity tracked_identity(const std::string& run_id,
                                               const Variables& environment,
                                               std::int64_t start_ms);

/// Leads an MLflow client to the port on this machine. What the user has set of the client's own
/// habits (time-outs, telemetry) stays.
void add_tracking_variables(Variables& environment,
                            const TrackedIdentity& identity,
                            int port,
                            const std::string& token);

}  // namespace hd
