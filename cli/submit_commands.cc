#include <memory>
#include <sys/stat.h>

#include <fmt/format.h>

#include "cli/check_report.h"
#include "cli/compose.h"
#include "cli/engine_process.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/repeated_submission.h"
#include "cli/run_document.h"
#include "cli/submission.h"
#include "cli/text.h"
#include "cli/warm_start.h"
#include "engine/workspace/files.h"
#include "engine/workspace/git_info.h"
#include "engine/workspace/identifiers.h"
#include "engine/workspace/snapshot.h"

namespace hd {

namespace {

std::string metric_config_json(const HyperDriveConfig& config) {
  return to_json(Value::Map{
      {"name", config.primary_metric_name},
      {"goal", config.primary_metric_goal == Goal::kMaximize ? "maximize" : "minimize"}});
}

void describe_warm_start(std::vector<std::pair<std::string, std::string>>& properties,
                         const WarmStart& warm_start) {
  if (!warm_start.resume_from.empty()) {
    properties.emplace_back(
        "resume_from",
        to_json(Value::List(warm_start.resume_from.begin(), warm_start.resume_from.end())));
  }
  if (warm_start.children.empty()) return;
  Value::List children;
  for (const ResumedChild& child : warm_start.children) children.emplace_back(child.run_id);
  properties.emplace_back("resume_child_runs", to_json(children));
}

/// The properties and tags by which clients of HyperDrive know a parent run.
void describe_parent(ParentRunSpec& spec, const HyperDriveConfig& config) {
  auto& properties = spec.properties;
  properties.emplace_back("ContentSnapshotId", spec.snapshot_id);
  if (spec.kind == RunKind::kScript) return;
  properties.emplace_back("azureml.runsource", "hyperdrive");
  properties.emplace_back("platform", "AML");
  properties.emplace_back("primary_metric_config", metric_config_json(config));
  properties.emplace_back("runTemplate", "HyperDrive");
  properties.emplace_back("seed", std::to_string(spec.seed));
  describe_warm_start(properties, spec.warm_start);
  if (const auto size = config.parameter_space.size()) {
    properties.emplace_back("space_size", std::to_string(*size));
  }
  spec.tags.emplace_back("max_total_jobs", std::to_string(config.max_total_runs));
  spec.tags.emplace_back("max_concurrent_jobs", std::to_string(config.max_concurrent_runs));
  spec.tags.emplace_back("max_duration_minutes", std::to_string(config.max_duration_minutes));
  spec.tags.emplace_back("primary_metric_config", metric_config_json(config));
}

void tell_warnings(const CommonOptions& options, const std::vector<Diagnostic>& warnings) {
  for (const Diagnostic& warning : warnings) note(options, to_string(warning));
}

/// Writes the parent run down and drives it. `turn` is given back once others can see it.
int begin(const CommonOptions& options,
          const SubmitRequest& request,
          const Workspace& workspace,
          RunStore& store,
          Submission& submission,
          const SnapshotResult& snapshot,
          FileDescriptor turn) {
  ParentRunSpec& spec = submission.spec;
  const std::int64_t now = now_us();
  spec.run_id = spec.kind == RunKind::kHyperDrive
                    ? new_parent_run_id()
                    : new_script_run_id(spec.experiment, now / 1'000'000);
  spec.properties = git_properties(spec.source_directory);
  describe_parent(spec, submission.config);
  (void)workspace.create_run_directory(spec.run_id);
  int code = kExitDone;
  {
    auto lock = std::make_unique<EngineLock>(require_engine_lock(workspace, spec.run_id));
    store.create_parent(
        spec, submission.config.primary_metric_name, submission.config.primary_metric_goal, now);
    note(options,
         fmt::format("run {} of experiment {}, snapshot {:.12} ({} files{})",
                     spec.run_id,
                     spec.experiment,
                     snapshot.id,
                     snapshot.file_count,
                     snapshot.existed ? ", unchanged" : ""));
    for (const std::string& line : warm_start_lines(spec.warm_start)) note(options, line);
    if (request.detached) {
      lock.reset();
      start_detached_engine(workspace, spec.run_id, drive_options_of(request));
    } else {
      turn.reset();
      code = drive(options, workspace, store, spec, submission.config, drive_options_of(request));
    }
  }
  const auto run = store.run(spec.run_id);
  if (run && (request.detached || !wants_text(options) || !options.metadata_file.empty())) {
    print_result(options, run_document(*run), run_columns());
  }
  return code;
}

/// From here on things are written: snapshot, run folder, history, in that order.
int start(const CommonOptions& options, const SubmitRequest& request, Submission submission) {
  ParentRunSpec& spec = submission.spec;
  const Workspace workspace = Workspace::open_or_create(submission.project);
  RunStore store(workspace.history_file());
  const SnapshotResult snapshot = take_snapshot(spec.source_directory, workspace);
  for (const std::string& warning : snapshot.warnings) note(options, "warning: " + warning);
  spec.snapshot_id = snapshot.id;
  struct stat info {};
  if (!spec.script.script.empty() &&
      ::stat((snapshot.directory + '/' + spec.script.script).c_str(), &info) != 0) {
    throw UsageError("the snapshot lacks the script " + spec.script.script,
                     "an .amlignore or .gitignore leaves it out");
  }
  FileDescriptor turn;
  if (!request.resume.empty()) {
    turn = wait_for_turn(workspace);
    if (const auto code = go_on(options, request, workspace, store, spec, turn)) return *code;
  }
  return begin(options, request, workspace, store, submission, snapshot, std::move(turn));
}

int submit(const CommonOptions& options, const SubmitRequest& request) {
  if (!request.resume.empty() && request.resume != kResumeEarlier) {
    if (!request.resume_from.empty() || !request.resume_child_runs.empty()) {
      throw UsageError(
          "--resume=ID goes on with a parent run as it was submitted; --resume-from and "
          "--resume-child-runs begin a new one");
    }
    return resume_run(options, request.resume, request.detached, drive_options_of(request));
  }
  if (request.kind == RunKind::kHyperDrive && request.hdconfig.empty()) {
    throw UsageError("--hyperdrive-configuration-name is required",
                     "it names the hdconfig; hdrive folder attach writes a sample");
  }
  Submission submission = read_submission(options, request);
  tell_warnings(options, submission.warnings);
  return start(options, request, std::move(submission));
}

int check(const CommonOptions& options, SubmitRequest request) {
  if (request.hdconfig.empty()) {
    throw UsageError("--hyperdrive-configuration-name is required");
  }
  // What a submission would only warn of is what somebody who checks wants to hear.
  request.strict = true;
  const Submission submission = read_submission(options, request);
  const Value report = check_report(submission);
  if (!wants_text(options)) {
    tell_warnings(options, submission.warnings);
    print_result(options, report);
    return kExitDone;
  }
  std::string text = check_text(report);
  for (const std::string& line : warm_start_lines(submission.spec.warm_start)) {
    text += "  " + line + '\n';
  }
  write_stdout(text);
  tell_warnings(options, submission.warnings);
  return kExitDone;
}

/// The words after the options are the script's, dashes and all.
void take_script_words(const CLI::App& command, SubmitRequest& request) {
  std::vector<std::string> words = command.remaining();
  if (!words.empty() && words.front() == "--") {
    words.erase(words.begin());
  } else if (!words.empty() && words.front().starts_with("-")) {
    throw CLI::ExtrasError(words);
  }
  request.script_words = std::move(words);
}

using Action = int (*)(const CommonOptions&, const SubmitRequest&);

CLI::App* add_submit_command(Program& program,
                             CLI::App& run,
                             const std::string& name,
                             const std::string& description,
                             const std::string& examples,
                             const std::shared_ptr<SubmitRequest>& request,
                             Action action) {
  CLI::App* command = add_command(
      program, run, name, description, examples, [request, action](const CommonOptions& options) {
        return action(options, *request);
      });
  command->prefix_command();
  command->parse_complete_callback([command, request] { take_script_words(*command, *request); });
  command->add_option("-c,--run-configuration-name", request->runconfig, "Run configuration");
  command->add_option("--source-directory",
                      request->source_directory,
                      "Folder that the child runs get a copy of (default: the project folder)");
  command->add_option("--target,--ct", request->target, "Compute target; wins over the file's");
  command->add_option("-d,--conda-dependencies", request->conda_dependencies, "Conda file");
  command->add_flag("--strict",
                    request->strict,
                    "Warnings about files are mistakes; exit code 3 when any child run failed");
  return command;
}

/// Of the commands that start something.
void add_start_options(CLI::App& command, SubmitRequest& request) {
  command.add_flag("--async", request.detached, "Return at once; the engine goes on by itself");
  command.add_flag("--resume",
                   request.resume,
                   "Go on with the run that the same command began and that is not over; begin one "
                   "if there is none. --resume=ID: go on with this run");
}

void add_hyperdrive_options(CLI::App& command, SubmitRequest& request) {
  command.add_option("--hyperdrive-configuration-name",
                     request.hdconfig,
                     "hdconfig: a path, or the end of the name of a file in the project");
  command.add_option_function<std::uint64_t>(
      "--seed",
      [&request](const std::uint64_t& seed) { request.seed = seed; },
      "Seed of the sampler; wins over the file's");
  // One at a time or separated by commas: a list separated by spaces would take the script for a
  // run.
  const auto add_runs = [&](const char* option, std::vector<std::string>& runs, const char* what) {
    command.add_option(option, runs, what)->delimiter(',')->allow_extra_args(false);
  };
  add_runs("--resume-from",
           request.resume_from,
           "Ended parent runs, separated by commas, whose results the sampler knows; win over the "
           "file's");
  add_runs("--resume-child-runs",
           request.resume_child_runs,
           "Ended child runs, separated by commas, that are run again first, from their outputs; "
           "win over the file's");
}

}  // namespace

void join_resume_id(const Program& program, std::vector<std::string>& words) {
  constexpr std::string_view kCommand = "submit-hyperdrive";
  if (words.size() < 2 || words[0] != "run" || words[1] != kCommand) return;
  const CLI::App* command = program.app.get_subcommand("run")->get_subcommand(words[1]);
  // Up to the script: what comes after it is the script's.
  for (std::size_t i = 2; i + 1 < words.size() && words[i].starts_with('-'); ++i) {
    if (words[i] == "--") return;
    if (words[i] == "--resume" && words[i + 1].starts_with("HD_")) {
      words[i] += '=' + words[i + 1];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return;
    }
    const CLI::Option* option = command->get_option_no_throw(words[i]);
    if (option != nullptr && option->get_items_expected_max() > 0) ++i;  // its value
  }
}

void add_submit_commands(Program& program, CLI::App& run) {
  auto script = std::make_shared<SubmitRequest>();
  script->kind = RunKind::kScript;
  CLI::App* command =
      add_submit_command(program,
                         run,
                         "submit-script",
                         "Run a script once, with its outputs and metrics kept",
                         "hdrive run submit-script -e digits -c local train.py --epochs 3",
                         script,
                         [](const CommonOptions& options, const SubmitRequest& request) {
                           return submit(options, request);
                         });
  add_start_options(*command, *script);

  auto sweep = std::make_shared<SubmitRequest>();
  command = add_submit_command(
      program,
      run,
      "submit-hyperdrive",
      "Tune the hyperparameters of a script",
      "hdrive run submit-hyperdrive -e digits -c local --hyperdrive-configuration-name "
      "hdconfig.yml train.py\n"
      "hdrive run submit-hyperdrive --hyperdrive-configuration-name sweep.yml --async\n"
      "hdrive run submit-hyperdrive --hyperdrive-configuration-name hdconfig.yml --resume-from "
      "HD_... train.py\n"
      "hdrive run submit-hyperdrive --hyperdrive-configuration-name hdconfig.yml --resume "
      "train.py\n"
      "hdrive run submit-hyperdrive --resume=HD_...",
      sweep,
      [](const CommonOptions& options, const SubmitRequest& request) {
        return submit(options, request);
      });
  add_hyperdrive_options(*command, *sweep);
  add_start_options(*command, *sweep);
  command->add_flag(
      "--keep-going", sweep->keep_going, "Do not stop when the first child runs all fail");

  auto checked = std::make_shared<SubmitRequest>();
  command = add_submit_command(
      program,
      run,
      "check",
      "Read everything as submit-hyperdrive would; start nothing",
      "hdrive run check -c local --hyperdrive-configuration-name hdconfig.yml train.py",
      checked,
      [](const CommonOptions& options, const SubmitRequest& request) {
        return check(options, request);
      });
  add_hyperdrive_options(*command, *checked);
}

}  // namespace hd
