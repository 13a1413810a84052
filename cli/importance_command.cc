#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "cli/compose.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/stored_history.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"
#include "samplers/gp/importance.h"

namespace hd {

namespace {

using gp::Importance;
using gp::ParameterImportance;
using gp::Share;

/// Below this the model knows so little of the results that its ranking is a guess.
constexpr double kLeastExplained = 0.3;

const std::vector<std::string>& importance_columns() {
  static const std::vector<std::string> kColumns = {"name",
                                                    "total",
                                                    "totalLow",
                                                    "totalHigh",
                                                    "firstOrder",
                                                    "firstOrderLow",
                                                    "firstOrderHigh",
                                                    "activeShare",
                                                    "totalWhereActive"};
  return kColumns;
}

/// Four decimals: the estimates hold no more.
double rounded(double share) { return std::round(share * 1e4) / 1e4; }

void add_share(Value::Map& map, const std::string& name, const Share& share) {
  map.emplace_back(name, rounded(share.value));
  map.emplace_back(name + "Low", rounded(share.low));
  map.emplace_back(name + "High", rounded(share.high));
}

Value::List parameter_documents(const Importance& importance) {
  Value::List list;
  for (const ParameterImportance& parameter : importance.parameters) {
    Value::Map map = {{"name", parameter.name}};
    add_share(map, "total", parameter.total);
    add_share(map, "firstOrder", parameter.first_order);
    map.emplace_back("activeShare", rounded(parameter.active_share));
    add_share(map, "totalWhereActive", parameter.total_where_active);
    list.emplace_back(std::move(map));
  }
  return list;
}

std::vector<std::string> warnings_of(const Importance& importance) {
  std::vector<std::string> warnings;
  if (importance.explained < kLeastExplained) {
    warnings.push_back(fmt::format(
        "the model explains little of these results (R2 {:.2f}, left out one by one): the ranking "
        "is little more than a guess",
        importance.explained));
  }
  return warnings;
}

Value importance_document(const RunSummary& run,
                          const History& history,
                          const Importance& importance) {
  Value::List warnings;
  for (std::string& warning : warnings_of(importance)) warnings.emplace_back(std::move(warning));
  const auto pending = history.active() + history.queued();
  return Value::Map{
      {"runId", run.run_id},
      {"status", std::string(status_name(run.status))},
      {"primaryMetric",
       Value::Map{{"name", history.primary_metric_name()},
                  {"goal", history.goal() == Goal::kMaximize ? "maximize" : "minimize"}}},
      {"results", importance.results},
      {"otherRuns", importance.other_runs},
      {"pendingRuns", pending},
      {"modeledRuns", importance.modeled_runs},
      {"model",
       Value::Map{{"explainedVariance", rounded(importance.explained)},
                  {"rankCorrelation", rounded(importance.rank_correlation)}}},
      {"interval", 0.9},
      {"parameters", parameter_documents(importance)},
      {"warnings", warnings},
      {"schemaVersion", 1}};
}

std::string interval_text(const Share& share) {
  return fmt::format("{:5.2f}  {:4.2f} to {:4.2f}", share.value, share.low, share.high);
}

std::string importance_text(const RunSummary& run,
                            const History& history,
                            const Importance& importance) {
  std::size_t width = std::string("parameter").size();
  for (const ParameterImportance& one : importance.parameters) {
    width = std::max(width, cells(printable(one.name)));
  }
  std::string text =
      fmt::format("{} {}: shares in the variance of {} over the space, from {} results",
                  run.run_id,
                  std::string(status_name(run.status)),
                  printable(history.primary_metric_name()),
                  importance.results);
  if (importance.other_runs > 0) {
    text += fmt::format(" and {} runs without one", importance.other_runs);
  }
  text += "\n  " + fit("parameter", width) + "  total  9 chances in 10   alone  9 chances in 10\n";
  for (const ParameterImportance& one : importance.parameters) {
    text += "  " + fit(printable(one.name), width) + "  " + interval_text(one.total) + "     " +
            interval_text(one.first_order);
    if (one.active_share < 1) {
      text += fmt::format("     {:.2f} in the {:.0f} % where active",
                          one.total_where_active.value,
                          100 * one.active_share);
    }
    text += '\n';
  }
  return text + fmt::format(
                    "  each result against what the model predicts from the others: R2 {:.2f}, "
                    "rank correlation {:.2f}\n",
                    importance.explained,
                    importance.rank_correlation);
}

int show_importance(const CommonOptions& options, const std::string& run_id) {
  const OpenedHistory opened = open_history(options);
  const RunSummary run = require_sweep(opened, run_id);
  const auto spec = opened.store.spec(run.run_id);
  if (!spec) throw NotFoundError("nothing was stored of how " + run.run_id + " was submitted");
  const HyperDriveConfig config = config_of(*spec);
  const History history = stored_history(opened.store, run.run_id, config);
  const Result<Importance> importance =
      gp::importance(config.parameter_space, history.goal(), history.trials(), spec->seed);
  if (!importance) {
    throw CommandFailure(kExitNotFound,
                         "E0403",
                         "no importance for " + run.run_id + ": " + importance.error().message,
                         "hdrive run children -r " + run.run_id + " shows the results");
  }
  for (const std::string& warning : warnings_of(*importance)) note(options, "warning: " + warning);
  const Value document = importance_document(run, history, *importance);
  const OutputFormat format = parse_output_format(options.output);
  const bool text = wants_text(options);
  const bool rows = format == OutputFormat::kTable || format == OutputFormat::kTsv;
  if (!text && !rows) {
    print_result(options, document);
    return kExitDone;
  }
  if (!options.metadata_file.empty()) {
    replace_file(options.metadata_file, render(document, OutputFormat::kJson, {}));
  }
  write_stdout(text ? importance_text(run, history, *importance)
                    : render(*document.find("parameters"), format, importance_columns()));
  return kExitDone;
}

}  // namespace

void add_importance_command(Program& program, CLI::App& run) {
  auto run_id = std::make_shared<std::string>();
  CLI::App* command = add_command(
      program,
      run,
      "importance",
      "Which parameters matter: their shares in the variance of the primary metric",
      "hdrive run importance -r HD_...\nhdrive run importance -r HD_... -o table",
      [run_id](const CommonOptions& options) { return show_importance(options, *run_id); });
  add_run_option(*command, *run_id);
}

}  // namespace hd
