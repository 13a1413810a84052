#pragma once
#include <string_view>

#include "engine/core/result.h"
#include "engine/core/value.h"

namespace hd {

/// Lists and maps within each other beyond this are refused, so that no input exhausts the stack.
inline constexpr int kDeepestJson = 100;

/// Reads one JSON text (RFC 8259), the counterpart of to_json. Integers stay integers unless they
/// need more than 64 bits; maps keep their order, and a name that repeats. The error says what was
/// expected at which byte, counted from 1. Takes any bytes.
[[nodiscard]] Result<Value> read_json(std::string_view text);

}  // namespace hd
