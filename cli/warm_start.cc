#include "cli/warm_start.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "cli/compose.h"
#include "cli/run_document.h"
#include "cli/stored_history.h"
#include "cli/text.h"
#include "engine/config/hdconfig.h"
#include "engine/core/adopt_configuration.h"
#include "engine/store/run_store.h"
#include "engine/workspace/workspace.h"

namespace hd {

namespace {

namespace fs = std::filesystem;

constexpr int kMostRunsTogether = 1000;  ///< HyperDrive's limit

std::string goal_text(std::optional<Goal> goal, const std::string& metric) {
  return std::string(goal == Goal::kMinimize ? "minimizes " : "maximizes ") + printable(metric);
}

/// Child runs of one parent run that are left out, by reason, in the order of their discovery.
class LeftOutRuns {
 public:
  void add(const std::string& reason, const std::string& example = {}) {
    for (Group& group : groups_) {
      if (group.reason != reason) continue;
      ++group.count;
      return;
    }
    groups_.push_back({reason, example, 1});
  }

  void tell(const std::string& run_id, std::vector<WarmStart::LeftOut>& left_out) const {
    for (const Group& group : groups_) {
      const std::string example =
          group.example.empty() ? "" : " (the first: " + group.example + ')';
      left_out.push_back({run_id, group.count, group.reason + example});
    }
  }

 private:
  struct Group {
    std::string reason, example;
    int count = 0;
  };
  std::vector<Group> groups_;
};

constexpr const char* kDoesNotFit = "outside the parameter space";

std::string without_dashes(const std::string& name) {
  return name.substr(std::min(name.find_first_not_of('-'), name.size()));
}

/// The names of a parameter space, by which earlier configurations are fitted into it. `lr` and
/// `--lr` are the same argument of the script, so they are the same parameter.
class FittedSpace {
 public:
  explicit FittedSpace(const ParameterSpace& space) : space_(space) { collect(space.parameters()); }

  [[nodiscard]] Result<Configuration> fit(const Configuration& earlier) const {
    Configuration renamed;
    for (const auto& [name, value] : earlier.entries()) {
      const auto found = by_bare_name_.find(without_dashes(name));
      const bool known = names_.contains(name) || found == by_bare_name_.end();
      renamed.set(known ? name : found->second, value);
    }
    return adopt_configuration(space_, renamed);
  }

 private:
  void collect(const std::vector<Parameter>& parameters) {
    for (const Parameter& parameter : parameters) {
      names_.insert(parameter.name);
      by_bare_name_.emplace(without_dashes(parameter.name), parameter.name);
      const auto* choice = std::get_if<Choice>(&parameter.expression);
      if (choice == nullptr) continue;
      for (const ChoiceOption& option : choice->options) collect(option.members);
    }
  }

  const ParameterSpace& space_;
  std::set<std::string> names_;
  std::map<std::string, std::string> by_bare_name_;
};

class WarmStartReader {
 public:
  WarmStartReader(const HyperDriveConfig& config,
                  const std::string& file,
                  bool strict,
                  std::vector<Diagnostic>& warnings)
      : config_(config),
        space_(config.parameter_space),
        file_(file),
        strict_(strict),
        warnings_(warnings) {}

  WarmStart read(const std::string& project) {
    open(project);
    if (check_command_line("resume_child_runs",
                           config_.resume_child_runs,
                           static_cast<std::size_t>(config_.max_total_runs))) {
      for (const NamedRun& named : config_.resume_child_runs) {
        look("resume_child_runs", named, [&](const RunSummary& run) { take_child(named, run); });
      }
    }
    if (check_command_line("resume_from", config_.resume_from, kMostResumedParents)) {
      for (const NamedRun& named : config_.resume_from) {
        look("resume_from", named, [&](const RunSummary& run) { take_parent(named, run); });
      }
      check_total();
    }
    if (mistakes_.empty()) return std::move(result_);
    std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    throw ConfigError(std::move(mistakes_));
  }

 private:
  Diagnostic diagnostic(Diagnostic::Severity severity,
                        const std::string& key,
                        const NamedRun& named,
                        const std::string& message) const {
    if (named.line > 0) return {severity, file_, named.line, named.column, key, message};
    std::string option = "--" + key;
    std::replace(option.begin(), option.end(), '_', '-');
    return {severity, "", 0, 0, option, message};
  }
  void mistake(const std::string& key, const NamedRun& named, const std::string& message) {
    mistakes_.push_back(diagnostic(Diagnostic::Severity::kError, key, named, message));
  }
  void warn(const std::string& key, const NamedRun& named, const std::string& message) {
    warnings_.push_back(diagnostic(Diagnostic::Severity::kWarning, key, named, message));
  }

  /// What the reader of the file has checked there; false when the list is unusable.
  bool check_command_line(const std::string& key,
                          const std::vector<NamedRun>& runs,
                          std::size_t most) {
    if (runs.empty() || runs.front().line > 0) return true;
    std::vector<std::string> ids;
    for (const NamedRun& run : runs) ids.push_back(run.run_id);
    const std::vector<RunIdMistake> found = check_run_ids(ids, most);
    for (const RunIdMistake& one : found) mistake(key, runs.front(), printable(one.message));
    return found.empty();
  }

