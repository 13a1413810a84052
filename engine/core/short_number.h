#pragma once
#include <string>

namespace hd {

/// A number for people: six significant digits, "NaN", "Infinity", "-Infinity".
[[nodiscard]] std::string short_number(double number);

}  // namespace hd
