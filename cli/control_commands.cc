#include <memory>

#include "cli/compose.h"
#include "cli/engine_process.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/run_document.h"
#include "cli/text.h"
#include "engine/core/error.h"

namespace hd {

namespace {

ParentRunSpec require_spec(const OpenedHistory& history, const std::string& run_id) {
  auto spec = history.store.spec(run_id);
  if (!spec) throw NotFoundError("the history does not hold how " + run_id + " was submitted");
  return *spec;
}

/// Prints the run as it is now; nothing for a person who has read the summary.
void print_run(const CommonOptions& options,
               const OpenedHistory& history,
               const std::string& run_id) {
  print_result(options, run_document(require_run(history, run_id)), run_columns());
}

/// No engine is left that could obey: this process becomes one for as long as it takes.
int cancel_without_engine(const CommonOptions& options,
                          OpenedHistory& history,
                          const std::string& run_id) {
  const ParentRunSpec spec = require_spec(history, run_id);
  const EngineLock lock = require_engine_lock(history.workspace, run_id);
  note(options, "no engine drives " + run_id + "; ending what it left behind");
  return drive(
      options, history.workspace, history.store, spec, config_of(spec), {.cancel_expected = true});
}

int cancel_run(const CommonOptions& options, const std::string& run_id) {
  OpenedHistory history = open_history(options);
  const RunSummary run = require_run(history, run_id);
  if (is_terminal(run.status)) {
    note(options, run_id + " is " + std::string(status_name(run.status)) + " already");
    print_run(options, history, run_id);
    return kExitDone;
  }
  Command command;
  command.kind = run.is_child ? Command::Kind::kCancelChild : Command::Kind::kCancel;
  command.child = run.is_child ? run.child : -1;
  command.reason = "canceled by a user";
  const std::string engine = run.is_child ? run.parent_run_id : run_id;
  history.store.post(engine, command);
  int code = kExitDone;
  if (EngineLock::is_held(history.workspace, engine)) {
    note(options, "asked " + run_id + " to end");
  } else if (run.is_child) {
    note(options,
         "no engine drives " + engine + "; the cancel is carried out by hdrive run resume -r " +
             engine);
  } else {
    code = cancel_without_engine(options, history, run_id);
  }
  print_run(options, history, run_id);
  return code;
}

int post_to_sweep(const CommonOptions& options, const std::string& run_id, Command::Kind kind) {
  OpenedHistory history = open_history(options);
  const RunSummary run = require_sweep(history, run_id);
  if (is_terminal(run.status)) {
    throw UsageError(run_id + " is " + std::string(status_name(run.status)) +
                     ": there is nothing to pause");
  }
  Command command;
  command.kind = kind;
  history.store.post(run_id, command);
  if (!EngineLock::is_held(history.workspace, run_id)) {
    note(options,
         "no engine drives " + run_id + "; it takes effect with hdrive run resume -r " + run_id);
  }
  print_run(options, history, run_id);
  return kExitDone;
}

int update_run(const CommonOptions& options,
               const std::string& run_id,
               const std::vector<std::string>& tags) {
  OpenedHistory history = open_history(options);
  (void)require_run(history, run_id);
  if (tags.empty()) throw UsageError("nothing to change", "give --add-tag key=value");
  for (const std::string& tag : tags) {
    const auto equals = tag.find('=');
    if (equals == 0) throw UsageError("--add-tag takes key=value; found '" + printable(tag) + "'");
    history.store.set_tag(
        run_id, tag.substr(0, equals), equals == std::string::npos ? "" : tag.substr(equals + 1));
  }
  print_run(options, history, run_id);
  return kExitDone;
}

/// The engine that `--async` leaves behind. Its standard error is the log.
int run_engine(const CommonOptions& options,
               const std::string& run_id,
               DriveOptions drive_options) {
  OpenedHistory history = open_history(options);
  (void)require_run(history, run_id);
  const EngineLock lock = require_engine_lock(history.workspace, run_id);
  const ParentRunSpec spec = require_spec(history, run_id);
  return drive(options, history.workspace, history.store, spec, config_of(spec), drive_options);
}

}  // namespace

int resume_run(const CommonOptions& options,
               const std::string& run_id,
               bool detached,
               DriveOptions drive_options) {
  OpenedHistory history = open_history(options);
  const RunSummary run = require_run(history, run_id);
  if (run.is_child) {
    throw UsageError(run_id + " is a child run", "resume its parent run: " + run.parent_run_id);
  }
  if (is_terminal(run.status)) {
    throw UsageError(run_id + " is " + std::string(status_name(run.status)) +
                     ": there is nothing left to do");
  }
  const ParentRunSpec spec = require_spec(history, run_id);
  const HyperDriveConfig config = config_of(spec);
  int code = kExitDone;
  {
    auto lock = std::make_unique<EngineLock>(require_engine_lock(history.workspace, run_id));
    if (detached) {
      lock.reset();
      start_detached_engine(history.workspace, run_id, drive_options);
    } else {
      code = drive(options, history.workspace, history.store, spec, config, drive_options);
    }
  }
  if (detached || !wants_text(options) || !options.metadata_file.empty()) {
    print_run(options, history, run_id);
  }
  return code;
}

void add_control_commands(Program& program, CLI::App& run) {
  auto run_id = std::make_shared<std::string>();
  CLI::App* command =
      add_command(program,
                  run,
                  "cancel",
                  "End a run and everything it started",
                  "hdrive run cancel -r HD_...",
                  [run_id](const CommonOptions& options) { return cancel_run(options, *run_id); });
  add_run_option(*command, *run_id);

  command = add_command(program,
                        run,
                        "pause",
                        "Start no new child runs; running ones go on",
                        "hdrive run pause -r HD_...",
                        [run_id](const CommonOptions& options) {
                          return post_to_sweep(options, *run_id, Command::Kind::kPause);
                        });
  add_run_option(*command, *run_id);
  command = add_command(program,
                        run,
                        "unpause",
                        "Start new child runs again",
                        "hdrive run unpause -r HD_...",
                        [run_id](const CommonOptions& options) {
                          return post_to_sweep(options, *run_id, Command::Kind::kUnpause);
                        });
  add_run_option(*command, *run_id);

  auto tags = std::make_shared<std::vector<std::string>>();
  command = add_command(
      program,
      run,
      "update",
      "Set tags of a run",
      "hdrive run update -r HD_... --add-tag team=vision",
      [run_id, tags](const CommonOptions& options) { return update_run(options, *run_id, *tags); });
  add_run_option(*command, *run_id);
  command->add_option("--add-tag", *tags, "key=value, repeatable")->allow_extra_args(false);

  auto detached = std::make_shared<bool>(false);
  auto strict = std::make_shared<bool>(false);
  command = add_command(program,
                        run,
                        "resume",
                        "Take up a parent run whose engine died or was stopped",
                        "hdrive run resume -r HD_...",
                        [run_id, detached, strict](const CommonOptions& options) {
                          return resume_run(options, *run_id, *detached, {.strict = *strict});
                        });
  add_run_option(*command, *run_id);
  command->add_flag("--async", *detached, "Return at once; the engine goes on by itself");
  command->add_flag("--strict", *strict, "Exit code 3 when any child run failed");

  auto leaves = std::make_shared<bool>(false);
  command = add_command(
      program,
      program.app,
      "engine",
      "Drive a parent run (used by --async)",
      "",
      [run_id, strict, leaves](const CommonOptions& options) {
        return run_engine(options, *run_id, {.strict = *strict, .leaves_on_terminate = *leaves});
      });
  command->group("");
  add_run_option(*command, *run_id);
  command->add_flag("--leaves-on-terminate", *leaves, "SIGTERM leaves the sweep to another engine");
  command->add_flag("--strict", *strict, "Exit code 3 when any child run failed");
}

}  // namespace hd
