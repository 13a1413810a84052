#pragma once
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "engine/core/hyperdrive_config.h"
#include "engine/core/parent_run_spec.h"
#include "engine/workspace/engine_lock.h"
#include "engine/workspace/workspace.h"

namespace hd {

struct DriveOptions {
  bool strict = false;           ///< failed child runs give an exit code of their own
  bool cancel_expected = false;  ///< this very command asked for the end: no failure
  /// SIGTERM does not cancel: the engine leaves, its child runs go on, and another takes them up.
  bool leaves_on_terminate = false;
};

/// Drives a parent run to its end in this process, shows it, and says the last words on standard
/// error. The first interrupt cancels gracefully (or leaves), the second forces; a vanished
/// terminal changes nothing. Returns the exit code that the command should end with; a code other
/// than 0 has been explained already (`error[...]` is the last line).
[[nodiscard]] int drive(const CommonOptions& options,
                        const Workspace& workspace,
                        RunStore& store,
                        const ParentRunSpec& spec,
                        HyperDriveConfig config,
                        DriveOptions drive_options = {});

/// Starts `hdrive engine --run ID` in a session of its own, its output going to engine.log in the
/// run's folder, and waits until it holds the run. With `strict` its last line there tells that
/// child runs failed. Throws CommandFailure when it does not come up.
void start_detached_engine(const Workspace& workspace,
                           const std::string& run_id,
                           DriveOptions drive_options);

/// The lock of the run's only engine. Throws CommandFailure naming the process that holds it.
[[nodiscard]] EngineLock require_engine_lock(const Workspace& workspace, const std::string& run_id);

/// `run resume`: takes a parent run up, in this process or detached, and prints it.
[[nodiscard]] int resume_run(const CommonOptions& options,
                             const std::string& run_id,
                             bool detached,
                             DriveOptions drive_options);

/// Says why the command ends with this code, as the last line on standard error.
void explain_exit(ExitCode code, const std::string& message);

}  // namespace hd
