#include "cli/plain_view.h"

#include <fmt/format.h>

#include "cli/run_story.h"
#include "cli/text.h"
#include "engine/core/short_number.h"

namespace hd {

namespace {

constexpr std::int64_t kSummaryEveryUs = 30'000'000;

}  // namespace

std::string summary_line(const History& history, const RunFacts& facts, std::int64_t now_us) {
  const Progress progress = measure(history, facts, now_us);
  std::string line = fmt::format("{}/{} done={} running={} early={} failed={}",
                                 progress.finished,
                                 progress.total,
                                 progress.completed,
                                 progress.running,
                                 progress.stopped_early,
                                 progress.failed);
  if (progress.canceled > 0) line += fmt::format(" canceled={}", progress.canceled);
  if (history.best_child() >= 0) {
    const ChildRun& best = history.children().at(static_cast<std::size_t>(history.best_child()));
    line += fmt::format(" best={} (run {})", short_number(best.best), best.index);
  }
  if (progress.left_us) line += " left~" + duration_text(*progress.left_us);
  return line;
}

void PlainView::on_events(std::span<const Event> events, const History& history) {
  history_ = &history;
  for (const StoryLine& line : tell(events, history, facts_)) print(line.time_us, line.text);
  output_.flush();
}

void PlainView::tick() {
  output_.flush();
  if (history_ == nullptr || facts_.kind == RunKind::kScript) return;
  const std::int64_t now = now_us();
  if (last_summary_us_ == 0) last_summary_us_ = now;
  if (now - last_summary_us_ < kSummaryEveryUs) return;
  last_summary_us_ = now;
  print(now, summary_line(*history_, facts_, now));
  output_.flush();
}

void PlainView::say(const std::string& line) {
  print(now_us(), line);
  output_.flush();
}

void PlainView::finish() { output_.finish(); }

void PlainView::print(std::int64_t time_us, const std::string& text) {
  output_.write(clock_time(time_us) + ' ' + text + '\n');
}

}  // namespace hd
