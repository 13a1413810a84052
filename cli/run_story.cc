#include "cli/run_story.h"

#include <cmath>
#include <sstream>

#include "cli/text.h"
#include "engine/core/short_number.h"

namespace hd {

namespace {

class Storyteller {
 public:
  Storyteller(const History& history, const RunFacts& facts) : history_(history), facts_(facts) {}

  void tell(const Event& event) {
    time_us_ = event.time_us;
    std::visit([this](const auto& body) { on(body); }, event.body);
  }

  std::vector<StoryLine> lines;

 private:
  template <typename Body>
  void on(const Body&) {}

  void on(const EngineStarted& body) {
    if (body.epoch > 1) add("taken up again by engine " + std::to_string(body.epoch));
  }
  void on(const AskAnswered& body) {
    if (body.exhausted) {
      add("the parameter space is exhausted: no further configuration exists");
    }
  }
  void on(const ParentCancelRequested& body) { add("canceling: " + printable(body.reason)); }
  void on(const PauseRequested&) { add("paused: no new child runs start"); }
  void on(const UnpauseRequested&) { add("going on: new child runs start again"); }
  void on(const Noted& body) {
    add((body.child >= 0 ? child_name(facts_, body.child) + ": " : "") + printable(body.text));
  }

  void on(const ChildEnded& body) {
    const ChildRun& child = history_.children().at(static_cast<std::size_t>(body.child));
    const std::string name = child_name(facts_, child.index);
    if (!is_terminal(child.status)) {
      add(name + " failed, " + printable(describe(body.exit)) + "; it will be started again", true);
    } else if (child.status == RunStatus::kCompleted) {
      add(name + " completed" + result_text(child));
    } else if (child.status == RunStatus::kCanceled) {
      const bool early = child.cancel_cause == CancelCause::kPolicy;
      const std::string what = early ? " stopped early  " : " canceled  ";
      add(name + what + printable(child.details->cancel_reason));
    } else {
      add(name + " failed  " + printable(describe(body.exit)) + "  " +
              parameters_text(child.configuration()),
          true);
      for (const std::string& line : last_lines(body.exit.log_tail, 3)) add("    " + line, true);
    }
  }

  std::string result_text(const ChildRun& child) const {
    std::string text;
    if (!history_.primary_metric_name().empty()) {
      text += "  " + printable(history_.primary_metric_name()) + '=';
      text += child.intervals > 0 ? short_number(child.best) : "none";
      if (child.index == history_.best_child()) text += " (best)";
    }
    const std::string parameters = parameters_text(child.configuration());
    if (!parameters.empty()) text += "  " + parameters;
    if (child.started_us != 0) text += "  " + duration_text(child.ended_us - child.started_us);
    return text;
  }

  void add(std::string text, bool failure = false) {
    lines.push_back({time_us_, std::move(text), failure});
  }

  const History& history_;
  const RunFacts& facts_;
  std::int64_t time_us_ = 0;
};

}  // namespace

std::vector<StoryLine> tell(std::span<const Event> events,
                            const History& history,
                            const RunFacts& facts) {
  Storyteller storyteller(history, facts);
  for (const Event& event : events) {
    if (std::holds_alternative<MetricReported>(event.body)) continue;
    storyteller.tell(event);
  }
  return std::move(storyteller.lines);
}

std::vector<std::string> last_lines(const std::string& log, std::size_t count) {
  std::vector<std::string> lines;
  std::istringstream stream(log);
  for (std::string line; std::getline(stream, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    lines.push_back(printable(line));
    if (lines.size() > count) lines.erase(lines.begin());
  }
  return lines;
}

}  // namespace hd
