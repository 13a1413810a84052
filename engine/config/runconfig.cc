#include "engine/config/runconfig.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "engine/config/metric_pattern_reader.h"
#include "engine/config/tuning_reader.h"

namespace hd {
namespace {

/// Whether a path, taken relative to some folder, stays inside it.
bool stays_inside(const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(text).lexically_normal();
  return !path.empty() && path.is_relative() && *path.begin() != "..";
}

/// The default value of a row of the table, parsed once.
const ConfigNode& default_of(const Field& field) {
  static const std::map<std::string_view, ConfigNode> kDefaults = [] {
    std::map<std::string_view, ConfigNode> defaults;
    for (const Field& row : runconfig_fields().fields()) {
      defaults.emplace(row.path, parse_config_document(row.default_value, "default").root);
    }
    return defaults;
  }();
  return kDefaults.at(field.path);
}

/// Whether leaving the value out would change nothing: it is empty or the default.
bool is_idle(const ConfigNode& node, const ConfigNode* standard) {
  switch (node.kind) {
    case ConfigNode::Kind::kNull:
      return true;
    case ConfigNode::Kind::kScalar:
      return node.text.empty() ||
             (standard != nullptr && fold_name(node.text) == fold_name(standard->text));
    case ConfigNode::Kind::kList:
      return node.items.empty() || (standard != nullptr && describe(node) == describe(*standard));
    case ConfigNode::Kind::kMap:
      return std::all_of(node.members.begin(), node.members.end(), [&](const ConfigMember& member) {
        return is_idle(member.value,
                       standard == nullptr ? nullptr : find_folded(*standard, member.key));
      });
  }
  return false;
}

/// Reads one file: `root` holds everything but what `environment_root` has under `environment`,
/// which may come from a second file.
class RunConfigReader {
 public:
  RunConfigReader(const ConfigNode& root, Findings& findings)
      : root_(root), values_(root, runconfig_fields()), findings_(findings) {}

  RunConfig read(const ConfigNode& environment_root, Findings& environment_findings) {
    read_script();
    read_legacy();
    read_environment(environment_root, environment_findings);
    config_.metric_patterns = read_metric_patterns(values_, findings_);
    refuse_top_level();
    report_use(values_, {}, findings_);
    return std::move(config_);
  }

 private:
  void refuse(const Findings& findings, Mark mark, std::string key, std::string message) {
    config_.refused.push_back({Diagnostic::Severity::kError,
                               findings.file(),
                               mark.line,
                               mark.column,
                               std::move(key),
                               std::move(message)});
  }

  void read_script() {
    config_.script = values_.text("script").value_or("");
    if (!config_.script.empty() && !stays_inside(config_.script)) {
      findings_.error(values_.node("script")->mark,
                      "script",
                      "the script must lie in the source directory, named relative to it; found " +
                          describe(*values_.node("script")));
    }
    if (const ConfigNode* arguments = values_.node("arguments")) read_arguments(*arguments);
    for (const std::string& part : values_.texts("command")) {
      config_.command += (config_.command.empty() ? "" : " ") + part;
    }
    if (!config_.command.empty() && !config_.script.empty()) {
      findings_.error(values_.node("command")->mark,
                      "command",
                      "a runconfig names a script or a command, not both; found the script " +
                          config_.script.substr(0, 60));
    }
    config_.target = values_.text("target").value_or(config_.target);
    config_.framework = values_.text("framework").value_or(config_.framework);
    config_.communicator = values_.text("communicator").value_or(config_.communicator);
    config_.node_count = values_.integer("nodeCount").value_or(1);
    if (const std::optional<int> seconds = values_.integer("maxRunDurationSeconds")) {
      config_.max_run_duration_seconds = *seconds;
    }
  }