  void open(const std::string& project) {
    project_ = project;
    try {
      const Workspace workspace = Workspace::open(project);
      runs_directory_ = workspace.runs_directory();
      if (fs::exists(workspace.history_file())) store_.emplace(workspace.history_file());
    } catch (const NotFoundError&) {
      // Nothing was ever run here: every run that is named will be missing.
    }
  }

  template <typename Take>
  void look(const std::string& key, const NamedRun& named, Take take) {
    const auto run = store_ ? store_->run(named.run_id) : std::nullopt;
    if (run) return take(*run);
    mistake(key, named, "no run " + named.run_id + " in " + project_);
  }

  // ----- resume_from

  void take_parent(const NamedRun& named, const RunSummary& run) {
    const std::size_t mistakes = mistakes_.size();
    const auto wrong = [&](const std::string& what) {
      mistake("resume_from", named, run.run_id + ' ' + what);
    };
    if (run.is_child) {
      return wrong("is a child run; resume_from takes parent runs, and its own is " +
                   run.parent_run_id);
    }
    if (run.kind != RunKind::kHyperDrive) return wrong("is a script run, not a HyperDrive run");
    if (!is_terminal(run.status)) {
      wrong(
          fmt::format("is {}, and only what has ended can be resumed from; `hdrive run cancel -r "
                      "{}` ends it",
                      status_name(run.status),
                      run.run_id));
    }
    if (run.primary_metric_name != config_.primary_metric_name ||
        run.primary_metric_goal != config_.primary_metric_goal) {
      wrong(goal_text(run.primary_metric_goal, run.primary_metric_name) + ", and this one " +
            goal_text(config_.primary_metric_goal, config_.primary_metric_name));
    }
    if (mistakes_.size() > mistakes) return;
    result_.resume_from.push_back(run.run_id);
    take_results(named, run.run_id);
  }

  void take_results(const NamedRun& named, const std::string& run_id) {
    const auto spec = store_->spec(run_id);
    if (!spec) {
      return mistake(
          "resume_from", named, "nothing was stored of how " + run_id + " was submitted");
    }
    HyperDriveConfig earlier;
    try {
      earlier = config_of(*spec);
    } catch (const ConfigError&) {
      return mistake(
          "resume_from", named, "the stored hdconfig of " + run_id + " cannot be read any more");
    }
    total_ += earlier.max_total_runs;
    const std::size_t before = result_.results.size();
    std::string misfit;
    LeftOutRuns left_out;
    const History history = stored_history(*store_, run_id, earlier);
    for (const ChildRun& child : history.children()) {
      take_result(child_run_id(*spec, child.index), child, left_out, misfit);
    }
    left_out.tell(run_id, result_.left_out);
    if (result_.results.size() > before) return;
    if (!misfit.empty()) {
      mistake("resume_from",
              named,
              "no result of " + run_id + " fits the parameter space; the first: " + misfit);
    } else {
      warn("resume_from", named, run_id + " has no results that the sampler could learn from");
    }
  }

  void take_result(const std::string& run_id,
                   const ChildRun& child,
                   LeftOutRuns& left_out,
                   std::string& misfit) {
    const auto& resumed = config_.resume_child_runs;
    if (std::any_of(resumed.begin(), resumed.end(), [&](const NamedRun& named) {
          return named.run_id == run_id;
        })) {
      return left_out.add("run again by resume_child_runs");
    }
    if (child.attempt < 0) return left_out.add("never started");
    // A policy, or the child run's own time limit, judged the configuration; others did not.
    const bool judged = child.cancel_cause == CancelCause::kPolicy ||
                        child.details->exit.kind == ExitStatus::Kind::kTimeLimit;
    if (child.status == RunStatus::kCanceled && !judged) {
      return left_out.add("canceled, but not by a policy");
    }
    auto adopted = space_.fit(child.configuration());
    if (!adopted) {
      if (misfit.empty()) misfit = adopted.error().message;
      return left_out.add(kDoesNotFit, adopted.error().message);
    }
    result_.results.push_back(
        {run_id, std::move(*adopted), child.trial->outcome, child.trial->value});
  }

  /// HyperDrive counts the runs of all parent runs together.
  void check_total() {
    if (config_.resume_from.empty() || total_ + config_.max_total_runs <= kMostRunsTogether) return;
    const std::string message = fmt::format(
        "HyperDrive allows at most {} runs together with those of the earlier parent "
        "runs; found {}",
        kMostRunsTogether,
        total_ + config_.max_total_runs);
    const NamedRun& named = config_.resume_from.front();
    strict_ ? mistake("resume_from", named, message) : warn("resume_from", named, message);
  }

  // ----- resume_child_runs

