#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace hd {

/// Time as the engine sees it, so that a sweep of a day can be tested in a second. Loop thread
/// only.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall clock, Unix microseconds; may jump.
  [[nodiscard]] virtual std::int64_t now_us() const = 0;

  /// Microseconds since the machine started, sleep included; never jumps.
  [[nodiscard]] virtual std::int64_t boottime_us() const = 0;

  /// Identifies this boot of this machine; empty when the system does not tell.
  [[nodiscard]] virtual std::string boot_id() const = 0;

  /// Calls `action` once on the loop thread after `delay` of monotonic time.
  virtual void call_after(std::chrono::microseconds delay, std::function<void()> action) = 0;

  /// A virtual clock jumps to its next action, runs it and returns true; a real one returns false.
  /// Called when nothing else is left to do.
  virtual bool advance() { return false; }
};

}  // namespace hd
