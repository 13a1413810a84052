#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/executor.h"
#include "engine/core/history.h"
#include "engine/core/parent_run_spec.h"

namespace hd {

using EnvironmentVariables = std::vector<std::pair<std::string, std::string>>;

/// What the child runs of one parent run have in common on this machine.
struct ChildSurroundings {
  std::string project_directory;      ///< absolute; empty where it cannot be reached
  std::string runs_directory;         ///< absolute; attempts lie in <run id>/<attempt> below it
  std::string snapshot_directory;     ///< absolute
  EnvironmentVariables inherited;     ///< of the engine's process
  std::string compatibility_package;  ///< folder for PYTHONPATH; empty when not wanted
  std::optional<std::int64_t> time_limit_seconds;  ///< per child run, of the hdconfig
};

/// The argument vector of a child run: the runconfig's arguments, then every sampled value as
/// `--name value`. A name that begins with a dash is used as it is; a null value leaves its flag
/// out. A `command` runs through /bin/sh exactly as its author wrote it.
[[nodiscard]] std::vector<std::string> child_arguments(const ScriptSpec& script,
                                                       const Configuration& configuration);

/// The complete environment of a child run, without the supervisor's additions. What belongs to an
/// outer run (this engine may itself be started by a training script) is left out.
[[nodiscard]] EnvironmentVariables child_environment(const ParentRunSpec& parent,
                                                     const std::string& run_id,
                                                     const Configuration& configuration,
                                                     const ChildSurroundings& surroundings);

/// Names of hyperparameters that the fixed arguments name too, dashes ignored. Both reach the
/// script, the sampled one last.
[[nodiscard]] std::vector<std::string> duplicate_arguments(
    const std::vector<std::string>& arguments, const std::vector<std::string>& parameter_names);

/// Whether a script's text names the argument --resume-from: as a word of its own, wherever.
[[nodiscard]] bool speaks_of_resume_from(std::string_view text);

/// An attempt that follows one whose script came to run, or that takes up a child run of another
/// parent run, goes on from the outputs of that: they are in HDRIVE_RESUME_FROM, and behind
/// `--resume-from` for scripts that take it. The same arguments give the same answer, so that an
/// attempt can be taken up after a restart.
[[nodiscard]] ChildRunSpec make_child_spec(const ParentRunSpec& parent,
                                           const ChildRun& child,
                                           int attempt,
                                           const ChildSurroundings& surroundings);

/// This process's environment.
[[nodiscard]] EnvironmentVariables current_environment();

}  // namespace hd
