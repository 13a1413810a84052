#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace hd {

/// Reads one decimal number, "nan", "inf" or "infinity" (any case) with an optional sign at the
/// start of `text`. Returns how many bytes it took, 0 when there is none. Beyond the range of a
/// double it becomes infinity, or zero.
[[nodiscard]] std::size_t read_number(std::string_view text, double& number);

/// The whole of `text`, blanks around it apart, as a number.
[[nodiscard]] std::optional<double> whole_number(std::string_view text);

}  // namespace hd
