#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "engine/core/result.h"

namespace hd {

/// A supervisor started by this process.
struct StartedSupervisor {
  pid_t pid = 0;
  int process_descriptor = -1;  ///< pidfd; the caller closes it
  int socket = -1;              ///< our end of the socket pair; the caller closes it
};

/// Starts `<program> <attempt_directory>` in a session of its own with posix_spawn (a fork of a
/// large engine takes a third of a second), an empty environment, nothing open but the socket, and
/// SIGHUP blocked, which is the heartbeat's question and must not end one that just starts.
[[nodiscard]] Result<StartedSupervisor> start_supervisor(const std::string& program,
                                                         const std::string& attempt_directory);

/// What an attempt's directory tells about its supervisor.
struct AttemptProbe {
  /// False when the files could not be asked (no descriptors left, an input/output error): then
  /// nothing else here means anything.
  bool known = true;
  bool claimed = false;
  bool alive = false;  ///< the lock is held
  bool ended = false;  ///< there is an exit record
  pid_t pid = 0;       ///< the supervisor, when it is alive and verified by its start time
};
[[nodiscard]] AttemptProbe probe_attempt(const std::string& attempt_directory);

/// Connects to the attempt's supervisor.sock without waiting; -1 when nobody listens there, or
/// somebody else than the process `supervisor` (0 = not known) does.
[[nodiscard]] int connect_to_supervisor(const std::string& attempt_directory, pid_t supervisor);

/// Reaps a supervisor whose pidfd is readable, if it is our child. Returns its exit code, or
/// nullopt when it is not ours, has not ended or died by a signal.
[[nodiscard]] std::optional<int> reap_supervisor(int process_descriptor);

}  // namespace hd
