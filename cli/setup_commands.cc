#include <filesystem>
#include <memory>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/submission.h"
#include "cli/text.h"
#include "engine/config/templates.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"
#include "engine/workspace/identifiers.h"

namespace hd {

namespace {

namespace fs = std::filesystem;

/// Writes a file unless one is there. Says which of the two in `created` or `kept`.
void write_new(const std::string& file,
               const std::string& text,
               Value::List& created,
               Value::List& kept) {
  if (fs::exists(fs::symlink_status(file))) {
    kept.emplace_back(file);
    return;
  }
  replace_file(file, text);
  created.emplace_back(file);
}

int attach_folder(const CommonOptions& options) {
  if (!fs::is_directory(options.path)) {
    throw NotFoundError("the folder " + printable(options.path) + " does not exist");
  }
  const std::string project = fs::canonical(options.path).string();
  const std::string experiment =
      options.experiment.empty() ? default_experiment(project) : options.experiment;
  require_experiment_name(experiment);
  const std::string folder = project + "/.azureml";
  make_directory(folder);
  Value::List created;
  Value::List kept;
  const Value config = Value::Map{{"subscription_id", "local"},
                                  {"resource_group", "local"},
                                  {"workspace_name", fs::path(project).filename().string()},
                                  {"experiment_name", experiment}};
  write_new(folder + "/config.json", to_json(config) + '\n', created, kept);
  for (const TemplateFile& file : attach_templates()) {
    write_new(folder + '/' + file.name, file.text, created, kept);
  }
  const std::string later = default_experiment(project);
  if (later != experiment) {
    note(options,
         folder + "/config.json was kept: later commands belong to the experiment " + later +
             " unless they get -e " + experiment);
  }
  const Workspace workspace = Workspace::open_or_create(project);
  RunStore store(workspace.history_file());
  store.create_experiment(experiment, now_us());
  print_result(options,
               Value::Map{{"projectDirectory", project},
                          {"experimentName", experiment},
                          {"created", created},
                          {"kept", kept}});
  return kExitDone;
}

Value experiment_document(const std::string& name, std::int64_t created_us) {
  return Value::Map{{"name", name}, {"createdTimeUtc", utc_time(created_us)}};
}

int create_experiment(const CommonOptions& options, const std::string& name) {
  require_experiment_name(name);
  const Workspace workspace = Workspace::open_or_create(options.path);
  RunStore store(workspace.history_file());
  store.create_experiment(name, now_us());
  for (const auto& [known, created_us] : store.experiments()) {
    if (known == name) print_result(options, experiment_document(known, created_us));
  }
  return kExitDone;
}

int list_experiments(const CommonOptions& options) {
  Value::List list;
  try {
    const OpenedHistory history = open_history(options);
    for (const auto& [name, created_us] : history.store.experiments()) {
      list.push_back(experiment_document(name, created_us));
    }
  } catch (const NotFoundError&) {
    // Nothing was ever run here, so there are none.
  }
  print_result(options, list);
  return kExitDone;
}

int show_experiment(const CommonOptions& options, const std::string& name) {
  const OpenedHistory history = open_history(options);
  for (const auto& [known, created_us] : history.store.experiments()) {
    if (known != name) continue;
    print_result(options, experiment_document(known, created_us));
    return kExitDone;
  }
  throw NotFoundError("no experiment '" + printable(name) +
                      "'; `hdrive experiment list` shows what there is");
}

int show_workspace(const CommonOptions& options) {
  const Workspace workspace = Workspace::open(options.path);
  const AzureWorkspace azure = workspace.azure_workspace();
  const std::string name = azure.workspace_name.empty()
                               ? fs::path(workspace.project_directory()).filename().string()
                               : azure.workspace_name;
  if (!azure.problem.empty()) note(options, "warning: " + azure.problem);
  print_result(options,
               Value::Map{{"name", name},
                          {"subscriptionId", azure.subscription_id},
                          {"resourceGroup", azure.resource_group},
                          {"projectDirectory", workspace.project_directory()},
                          {"configurationDirectory", workspace.configuration_directory()},
                          {"historyFile", workspace.history_file()},
                          {"schemaVersion", 1}});
  return kExitDone;
}

}  // namespace

void add_setup_commands(Program& program) {
  CLI::App* folder = add_group(program, "folder", "Prepare a project folder");
  add_command(program,
              *folder,
              "attach",
              "Make .azureml with run configurations and a sample hdconfig; keep what is there",
              "hdrive folder attach -e digits",
              attach_folder);

  CLI::App* experiment = add_group(program, "experiment", "Names that runs are grouped by");
  auto name = std::make_shared<std::string>();
  CLI::App* create = add_command(
      program,
      *experiment,
      "create",
      "Make an experiment",
      "hdrive experiment create -n digits",
      [name](const CommonOptions& options) { return create_experiment(options, *name); });
  create->add_option("-n,--name", *name, "Experiment")->required();
  add_command(program,
              *experiment,
              "list",
              "All experiments",
              "hdrive experiment list -o table",
              list_experiments);
  CLI::App* show =
      add_command(program,
                  *experiment,
                  "show",
                  "One experiment",
                  "hdrive experiment show -n digits",
                  [name](const CommonOptions& options) { return show_experiment(options, *name); });
  show->add_option("-n,--name", *name, "Experiment")->required();

  CLI::App* workspace = add_group(program, "workspace", "The folder that keeps the history");
  add_command(program,
              *workspace,
              "show",
              "Where this folder's runs are kept",
              "hdrive workspace show",
              show_workspace);
}

}  // namespace hd
