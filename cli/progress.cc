#include "cli/progress.h"

#include <algorithm>

#include "cli/text.h"
#include "engine/core/short_number.h"

namespace hd {

namespace {

std::int64_t duration_of(const ChildRun& child) {
  return child.started_us == 0 ? 0 : std::max<std::int64_t>(0, child.ended_us - child.started_us);
}

std::int64_t median(std::vector<std::int64_t>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Progress measure(const History& history, const RunFacts& facts, std::int64_t now_us) {
  Progress progress;
  progress.completed = history.completed();
  progress.failed = history.failed();
  progress.stopped_early = history.canceled_by_policy();
  progress.canceled = history.canceled() - history.canceled_by_policy();
  progress.finished = history.completed() + history.failed() + history.canceled();
  progress.running = history.active();
  const int asked = static_cast<int>(history.children().size());
  progress.total = history.exhausted() ? asked : std::max(facts.total, asked);
  if (history.started_us() != 0) {
    const std::int64_t end = history.ended_us() != 0 ? history.ended_us() : now_us;
    progress.elapsed_us = std::max<std::int64_t>(0, end - history.started_us());
  }
  if (progress.finished < 3 || is_terminal(history.status())) return progress;
  std::vector<std::int64_t> durations;
  for (const ChildRun& child : history.children()) {
    if (is_terminal(child.status)) durations.push_back(duration_of(child));
  }
  const std::int64_t each = median(durations);
  const int places = std::max(1, std::min(facts.concurrency, progress.total));
  progress.left_us = each * (progress.total - progress.finished) / places;
  progress.left_is_rough = progress.finished < 10;
  return progress;
}

std::string parameters_text(const Configuration& configuration) {
  std::string text;
  for (const auto& [name, value] : configuration.entries()) {
    if (!text.empty()) text += ' ';
    const auto first = name.find_first_not_of('-');
    text += first == std::string::npos ? name : name.substr(first);
    text += '=';
    text += value.is_double() ? short_number(value.as_number()) : to_argument(value);
  }
  return printable(text);
}

std::string child_name(const RunFacts& facts, int child) {
  return facts.kind == RunKind::kScript ? "run" : "run " + std::to_string(child);
}

std::string no_best_text(const History& history) {
  std::string text = "no child run has reported '" + history.primary_metric_name() + "' yet";
  const auto& others = history.other_metrics();
  if (others.empty()) return printable(text);
  text += "; metrics seen: ";
  for (std::size_t i = 0; i < others.size() && i < 5; ++i) {
    text += (i > 0 ? ", " : "") + others[i].first;
  }
  return printable(text);
}

std::int64_t time_saved_us(const History& history) {
  std::vector<std::int64_t> completed;
  for (const ChildRun& child : history.children()) {
    if (child.status == RunStatus::kCompleted) completed.push_back(duration_of(child));
  }
  const std::int64_t typical = median(completed);
  std::int64_t saved = 0;
  for (const ChildRun& child : history.children()) {
    if (child.status == RunStatus::kCanceled && child.cancel_cause == CancelCause::kPolicy) {
      saved += std::max<std::int64_t>(0, typical - duration_of(child));
    }
  }
  return saved;
}

}  // namespace hd
