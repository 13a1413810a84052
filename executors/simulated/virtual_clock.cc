#include "executors/simulated/virtual_clock.h"

#include <algorithm>

namespace hd {

void VirtualClock::call_after(std::chrono::microseconds delay, std::function<void()> action) {
  const std::int64_t due = now_us_ + std::max<std::int64_t>(delay.count(), 0);
  actions_.emplace(std::pair{due, next_order_++}, std::move(action));
}

bool VirtualClock::advance() {
  if (actions_.empty()) return false;
  auto next = actions_.extract(actions_.begin());
  now_us_ = std::max(now_us_, next.key().first);
  next.mapped()();
  return true;
}

}  // namespace hd
