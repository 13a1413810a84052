#include "engine/loop/real_clock.h"

#include <ctime>
#include <fstream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace hd {

namespace {

std::int64_t read_clock_us(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000;
}

class RealClock final : public Clock {
 public:
  explicit RealClock(boost::asio::io_context& io) : io_(io) {}

  [[nodiscard]] std::int64_t now_us() const override { return read_clock_us(CLOCK_REALTIME); }
  [[nodiscard]] std::int64_t boottime_us() const override { return read_clock_us(CLOCK_BOOTTIME); }

  [[nodiscard]] std::string boot_id() const override {
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return id;
  }

  void call_after(std::chrono::microseconds delay, std::function<void()> action) override {
    auto timer = std::make_shared<boost::asio::steady_timer>(io_, delay);
    timer->async_wait([timer, action = std::move(action)](const boost::system::error_code& error) {
      if (!error) action();
    });
  }

 private:
  boost::asio::io_context& io_;
};

}  // namespace

std::unique_ptr<Clock> make_real_clock(boost::asio::io_context& io) {
  return std::make_unique<RealClock>(io);
}

}  // namespace hd
