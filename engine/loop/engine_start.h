#pragma once
#include <cstdint>
#include <optional>

#include "engine/core/clock.h"
#include "engine/core/event.h"

namespace hd {

/// The event of an engine that takes a parent run up now, after `latest`, the engine before it,
/// whose event is of `latest_time_us`. Tells how long the parent run has been under way, whatever
/// the wall clock did within one boot.
[[nodiscard]] EngineStarted engine_started(const Clock& clock,
                                           int epoch,
                                           const std::optional<EngineStarted>& latest,
                                           std::int64_t latest_time_us);

}  // namespace hd
