#pragma once
#include <string>
#include <string_view>

namespace hd {

/// `text` without terminal escape sequences (colours, cursor movements, titles).
[[nodiscard]] std::string without_escapes(std::string_view text);

/// The last lines of an open text file (20 at most, 4 KiB at most), as valid UTF-8 without terminal
/// escape sequences and control characters. Empty when there is nothing.
[[nodiscard]] std::string log_tail(int descriptor);

}  // namespace hd