  void read_arguments(const ConfigNode& arguments) {
    for (std::size_t i = 0; i < arguments.items.size(); ++i) {
      const ConfigNode& item = arguments.items[i];
      if (item.is_scalar()) {
        config_.arguments.push_back(item.text);
      } else {
        findings_.error(item.mark,
                        "arguments[" + std::to_string(i) + "]",
                        item.is_null() ? "expected a text; found nothing (write \"\" for an empty "
                                         "argument)"
                                       : "expected a text; found " + describe(item));
      }
    }
  }

  /// The format from before `environment` existed: the script is the first argument.
  void read_legacy() {
    if (find_folded(root_, "argumentVector") == nullptr) return;
    if (config_.script.empty() && !config_.arguments.empty()) {
      config_.script = config_.arguments.front();
      config_.arguments.erase(config_.arguments.begin());
      if (!stays_inside(config_.script)) {
        findings_.error(
            find_folded(root_, "argumentVector")->mark,
            "ArgumentVector",
            "the script must lie in the source directory, named relative to it; found " +
                config_.script.substr(0, 60));
      }
    }
    if (const ConfigNode* file = find_folded(root_, "condaDependenciesFile");
        file != nullptr && file->is_scalar()) {
      config_.conda_dependencies_file = file->text;
      findings_.warn(file->mark,
                     "CondaDependenciesFile",
                     "no environment is built from it; the interpreter is used as it is");
    }
  }

  void read_environment(const ConfigNode& environment_root, Findings& findings) {
    const FieldValues values(environment_root, runconfig_fields());
    config_.environment_variables = values.pairs("environment.environmentVariables", findings);
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < config_.environment_variables.size(); ++i) {
      places.emplace(config_.environment_variables[i].first, i);
    }
    for (auto& [name, value] : values_.pairs("environmentVariables", findings_)) {
      const auto same = places.find(name);
      if (same != places.end()) {
        config_.environment_variables[same->second].second = std::move(value);
      } else {
        config_.environment_variables.emplace_back(std::move(name), std::move(value));
      }
    }
    read_python(values, findings);
    config_.docker_base_image = values.text("environment.docker.baseImage").value_or("");
    config_.use_docker = values.boolean("environment.docker.enabled").value_or(false) ||
                         values_.boolean("docker.useDocker").value_or(false);
    if (&environment_root != &root_) report_use(values, "environment", findings);
  }

  void read_python(const FieldValues& values, const Findings& findings) {
    const std::string python = "environment.python.";
    config_.interpreter_path =
        values.text(python + "interpreterPath").value_or(config_.interpreter_path);
    if (const std::optional<std::string> conda = values.text(python + "condaDependenciesFile")) {
      config_.conda_dependencies_file = *conda;
    }
    const ConfigNode* const managed = values.node(python + "userManagedDependencies");
    const ConfigNode* packages = values.node(python + "condaDependenciesFile");
    if (packages == nullptr) packages = values.node(python + "condaDependencies");
    if (managed != nullptr) {
      config_.user_managed_dependencies = to_value(*managed).as_bool();
      if (config_.user_managed_dependencies) return;
      refuse(findings,
             managed->mark,
             python + "userManagedDependencies",
             "false asks for an environment to be built, which is not supported yet; write true "
             "to use the interpreter of interpreterPath with the packages it has");
    } else if (packages != nullptr) {
      config_.user_managed_dependencies = false;
      refuse(findings,
             packages->mark,
             python + "userManagedDependencies",
             "is missing, and conda dependencies are given: building an environment is not "
             "supported yet; add userManagedDependencies: true to use the interpreter of "
             "interpreterPath with the packages it has");
    }
  }

