#include "engine/workspace/workspace.h"

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <climits>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/workspace/files.h"
#include "engine/workspace/identifiers.h"

namespace hd {
namespace {

constexpr std::size_t kConfigLimit = std::size_t{1} << 20U;

std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> text(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return text ? std::string(text.get()) : std::string();
}

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

bool is_directory(const std::string& path) {
  const auto status = status_of(path);
  return status && S_ISDIR(status->st_mode);
}

bool is_file(const std::string& path) {
  const auto status = status_of(path);
  return status && S_ISREG(status->st_mode);
}

std::string joined(const std::string& directory, std::string_view name) {
  return (directory == "/" ? std::string() : directory) + "/" + std::string(name);
}

/// Whether somebody else could have put a marker into `folder` to catch our history.
bool is_planted(const std::string& folder, const std::string& marker) {
  const auto parent = status_of(folder);
  const auto status = status_of(marker);
  return parent && status && (parent->st_mode & S_IWOTH) != 0 && status->st_uid != ::geteuid();
}

bool is_project(const std::string& folder) {
  for (const char* name : {".hdrive", ".azureml", "aml_config"}) {
    const std::string marker = joined(folder, name);
    if (!is_directory(marker) || is_planted(folder, marker)) continue;
    const char* home = std::getenv("HOME");
    const bool is_home = home != nullptr && resolved(home) == folder;
    if (is_home && std::string_view(name) != ".hdrive" && !is_file(marker + "/config.json")) {
      continue;
    }
    return true;
  }
  return false;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string Workspace::locate(const std::string& path) {
  std::string start = resolved(path.empty() ? "." : path);
  if (start.empty()) throw NotFoundError("no such folder: " + path);
  if (!is_directory(start)) start.resize(std::max<std::size_t>(start.rfind('/'), 1));
  std::string folder = start;
  while (!is_project(folder)) {
    if (folder == "/") return start;
    folder.resize(std::max<std::size_t>(folder.rfind('/'), 1));
  }
  return folder;
}

Workspace Workspace::open_or_create(const std::string& path) {
  Workspace workspace(locate(path));
  const std::string state = workspace.state_directory();
  make_directory(state);
  // Keeps histories, and the secrets that scripts may print, out of everybody's commits.
  const std::string ignore_file = state + "/.gitignore";
  if (!is_file(ignore_file)) replace_file(ignore_file, "*\n");
  return workspace;
}

Workspace Workspace::open(const std::string& path) {
  Workspace workspace(locate(path));
  if (!is_directory(workspace.state_directory())) {
    throw NotFoundError("no runs yet in " + workspace.project_directory() +
                        ": it has no .hdrive folder; submit a run first, or name the project "
                        "folder with --path");
  }
  return workspace;
}

std::string Workspace::configuration_directory() const {
  const std::string current = joined(project_, ".azureml");
  const std::string older = joined(project_, "aml_config");
  return !is_directory(current) && is_directory(older) ? older : current;
}

std::string Workspace::snapshot_directory(std::string_view snapshot_id) const {
  if (!is_valid_snapshot_id(snapshot_id)) {
    throw UsageError(quoted(snapshot_id) + " is not a snapshot id: expected 64 hexadecimal digits");
  }
  return snapshots_directory() + "/" + std::string(snapshot_id);
}

std::string Workspace::snapshot_manifest_file(std::string_view snapshot_id) const {
  return snapshot_directory(snapshot_id) + ".manifest";
}

std::string Workspace::run_directory(std::string_view run_id) const {
  require_run_id(run_id);
  return runs_directory() + "/" + std::string(run_id);
}

std::string Workspace::create_run_directory(std::string_view run_id) const {
  std::string directory = run_directory(run_id);
  make_directory(runs_directory());
  make_directory(directory);
  return directory;
}

std::string Workspace::attempt_directory(std::string_view run_id, int attempt) const {
  if (attempt < 0) throw std::invalid_argument("attempts count from 0");
  return run_directory(run_id) + "/" + std::to_string(attempt);
}

std::string Workspace::engine_lock_file(std::string_view run_id) const {
  return run_directory(run_id) + "/engine.lock";
}

std::string Workspace::compute_target_file(std::string_view name) const {
  require_file_name(name, "compute target name");
  return state_directory() + "/computetargets/" + std::string(name) + ".yml";
}

std::string Workspace::model_directory(std::string_view name, int version) const {
  require_file_name(name, "model name");
  if (version < 1) throw std::invalid_argument("model versions count from 1");
  return state_directory() + "/models/" + std::string(name) + "/" + std::to_string(version);
}

AzureWorkspace Workspace::azure_workspace() const {
  AzureWorkspace azure;
  for (const char* name : {".azureml/config.json", "aml_config/config.json", "config.json"}) {
    const std::string file = joined(project_, name);
    if (!is_file(file)) continue;
    azure.file = file;
    try {
      const auto content = read_file(file, kConfigLimit);
      const auto object = nlohmann::json::parse(content.value_or(""));
      if (!object.is_object()) throw std::runtime_error("expected a JSON object");
      azure.workspace_name = text_of(object, "workspace_name");
      azure.subscription_id = text_of(object, "subscription_id");
      azure.resource_group = text_of(object, "resource_group");
    } catch (const std::exception& error) {
      azure.problem = file + ": " + error.what();
    }
    break;
  }
  return azure;
}

}  // namespace hd
