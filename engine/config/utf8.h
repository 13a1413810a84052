#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace hd {

/// Offset of the first byte that does not begin or continue a UTF-8 character (no overlong forms,
/// no surrogates), or nullopt.
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(std::string_view text);

}  // namespace hd
