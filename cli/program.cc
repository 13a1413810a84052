#include "cli/program.h"

#include <clocale>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/completion.h"
#include "cli/compute_targets.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"
#include "executors/ssh/ssh_command.h"

namespace hd {

namespace {

constexpr const char* kAzureFlags[] = {"-g,--resource-group",
                                       "-w,--workspace-name",
                                       "--subscription-id,--subscription",
                                       "--workspace-owner"};

/// Examples first: what most readers of a help text came for.
class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app,
                        std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string help;
    if (!app->get_footer().empty()) help += "Examples:\n" + app->get_footer() + '\n';
    return help + CLI::Formatter::make_help(app, std::move(name), mode);
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    if (!app->get_prefix_command()) return usage;
    usage.erase(usage.find_last_not_of('\n') + 1);
    return usage + " [script [arguments...]]\n\n";
  }
  std::string make_footer(const CLI::App* /*app*/) const override { return {}; }
};

std::string indent_lines(const std::string& text) {
  std::string out;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    out += "  " + text.substr(start, end - start) + '\n';
    start = end + 1;
  }
  return out;
}

int fail(ExitCode exit_code,
         const std::string& code,
         const std::string& message,
         const std::string& hint = {}) {
  std::cerr << "error[" << code << "]: " << message;
  if (!hint.empty()) std::cerr << " (" << hint << ')';
  std::cerr << '\n';
  return exit_code;
}

int fail_config(const ConfigError& error) {
  std::size_t mistakes = 0;
  for (const Diagnostic& diagnostic : error.diagnostics()) {
    std::cerr << to_string(diagnostic) << '\n';
    if (diagnostic.severity == Diagnostic::Severity::kError) ++mistakes;
  }
  if (mistakes == 0) mistakes = error.diagnostics().size();
  return fail(kExitUsage,
              "E0203",
              std::to_string(mistakes) + (mistakes == 1 ? " mistake" : " mistakes") +
                  " in the configuration; nothing was started");
}

/// The command that parsing had reached when it failed.
const CLI::App* deepest(const CLI::App* app) {
  for (;;) {
    const auto parsed = app->get_subcommands();
    if (parsed.empty()) return app;
    app = parsed.front();
  }
}

std::string command_name(const CLI::App* app) {
  if (app->get_parent() == nullptr) return "hdrive";
  return command_name(app->get_parent()) + ' ' + app->get_name();
}

std::string suggestion(const CLI::App* app, const std::string& word) {
  std::vector<std::string> known;
  if (word.starts_with("-")) {
    for (const CLI::Option* option : app->get_options()) {
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
      if (word.size() == 2) continue;
      for (const auto& name : option->get_snames()) known.push_back("-" + name);
    }
  } else {
    for (const CLI::App* command : app->get_subcommands({})) {
      if (!command->get_group().empty()) known.push_back(command->get_name());
    }
  }
  const auto near = nearest(word.substr(0, word.find('=')), known);
  const std::string help = "see " + command_name(app) + " --help";
  return near ? "did you mean " + *near + "? " + help : help;
}

int fail_parse(const Program& program, const CLI::ParseError& error) {
  const CLI::App* app = deepest(&program.app);
  const auto left = app->remaining();
  if (!left.empty()) {
    const std::string& word = left.front();
    const bool option = word.starts_with("-");
    const std::string what = option ? "unknown option " : "unknown command or argument ";
    return fail(kExitUsage,
                "E0201",
                command_name(app) + ": " + what + printable(word),
                suggestion(app, word));
  }
  return fail(kExitUsage,
              "E0201",
              command_name(app) + ": " + printable(error.what()),
              "see " + command_name(app) + " --help");
}

int run_action(const Program& program) {
  try {
    return program.action ? program.action() : kExitDone;
  } catch (const BrokenOutput&) {
    return kExitDone;
  } catch (const ConfigError& error) {
    return fail_config(error);
  } catch (const UsageError& error) {
    return fail(kExitUsage, "E0202", error.what(), error.hint());
  } catch (const NotFoundError& error) {
    return fail(kExitNotFound, "E0401", error.what());
  } catch (const CommandFailure& error) {
    return fail(error.exit_code(), error.code(), error.what(), error.hint());
  } catch (const StoreError& error) {
    return fail(kExitUnusable, "E0501", error.what());
  } catch (const std::system_error& error) {
    return fail(kExitUnusable, "E0502", error.what());
  } catch (const std::bad_alloc&) {
    return fail(kExitUnusable, "E0503", "out of memory");
  } catch (const std::exception& error) {
    return fail(kExitUnusable,
                "E0599",
                std::string("internal error: ") + error.what(),
                "this is a mistake in hdrive; the history is intact");
  }
}

void add_all_commands(Program& program) {
  program.app.description("Hyperparameter tuning for scripts that know Azure ML HyperDrive.");
  program.app.footer(
      indent_lines("hdrive folder attach\n"
                   "hdrive run submit-hyperdrive -c local --hyperdrive-configuration-name "
                   "hdconfig.yml train.py\n"
                   "hdrive run best -r HD_..."));
  program.app.require_subcommand(1);
  add_setup_commands(program);
  CLI::App* run = add_group(program, "run", "Submit, watch, compare and end runs");
  add_submit_commands(program, *run);
  add_query_commands(program, *run);
  add_explain_command(program, *run);
  add_importance_command(program, *run);
  add_control_commands(program, *run);
  add_log_commands(program, *run);
  add_file_commands(program, *run);
  add_tensorboard_command(program, *run);
  add_model_commands(program);
  add_ask_tell_command(program);
  add_serve_command(program);
  add_compute_target_commands(program);
  add_other_commands(program, *run);
}

