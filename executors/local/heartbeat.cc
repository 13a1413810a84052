#include "executors/local/heartbeat.h"

#include <utility>

namespace hd {
namespace {

/// Checks until a killed supervisor that does not go counts as stuck in the kernel.
constexpr int kChecksToDie = 3;

}  // namespace

Heartbeat::Finding Heartbeat::check(bool answered, bool forced) {
  if (since_end_ >= 0) return ++since_end_ == kChecksToDie ? Finding::kStuck : Finding::kNothing;
  if (answered) {
    silent_ = 0;
    return std::exchange(told_, false) ? Finding::kBack : Finding::kNothing;
  }
  ++silent_;
  if (silent_ >= (forced ? timing_.silent_when_forced : timing_.silent_until_ended)) {
    since_end_ = 0;
    return Finding::kHangs;
  }
  if (silent_ < timing_.silent_until_told) return Finding::kNothing;
  return std::exchange(told_, true) ? Finding::kNothing : Finding::kSilent;
}

}  // namespace hd
