#pragma once
#include <string>
#include <string_view>

#include "engine/core/executor.h"
#include "engine/core/result.h"

namespace hd {

/// The content of an attempt's spec file (docs/supervisor.md): one line of JSON for what is ours,
/// then the texts that may hold any bytes but NUL, each ended by a NUL, as the system takes them. A
/// text is cut at a NUL within, where the system would cut it.
[[nodiscard]] std::string encode_attempt_spec(const ChildRunSpec& spec);

/// Reads what encode_attempt_spec wrote. The error says what is missing or wrong.
[[nodiscard]] Result<ChildRunSpec> decode_attempt_spec(std::string_view content);

}  // namespace hd
