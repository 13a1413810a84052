#pragma once
#include <string>
#include <string_view>

#include "engine/core/parent_run_spec.h"

namespace hd {

/// A parent run's spec as JSON, with frozen names.
[[nodiscard]] std::string encode_spec(const ParentRunSpec& spec);

/// The reverse; unknown fields are passed over, missing ones keep their defaults. Throws
/// std::invalid_argument when the text is no spec.
[[nodiscard]] ParentRunSpec decode_spec(std::string_view text);

}  // namespace hd
