#pragma once
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "engine/core/result.h"

namespace hd {

/// What a script is started with. Descriptors stay the caller's.
struct ChildProcessPlan {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment;  ///< complete
  int work_descriptor = -1;                                      ///< folder to run in
  std::string work_path;                                         ///< the same, for messages
  int stdout_descriptor = -1;
  int stderr_descriptor = -1;
};

/// Starts the script: own process group, empty stdin, default signals, killed by the kernel when
/// this process dies. Returns its pid, or why it could not be started, for a person.
/// Single-threaded callers only.
[[nodiscard]] Result<pid_t> start_child_process(const ChildProcessPlan& plan);

}  // namespace hd
