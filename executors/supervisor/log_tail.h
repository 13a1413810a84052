#pragma once
#include <string>

namespace hd {

/// The last lines of a text file (20 at most, 4 KiB at most), as valid UTF-8 without terminal
/// escape sequences. Empty when there is nothing.
[[nodiscard]] std::string log_tail(int descriptor);

}  // namespace hd
