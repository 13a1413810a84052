#include <algorithm>
#include <memory>

#include "cli/completion.h"
#include "cli/compute_targets.h"
#include "cli/doctor.h"
#include "cli/exit_code.h"
#include "cli/history_check.h"
#include "cli/host_report.h"
#include "cli/output.h"
#include "cli/program.h"
#include "engine/core/error.h"

namespace hd {

void add_missing_command(Program& program,
                         CLI::App& group,
                         const std::string& name,
                         const std::string& instead) {
  CLI::App* command = group.add_subcommand(name, "Not in this release");
  command->prefix_command();
  command->allow_extras();
  command->set_help_flag();
  command->callback([&program, name, instead] {
    program.action = [name, instead]() -> int {
      throw UsageError("this release of hdrive does not have '" + name + "' yet", instead);
    };
  });
}

namespace {

/// A target that cannot be used gives an exit code of its own.
int run_doctor(const CommonOptions& options, const std::string& target) {
  const std::vector<std::string> columns = {"check", "status", "found", "advice"};
  if (target.empty() || target == "local") {
    print_result(options, doctor_report(options.path), columns);
    return kExitDone;
  }
  const Value::List rows = doctor_target_rows(load_target(Workspace::locate(options.path), target));
  print_result(options, rows, columns);
  const bool failed = std::any_of(rows.begin(), rows.end(), [](const Value& row) {
    return row.find("status")->as_string() == "failed";
  });
  if (!failed) return kExitDone;
  throw CommandFailure(
      kExitUnusable, "E0513", "the compute target " + target + " cannot be used as it is");
}

int examine_history(const CommonOptions& options) {
  const Value report = history_report(open_history(options).store);
  print_result(options, report, {"check", "status", "found", "advice"});
  if (!tells_damage(report)) return kExitDone;
  throw CommandFailure(kExitUnusable, "E0509", "the history is damaged; each run's row says where");
}

}  // namespace

void add_other_commands(Program& program, CLI::App& run) {
  add_missing_command(
      program, run, "submit-pipeline", "hdrive run submit-hyperdrive runs whole sweeps");
  auto history = std::make_shared<bool>(false);
  auto target = std::make_shared<std::string>();
  CLI::App* doctor = add_command(
      program,
      program.app,
      "doctor",
      "What this machine, or a compute target, offers; or whether the history is sound",
      "hdrive doctor -o table\nhdrive doctor --target gpu -o table\nhdrive doctor --history",
      [history, target](const CommonOptions& options) {
        return *history ? examine_history(options) : run_doctor(options, *target);
      });
  CLI::Option* proved =
      doctor->add_option("--target,--ct", *target, "Prove a compute target by a run on each host");
  doctor
      ->add_flag("--history",
                 *history,
                 "Read every event of the history, and compare with them what commands list")
      ->excludes(proved);
  add_command(program,
              program.app,
              "version",
              "The version of this program",
              "hdrive version",
              [](const CommonOptions& options) {
                print_result(options, Value::Map{{"hdrive", HD_VERSION}, {"schemaVersion", 1}});
                return kExitDone;
              });
  program.app.set_version_flag("--version", "hdrive " HD_VERSION);
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = add_command(program,
                                     program.app,
                                     "completion",
                                     "Completion script for bash, zsh or fish",
                                     "source <(hdrive completion bash)",
                                     [shell](const CommonOptions&) {
                                       write_stdout(completion_script(*shell));
                                       return kExitDone;
                                     });
  completion->add_option("shell", *shell, "bash, zsh or fish")->required();
  for (const char* name : {"datastore", "dataset", "environment", "endpoint"}) {
    add_missing_command(program, program.app, name, "hdrive --help shows what it has");
  }
}

}  // namespace hd
