#include "cli/history_check.h"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/compose.h"
#include "cli/stored_history.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/core/short_number.h"

namespace hd {

namespace {

constexpr std::size_t kMostDifferencesTold = 5;

/// Collects "<run>: <what> is <row's>, and <event's> by its events".
class Differences {
 public:
  explicit Differences(std::string run_id) : run_id_(std::move(run_id)) {}

  void compare(const std::string& what, const std::string& row, const std::string& event) {
    if (row == event) return;
    found_.push_back(fmt::format("{}: {} is {}, and {} by its events",
                                 run_id_,
                                 what,
                                 row.empty() ? "missing" : printable(row),
                                 event.empty() ? "missing" : printable(event)));
  }
  void compare(const std::string& what, std::int64_t row, std::int64_t event) {
    compare(what, std::to_string(row), std::to_string(event));
  }
  [[nodiscard]] std::vector<std::string> take() && { return std::move(found_); }

 private:
  std::string run_id_;
  std::vector<std::string> found_;
};

std::string number_text(double value) { return std::isnan(value) ? "" : format_number(value); }

std::vector<std::string> compare_child(const ChildRun& child, const RunSummary& row) {
  Differences differences(row.run_id);
  if (child.attempt >= 0) {  // before its start it may be given others
    differences.compare("the hyperparameters", row.hyperparameters, to_json(child.configuration()));
  }
  if (!is_terminal(child.status)) return std::move(differences).take();
  differences.compare(
      "the status", std::string(status_name(row.status)), std::string(status_name(child.status)));
  differences.compare("the attempt", row.attempt, child.attempt);
  differences.compare("the start", utc_time(row.started_us), utc_time(child.started_us));
  differences.compare("the end", utc_time(row.ended_us), utc_time(child.ended_us));
  differences.compare("the best primary metric",
                      row.best_primary_metric ? number_text(*row.best_primary_metric) : "",
                      number_text(child.best));
  if (child.status == RunStatus::kFailed) {
    differences.compare("the error", row.error_message, describe(child.details->exit));
  }
  return std::move(differences).take();
}

Value report_row(const std::string& run_id, const std::vector<std::string>& found, int children) {
  const std::string check = "history of " + run_id;
  if (found.empty()) {
    return Value::Map{{"check", check},
                      {"status", "ok"},
                      {"found", fmt::format("{} child runs as their events say", children)},
                      {"advice", ""}};
  }
  std::vector<std::string> told = found;
  if (told.size() > kMostDifferencesTold) {
    told.resize(kMostDifferencesTold);
    told.push_back(fmt::format("and {} more", found.size() - kMostDifferencesTold));
  }
  return Value::Map{
      {"check", check},
      {"status", "damaged"},
      {"found", fmt::format("{}", fmt::join(told, "; "))},
      {"advice",
       "believe the events, which hdrive run explain reads; keep a copy of the file, and "
       "restore a backup if there is one"}};
}

Value check_parent(const RunStore& store, const RunSummary& listed) {
  const std::string& run_id = listed.run_id;
  try {
    const auto spec = store.spec(run_id);
    if (!spec) return report_row(run_id, {"nothing is stored of how it was submitted"}, 0);
    const History history = stored_history(store, run_id, config_of(*spec));
    // Read after the events: what has ended by them has ended in the rows.
    const std::vector<RunSummary> children = store.runs({.parent_run_id = run_id, .last = 0});
    const auto parent = store.run(run_id);
    return report_row(run_id,
                      compare_rows(history, parent.value_or(listed), children),
                      static_cast<int>(children.size()));
  } catch (const StoreError& error) {
    return report_row(run_id, {error.what()}, 0);
  } catch (const ConfigError& error) {
    // Sound, but nothing that this version can compare with.
    return Value::Map{
        {"check", "history of " + run_id},
        {"status", "warning"},
        {"found", "this version cannot read its hdconfig: " + printable(error.what())},
        {"advice", "let the version that submitted it check it"}};
  }
}

}  // namespace

std::vector<std::string> compare_rows(const History& history,
                                      const RunSummary& parent,
                                      const std::vector<RunSummary>& children) {
  Differences differences(parent.run_id);
  if (is_terminal(history.status())) {
    differences.compare("the status",
                        std::string(status_name(parent.status)),
                        std::string(status_name(history.status())));
    differences.compare("the end", utc_time(parent.ended_us), utc_time(history.ended_us()));
    differences.compare("the reason of its end", parent.termination_reason, history.end_reason());
    if (parent.kind == RunKind::kHyperDrive) {
      const int best = history.best_child();
      differences.compare("the best child run",
                          parent.best_child_run_id,
                          best < 0 ? "" : parent.run_id + '_' + std::to_string(best));
    }
  }
  std::vector<const RunSummary*> rows(history.children().size());
  for (const RunSummary& child : children) {
    const auto index = static_cast<std::size_t>(child.child);
    if (index < rows.size()) rows[index] = &child;
  }
  std::vector<std::string> found = std::move(differences).take();
  if (parent.kind == RunKind::kScript) return found;  // its own only child
  for (const ChildRun& child : history.children()) {
    const RunSummary* row = rows[static_cast<std::size_t>(child.index)];
    if (row == nullptr) {
      found.push_back(fmt::format("the row of child run {} is missing", child.index));
      continue;
    }
    for (std::string& one : compare_child(child, *row)) found.push_back(std::move(one));
  }
  if (!is_terminal(history.status()) || children.size() == rows.size()) return found;
  found.push_back(fmt::format(
      "there are rows of {} child runs, and {} by the events", children.size(), rows.size()));
  return found;
}

Value history_report(const RunStore& store) {
  Value::List rows;
  for (const RunSummary& run : store.runs({.last = 0})) rows.push_back(check_parent(store, run));
  return rows;
}

bool tells_damage(const Value& report) {
  for (const Value& row : report.as_list()) {
    if (row.find("status")->as_string() == "damaged") return true;
  }
  return false;
}

}  // namespace hd
