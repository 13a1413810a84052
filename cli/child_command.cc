#include "cli/child_command.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <unistd.h>

#include <openssl/evp.h>

namespace hd {

namespace {

std::string_view without_dashes(std::string_view name) {
  const auto first = name.find_first_not_of('-');
  return first == std::string_view::npos ? name : name.substr(first);
}

void set(EnvironmentVariables& environment, std::string name, std::string value) {
  const auto same = [&](const auto& entry) { return entry.first == name; };
  const auto found = std::find_if(environment.begin(), environment.end(), same);
  if (found == environment.end()) {
    environment.emplace_back(std::move(name), std::move(value));
  } else {
    found->second = std::move(value);
  }
}

const std::string* get(const EnvironmentVariables& environment, std::string_view name) {
  for (const auto& [key, value] : environment) {
    if (key == name) return &value;
  }
  return nullptr;
}

bool belongs_to_outer_run(std::string_view name) {
  constexpr std::array<std::string_view, 5> kPrefixes = {
      "HDRIVE_", "AZUREML_RUN_", "AZUREML_ROOT_RUN_ID", "AZUREML_ARM_", "AZUREML_SWEEP_"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](std::string_view prefix) {
    return name.starts_with(prefix);
  });
}

/// Whether the MLflow variables of this process are those that an outer run was given by its own
/// supervisor.
bool has_outer_tracking(const EnvironmentVariables& inherited) {
  const std::string* outer = get(inherited, "HDRIVE_RUN_ID");
  const std::string* tracked = get(inherited, "MLFLOW_RUN_ID");
  return outer != nullptr && tracked != nullptr && *outer == *tracked;
}

/// A name that every shell can spell, and that cannot break the NAME=value form.
std::string shell_variable(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return out;
}

/// NUL cannot be part of an argument or variable; a value holding one is cut there by the kernel.
std::string text_of(const Value& value) {
  std::string text = to_argument(value);
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

std::string hex_sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kHex[digest[i] >> 4U];
    out += kHex[digest[i] & 0xFU];
  }
  return out;
}

std::string outputs_of(const ChildSurroundings& surroundings,
                       const std::string& run_id,
                       int attempt) {
  return surroundings.runs_directory + '/' + run_id + '/' + std::to_string(attempt) +
         "/work/outputs";
}

const ResumedChild* resumed_child(const ParentRunSpec& parent, int child) {
  const auto& resumed = parent.warm_start.children;
  const auto index = static_cast<std::size_t>(child);
  return index < resumed.size() ? &resumed[index] : nullptr;
}

/// Lets an attempt go on from an earlier one, if there is one to go on from.
void go_on_from(ChildRunSpec& spec,
                const ParentRunSpec& parent,
                const ChildRun& child,
                const ChildSurroundings& surroundings) {
  const ResumedChild* resumed = resumed_child(parent, child.index);
  if (child.details->continued_attempt >= 0) {
    spec.resume_from = outputs_of(surroundings, spec.run_id, child.details->continued_attempt);
  } else if (resumed != nullptr) {
    spec.resume_from = outputs_of(surroundings, resumed->run_id, resumed->attempt);
  } else {
    return;
  }
  set(spec.environment, "HDRIVE_RESUME_FROM", spec.resume_from);
  // Who names a child run to be resumed says that the script knows the argument. A retry comes
  // without being asked for, and an argument that the script refuses would spoil it.
  const bool takes_argument = resumed != nullptr || parent.script.takes_resume_from;
  if (!takes_argument || !parent.script.command.empty()) return;
  spec.argv.insert(spec.argv.end(), {"--resume-from", spec.resume_from});
}

}  // namespace

