#include "cli/compute_targets.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "cli/exit_code.h"
#include "cli/text.h"
#include "engine/config/compute_target_file.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"
#include "executors/local/local_executor.h"

namespace hd {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
constexpr std::string_view kEnding = ".yml";

std::string targets_folder(const Workspace& workspace) {
  const std::string file = workspace.compute_target_file("any");
  return file.substr(0, file.rfind('/'));
}

void require_private(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    throw UsageError("the secret file " + printable(file) + " does not exist");
  }
  if (info.st_uid != ::geteuid() || (info.st_mode & 077U) != 0) {
    throw UsageError("the secret file " + printable(file) + " can be read by other users",
                     "chmod 600 " + printable(file));
  }
}

RemoteTarget checked(const std::string& text, const std::string& file, const std::string& project) {
  std::vector<Diagnostic> warnings;
  RemoteTarget target = read_compute_target(text, file, project, warnings);
  for (const Diagnostic& warning : warnings) std::cerr << to_string(warning) << '\n';
  if (!target.secret_file.empty()) require_private(target.secret_file);
  return target;
}

[[noreturn]] void throw_unknown(const std::string& name) {
  throw NotFoundError("no compute target '" + printable(name) +
                      "'; hdrive computetarget list shows what there is, hdrive computetarget "
                      "attach remote adds one");
}

}  // namespace

std::vector<std::string> attached_targets(const std::string& project) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(project + "/.hdrive/computetargets", error), end;
       !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.ends_with(kEnding)) names.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

RemoteTarget load_target(const std::string& project, const std::string& name) {
  const auto names = attached_targets(project);
  if (std::find(names.begin(), names.end(), name) == names.end()) throw_unknown(name);
  const Workspace workspace = Workspace::open(project);
  const std::string file = workspace.compute_target_file(name);
  const auto text = read_file(file, kMostBytes);
  if (!text) throw_unknown(name);
  RemoteTarget target = checked(*text, file, workspace.project_directory());
  target.name = name;
  target.known_hosts_file = known_hosts_file(workspace, name);
  return target;
}

void save_target(const Workspace& workspace, const RemoteTarget& target) {
  const std::string file = workspace.compute_target_file(target.name);
  const std::string text = compute_target_text(target);
  (void)checked(text, file, workspace.project_directory());
  make_directory(targets_folder(workspace));
  replace_file(file, text);
}

void remove_target(const Workspace& workspace, const std::string& name) {
  const std::string file = workspace.compute_target_file(name);
  if (::unlink(file.c_str()) != 0) throw_unknown(name);
  (void)::unlink(known_hosts_file(workspace, name).c_str());
}

std::string known_hosts_file(const Workspace& workspace, const std::string& name) {
  const std::string file = workspace.compute_target_file(name);
  return file.substr(0, file.size() - kEnding.size()) + ".known_hosts";
}

void bound_by_slots(HyperDriveConfig& config, const RemoteTarget& target) {
  config.max_concurrent_runs = std::min(config.max_concurrent_runs, target.slots());
}

AgentPrograms require_agent_programs() {
  const std::string supervisor = find_supervisor();
  auto programs = read_agent_programs(find_agent(supervisor), supervisor);
  if (!programs) throw UsageError(programs.error().message);
  return std::move(*programs);
}

std::string askpass_program() {
  std::string path(PATH_MAX, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return path;
}

int print_secret(const std::string& file) {
  try {
    require_private(file);
    const auto text = read_file(file, kMostBytes);
    if (!text) return kExitNotFound;
    std::cout << text->substr(0, text->find('\n')) << '\n';
    return kExitDone;
  } catch (const std::exception& error) {
    std::cerr << "hdrive: " << error.what() << '\n';
    return kExitUnusable;
  }
}

}  // namespace hd
