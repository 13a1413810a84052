#pragma once
#include <string>
#include <vector>

#include "engine/core/compute_target.h"
#include "engine/core/hyperdrive_config.h"
#include "engine/workspace/workspace.h"
#include "executors/ssh/agent_programs.h"

namespace hd {

// Compute targets that were attached to a project folder. The name `local` is this machine, always
// there and without a file.

/// The names of all attached ones, sorted. Empty when nothing was ever run or attached here.
[[nodiscard]] std::vector<std::string> attached_targets(const std::string& project);

/// Reads the file of one. Throws NotFoundError when there is none, ConfigError with all mistakes in
/// it, UsageError when its secret file can be read by others.
[[nodiscard]] RemoteTarget load_target(const std::string& project, const std::string& name);

/// Writes the file of one, after checking it as if it were read.
void save_target(const Workspace& workspace, const RemoteTarget& target);

/// Removes its files. Throws NotFoundError.
void remove_target(const Workspace& workspace, const std::string& name);

/// `<name>.known_hosts` beside the target's file.
[[nodiscard]] std::string known_hosts_file(const Workspace& workspace, const std::string& name);

/// No more child runs at once than the target has slots.
void bound_by_slots(HyperDriveConfig& config, const RemoteTarget& target);

/// The two programs that hosts get. Throws UsageError when this installation lacks them.
[[nodiscard]] AgentPrograms require_agent_programs();

/// Path of this program, which ssh calls for a secret (see print_secret).
[[nodiscard]] std::string askpass_program();

/// What this program does when ssh calls it: prints the first line of the file. Returns the exit
/// code.
[[nodiscard]] int print_secret(const std::string& file);

}  // namespace hd
