#pragma once
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hd {

/// Processes of this user, zombies apart, whose environment carries HDRIVE_ATTEMPT=<nonce>. Nothing
/// when the processes cannot be listed now.
[[nodiscard]] std::optional<std::vector<pid_t>> find_marked_processes(const std::string& nonce);

/// Kills (SIGKILL) every process marked with `nonce` until none is left, for when an attempt's
/// supervisor is gone. Waits at most about a quarter of a second. Returns how many were killed, or
/// nothing when the processes cannot be listed now; `left` receives how many could not be killed.
std::optional<int> sweep_marked_processes(const std::string& nonce, int& left);

}  // namespace hd
