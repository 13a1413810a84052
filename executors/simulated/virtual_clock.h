#pragma once
#include <map>
#include <utility>

#include "engine/core/clock.h"

namespace hd {

/// Time that stands still until `advance` jumps to the next action. Actions due at the same moment
/// run in the order they were asked for.
class VirtualClock final : public Clock {
 public:
  /// `start_us` = what now_us() says at first.
  explicit VirtualClock(std::int64_t start_us = 1'700'000'000'000'000) : now_us_(start_us) {}

  [[nodiscard]] std::int64_t now_us() const override { return now_us_ + set_by_us_; }
  [[nodiscard]] std::int64_t boottime_us() const override { return now_us_; }
  [[nodiscard]] std::string boot_id() const override { return "simulated"; }
  void call_after(std::chrono::microseconds delay, std::function<void()> action) override;
  bool advance() override;

  /// Sets the wall clock forward, or back; timers do not notice.
  void set_wall_clock(std::chrono::microseconds by) { set_by_us_ += by.count(); }

 private:
  std::int64_t now_us_;
  std::int64_t set_by_us_ = 0;
  std::int64_t next_order_ = 0;
  std::map<std::pair<std::int64_t, std::int64_t>, std::function<void()>> actions_;
};

}  // namespace hd
