#pragma once
#include <string>
#include <vector>

#include "cli/progress.h"
#include "engine/core/history.h"
#include "engine/core/parent_run_spec.h"
#include "engine/store/run_store.h"

namespace hd {

/// The command line that starts the script as a child run with this configuration was started.
[[nodiscard]] std::string reproducing_command(const ParentRunSpec& parent,
                                              const Configuration& configuration);

/// The configuration of a child run as the history shows it.
[[nodiscard]] Configuration configuration_of(const RunSummary& child);

/// What the failed child runs have in common: how they ended, and the log lines most of them share.
[[nodiscard]] std::vector<std::string> common_failure(const History& history);

/// The last words on a parent run: how it ended, the best configuration and how to repeat it, what
/// early termination saved, where the outputs are, why children failed.
[[nodiscard]] std::vector<std::string> final_summary(const History& history,
                                                     const ParentRunSpec& parent,
                                                     const RunFacts& facts);

}  // namespace hd
