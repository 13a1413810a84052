#pragma once
#include <cstdint>

#include "engine/core/history.h"
#include "engine/core/sampler.h"

namespace hd {

/// What the ask `issued` puts to the sampler, `history` being as it stood when it was issued.
/// Standby children that it asks for anew are as if they had never been asked for.
[[nodiscard]] AskRequest ask_request(const AskIssued& issued,
                                     const History& history,
                                     const Sampler& sampler,
                                     std::uint64_t seed);

/// The event that makes `result` the answer of the outstanding ask. It has no configurations when
/// they are not wanted any more (the parent run is being canceled) or cannot be used: the ask was
/// overtaken, or the sampler has too few to refresh every standby child. Reasons of refreshed
/// children say so.
[[nodiscard]] AskAnswered ask_answered(const History& history, AskResult result);

}  // namespace hd
