#include "cli/live_view.h"

#include <algorithm>

#include "cli/plain_view.h"
#include "cli/run_story.h"
#include "cli/status_lines.h"
#include "cli/text.h"

namespace hd {

namespace {

constexpr std::int64_t kRedrawEveryUs = 100'000;
constexpr std::string_view kBeginFrame = "\033[?2026h";  // ignored by terminals without it
constexpr std::string_view kEndFrame = "\033[?2026l";
constexpr std::string_view kClearToEnd = "\033[K";
constexpr std::string_view kClearBelow = "\033[J";
constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kPlain = "\033[0m";

std::string up(int rows) { return rows > 0 ? "\033[" + std::to_string(rows) + 'A' : ""; }

class QuietView final : public RunView {
 public:
  void on_events(std::span<const Event>, const History&) override {}
  void tick() override {}
  void say(const std::string&) override {}
  void finish() override {}
};

}  // namespace

LiveView::~LiveView() { finish(); }

void LiveView::on_events(std::span<const Event> events, const History& history) {
  history_ = &history;
  dirty_ = true;
  for (const StoryLine& line : tell(events, history, facts_)) {
    if (line.failure) {
      if (!line.text.starts_with("    ")) last_failed_ = line.text;
      above_.push_back(traits_.color ? std::string(kRed) + line.text + std::string(kPlain)
                                     : line.text);
    } else {
      above_.push_back(line.text);
      if (line.text.find(" stopped early  ") != std::string::npos) last_stopped_ = line.text;
    }
  }
}

void LiveView::tick() {
  output_.flush();
  if (finished_ || history_ == nullptr) return;
  const std::int64_t now = now_us();
  if (now - last_draw_us_ < kRedrawEveryUs) return;
  // Elapsed times go on while nothing happens.
  const bool second_passed = now / 1'000'000 != last_draw_us_ / 1'000'000;
  if (dirty_ || second_passed || !above_.empty()) redraw();
}

void LiveView::say(const std::string& line) {
  above_.push_back(line);
  // What the person typed (^C) stands in the picture now: draw all of it anew.
  std::string out;
  erase(out);
  output_.write(out);
  redraw();
}

int LiveView::rows_on_screen(int width) const {
  int rows = 0;
  for (const std::string& line : shown_) {
    const int taken = static_cast<int>(cells(line));
    rows += 1 + std::max(0, taken - 1) / std::max(1, width);
  }
  return rows;
}

void LiveView::erase(std::string& out) {
  if (shown_.empty()) return;
  out += '\r' + up(rows_on_screen(screen_size().width) - 1);
  out += kClearBelow;
  shown_.clear();
}

void LiveView::redraw() {
  last_draw_us_ = now_us();
  dirty_ = false;
  const ScreenSize size = screen_size();
  std::string out(kBeginFrame);
  if (size.width != size_.width || size.height != size_.height || !above_.empty()) erase(out);
  size_ = size;
  for (const std::string& line : above_) out += line + '\n';
  above_.clear();
  if (history_ != nullptr && !finished_) {
    const std::vector<std::string> lines = status_lines(
        *history_, facts_, {size, traits_.utf8, last_draw_us_, last_stopped_, last_failed_});
    if (shown_.size() > lines.size()) erase(out);
    out += '\r' + up(static_cast<int>(shown_.size()) - 1);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) out += "\r\n";
      if (i >= shown_.size() || shown_[i] != lines[i]) out += lines[i] + std::string(kClearToEnd);
    }
    shown_ = lines;
  }
  out += kEndFrame;
  output_.write(out);
  output_.flush();
}

void LiveView::finish() {
  if (finished_) return;
  finished_ = true;
  std::string out;
  erase(out);
  for (const std::string& line : above_) out += line + '\n';
  above_.clear();
  output_.write(out);
  output_.finish();
}

std::unique_ptr<RunView> make_run_view(const RunFacts& facts, bool quiet) {
  if (quiet) return std::make_unique<QuietView>();
  const TerminalTraits traits = terminal_traits();
  if (traits.live) return std::make_unique<LiveView>(facts, traits);
  return std::make_unique<PlainView>(facts);
}

}  // namespace hd
