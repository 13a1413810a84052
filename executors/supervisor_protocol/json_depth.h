#pragma once
#include <string_view>

namespace hd {

/// Whether lists and objects of the JSON text lie within each other more than `levels` deep. Judged
/// before a text is parsed, because writing and freeing a deep document recurses.
[[nodiscard]] bool is_nested_deeper(std::string_view json, int levels);

}  // namespace hd
