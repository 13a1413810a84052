#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hd {

/// Length of the well-formed character that starts at `position`, or 0. Overlong forms, surrogates
/// and anything above U+10FFFF are malformed. Precondition: position < text.size().
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t position);

/// Offset of the first malformed byte, or nullopt.
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// `text` with every malformed byte replaced by U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

}  // namespace hd
