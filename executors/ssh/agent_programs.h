#pragma once
#include <string>

#include "engine/core/result.h"

namespace hd {

/// The two programs that every host gets, as they are to be sent.
struct AgentPrograms {
  std::string agent;
  std::string supervisor;
  std::string version;  ///< SHA-256 of both: the name of their folder on a host
};

/// Reads them, and refuses what would run on no other machine.
[[nodiscard]] Result<AgentPrograms> read_agent_programs(const std::string& agent_path,
                                                        const std::string& supervisor_path);

/// The agent that belongs to this program, beside its supervisor. Empty when there is none.
/// HDRIVE_AGENT, when set, comes first.
[[nodiscard]] std::string find_agent(const std::string& supervisor_path);

}  // namespace hd
