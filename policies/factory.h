#pragma once
#include <memory>

#include "engine/core/hyperdrive_config.h"
#include "engine/core/policy.h"

namespace hd {

/// The policy that `policy` of an hdconfig asks for, with nothing recorded yet. Throws
/// std::invalid_argument when its numbers break the rules of HyperDrive.
[[nodiscard]] std::unique_ptr<Policy> make_policy(const PolicyConfig& config, Goal goal);

}  // namespace hd