bool speaks_of_resume_from(std::string_view text) {
  constexpr std::string_view kArgument = "--resume-from";
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  };
  for (auto at = text.find(kArgument); at != std::string_view::npos;
       at = text.find(kArgument, at + 1)) {
    const auto end = at + kArgument.size();
    const bool begins = at == 0 || !is_word(text[at - 1]);
    if (begins && (end == text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

std::vector<std::string> child_arguments(const ScriptSpec& script,
                                         const Configuration& configuration) {
  if (!script.command.empty()) return {"/bin/sh", "-c", script.command};
  std::vector<std::string> argv;
  if (script.script.ends_with(".py")) {
    argv = {script.interpreter, script.script};
  } else {
    // Without a slash the name would be looked up in PATH instead of the working copy.
    const bool has_slash = script.script.find('/') != std::string::npos;
    argv = {has_slash ? script.script : "./" + script.script};
  }
  argv.insert(argv.end(), script.arguments.begin(), script.arguments.end());
  for (const auto& [name, value] : configuration.entries()) {
    if (value.is_null()) continue;
    argv.push_back(name.starts_with('-') ? name : "--" + name);
    argv.push_back(text_of(value));
  }
  return argv;
}

EnvironmentVariables child_environment(const ParentRunSpec& parent,
                                       const std::string& run_id,
                                       const Configuration& configuration,
                                       const ChildSurroundings& surroundings) {
  EnvironmentVariables environment;
  const bool outer_tracking = has_outer_tracking(surroundings.inherited);
  for (const auto& [name, value] : surroundings.inherited) {
    if (belongs_to_outer_run(name) || (outer_tracking && name.starts_with("MLFLOW_"))) continue;
    environment.emplace_back(name, value);
  }
  for (const auto& [name, value] : parent.script.environment) set(environment, name, value);
  set(environment, "AZUREML_RUN_ID", run_id);
  set(environment, "AZUREML_ROOT_RUN_ID", parent.run_id);
  set(environment, "AZUREML_ARM_PROJECT_NAME", parent.experiment);
  set(environment, "AZUREML_EXPERIMENT_NAME", parent.experiment);
  set(environment, "HDRIVE_RUN_ID", run_id);
  set(environment, "HDRIVE_PARENT_RUN_ID", parent.kind == RunKind::kScript ? "" : parent.run_id);
  if (!surroundings.project_directory.empty()) {
    set(environment, "HDRIVE_PROJECT", surroundings.project_directory);
  }
  set(environment, "PYTHONUNBUFFERED", "1");
  if (!surroundings.compatibility_package.empty()) {
    const std::string* given = get(environment, "PYTHONPATH");
    // Behind the user's own entries, so that a module of theirs is never hidden.
    set(environment,
        "PYTHONPATH",
        given == nullptr || given->empty() ? surroundings.compatibility_package
                                           : *given + ':' + surroundings.compatibility_package);
  }
  for (const auto& [name, value] : configuration.entries()) {
    if (value.is_null()) continue;
    const std::string bare(without_dashes(name));
    const std::string text = text_of(value);
    if (bare.find('=') == std::string::npos) set(environment, "AZUREML_SWEEP_" + bare, text);
    // No shell can spell $AZUREML_SWEEP_learning-rate.
    if (shell_variable(bare) != bare) {
      set(environment, "AZUREML_SWEEP_" + shell_variable(bare), text);
    }
  }
  return environment;
}

std::vector<std::string> duplicate_arguments(const std::vector<std::string>& arguments,
                                             const std::vector<std::string>& parameter_names) {
  std::vector<std::string> duplicates;
  for (const std::string& name : parameter_names) {
    const bool given = std::any_of(arguments.begin(), arguments.end(), [&](std::string_view word) {
      if (!word.starts_with('-')) return false;
      return without_dashes(word.substr(0, word.find('='))) == without_dashes(name);
    });
    if (given) duplicates.push_back(name);
  }
  return duplicates;
}

ChildRunSpec make_child_spec(const ParentRunSpec& parent,
                             const ChildRun& child,
                             int attempt,
                             const ChildSurroundings& surroundings) {
  ChildRunSpec spec;
  spec.child = child.index;
  spec.attempt = attempt;
  spec.run_id = child_run_id(parent, child.index);
  // The run id holds 122 random bits, so its hash is as good as fresh random numbers, and the same
  // after a restart.
  spec.nonce = hex_sha256(spec.run_id + '/' + std::to_string(attempt)).substr(0, 32);
  spec.attempt_directory =
      surroundings.runs_directory + '/' + spec.run_id + '/' + std::to_string(attempt);
  spec.snapshot_directory = surroundings.snapshot_directory;
  spec.argv = child_arguments(parent.script, child.configuration());
  spec.environment = child_environment(parent, spec.run_id, child.configuration(), surroundings);
  go_on_from(spec, parent, child, surroundings);
  spec.time_limit_seconds = surroundings.time_limit_seconds;
  const auto& own_limit = parent.script.max_run_duration_seconds;
  if (own_limit && (!spec.time_limit_seconds || *own_limit < *spec.time_limit_seconds)) {
    spec.time_limit_seconds = own_limit;
  }
  spec.grace_seconds = parent.grace_seconds;
  spec.metric_patterns = parent.script.metric_patterns;
  return spec;
}

EnvironmentVariables current_environment() {
  EnvironmentVariables environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace hd
