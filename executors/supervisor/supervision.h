#pragma once
#include <string>

#include "engine/core/executor.h"
#include "executors/supervisor/attempt_directory.h"

namespace hd {

/// Runs a claimed attempt from its working copy to its exit record. `engine_descriptor` is the
/// engine's socket or -1. Returns when nothing of the attempt is left; true when the record of its
/// end is on disk.
[[nodiscard]] bool supervise(const AttemptDirectory& directory,
                             const std::string& path,
                             const ChildRunSpec& spec,
                             int engine_descriptor);

/// The signals a supervisor hears on a descriptor instead of being interrupted by. To be called
/// before anything else.
void block_supervisor_signals();

}  // namespace hd
