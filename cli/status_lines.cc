#include "cli/status_lines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "cli/text.h"
#include "engine/core/short_number.h"

namespace hd {

namespace {

constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kAscii = {".", ":", "-", "=", "+", "*", "#", "%"};
constexpr int kNarrow = 60;

std::string counts_text(const Progress& progress) {
  std::string text = fmt::format("{}/{}  {} running  {} done",
                                 progress.finished,
                                 progress.total,
                                 progress.running,
                                 progress.completed);
  if (progress.stopped_early > 0) text += fmt::format("  {} stopped early", progress.stopped_early);
  if (progress.failed > 0) text += fmt::format("  {} failed", progress.failed);
  if (progress.canceled > 0) text += fmt::format("  {} canceled", progress.canceled);
  return text;
}

std::string state_text(const History& history) {
  if (history.cancel() && !is_terminal(history.status())) return "canceling";
  if (history.paused()) return "paused";
  std::string text(status_name(history.status()));
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string header_line(const History& history, const RunFacts& facts, const Progress& progress) {
  std::string line = fmt::format("hdrive {}  {}   {} {}",
                                 facts.run_id,
                                 printable(facts.experiment),
                                 state_text(history),
                                 duration_text(progress.elapsed_us));
  if (progress.left_us) {
    line += fmt::format(
        "   {}{} left", progress.left_is_rough ? "about " : "", duration_text(*progress.left_us));
  }
  return line;
}

std::string best_line(const History& history) {
  if (history.primary_metric_name().empty()) return {};
  if (history.best_child() < 0) return no_best_text(history);
  const ChildRun& best = history.children().at(static_cast<std::size_t>(history.best_child()));
  return fmt::format("best {} {} ({})  run {}  {}",
                     printable(history.primary_metric_name()),
                     short_number(best.best),
                     history.goal() == Goal::kMaximize ? "maximize" : "minimize",
                     best.index,
                     parameters_text(best.configuration()));
}

std::vector<const ChildRun*> active_best_first(const History& history) {
  std::vector<const ChildRun*> rows;
  for (const int index : history.active_children()) {
    rows.push_back(&history.children().at(static_cast<std::size_t>(index)));
  }
  std::stable_sort(rows.begin(), rows.end(), [&](const ChildRun* a, const ChildRun* b) {
    return is_better(history.goal(), a->best, b->best);
  });
  return rows;
}

std::string table_row(const ChildRun& child,
                      double low,
                      double high,
                      const StatusPicture& picture) {
  std::string state(status_name(child.status));
  for (char& c : state) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool reported = child.intervals > 0;
  const std::string curve =
      reported ? sparkline(child.details->recent, low, high, picture.utf8) : std::string("-");
  const std::string elapsed =
      child.started_us == 0 ? "-" : duration_text(picture.now_us - child.started_us);
  return fmt::format("{:>4}  {} {} {} {:>6}  {} {} {}",
                     child.index,
                     fit(state, 10),
                     fit(reported ? short_number(child.best) : "-", 10),
                     fit(curve, 11),
                     reported ? std::to_string(child.intervals) : "-",
                     fit(elapsed, 7),
                     fit(printable(child.details->where), 14),
                     parameters_text(child.configuration()));
}

void add_table(std::vector<std::string>& lines,
               const History& history,
               const StatusPicture& picture,
               std::size_t room) {
  const std::vector<const ChildRun*> rows = active_best_first(history);
  if (rows.empty() || room < 2) return;
  double low = std::nan("");
  double high = std::nan("");
  for (const ChildRun* row : rows) {
    for (const double value : row->details->recent) {
      if (!std::isfinite(value)) continue;
      low = std::isnan(low) ? value : std::min(low, value);
      high = std::isnan(high) ? value : std::max(high, value);
    }
  }
  const std::string metric =
      history.primary_metric_name().empty() ? "metric" : printable(history.primary_metric_name());
  lines.push_back(fmt::format("{:>4}  {} {} {} {:>6}  {} {} {}",
                              "run",
                              fit("state", 10),
                              fit(metric, 10),
                              fit("curve", 11),
                              "logged",
                              fit("elapsed", 7),
                              fit("where", 14),
                              "parameters"));
  const std::size_t places = room - 1;
  const std::size_t shown = rows.size() <= places ? rows.size() : places - 1;
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(table_row(*rows[i], low, high, picture));
  if (shown < rows.size()) lines.push_back(fmt::format("      ...{} more", rows.size() - shown));
}

}  // namespace

std::string sparkline(std::span<const double> values, double low, double high, bool utf8) {
  const auto& marks = utf8 ? kBlocks : kAscii;
  std::string line;
  for (const double value : values.last(std::min<std::size_t>(values.size(), 10))) {
    if (!std::isfinite(value)) {
      line += '?';
      continue;
    }
    const double place = high > low ? (value - low) / (high - low) : 0.5;
    const auto index = static_cast<std::size_t>(std::clamp(place * 7.999, 0.0, 7.0));
    line += marks[index];
  }
  return line;
}

std::string progress_bar(int finished, int total, int width, bool utf8) {
  const int inside = std::max(1, width - 2);
  const int full =
      total <= 0 ? 0
                 : static_cast<int>(std::int64_t{inside} * std::clamp(finished, 0, total) / total);
  std::string bar = "[";
  for (int i = 0; i < inside; ++i) {
    if (i < full) {
      bar += utf8 ? "█" : "#";
    } else {
      bar += utf8 ? "░" : ".";
    }
  }
  return bar + ']';
}

std::vector<std::string> status_lines(const History& history,
                                      const RunFacts& facts,
                                      const StatusPicture& picture) {
  const Progress progress = measure(history, facts, picture.now_us);
  const auto width = static_cast<std::size_t>(std::max(2, picture.screen.width) - 1);
  std::vector<std::string> lines;
  if (picture.screen.width < kNarrow) {
    std::string line = fmt::format("[{}/{}]", progress.finished, progress.total);
    if (history.best_child() >= 0) {
      const auto& best = history.children().at(static_cast<std::size_t>(history.best_child()));
      line += fmt::format(" best {} (run {})", short_number(best.best), best.index);
    }
    line += fmt::format(" {} running", progress.running);
    return {elide(line, width)};
  }
  const auto most = static_cast<std::size_t>(std::max(3, picture.screen.height / 3));
  lines.push_back(header_line(history, facts, progress));
  if (facts.kind == RunKind::kHyperDrive) {
    const std::string counts = counts_text(progress);
    const int bar =
        std::clamp(static_cast<int>(width) - static_cast<int>(cells(counts)) - 2, 10, 56);
    lines.push_back(progress_bar(progress.finished, progress.total, bar, picture.utf8) + "  " +
                    counts);
    lines.push_back(best_line(history));
  }
  std::string stories = picture.last_stopped;
  if (!stories.empty() && !picture.last_failed.empty()) stories += "    ";
  stories += picture.last_failed;
  const std::size_t reserved = lines.size() + (stories.empty() ? 0 : 1);
  add_table(lines, history, picture, most > reserved ? most - reserved : 0);
  if (!stories.empty() && lines.size() < most) lines.push_back(stories);
  for (std::string& line : lines) line = elide(line, width);
  return lines;
}

}  // namespace hd
