#include "cli/final_summary.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "cli/child_command.h"
#include "cli/run_document.h"
#include "cli/run_story.h"
#include "cli/text.h"
#include "engine/core/short_number.h"

namespace hd {

namespace {

std::string lower_status(RunStatus status) {
  std::string text(status_name(status));
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string attempt_directory(const RunFacts& facts,
                              const ParentRunSpec& parent,
                              const ChildRun& child) {
  return facts.runs_directory + '/' + child_run_id(parent, child.index) + '/' +
         std::to_string(std::max(0, child.attempt));
}

void add_best(std::vector<std::string>& lines,
              const History& history,
              const ParentRunSpec& parent,
              const RunFacts& facts) {
  if (history.best_child() < 0) {
    lines.push_back("  best        none: " + no_best_text(history));
    return;
  }
  const ChildRun& best = history.children().at(static_cast<std::size_t>(history.best_child()));
  lines.push_back(fmt::format("  best        {} {} ({}) by run {}, {}",
                              printable(history.primary_metric_name()),
                              short_number(best.best),
                              history.goal() == Goal::kMaximize ? "maximize" : "minimize",
                              best.index,
                              lower_status(best.status)));
  lines.push_back("  parameters  " + parameters_text(best.configuration()));
  lines.push_back("  repeat it   " + printable(reproducing_command(parent, best.configuration())));
  lines.push_back("  outputs     " + attempt_directory(facts, parent, best) + "/work/outputs");
}

}  // namespace

std::string reproducing_command(const ParentRunSpec& parent, const Configuration& configuration) {
  const std::vector<std::string> argv = child_arguments(parent.script, configuration);
  std::string line;
  if (!parent.script.command.empty()) {
    for (const auto& [name, value] : child_environment(parent, "", configuration, {})) {
      if (name.starts_with("AZUREML_SWEEP_")) line += name + '=' + shell_word(value) + ' ';
    }
  }
  return line + shell_line(argv);
}

Configuration configuration_of(const RunSummary& child) {
  Configuration configuration;
  const Value parsed = parse_json(child.hyperparameters);
  if (!parsed.is_map()) return configuration;
  for (const auto& [name, value] : parsed.as_map()) configuration.set(name, value);
  return configuration;
}

std::vector<std::string> common_failure(const History& history) {
  std::map<std::string, int> endings;
  std::map<std::string, int> last_words;
  int failed = 0;
  for (const ChildRun& child : history.children()) {
    if (child.status != RunStatus::kFailed) continue;
    ++failed;
    ++endings[describe(child.exit)];
    for (const std::string& line : last_lines(child.exit.log_tail, 1)) ++last_words[line];
  }
  if (failed == 0) return {};
  const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto ending = std::max_element(endings.begin(), endings.end(), by_count);
  std::vector<std::string> lines = {fmt::format("{} of {} failed child runs ended with {}",
                                                ending->second,
                                                failed,
                                                printable(ending->first))};
  if (last_words.empty()) {
    lines.emplace_back("they left nothing in their logs");
    return lines;
  }
  const auto words = std::max_element(last_words.begin(), last_words.end(), by_count);
  // An example of that ending, with the lines that led to it.
  for (const ChildRun& child : history.children()) {
    if (child.status != RunStatus::kFailed) continue;
    const std::vector<std::string> tail = last_lines(child.exit.log_tail, 5);
    if (tail.empty() || tail.back() != words->first) continue;
    lines.push_back(
        fmt::format("{} of them said last, as run {} did:", words->second, child.index));
    for (const std::string& line : tail) lines.push_back("    " + line);
    break;
  }
  return lines;
}

std::vector<std::string> final_summary(const History& history,
                                       const ParentRunSpec& parent,
                                       const RunFacts& facts) {
  const Progress progress = measure(history, facts, now_us());
  std::vector<std::string> lines;
  std::string first = fmt::format("{} {} after {}",
                                  parent.run_id,
                                  lower_status(history.status()),
                                  duration_text(progress.elapsed_us));
  if (!history.end_reason().empty()) first += ": " + printable(history.end_reason());
  lines.push_back(first);
  if (facts.kind == RunKind::kScript) {
    if (!history.children().empty()) {
      const std::string place = attempt_directory(facts, parent, history.children().front());
      lines.push_back("  outputs     " + place + "/work/outputs");
      lines.push_back("  logs        " + place + "/logs");
    }
  } else {
    std::string counts =
        fmt::format("  child runs  {}: {} completed", progress.finished, progress.completed);
    if (progress.stopped_early > 0)
      counts += fmt::format(", {} stopped early", progress.stopped_early);
    if (progress.failed > 0) counts += fmt::format(", {} failed", progress.failed);
    if (progress.canceled > 0) counts += fmt::format(", {} canceled", progress.canceled);
    lines.push_back(counts);
    const std::int64_t saved = time_saved_us(history);
    if (saved > 0) {
      lines.push_back("  saved       about " + duration_text(saved) +
                      " of child run time by early termination");
    }
    add_best(lines, history, parent, facts);
  }
  for (const std::string& line : common_failure(history)) {
    lines.push_back((lines.back().starts_with("  failures  ") || line.starts_with("    ")
                         ? "              "
                         : "  failures    ") +
                    line);
  }
  return lines;
}

}  // namespace hd
