#include "cli/final_summary.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "cli/child_command.h"
#include "cli/run_document.h"
#include "cli/run_story.h"
#include "cli/text.h"
#include "engine/core/error.h"
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

void CommonFailure::add(int child, const ExitStatus& exit) {
  constexpr std::size_t kMostKinds = 1000;  // of a hundred thousand that all end differently
  ++failed_;
  const std::string ending = describe(exit);
  if (endings_.size() < kMostKinds || endings_.contains(ending)) ++endings_[ending];
  const std::vector<std::string> tail = last_lines(exit.log_tail, 5);
  if (tail.empty()) return;
  if (last_words_.size() >= kMostKinds && !last_words_.contains(tail.back())) return;
  LastWords& words = last_words_[tail.back()];
  if (++words.count > 1) return;
  words.example = child;
  words.tail = tail;
}

std::vector<std::string> CommonFailure::lines() const {
  if (failed_ == 0) return {};
  const auto ending =
      std::max_element(endings_.begin(), endings_.end(), [](const auto& a, const auto& b) {
        return a.second < b.second;
      });
  std::vector<std::string> lines = {fmt::format("{} of {} failed child runs ended with {}",
                                                ending->second,
                                                failed_,
                                                printable(ending->first))};
  if (last_words_.empty()) {
    lines.emplace_back("they left nothing in their logs");
    return lines;
  }
  const LastWords& words =
      std::max_element(last_words_.begin(), last_words_.end(), [](const auto& a, const auto& b) {
        return a.second.count < b.second.count;
      })->second;
  lines.push_back(fmt::format("{} of them said last, as run {} did:", words.count, words.example));
  for (const std::string& line : words.tail) lines.push_back("    " + line);
  return lines;
}

std::vector<std::string> common_failure(const RunStore& store,
                                        const std::string& parent_run_id,
                                        const History& history) {
  if (history.failed() == 0) return {};
  CommonFailure failure;
  try {
    store.child_ends(parent_run_id, [&](const ChildEnded& end) {
      const ChildRun& run = history.children().at(static_cast<std::size_t>(end.child));
      if (run.status == RunStatus::kFailed && run.attempt == end.attempt) {
        failure.add(end.child, end.exit);
      }
    });
  } catch (const StoreError& error) {
    return {printable(error.what())};
  }
  return failure.lines();
}

std::vector<std::string> final_summary(const History& history,
                                       const ParentRunSpec& parent,
                                       const RunFacts& facts,
                                       const std::vector<std::string>& failure) {
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
  for (const std::string& line : failure) {
    lines.push_back((lines.back().starts_with("  failures  ") || line.starts_with("    ")
                         ? "              "
                         : "  failures    ") +
                    line);
  }
  return lines;
}

}  // namespace hd
