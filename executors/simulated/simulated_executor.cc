#include "executors/simulated/simulated_executor.h"

#include <algorithm>
#include <csignal>

namespace hd {

using std::chrono::microseconds;

SimulatedExecutor::SimulatedExecutor(Clock& clock,
                                     ExecutorListener& listener,
                                     Behavior behavior,
                                     microseconds cancel_delay)
    : clock_(clock),
      listener_(listener),
      behavior_(std::move(behavior)),
      cancel_delay_(cancel_delay) {}

void SimulatedExecutor::start(const ChildRunSpec& spec) { play(spec, 1); }

void SimulatedExecutor::adopt(const ChildRunSpec& spec, std::int64_t next_sequence) {
  play(spec, next_sequence);
}

void SimulatedExecutor::play(const ChildRunSpec& spec, std::int64_t next_sequence) {
  const Key key{spec.child, spec.attempt};
  if (!alive_.emplace(key, false).second) return;
  ++started_;
  most_running_ = std::max(most_running_, running());
  const SimulatedAttempt attempt = behavior_(spec);
  if (next_sequence <= 1) {
    call_after(microseconds(0), [this, key] {
      if (alive_.contains(key)) listener_.on_started(key.first, key.second, "simulated", 1);
    });
  }
  std::int64_t sequence = 2;
  for (const SimulatedAttempt::Report& report : attempt.reports) {
    MetricPoint point;
    point.sequence = sequence++;
    point.name = report.name;
    point.value = report.value;
    if (point.sequence < next_sequence) continue;
    call_after(microseconds(report.after_us), [this, key, point = std::move(point)] {
      const auto run = alive_.find(key);
      if (run == alive_.end() || run->second) return;
      listener_.on_metrics(key.first, key.second, {point});
    });
  }
  call_after(microseconds(attempt.duration_us), [this, key, exit = attempt.exit] {
    const auto run = alive_.find(key);
    if (run != alive_.end() && !run->second) end(key, exit);
  });
}

void SimulatedExecutor::request_cancel(int child, int attempt, bool force) {
  const Key key{child, attempt};
  const auto run = alive_.find(key);
  if (run == alive_.end() || (run->second && !force)) return;
  run->second = true;
  call_after(force ? microseconds(0) : cancel_delay_, [this, key] {
    ExitStatus exit;
    exit.kind = ExitStatus::Kind::kSignaled;
    exit.code = SIGTERM;
    if (alive_.contains(key)) end(key, exit);
  });
}

/// Actions on the clock may outlive this executor.
void SimulatedExecutor::call_after(microseconds delay, std::function<void()> action) {
  clock_.call_after(delay, [life = std::weak_ptr<int>(life_), action = std::move(action)] {
    if (!life.expired()) action();
  });
}

void SimulatedExecutor::end(Key key, const ExitStatus& exit) {
  alive_.erase(key);
  listener_.on_ended(key.first, key.second, exit);
}

}  // namespace hd
