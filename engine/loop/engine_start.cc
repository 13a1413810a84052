#include "engine/loop/engine_start.h"

#include <algorithm>
#include <unistd.h>

namespace hd {

EngineStarted engine_started(const Clock& clock,
                             int epoch,
                             const std::optional<EngineStarted>& latest,
                             std::int64_t latest_time_us) {
  EngineStarted started;
  started.epoch = epoch;
  started.boot_id = clock.boot_id();
  started.boottime_us = clock.boottime_us();
  started.process_id = ::getpid();
  if (!latest) return started;
  // Within one boot the monotonic clock tells how long nobody drove the sweep; across boots only
  // the wall clock can, and a clock set back must not lengthen the sweep.
  const bool same_boot = !started.boot_id.empty() && started.boot_id == latest->boot_id;
  const std::int64_t away =
      same_boot ? started.boottime_us - latest->boottime_us : clock.now_us() - latest_time_us;
  started.elapsed_us = latest->elapsed_us + std::max<std::int64_t>(away, 0);
  return started;
}

}  // namespace hd
