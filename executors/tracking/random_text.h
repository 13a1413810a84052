#pragma once
#include <string>
#include <string_view>

namespace hd {

/// 128 random bits as 32 hexadecimal digits. Throws std::system_error where the kernel has none.
[[nodiscard]] std::string random_hex_text();

/// Compares in a time that depends on the lengths alone.
[[nodiscard]] bool is_same_secret(std::string_view a, std::string_view b);

/// What a base64 text stands for; empty when it is none.
[[nodiscard]] std::string base64_decoded(std::string_view text);

}  // namespace hd
