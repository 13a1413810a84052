#include "engine/core/ask_ahead.h"

#include <algorithm>
#include <cmath>

namespace hd {

namespace {

constexpr double kCheapAsk = 0.05;       ///< of the time of a child run
constexpr double kOvertakenShare = 0.5;  ///< of the time between two freed places

}  // namespace

AskAhead plan_ask_ahead(double ask_us, double child_us, int max_concurrent_runs) {
  // Also when a time is not known.
  if (!(ask_us > kCheapAsk * child_us)) return {0, true, false};
  const double freed = std::min(ask_us / child_us, 1.0) * max_concurrent_runs;
  return {std::max(static_cast<int>(std::ceil(freed)), 1), false, freed <= kOvertakenShare};
}

}  // namespace hd
