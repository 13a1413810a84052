#pragma once
#include <optional>
#include <string>

#include "executors/ssh/agent_connection.h"

namespace hd {

/// What a host says when it is asked what it has.
struct HostAnswer {
  std::optional<ConnectionTrouble> trouble;  ///< when it could not be asked; then nothing else
  HostGreeting greeting;
  /// As the agent's describe_host gives it: system, cores, memory, room, python_version, ...
  nlohmann::json facts;
};

/// Connects, asks and hangs up; waits for half a minute at most. Leaves the programs on the host.
[[nodiscard]] HostAnswer ask_host(const HostAccess& access, const RemoteHost& host);

}  // namespace hd
