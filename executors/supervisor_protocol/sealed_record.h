#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hd {

/// Completes the record that starts at `begin` of `text`, a JSON object without its closing brace,
/// with its checksum (CRC-32), the brace and a newline: `...,"c":"0123abcd"}\n`.
void seal_record(std::string& text, std::size_t begin = 0);

/// The record without checksum and closing brace when `line` (without the newline) is one exactly
/// as it was sealed; nothing when it was altered.
[[nodiscard]] std::optional<std::string_view> sealed_content(std::string_view line);

}  // namespace hd