  void refuse_top_level() {
    if (fold_name(config_.communicator) != "none") {
      refuse(
          findings_,
          values_.node("communicator")->mark,
          "communicator",
          "distributed training is not supported yet; write None. Found " + config_.communicator);
    }
    const std::string framework = fold_name(config_.framework);
    if (framework.find("spark") != std::string::npos ||
        framework.find("mpi") != std::string::npos || framework == "tensorflowparameterserver") {
      refuse(findings_,
             values_.node("framework")->mark,
             "framework",
             "only plain Python, TensorFlow, PyTorch and CNTK scripts can run; found " +
                 config_.framework);
    }
    if (config_.node_count > 1) {
      refuse(findings_,
             values_.node("nodeCount")->mark,
             "nodeCount",
             "child runs on several machines are not supported yet; write 1. Found " +
                 std::to_string(config_.node_count));
    }
    if (fold_name(config_.target) == "amlcompute") {
      refuse(findings_,
             values_.node("target")->mark,
             "target",
             "there is no cloud to create a cluster in; write local or the name of an attached "
             "compute target");
    }
  }

  /// Refuses what cannot be left out, and names all other keys that do nothing here in one note.
  void report_use(const FieldValues& values, std::string_view under, Findings& findings) {
    std::string ignored;
    Mark first;
    for (const Field& field : runconfig_fields().fields()) {
      if (field.use == FieldUse::kHonoured || field.path.rfind(under, 0) != 0) continue;
      const ConfigNode* const node = values.node(field.path);
      if (node == nullptr) continue;
      if (is_idle(*node, &default_of(field))) continue;
      if (field.use == FieldUse::kRefused) {
        refuse(findings,
               node->mark,
               std::string(field.path),
               "is not supported yet (" + std::string(field.description) + "); found " +
                   describe(*node));
        continue;
      }
      if (ignored.empty()) first = node->mark;
      ignored += (ignored.empty() ? "" : ", ") + std::string(field.path);
    }
    if (!ignored.empty()) {
      findings.warn(first, {}, "these keys are not applicable here and are ignored: " + ignored);
    }
  }

  const ConfigNode& root_;
  FieldValues values_;
  Findings& findings_;
  RunConfig config_;
};

/// A root whose only member is the environment that another file holds; nullopt after reporting.
std::optional<ConfigNode> load_environment(const ConfigNode& named,
                                           const ReadRelatedFile& read_related,
                                           Findings& findings,
                                           Findings& environment_findings) {
  const std::string& path = named.text;
  if (!named.is_scalar() || !stays_inside(path)) {
    findings.error(
        named.mark,
        "environment",
        "expected a map or the path of a file inside the project; found " + describe(named));
    return std::nullopt;
  }
  const std::optional<std::string> text = read_related ? read_related(path) : std::nullopt;
  if (!text) {
    findings.error(named.mark, "environment", "there is no file " + path.substr(0, 200));
    return std::nullopt;
  }
  ConfigDocument document = parse_config_document(*text, path);
  environment_findings.add(std::move(document.mistakes));
  check_fields(document.root, runconfig_fields(), environment_findings, "environment");
  ConfigNode root;
  root.kind = ConfigNode::Kind::kMap;
  root.members.push_back({"environment", {1, 1}, std::move(document.root)});
  return root;
}

}  // namespace

RunConfig read_runconfig(std::string_view text,
                         const std::string& file,
                         ReadOptions options,
                         std::vector<Diagnostic>& warnings,
                         const ReadRelatedFile& read_related) {
  Findings findings(file, options);
  ConfigDocument document = parse_config_document(text, file);
  findings.add(std::move(document.mistakes));
  check_fields(document.root, runconfig_fields(), findings);
  RunConfig config;
  if (document.root.is_map()) {
    const ConfigNode* const named = field_node(document.root, runconfig_fields(), "environment");
    const bool elsewhere = named != nullptr && !named->is_map();
    Findings other(elsewhere ? named->text : file, options);
    std::optional<ConfigNode> loaded;
    if (elsewhere) loaded = load_environment(*named, read_related, findings, other);
    RunConfigReader reader(document.root, findings);
    config = loaded ? reader.read(*loaded, other) : reader.read(document.root, findings);
    findings.absorb(std::move(other));
  }
  findings.finish(warnings);
  return config;
}

void require_runnable(const RunConfig& runconfig) {
  if (!runconfig.refused.empty()) throw ConfigError(runconfig.refused);
}

}  // namespace hd
