#pragma once
#include "engine/core/executor.h"
#include "engine/core/result.h"

namespace hd {

/// Creates the attempt's directory (0700, parents included) and its spec (0600), as a
/// supervisor needs them. Repeatable: what is there already for the same nonce is kept. The value
/// says nothing.
[[nodiscard]] Result<bool> prepare_attempt(const ChildRunSpec& spec);

}  // namespace hd
