#pragma once
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/hyperdrive_config.h"
#include "engine/core/value.h"
#include "engine/core/warm_start.h"

namespace hd {

/// What `resume_from` and `resume_child_runs` of a submission mean, read from the history of the
/// project. `file` is the hdconfig's name for messages; `strict` makes values beyond HyperDrive's
/// limits mistakes. Throws ConfigError with every mistake at once: runs that do not exist or are of
/// the wrong kind, have not ended, had another primary metric or goal, or have nothing to go on
/// from in this parameter space. Writes nothing.
[[nodiscard]] WarmStart read_warm_start(const std::string& project,
                                        const HyperDriveConfig& config,
                                        const std::string& file,
                                        bool strict,
                                        std::vector<Diagnostic>& warnings);

/// What is taken over from which run and what is left out and why, one line each.
[[nodiscard]] std::vector<std::string> warm_start_lines(const WarmStart& warm_start);

/// The same for programs; null when nothing is taken over.
[[nodiscard]] Value warm_start_document(const WarmStart& warm_start);

}  // namespace hd
