#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/run_document.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"
#include "engine/workspace/model_registry.h"

namespace hd {

namespace {

namespace fs = std::filesystem;

struct RegisterOptions {
  std::string name;
  std::string model_path;  ///< here
  std::string asset_path;  ///< in the run's working directory
  std::string run_id;
  std::string run_file;  ///< what -t of another command wrote
  std::vector<std::string> tags;
  std::vector<std::string> properties;
  ModelFacts facts;
};

/// Which version: `--model-id NAME:VERSION`, or a name and perhaps a version.
struct ModelChoice {
  std::string id;
  std::string name;
  std::optional<int> version;
};

struct ListOptions {
  std::string name;
  std::string run_id;
  std::vector<std::string> tags;
  std::vector<std::string> properties;
  bool latest = false;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs split_pairs(const std::vector<std::string>& texts) {
  Pairs pairs;
  for (const std::string& text : texts) {
    const auto equals = std::min(text.find('='), text.size());
    pairs.emplace_back(text.substr(0, equals), equals < text.size() ? text.substr(equals + 1) : "");
  }
  return pairs;
}

Value as_map(const Pairs& pairs) {
  Value::Map map;
  for (const auto& [key, value] : pairs) map.emplace_back(key, value);
  return map;
}

Value model_document(const ModelRegistry& registry, const RegisteredModel& model) {
  std::int64_t bytes = 0;
  Value::List files;
  for (const ModelFile& file : model.files) {
    bytes += file.size;
    files.emplace_back(
        Value::Map{{"path", file.path}, {"size", file.size}, {"sha256", file.sha256}});
  }
  const ModelFacts& facts = model.facts;
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Value() : text; };
  return Value::Map{{"modelId", model.id()},
                    {"name", model.name},
                    {"version", model.version},
                    {"createdTimeUtc", facts.created_time_utc},
                    {"description", facts.description},
                    {"framework", facts.framework},
                    {"frameworkVersion", text_or_null(facts.framework_version)},
                    {"runId", text_or_null(facts.run_id)},
                    {"experimentName", text_or_null(facts.experiment)},
                    {"tags", as_map(facts.tags)},
                    {"properties", as_map(facts.properties)},
                    {"path", registry.files_directory(model) + '/' + model.path},
                    {"bytes", bytes},
                    {"files", files},
                    {"contentHash", model.content_hash},
                    {"schemaVersion", 1}};
}

const std::vector<std::string>& model_columns() {
  static const std::vector<std::string> kColumns = {
      "modelId", "createdTimeUtc", "framework", "runId", "bytes", "description"};
  return kColumns;
}

/// The version of a choice. `required`: whether it has to be said.
ModelChoice resolved(ModelChoice choice, bool required) {
  if (!choice.id.empty()) {
    const auto colon = choice.id.rfind(':');
    int version = 0;
    const char* const end = choice.id.data() + choice.id.size();
    if (colon != std::string::npos) {
      const auto parsed = std::from_chars(choice.id.data() + colon + 1, end, version);
      if (parsed.ec == std::errc() && parsed.ptr == end && version > 0) {
        choice.name = choice.id.substr(0, colon);
        choice.version = version;
        return choice;
      }
    }
    throw UsageError("a model id is NAME:VERSION, found '" + printable(choice.id) + "'",
                     "`hdrive model list` shows the ids");
  }
  if (choice.name.empty()) throw UsageError("which model? --model-id NAME:VERSION names it");
  if (required && !choice.version) {
    throw UsageError("which version of " + printable(choice.name) + "? --model-id NAME:VERSION");
  }
  return choice;
}

std::string run_of_metadata(const std::string& file) {
  const auto text = read_file(file, std::size_t{16} << 20U);
  if (!text) throw NotFoundError("no such file: " + printable(file));
  const Value document = parse_json(*text);
  const Value* run_id = document.find("runId");
  if (run_id == nullptr || !run_id->is_string()) {
    throw UsageError(printable(file) + " has no runId",
                     "-t of `hdrive run submit-hyperdrive` or `run show` writes such a file");
  }
  return run_id->as_string();
}

/// The run that a model comes from: of a sweep its best child run.
RunSummary source_run(const OpenedHistory& history, const std::string& run_id) {
  RunSummary run = require_run(history, run_id);
  if (run.is_child || run.kind == RunKind::kScript) return run;
  if (run.best_child_run_id.empty()) {
    throw NotFoundError("no child run of " + run_id + " reported the primary metric");
  }
  return require_run(history, run.best_child_run_id);
}

std::string asset_of(const OpenedHistory& history,
                     const RunSummary& run,
                     const std::string& asset_path) {
  const std::string work =
      history.workspace.attempt_directory(run.run_id, std::max(0, run.attempt)) + "/work";
  const fs::path inside = fs::path(asset_path).lexically_normal();
  if (inside.empty() || inside.is_absolute() || *inside.begin() == "..") {
    throw UsageError("--asset-path is a path in the run's working directory, found '" +
                         printable(asset_path) + "'",
                     "--model-path takes any path");
  }
  return (work / inside).string();
}

int register_model(const CommonOptions& options, const RegisterOptions& wanted) {
  if (wanted.model_path.empty() == wanted.asset_path.empty()) {
    throw UsageError(
        "a model is either a file or folder here (--model-path), or one of a run's "
        "working directory (--asset-path outputs/... with --run-id)");
  }
  ModelFacts facts = wanted.facts;
  facts.created_time_utc = utc_time(now_us());
  facts.tags = split_pairs(wanted.tags);
  facts.properties = split_pairs(wanted.properties);
  std::string run_id = wanted.run_id;
  if (run_id.empty() && !wanted.run_file.empty()) run_id = run_of_metadata(wanted.run_file);
  std::string source = wanted.model_path;
  if (!run_id.empty()) {
    const OpenedHistory history = open_history(options);
    const RunSummary run = source_run(history, run_id);
    facts.run_id = run.run_id;
    facts.experiment = run.experiment;
    if (source.empty()) source = asset_of(history, run, wanted.asset_path);
  } else if (source.empty()) {
    throw UsageError("--asset-path needs the run that it belongs to", "--run-id names it");
  }
  const Workspace workspace = Workspace::open_or_create(options.path);
  ModelRegistry registry(workspace);
  print_result(
      options, model_document(registry, registry.add(wanted.name, source, facts)), model_columns());
  return kExitDone;
}

/// Whether every wanted key is there, with its value unless that is empty.
bool has_all(const Pairs& found, const Pairs& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) {
    return std::any_of(found.begin(), found.end(), [&](const auto& pair) {
      return pair.first == one.first && (one.second.empty() || pair.second == one.second);
    });
  });
}