  void take_child(const NamedRun& named, const RunSummary& run) {
    const auto wrong = [&](const std::string& what) {
      mistake("resume_child_runs", named, run.run_id + ' ' + what);
    };
    if (!run.is_child) {
      return wrong(run.kind == RunKind::kHyperDrive
                       ? "is a parent run; resume_child_runs takes child runs, such as " +
                             run.run_id + "_0"
                       : "is a script run, not a child run of HyperDrive");
    }
    if (parents_.insert(run.parent_run_id).second && parents_.size() == kMostResumedParents + 1) {
      wrong(fmt::format("is of the {}th parent run; child runs of at most {} can be resumed",
                        parents_.size(),
                        kMostResumedParents));
    }
    if (!is_terminal(run.status)) {
      return wrong(fmt::format("is {}, and only a child run that has ended can be resumed",
                               status_name(run.status)));
    }
    const int attempt = latest_attempt_that_ran(run);
    if (attempt < 0) return wrong("never came to run: there is nothing to go on from");
    check_outputs(named, run, attempt);
    auto adopted = space_.fit(Configuration(parse_json(run.hyperparameters).as_map()));
    if (!adopted) return wrong("does not fit the parameter space: " + adopted.error().message);
    result_.children.push_back({run.run_id, attempt, std::move(*adopted)});
  }

  int latest_attempt_that_ran(const RunSummary& run) const {
    int attempt = -1;
    for (const Event& event : store_->events_of_child(run.parent_run_id, run.child)) {
      const auto* started = std::get_if<ChildStarted>(&event.body);
      if (started != nullptr) attempt = std::max(attempt, started->attempt);
    }
    return attempt;
  }

  void check_outputs(const NamedRun& named, const RunSummary& run, int attempt) {
    const fs::path outputs =
        fs::path(runs_directory_) / run.run_id / std::to_string(attempt) / "work" / "outputs";
    std::error_code error;
    const bool empty = fs::is_empty(outputs, error);
    if (error) {
      mistake("resume_child_runs",
              named,
              "the outputs of " + run.run_id + " cannot be used: " + outputs.string() + ": " +
                  error.message());
    } else if (empty) {
      warn("resume_child_runs", named, run.run_id + " left nothing in its outputs to go on from");
    }
  }

  const HyperDriveConfig& config_;
  FittedSpace space_;
  const std::string& file_;
  bool strict_;
  std::vector<Diagnostic>& warnings_;
  std::vector<Diagnostic> mistakes_;
  std::optional<RunStore> store_;
  std::string project_, runs_directory_;
  std::set<std::string> parents_;  ///< of the child runs to be resumed
  int total_ = 0;                  ///< max_total_runs of all parent runs resumed from
  WarmStart result_;
};

/// Of one parent run, by the ids of its child runs.
int results_of(const WarmStart& warm_start, const std::string& run_id) {
  return static_cast<int>(std::count_if(
      warm_start.results.begin(), warm_start.results.end(), [&](const EarlierResult& one) {
        return one.run_id.substr(0, one.run_id.rfind('_')) == run_id;
      }));
}

}  // namespace

WarmStart read_warm_start(const std::string& project,
                          const HyperDriveConfig& config,
                          const std::string& file,
                          bool strict,
                          std::vector<Diagnostic>& warnings) {
  if (config.resume_from.empty() && config.resume_child_runs.empty()) return {};
  return WarmStartReader(config, file, strict, warnings).read(project);
}

std::vector<std::string> warm_start_lines(const WarmStart& warm_start) {
  std::vector<std::string> lines;
  for (const std::string& run_id : warm_start.resume_from) {
    std::string line = fmt::format(
        "resumed from {}: {} results are known", run_id, results_of(warm_start, run_id));
    std::string separator = "; left out: ";
    for (const WarmStart::LeftOut& one : warm_start.left_out) {
      if (one.run_id != run_id) continue;
      line += fmt::format("{}{} {}", separator, one.count, one.reason);
      separator = ", ";
    }
    lines.push_back(printable(line));
  }
  for (std::size_t i = 0; i < warm_start.children.size(); ++i) {
    lines.push_back(fmt::format("child run {} goes on from {}", i, warm_start.children[i].run_id));
  }
  return lines;
}

Value warm_start_document(const WarmStart& warm_start) {
  if (warm_start.empty()) return {};
  Value::List parents;
  for (const std::string& run_id : warm_start.resume_from) {
    Value::List left_out;
    for (const WarmStart::LeftOut& one : warm_start.left_out) {
      if (one.run_id != run_id) continue;
      left_out.push_back(Value::Map{{"count", one.count}, {"reason", one.reason}});
    }
    parents.push_back(Value::Map{{"runId", run_id},
                                 {"results", results_of(warm_start, run_id)},
                                 {"leftOut", std::move(left_out)}});
  }
  Value::List children;
  for (const ResumedChild& child : warm_start.children) children.emplace_back(child.run_id);
  return Value::Map{{"resumeFrom", std::move(parents)}, {"resumeChildRuns", std::move(children)}};
}

}  // namespace hd
