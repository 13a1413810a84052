#pragma once
#include <optional>

#include "cli/engine_process.h"
#include "cli/program.h"
#include "cli/submission.h"
#include "engine/core/parent_run_spec.h"
#include "engine/workspace/files.h"

namespace hd {

/// Waits until no other command with `--resume` decides in this workspace whether it has to begin a
/// run, so that two at the same moment do not both begin one. Others wait while it is open.
[[nodiscard]] FileDescriptor wait_for_turn(const Workspace& workspace);

/// A line that may be repeated leaves the sweep to its repetition when it is terminated.
[[nodiscard]] DriveOptions drive_options_of(const SubmitRequest& request);

/// What `--resume` does when the same command began a run earlier (find_earlier_run): goes on with
/// it, `turn` given back, or tells how it ended. The exit code, or nothing when a new run has to
/// begin.
[[nodiscard]] std::optional<int> go_on(const CommonOptions& options,
                                       const SubmitRequest& request,
                                       const Workspace& workspace,
                                       const RunStore& store,
                                       const ParentRunSpec& spec,
                                       FileDescriptor& turn);

}  // namespace hd
