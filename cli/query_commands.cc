#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "cli/child_command.h"
#include "cli/exit_code.h"
#include "cli/final_summary.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/run_document.h"
#include "cli/text.h"
#include "cli/warm_start.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"

namespace hd {

namespace {

struct ListOptions {
  int last = 10;
  std::string parent;
  std::string target;
  std::string status;
  std::vector<std::string> tags;
  std::string pipeline;
  bool minimal = false;
};

std::pair<std::string, std::string> split_tag(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) return {text, ""};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

const std::vector<std::string>& minimal_columns() {
  static const std::vector<std::string> kColumns = {
      "runId", "runType", "status", "startTimeUtc", "endTimeUtc", "target", "tags"};
  return kColumns;
}

Value minimal_document(const RunSummary& run) {
  const Value whole = run_document(run);
  Value::Map map;
  for (const std::string& key : minimal_columns()) {
    if (const Value* member = whole.find(key)) map.emplace_back(key, *member);
  }
  return map;
}

bool has_history(const CommonOptions& options) {
  try {
    return read_file(Workspace::open(options.path).history_file(), SIZE_MAX).has_value();
  } catch (const NotFoundError&) {
    return false;
  }
}

int list_runs(const CommonOptions& options, const ListOptions& list) {
  RunFilter filter;
  filter.experiment = options.experiment;
  filter.parent_run_id = list.parent;
  filter.target = list.target;
  filter.last = list.last;
  if (list.last < 0) throw UsageError("--last takes a number of runs, 0 for all");
  if (!list.pipeline.empty()) {
    throw UsageError("--pipeline-run-id: there are no pipelines here",
                     "--parent-run-id lists the child runs of a sweep");
  }
  if (!list.status.empty()) {
    try {
      filter.status = parse_status(list.status);
    } catch (const std::invalid_argument& error) {
      throw UsageError(error.what());
    }
  }
  for (const std::string& tag : list.tags) filter.tags.push_back(split_tag(tag));
  Value::List documents;
  if (list.parent.empty() && !has_history(options)) {
    print_result(options, documents);
    return kExitDone;
  }
  const OpenedHistory history = open_history(options);
  if (!list.parent.empty()) (void)require_run(history, list.parent);
  for (const RunSummary& run : history.store.runs(filter)) {
    documents.push_back(list.minimal ? minimal_document(run) : run_document(run));
  }
  print_result(options, documents, list.minimal ? minimal_columns() : run_columns());
  return kExitDone;
}

int show_run(const CommonOptions& options, const std::string& run_id) {
  const OpenedHistory history = open_history(options);
  const RunSummary run = require_run(history, run_id);
  Value::Map document = run_document(run).as_map();
  if (!run.is_child && run.kind == RunKind::kHyperDrive) {
    const auto spec = history.store.spec(run_id);
    if (spec && !spec->warm_start.empty()) {
      document.emplace_back("warmStart", warm_start_document(spec->warm_start));
    }
  }
  print_result(options, document, run_columns());
  return kExitDone;
}

std::vector<RunSummary> sorted_children(const OpenedHistory& history, const RunSummary& parent) {
  RunFilter filter;
  filter.parent_run_id = parent.run_id;
  filter.last = 0;
  std::vector<RunSummary> children = history.store.runs(filter);
  sort_best_first(children, parent.primary_metric_goal.value_or(Goal::kMaximize));
  return children;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_number(std::optional<double> number) {
  return number ? format_number(*number) : std::string();
}

/// One row per child run, one column per hyperparameter of any of them.
std::string children_csv(const std::vector<RunSummary>& children) {
  std::vector<Value> assignments;
  std::vector<std::string> names;
  for (const RunSummary& child : children) {
    const Value& one = assignments.emplace_back(parse_json(child.hyperparameters));
    if (!one.is_map()) continue;
    for (const auto& [name, value] : one.as_map()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::string out = "run_id,status,best_primary_metric,start_time_utc,end_time_utc";
  for (const std::string& name : names) out += ',' + csv_field(name);
  out += '\n';
  for (std::size_t i = 0; i < children.size(); ++i) {
    const RunSummary& child = children[i];
    out += child.run_id + ',' + std::string(status_name(child.status)) + ',' +
           csv_number(child.best_primary_metric) + ',' + utc_time(child.started_us) + ',' +
           utc_time(child.ended_us);
    for (const std::string& name : names) {
      const Value* value = assignments[i].find(name);
      out += ',' + (value == nullptr || value->is_null() ? "" : csv_field(to_argument(*value)));
    }
    out += '\n';
  }
  return out;
}

int list_children(const CommonOptions& options,
                  const std::string& run_id,
                  const std::string& csv_file) {
  const OpenedHistory history = open_history(options);
  const RunSummary parent = require_sweep(history, run_id);
  const std::vector<RunSummary> children = sorted_children(history, parent);
  if (csv_file == "-") {
    write_stdout(children_csv(children));
    return kExitDone;
  }
  if (!csv_file.empty()) {
    replace_file(csv_file, children_csv(children));
    note(options, fmt::format("wrote {} child runs to {}", children.size(), csv_file));
  }
  Value::List documents;
  for (const RunSummary& child : children) {
    documents.push_back(
        Value::Map{{"run_id", child.run_id},
                   {"hyperparameters", parse_json(child.hyperparameters)},
                   {"best_primary_metric",
                    child.best_primary_metric ? Value(*child.best_primary_metric) : Value()},
                   {"status", std::string(status_name(child.status))}});
  }
  print_result(options, documents, {"run_id", "best_primary_metric", "status", "hyperparameters"});
  return kExitDone;
}

int show_best(const CommonOptions& options, const std::string& run_id, bool arguments_only) {
  const OpenedHistory history = open_history(options);
  const RunSummary parent = require_sweep(history, run_id);
  if (parent.best_child_run_id.empty()) {
    throw CommandFailure(kExitNotFound,
                         "E0402",
                         "no child run of " + parent.run_id + " has reported '" +
                             printable(parent.primary_metric_name) + "'",
                         "hdrive run metrics -r <child> shows what was logged");
  }
  const RunSummary best = require_run(history, parent.best_child_run_id);
  const std::vector<std::string> arguments = hyperparameter_arguments(best.hyperparameters);
  if (arguments_only) {
    write_stdout(shell_line(arguments) + '\n');
    return kExitDone;
  }
  const Value whole = run_document(best);
  Value::Map document = whole.as_map();
  const auto spec = history.store.spec(parent.run_id);
  if (spec) {
    document.emplace_back("commandLine", reproducing_command(*spec, configuration_of(best)));
    document.emplace_back("sourceDirectory", spec->source_directory);
  }
  document.emplace_back(
      "outputs",
      history.workspace.attempt_directory(best.run_id, std::max(0, best.attempt)) +
          "/work/outputs");
  print_result(options, document, run_columns());
  return kExitDone;
}

Value metric_value(const MetricPoint& point) {
  return point.text.empty() ? Value(point.value) : parse_json(point.text);
}

/// A point of a run, or of a sweep, whose points are those that child runs logged to it.
struct ShownPoint {
  int child = -1;  ///< that logged to its parent run; -1 = the run itself did
  int attempt = 0;
  MetricPoint point;
};

void visit_points(const OpenedHistory& history,
                  const RunSummary& run,
                  const std::string& name,
                  const std::function<void(const ShownPoint&)>& visit) {
  if (run.is_sweep()) {
    history.store.parent_metrics(
        run.run_id, name, [&](int child, int attempt, const MetricPoint& point) {
          visit({child, attempt, point});
        });
  } else {
    history.store.metrics(run.run_id, name, [&](int attempt, const MetricPoint& point) {
      visit({-1, attempt, point});
    });
  }
}

std::string metrics_csv(const OpenedHistory& history,
                        const RunSummary& run,
                        const std::string& name) {
  std::string out = "name,value,step,time_utc,attempt";
  out += run.is_sweep() ? ",child\n" : "\n";
  visit_points(history, run, name, [&](const ShownPoint& shown) {
    const MetricPoint& point = shown.point;
    const std::string value = point.text.empty() ? format_number(point.value) : point.text;
    out += csv_field(point.name) + ',' + csv_field(value) + ',' +
           (point.step ? std::to_string(*point.step) : "") + ',' + utc_time(point.time_us) + ',' +
           std::to_string(shown.attempt);
    if (shown.child >= 0) out += ',' + std::to_string(shown.child);
    out += '\n';
  });
  return out;
}

int show_metrics(const CommonOptions& options, const std::string& run_id, const std::string& name) {
  const OpenedHistory history = open_history(options);
  const RunSummary run = require_run(history, run_id);
  if (options.output == "csv") {
    write_stdout(metrics_csv(history, run, name));
    return kExitDone;
  }
  Value::List points;
  visit_points(history, run, name, [&](const ShownPoint& shown) {
    const MetricPoint& point = shown.point;
    Value::Map document{{"name", point.name},
                        {"value", metric_value(point)},
                        {"step", point.step ? Value(*point.step) : Value()},
                        {"timeUtc", utc_time(point.time_us)},
                        {"attempt", shown.attempt}};
    if (shown.child >= 0) document.emplace_back("child", shown.child);
    points.emplace_back(std::move(document));
  });
  print_result(options, points, {"name", "value", "step", "timeUtc"});
  return kExitDone;
}

}  // namespace

void add_query_commands(Program& program, CLI::App& run) {
  auto list = std::make_shared<ListOptions>();
  CLI::App* command = add_command(
      program,
      run,
      "list",
      "Runs of this workspace, newest first",
      "hdrive run list -e digits --last 5 -o table\nhdrive run list --parent-run-id HD_...",
      [list](const CommonOptions& options) { return list_runs(options, *list); });
  command->add_option("--last", list->last, "How many; 0 = all (default 10)");
  command->add_option("--parent-run-id", list->parent, "List the child runs of this run");
  command->add_option("--pipeline-run-id", list->pipeline, "Refused: there are no pipelines here")
      ->group("");
  command->add_option("--compute-target-name", list->target, "Only runs on this target");
  command->add_option("--status", list->status, "Only runs in this status");
  command->add_option("--tags", list->tags, "Only runs with this tag; key=value, repeatable")
      ->allow_extra_args(false);
  command->add_flag("--minimal", list->minimal, "Only the most important members");

  auto run_id = std::make_shared<std::string>();
  command =
      add_command(program,
                  run,
                  "show",
                  "One run",
                  "hdrive run show -r HD_... -o yaml",
                  [run_id](const CommonOptions& options) { return show_run(options, *run_id); });
  add_run_option(*command, *run_id);

  auto csv_file = std::make_shared<std::string>();
  command = add_command(program,
                        run,
                        "children",
                        "The child runs of a sweep, best first",
                        "hdrive run children -r HD_... -o table\n"
                        "hdrive run children -r HD_... --csv sweep.csv",
                        [run_id, csv_file](const CommonOptions& options) {
                          return list_children(options, *run_id, *csv_file);
                        });
  add_run_option(*command, *run_id);
  command->add_option("--csv", *csv_file, "Also write them to this file; - = standard output");

  auto arguments_only = std::make_shared<bool>(false);
  command = add_command(program,
                        run,
                        "best",
                        "The best child run of a sweep",
                        "hdrive run best -r HD_...\n"
                        "python train.py $(hdrive run best -r HD_... --args)",
                        [run_id, arguments_only](const CommonOptions& options) {
                          return show_best(options, *run_id, *arguments_only);
                        });
  add_run_option(*command, *run_id);
  command->add_flag("--args", *arguments_only, "Print only its hyperparameters, as arguments");

  auto name = std::make_shared<std::string>();
  command = add_command(program,
                        run,
                        "metrics",
                        "All metric points of a run (-o csv works here)",
                        "hdrive run metrics -r HD_..._3 --name accuracy -o csv",
                        [run_id, name](const CommonOptions& options) {
                          return show_metrics(options, *run_id, *name);
                        });
  add_run_option(*command, *run_id);
  command->add_option("--name", *name, "Only this metric");
}

}  // namespace hd
