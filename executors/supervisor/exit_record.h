#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "engine/core/run_state.h"

namespace hd {

/// How a script ended, from its status as waitpid gives it. `passed_limit`: the time limit because
/// of which it was stopped.
[[nodiscard]] ExitStatus exit_of_script(int status,
                                        std::int64_t ended_us,
                                        const std::optional<std::int64_t>& passed_limit);

/// Adds what the processes of the attempt used.
void add_usage(ExitStatus& exit);

/// The members of an exit record after its number and kind.
[[nodiscard]] std::string exit_members(const ExitStatus& exit);

}  // namespace hd
