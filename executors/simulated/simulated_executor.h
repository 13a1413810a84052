#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/core/clock.h"
#include "engine/core/executor.h"

namespace hd {

/// What one attempt does once it runs: reports, each after a delay, and an end.
struct SimulatedAttempt {
  struct Report {
    std::int64_t after_us = 0;  ///< since the start of the attempt, rising
    std::string name;
    double value = 0;
  };
  std::vector<Report> reports;
  std::int64_t duration_us = 0;
  ExitStatus exit;
};

/// Children that exist only as a script of reports on a clock. A canceled attempt stops reporting
/// and ends after `cancel_delay`.
class SimulatedExecutor final : public Executor {
 public:
  using Behavior = std::function<SimulatedAttempt(const ChildRunSpec& spec)>;

  SimulatedExecutor(Clock& clock,
                    ExecutorListener& listener,
                    Behavior behavior,
                    std::chrono::microseconds cancel_delay = std::chrono::milliseconds(100));

  void start(const ChildRunSpec& spec) override;
  void adopt(const ChildRunSpec& spec, std::int64_t next_sequence) override;
  void request_cancel(int child, int attempt, bool force) override;
  [[nodiscard]] std::optional<int> capacity() const override { return std::nullopt; }

  [[nodiscard]] int running() const { return static_cast<int>(alive_.size()); }
  [[nodiscard]] int most_running() const { return most_running_; }
  [[nodiscard]] int started() const { return started_; }

 private:
  using Key = std::pair<int, int>;
  void play(const ChildRunSpec& spec, std::int64_t next_sequence);
  void end(Key key, const ExitStatus& exit);
  void call_after(std::chrono::microseconds delay, std::function<void()> action);

  Clock& clock_;
  ExecutorListener& listener_;
  Behavior behavior_;
  std::chrono::microseconds cancel_delay_;
  std::map<Key, bool> alive_;  ///< true = cancel requested
  int most_running_ = 0;
  int started_ = 0;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace hd