void add_common_flags(Program& program, CLI::App& command) {
  CommonOptions& options = program.options;
  command.add_option("--path", options.path, "Project folder (default: the one around here)");
  command.add_option("-e,--experiment-name", options.experiment, "Experiment");
  command.add_option("-o,--output", options.output, "json, jsonc, yaml, table, tsv or none")
      ->each([&options](const std::string&) { options.output_given = true; });
  command.add_option("-t,--output-metadata-file",
                     options.metadata_file,
                     "Also write the printed JSON to this file");
  command.add_flag("-q,--only-show-errors", options.quiet, "No progress, no notes");
  command.add_flag("-v,--verbose,--debug", options.verbosity, "Say more");
  command.add_option("--query", options.query, "Not served: use jq")->group("");
  for (const char* flags : kAzureFlags) {
    command
        .add_option_function<std::string>(
            flags,
            [](const std::string&) {
              static bool said = false;
              if (said) return;
              said = true;
              std::cerr << "note: Azure-only flags (-g, -w, --subscription-id) mean nothing here "
                           "and are ignored\n";
            })
        ->group("");
  }
}

}  // namespace

CLI::App* add_command(Program& program,
                      CLI::App& group,
                      const std::string& name,
                      const std::string& description,
                      const std::string& examples,
                      std::function<int(const CommonOptions&)> action) {
  CLI::App* command = group.add_subcommand(name, description);
  if (!examples.empty()) command->footer(indent_lines(examples));
  add_common_flags(program, *command);
  command->callback([&program, csv = name == "metrics", run = std::move(action)] {
    program.action = [&program, csv, run] {
      if (!program.options.query.empty()) {
        throw UsageError("--query is not served: there is no JMESPath library here",
                         "pipe the JSON through jq instead, for example | jq .runId");
      }
      // The one command that also has CSV reads the option itself.
      if (!(csv && program.options.output == "csv")) {
        (void)parse_output_format(program.options.output);
      }
      return run(program.options);
    };
  });
  return command;
}

CLI::App* add_group(Program& program, const std::string& name, const std::string& description) {
  CLI::App* group = program.app.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

void add_run_option(CLI::App& command, std::string& run_id) {
  command.add_option("-r,--run", run_id, "Run id")->required();
}

void print_result(const CommonOptions& options,
                  const Value& document,
                  const std::vector<std::string>& columns) {
  if (!options.metadata_file.empty()) {
    replace_file(options.metadata_file, render(document, OutputFormat::kJson, {}));
  }
  write_stdout(render(document, parse_output_format(options.output), columns));
}

bool wants_text(const CommonOptions& options) {
  return !options.output_given && ::isatty(STDOUT_FILENO) != 0;
}

void note(const CommonOptions& options, const std::string& line) {
  if (!options.quiet) std::cerr << line << '\n';
}

OpenedHistory open_history(const CommonOptions& options) {
  Workspace workspace = Workspace::open(options.path);
  RunStore store(workspace.history_file());
  return {std::move(workspace), std::move(store)};
}

RunSummary require_run(const OpenedHistory& history, const std::string& run_id) {
  auto run = history.store.run(run_id);
  if (!run) {
    throw NotFoundError("no run '" + printable(run_id) + "' in " +
                        history.workspace.project_directory() +
                        "; `hdrive run list` shows what there is");
  }
  return *run;
}

RunSummary require_sweep(const OpenedHistory& history, const std::string& run_id) {
  RunSummary run = require_run(history, run_id);
  if (run.is_child) {
    throw UsageError(run.run_id + " is a child run", "its parent run is " + run.parent_run_id);
  }
  if (run.kind != RunKind::kHyperDrive) {
    throw UsageError(run.run_id + " is a script run and has no child runs");
  }
  return run;
}

int run_program(int argc, char** argv) {
  // Called by ssh, which asks for what the user gave it to log in with.
  if (const char* file = std::getenv(kSecretFileVariable)) return print_secret(file);
  std::setlocale(LC_CTYPE, "");
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(077);
  std::vector<std::string> words(argv + 1, argv + argc);
  // `alias az=hdrive` turns `az ml run ...` into `hdrive ml run ...`.
  if (!words.empty() && words.front() == "ml") words.erase(words.begin());
  Program program;
  program.app.name("hdrive");
  program.app.formatter(std::make_shared<ExamplesFirst>());
  add_all_commands(program);
  if (!words.empty() && words.front() == "__words") {
    std::cout << completion_words(program.app, {words.begin() + 1, words.end()});
    return kExitDone;
  }
  join_resume_id(program, words);
  try {
    // CLI11 takes the words last first.
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    program.app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    std::cout << deepest(&program.app)->help();
    return kExitDone;
  } catch (const CLI::CallForAllHelp&) {
    std::cout << program.app.help("", CLI::AppFormatMode::All);
    return kExitDone;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return kExitDone;
  } catch (const CLI::ParseError& error) {
    if (words.empty()) {
      std::cerr << program.app.help();
      return fail(kExitUsage, "E0201", "a command is required");
    }
    return fail_parse(program, error);
  }
  return run_action(program);
}

}  // namespace hd
