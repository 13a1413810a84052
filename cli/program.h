#pragma once
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "engine/core/value.h"
#include "engine/store/run_store.h"
#include "engine/workspace/workspace.h"

namespace hd {

/// The flags that every command takes.
struct CommonOptions {
  std::string path = ".";
  std::string experiment;
  std::string output = "json";
  bool output_given = false;
  std::string query;
  std::string metadata_file;  ///< `-t`: receives the JSON that the command prints
  bool quiet = false;
  int verbosity = 0;
};

/// The command line as a tree of commands. Parsing chooses one action; the caller runs it.
struct Program {
  CLI::App app;
  CommonOptions options;
  std::function<int()> action;
};

/// Adds a command with the common flags. `examples` stand first in its help, one per line.
CLI::App* add_command(Program& program,
                      CLI::App& group,
                      const std::string& name,
                      const std::string& description,
                      const std::string& examples,
                      std::function<int(const CommonOptions&)> action);

/// Adds a group such as `run`, which needs one of its commands.
CLI::App* add_group(Program& program, const std::string& name, const std::string& description);

/// A command of the full program that this release does not have: found by the person who types it
/// from an old script, with an answer that says so.
void add_missing_command(Program& program,
                         CLI::App& group,
                         const std::string& name,
                         const std::string& instead);

/// Adds `--run/-r ID`, which is required.
void add_run_option(CLI::App& command, std::string& run_id);

/// Writes the document to standard output in the form asked for, and to the metadata file.
void print_result(const CommonOptions& options,
                  const Value& document,
                  const std::vector<std::string>& columns = {});

/// Whether a person reads standard output and did not ask for a form: then text serves better.
[[nodiscard]] bool wants_text(const CommonOptions& options);

/// Writes a line to standard error unless --only-show-errors was given.
void note(const CommonOptions& options, const std::string& line);

/// The workspace and its history, which must exist.
struct OpenedHistory {
  Workspace workspace;
  RunStore store;
};
[[nodiscard]] OpenedHistory open_history(const CommonOptions& options);

/// The run of that id. Throws NotFoundError.
[[nodiscard]] RunSummary require_run(const OpenedHistory& history, const std::string& run_id);
/// The same for a sweep: throws UsageError for another kind of run.
[[nodiscard]] RunSummary require_sweep(const OpenedHistory& history, const std::string& run_id);

// The command groups, one file each.
void add_setup_commands(Program& program);
void add_submit_commands(Program& program, CLI::App& run);
void add_query_commands(Program& program, CLI::App& run);
void add_explain_command(Program& program, CLI::App& run);
void add_importance_command(Program& program, CLI::App& run);
void add_control_commands(Program& program, CLI::App& run);
void add_log_commands(Program& program, CLI::App& run);
void add_file_commands(Program& program, CLI::App& run);
void add_tensorboard_command(Program& program, CLI::App& run);
void add_model_commands(Program& program);
void add_ask_tell_command(Program& program);
void add_serve_command(Program& program);
void add_compute_target_commands(Program& program);
void add_other_commands(Program& program, CLI::App& run);

/// `--resume ID` of submit-hyperdrive as `--resume=ID`: to CLI11 an option whose value may be left
/// out is a flag.
void join_resume_id(const Program& program, std::vector<std::string>& words);

/// Parses and runs a command line; never throws. Returns the process's exit code.
[[nodiscard]] int run_program(int argc, char** argv);

}  // namespace hd
