#include <memory>

#include "cli/completion.h"
#include "cli/doctor.h"
#include "cli/exit_code.h"
#include "cli/history_check.h"
#include "cli/output.h"
#include "cli/program.h"
#include "engine/core/error.h"

namespace hd {

namespace {

/// A command of the full program that this release does not have: found by the person who types it
/// from an old script, with an answer that says so.
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

Value local_target() {
  return Value::Map{{"name", "local"},
                    {"type", "local"},
                    {"provisioningState", "Succeeded"},
                    {"description", "This machine: child runs start as processes of this user"}};
}

void add_compute_commands(Program& program) {
  CLI::App* group = add_group(program, "computetarget", "Where child runs can run");
  add_command(program,
              *group,
              "list",
              "All compute targets",
              "hdrive computetarget list",
              [](const CommonOptions& options) {
                print_result(options, Value::List{local_target()});
                return kExitDone;
              });
  auto name = std::make_shared<std::string>();
  CLI::App* show = add_command(
      program,
      *group,
      "show",
      "One compute target",
      "hdrive computetarget show -n local",
      [name](const CommonOptions& options) {
        if (*name != "local") {
          throw NotFoundError("no compute target '" + *name + "'; this release has only 'local'");
        }
        print_result(options, local_target());
        return kExitDone;
      });
  show->add_option("-n,--name", *name, "Compute target")->required();
  for (const char* missing : {"attach",
                              "create",
                              "update",
                              "delete",
                              "detach",
                              "get-credentials",
                              "amlcompute",
                              "computeinstance"}) {
    add_missing_command(program, *group, missing, "runs go to the target 'local'");
  }
}

int examine(const CommonOptions& options, bool history) {
  const std::vector<std::string> columns = {"check", "status", "found", "advice"};
  if (!history) {
    print_result(options, doctor_report(options.path), columns);
    return kExitDone;
  }
  const Value report = history_report(open_history(options).store);
  print_result(options, report, columns);
  if (!tells_damage(report)) return kExitDone;
  throw CommandFailure(kExitUnusable, "E0509", "the history is damaged; each run's row says where");
}

}  // namespace

void add_other_commands(Program& program, CLI::App& run) {
  add_compute_commands(program);
  add_missing_command(
      program, run, "submit-pipeline", "hdrive run submit-hyperdrive runs whole sweeps");
  auto history = std::make_shared<bool>(false);
  CLI::App* doctor =
      add_command(program,
                  program.app,
                  "doctor",
                  "What this machine offers, and what is missing; or whether the history is sound",
                  "hdrive doctor -o table\nhdrive doctor --history",
                  [history](const CommonOptions& options) { return examine(options, *history); });
  doctor->add_flag("--history",
                   *history,
                   "Read every event of the history, and compare with them what commands list");
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
