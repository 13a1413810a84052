#pragma once
#include <string>
#include <vector>

#include "engine/core/history.h"
#include "engine/core/hyperdrive_config.h"
#include "engine/store/run_store.h"

namespace hd {

/// The read model of a stored parent run.
[[nodiscard]] History stored_history(const RunStore& store,
                                     const std::string& parent_run_id,
                                     const HyperDriveConfig& config);

/// Child runs that had been asked for, and had not ended, when the sampler was asked.
struct PendingRuns {
  std::vector<int> running, queued;
};
/// As of the decision to ask for the `ask`-th time, which is what the sampler then knew.
/// Configurations asked for anew by that ask are not among them.
[[nodiscard]] PendingRuns pending_at_ask(const RunStore& store,
                                         const std::string& parent_run_id,
                                         const HyperDriveConfig& config,
                                         int ask);

}  // namespace hd
