#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hd {

/// What to tell a user whose first child run ended without ever logging the primary metric: the
/// names that were logged, and the one most likely meant.
[[nodiscard]] std::string missing_metric_hint(
    const std::string& primary_metric_name,
    const std::vector<std::pair<std::string, std::int64_t>>& logged);

}  // namespace hd