Value::List listed_models(const CommonOptions& options, const ListOptions& list) {
  const Workspace workspace = Workspace::open(options.path);
  const ModelRegistry registry(workspace);
  const Pairs tags = split_pairs(list.tags);
  const Pairs properties = split_pairs(list.properties);
  Value::List documents;
  for (const std::string& name :
       list.name.empty() ? registry.names() : std::vector<std::string>{list.name}) {
    std::vector<int> versions = registry.versions(name);
    std::reverse(versions.begin(), versions.end());
    if (list.latest && versions.size() > 1) versions.resize(1);
    for (const int version : versions) {
      try {
        const RegisteredModel model = registry.find(name, version);
        if (!list.run_id.empty() && model.facts.run_id != list.run_id) continue;
        if (!has_all(model.facts.tags, tags)) continue;
        if (!has_all(model.facts.properties, properties)) continue;
        documents.push_back(model_document(registry, model));
      } catch (const StoreError& error) {
        note(options, std::string("warning: ") + error.what());  // the others are still of use
      } catch (const NotFoundError&) {
        continue;  // deleted since its version was listed
      }
    }
  }
  return documents;
}

int list_models(const CommonOptions& options, const ListOptions& list) {
  // Where nothing was ever run or registered there are none.
  const bool any = fs::exists(Workspace::locate(options.path) + "/.hdrive");
  print_result(options, any ? listed_models(options, list) : Value::List(), model_columns());
  return kExitDone;
}

int show_model(const CommonOptions& options, const ModelChoice& given) {
  const ModelChoice choice = resolved(given, false);
  const Workspace workspace = Workspace::open(options.path);
  const ModelRegistry registry(workspace);
  print_result(options,
               model_document(registry, registry.find(choice.name, choice.version)),
               model_columns());
  return kExitDone;
}

int download_model(const CommonOptions& options,
                   const ModelChoice& given,
                   const std::string& directory,
                   bool overwrite) {
  const ModelChoice choice = resolved(given, false);
  const Workspace workspace = Workspace::open(options.path);
  const ModelRegistry registry(workspace);
  const RegisteredModel model = registry.find(choice.name, choice.version);
  const std::string path =
      registry.download(model, fs::absolute(directory).lexically_normal().string(), overwrite);
  print_result(options, Value::Map{{"modelId", model.id()}, {"path", path}});
  return kExitDone;
}

