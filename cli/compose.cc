#include "cli/compose.h"

#include <algorithm>
#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "cli/compute_targets.h"
#include "engine/config/hdconfig.h"
#include "engine/core/error.h"
#include "engine/workspace/run_process.h"
#include "executors/local/local_executor.h"
#include "executors/ssh/ssh_executor.h"
#include "policies/factory.h"
#include "samplers/factory.h"
#include "samplers/warm_start_sampler.h"

namespace hd {

namespace {

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

/// Folder of the running program, without the final slash.
std::string program_folder() {
  std::string path(PATH_MAX, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return {};
  path.resize(static_cast<std::size_t>(size));
  return path.substr(0, path.rfind('/'));
}

/// Whether the interpreter imports an azureml that somebody installed; ours would hide it.
bool has_own_azureml(const std::string& interpreter) {
  ProcessRequest request;
  request.argv = {interpreter,
                  "-c",
                  "import importlib.util as u, sys\n"
                  "try: found = u.find_spec('azureml.core') is not None\n"
                  "except Exception: found = False\n"
                  "sys.exit(0 if found else 3)"};
  request.timeout = std::chrono::milliseconds(10'000);
  return run_process(request).succeeded();
}

/// As usual, unless HDRIVE_SUPERVISOR_PATIENCE names the seconds until a silent supervisor is
/// ended.
HeartbeatTiming heartbeat_timing() {
  HeartbeatTiming timing;
  const char* given = std::getenv("HDRIVE_SUPERVISOR_PATIENCE");
  if (given == nullptr) return timing;
  constexpr long kLongest = 86'400;
  const long seconds = std::clamp(std::strtol(given, nullptr, 10), 0L, kLongest);
  if (seconds == 0) return timing;
  timing.interval = std::chrono::milliseconds(seconds * 1000 / timing.silent_until_ended);
  return timing;
}

HyperDriveConfig script_run_config() {
  HyperDriveConfig config;
  config.sampling = GridSampling{};  // of a space without parameters: one configuration
  config.policy = NoTerminationPolicyConfig{};
  return config;
}

}  // namespace

HyperDriveConfig config_of(const ParentRunSpec& spec) {
  if (spec.kind == RunKind::kScript) return script_run_config();
  std::vector<Diagnostic> warnings;  // told at submission
  return read_hyperdrive_file(spec.hdconfig_text, spec.hdconfig_file, {}, warnings).config;
}

std::unique_ptr<Sampler> compose_sampler(const HyperDriveConfig& config,
                                         const WarmStart& warm_start) {
  auto sampler = make_sampler(config.parameter_space, config.sampling);
  if (warm_start.empty()) return sampler;
  return std::make_unique<WarmStartSampler>(std::move(sampler), warm_start);
}

std::unique_ptr<Policy> compose_policy(const HyperDriveConfig& config) {
  return make_policy(config.policy, config.primary_metric_goal);
}

RunFacts facts_of(const ParentRunSpec& spec,
                  const HyperDriveConfig& config,
                  const Workspace& workspace) {
  RunFacts facts;
  facts.run_id = spec.run_id;
  facts.experiment = spec.experiment;
  facts.kind = spec.kind;
  facts.total = config.max_total_runs;
  if (const auto size = compose_sampler(config, spec.warm_start)->limit()) {
    facts.total = static_cast<int>(
        std::min<std::uint64_t>(*size, static_cast<std::uint64_t>(config.max_total_runs)));
  }
  facts.concurrency = config.max_concurrent_runs;
  facts.runs_directory = workspace.runs_directory();
  return facts;
}

TunerLoopParts compose_parts(const ParentRunSpec& spec,
                             const HyperDriveConfig& config,
                             const Workspace& workspace,
                             bool elsewhere) {
  ChildSurroundings surroundings;
  surroundings.runs_directory = workspace.runs_directory();
  surroundings.snapshot_directory = workspace.snapshot_directory(spec.snapshot_id);
  // On another machine its own environment is what is inherited, and the project is not there.
  if (elsewhere) {
    surroundings.compatibility_package = compatibility_package("");
  } else {
    surroundings.project_directory = workspace.project_directory();
    surroundings.inherited = current_environment();
    surroundings.compatibility_package = compatibility_package(spec.script.interpreter);
  }
  if (config.max_run_duration_seconds) {
    surroundings.time_limit_seconds = *config.max_run_duration_seconds;
  }
  TunerLoopParts parts;
  parts.spec = spec;
  parts.config = config;
  parts.sampler = compose_sampler(config, spec.warm_start);
  parts.policy = compose_policy(config);
  parts.child_spec = [spec, surroundings = std::move(surroundings)](const ChildRun& child,
                                                                    int attempt) {
    return make_child_spec(spec, child, attempt, surroundings);
  };
  return parts;
}

std::optional<RemoteTarget> require_target(const std::string& project, const std::string& target) {
  if (target != "local") {
    (void)require_agent_programs();
    return load_target(project, target);
  }
  if (find_supervisor().empty()) {
    throw UsageError("the program hdrive-supervisor is missing",
                     "it belongs beside hdrive; HDRIVE_SUPERVISOR can name it");
  }
  return std::nullopt;
}

std::unique_ptr<Executor> compose_executor(const std::optional<RemoteTarget>& target,
                                           boost::asio::io_context& io,
                                           ExecutorListener& listener) {
  if (target) {
    SshExecutorOptions options;
    options.target = *target;
    options.askpass = askpass_program();
    if (const std::string package = compatibility_package(""); !package.empty()) {
      options.shipped_folders.push_back(package);
    }
    return std::make_unique<SshExecutor>(io, listener, std::move(options));
  }
  LocalExecutorOptions options;
  options.heartbeat = heartbeat_timing();
  return std::make_unique<LocalExecutor>(io, listener, std::move(options));
}

std::string installed_file(const std::string& relative) {
  const std::string folder = program_folder();
  const std::string installed = folder.substr(0, folder.rfind('/')) + '/' + relative;
  return !folder.empty() && exists(installed) ? installed : std::string();
}

std::string compatibility_package(const std::string& interpreter) {
  std::string folder;
  if (const char* given = std::getenv("HDRIVE_PYTHONPATH"); given != nullptr && *given != '\0') {
    folder = given;
  } else {
    folder = installed_file("share/hdrive/python");
    if (folder.empty() && is_directory(HD_SOURCE_PYTHON)) folder = HD_SOURCE_PYTHON;
  }
  if (folder.empty() || (!interpreter.empty() && has_own_azureml(interpreter))) return {};
  return folder;
}

}  // namespace hd
