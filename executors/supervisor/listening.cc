#include "executors/supervisor/listening.h"

#include <time.h>
#include <utility>

#include "engine/core/utf8.h"
#include "executors/supervisor/metric_line.h"
#include "executors/supervisor_protocol/attempt_files.h"

namespace hd {
namespace {

constexpr std::size_t kMetricsBudget = std::size_t{256} << 10;
constexpr std::size_t kOutputBudget = std::size_t{1} << 20;

std::int64_t clock_us(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

OwnPatterns* own_if_any(OwnPatterns& own, const MetricPatterns& patterns) {
  return patterns.own.empty() ? nullptr : &own;
}

}  // namespace

Listening::Listening(int directory, StreamLog& log, const MetricPatterns& patterns)
    : log_(log),
      router_(log),
      metrics_(directory, attempt_files::kMetrics),
      stdout_(directory, attempt_files::kStdout),
      stderr_(directory, attempt_files::kStderr),
      own_patterns_(patterns.own),
      metrics_patterns_(own_if_any(own_patterns_, patterns), patterns.built_in),
      stdout_patterns_(own_if_any(own_patterns_, patterns), patterns.built_in),
      stderr_patterns_(own_if_any(own_patterns_, patterns), patterns.built_in) {}

Now Listening::now() { return {clock_us(CLOCK_REALTIME), clock_us(CLOCK_MONOTONIC)}; }

FollowedFile& Listening::file(Channel channel) {
  if (channel == kStdout) return stdout_;
  if (channel == kStderr) return stderr_;
  return metrics_;
}

void Listening::take_native(std::string_view line, const Now& now) {
  read_metric_line(line, heard_);
  if (heard_.kind == HeardLine::Kind::kPlainText) metrics_patterns_.read(line, heard_);
  router_.hear(heard_, Route::kNative, now);
}

void Listening::take_printed(StdoutPatterns& patterns, std::string_view line, const Now& now) {
  patterns.read(line, heard_);
  router_.hear(heard_, Route::kPattern, now);
}

void Listening::follow_event_files(int work) {
  event_files_.emplace(work);
  event_files_->ignore_present();
}

void Listening::take_event(std::string_view name, const EventScalar& scalar, const Now& now) {
  heard_.clear();
  heard_.kind = HeardLine::Kind::kMetrics;
  name = usable_name(name);
  if (name.empty() || find_invalid_utf8(name)) {
    heard_.skipped = 1;
  } else {
    heard_.points.push_back({name, scalar.value, {}});
    heard_.step = scalar.step;
    if (scalar.wall_time_us > 0) heard_.time_us = scalar.wall_time_us;
  }
  router_.hear(heard_, Route::kEventFile, now);
}

unsigned Listening::read(unsigned channels) {
  const Now time = now();
  unsigned more = 0;
  if ((channels & (1U << kMetricsEntry)) != 0) {
    metrics_.expect_replacement();
    channels |= 1U << kMetricsFile;
  }
  // The metrics file first: what is printed and logged in one moment is then known as native.
  if ((channels & (1U << kMetricsFile)) != 0 &&
      metrics_.read(kMetricsBudget, [&](std::string_view line) { take_native(line, time); })) {
    more |= 1U << kMetricsFile;
  }
  if ((channels & (1U << kStdout)) != 0 && stdout_.read(kOutputBudget, [&](std::string_view line) {
        take_printed(stdout_patterns_, line, time);
      })) {
    more |= 1U << kStdout;
  }
  if ((channels & (1U << kStderr)) != 0 && stderr_.read(kOutputBudget, [&](std::string_view line) {
        take_printed(stderr_patterns_, line, time);
      })) {
    more |= 1U << kStderr;
  }
  constexpr unsigned kEvents = (1U << kEventFiles) | (1U << kEventRest);
  if (event_files_ && (channels & kEvents) != 0) {
    if ((channels & (1U << kEventFiles)) != 0) event_files_->search();
    const auto take = [&](std::string_view name, const EventScalar& scalar) {
      take_event(name, scalar, time);
    };
    if (event_files_->read(kOutputBudget, take)) more |= 1U << kEventRest;
  }
  note_changes();
  return more;
}

void Listening::note_changes() {
  if (event_files_ && event_files_->left_some_out() && !std::exchange(events_noted_, true)) {
    log_.add_note("more than " + std::to_string(EventFiles::kMostFiles) +
                  " TensorBoard event files: the others are not read");
  }
  if (!metrics_.changed() || std::exchange(change_noted_, true)) return;
  log_.add_note(
      "$HDRIVE_METRICS was cut short or replaced while the script ran, and was read again from its "
      "start; append to it instead (>> in a shell)");
}

void Listening::end() {
  const Now time = now();
  metrics_.end([&](std::string_view line) { take_native(line, time); });
  stdout_.end([&](std::string_view line) { take_printed(stdout_patterns_, line, time); });
  stderr_.end([&](std::string_view line) { take_printed(stderr_patterns_, line, time); });
  router_.release(time.steady_us, true);
  const auto tell = [this](const FollowedFile& file, const char* name) {
    if (file.dropped_lines() == 0) return;
    log_.add_note(std::to_string(file.dropped_lines()) + " line(s) over 64 KiB in " + name +
                  " were not searched for metrics");
  };
  tell(metrics_, "$HDRIVE_METRICS");
  tell(stdout_, "stdout");
  tell(stderr_, "stderr");
  for (const std::string& note : own_patterns_.notes()) log_.add_note(note);
}

}  // namespace hd
