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
  std::vector<int> running;
  std::vector<int> queued;  ///< those asked for before `child` by the same ask are among them
};
/// As of the decision to ask for the `ask`-th time, which gave `child` its configuration: what the
/// sampler then knew. What that ask was to give anew to `child` and those after it is not among
/// them.
[[nodiscard]] PendingRuns pending_at_ask(const RunStore& store,
                                         const std::string& parent_run_id,
                                         const HyperDriveConfig& config,
                                         int ask,
                                         int child);

}  // namespace hd