int delete_model(const CommonOptions& options, const ModelChoice& given) {
  // Never the newest by default: what is gone is gone.
  const ModelChoice choice = resolved(given, true);
  const Workspace workspace = Workspace::open(options.path);
  ModelRegistry registry(workspace);
  registry.remove(choice.name, *choice.version);
  print_result(options,
               Value::Map{{"modelId", choice.name + ':' + std::to_string(*choice.version)},
                          {"deleted", true}});
  return kExitDone;
}

void add_choice_options(CLI::App& command, ModelChoice& choice) {
  command.add_option("-i,--model-id", choice.id, "NAME:VERSION");
  command.add_option("-n,--model-name,--name", choice.name, "Name, with --version or the newest");
  command.add_option("--version", choice.version, "Version");
}

void add_register_command(Program& program, CLI::App& group) {
  auto wanted = std::make_shared<RegisterOptions>();
  CLI::App* command = add_command(
      program,
      group,
      "register",
      "Keep a copy of a file or folder as a new version of a model",
      "hdrive model register -n digits --run-id HD_..._3 --asset-path outputs/model.joblib\n"
      "hdrive model register -n digits -p ./model --tag stage=test",
      [wanted](const CommonOptions& options) { return register_model(options, *wanted); });
  ModelFacts& facts = wanted->facts;
  command->add_option("-n,--name", wanted->name, "Model")->required();
  command->add_option("-p,--model-path", wanted->model_path, "File or folder here");
  command->add_option(
      "--asset-path", wanted->asset_path, "File or folder in the run's working directory");
  command->add_option(
      "-r,--run-id", wanted->run_id, "The run that it comes from; of a sweep its best child run");
  command->add_option("-f,--run-metadata-file", wanted->run_file, "The same, from a file of -t");
  command->add_option("-d,--description", facts.description, "Description");
  command->add_option("--tag", wanted->tags, "KEY=VALUE; may be repeated");
  command->add_option("--property", wanted->properties, "KEY=VALUE; may be repeated");
  command->add_option("--model-framework", facts.framework, "For example ScikitLearn, PyTorch");
  command->add_option("--model-framework-version", facts.framework_version, "Its version");
}

void add_download_command(Program& program, CLI::App& group) {
  auto choice = std::make_shared<ModelChoice>();
  auto directory = std::make_shared<std::string>();
  auto overwrite = std::make_shared<bool>(false);
  CLI::App* command = add_command(program,
                                  group,
                                  "download",
                                  "Copy a model's files into a folder",
                                  "hdrive model download -i digits:1 --target-dir models",
                                  [choice, directory, overwrite](const CommonOptions& options) {
                                    return download_model(options, *choice, *directory, *overwrite);
                                  });
  add_choice_options(*command, *choice);
  // Here `-t` is the folder, as `az ml model download` has it.
  command->remove_option(command->get_option("--output-metadata-file"));
  command->add_option("--output-metadata-file",
                      program.options.metadata_file,
                      "Also write the printed JSON to this file");
  command->add_option("-t,--target-dir", *directory, "Folder")->required();
  command->add_flag("--overwrite", *overwrite, "Replace what is there");
}

}  // namespace

void add_model_commands(Program& program) {
  CLI::App* group = add_group(program, "model", "Registered models");
  add_register_command(program, *group);

  auto list = std::make_shared<ListOptions>();
  CLI::App* command =
      add_command(program,
                  *group,
                  "list",
                  "Registered models, newest version first",
                  "hdrive model list -o table\nhdrive model list -n digits --latest",
                  [list](const CommonOptions& options) { return list_models(options, *list); });
  command->add_option("-n,--model-name,--name", list->name, "Only of this name");
  command->add_flag("-l,--latest", list->latest, "Only the newest version of each");
  command->add_option("--tag", list->tags, "Only with KEY=VALUE, or with KEY; may be repeated");
  command->add_option("--property", list->properties, "The same of properties");
  command->add_option("--run-id", list->run_id, "Only those that came from this run");

  auto choice = std::make_shared<ModelChoice>();
  command =
      add_command(program,
                  *group,
                  "show",
                  "One version of a model",
                  "hdrive model show -i digits:1\nhdrive model show -n digits",
                  [choice](const CommonOptions& options) { return show_model(options, *choice); });
  add_choice_options(*command, *choice);

  add_download_command(program, *group);

  command = add_command(
      program,
      *group,
      "delete",
      "Remove one version of a model",
      "hdrive model delete -i digits:1",
      [choice](const CommonOptions& options) { return delete_model(options, *choice); });
  add_choice_options(*command, *choice);
}

}  // namespace hd
