#pragma once
#include <memory>
#include <optional>
#include <string>

#include "cli/child_command.h"
#include "cli/progress.h"
#include "engine/core/compute_target.h"
#include "engine/core/executor.h"
#include "engine/core/hyperdrive_config.h"
#include "engine/core/parent_run_spec.h"
#include "engine/core/policy.h"
#include "engine/core/sampler.h"
#include "engine/loop/tuner_loop.h"
#include "engine/workspace/workspace.h"

namespace boost::asio {
class io_context;
}

namespace hd {

// The only place that knows every sampler, policy and executor.

/// The sweep that a stored parent run describes; for a script run, one child without parameters.
/// Throws ConfigError when the stored text cannot be read by this version.
[[nodiscard]] HyperDriveConfig config_of(const ParentRunSpec& spec);

[[nodiscard]] std::unique_ptr<Sampler> compose_sampler(const HyperDriveConfig& config,
                                                       const WarmStart& warm_start);
[[nodiscard]] std::unique_ptr<Policy> compose_policy(const HyperDriveConfig& config);

[[nodiscard]] RunFacts facts_of(const ParentRunSpec& spec,
                                const HyperDriveConfig& config,
                                const Workspace& workspace);

[[nodiscard]] TunerLoopParts compose_parts(const ParentRunSpec& spec,
                                           const HyperDriveConfig& config,
                                           const Workspace& workspace,
                                           bool elsewhere);

/// What the parent run's target is beyond this machine; nullopt = this machine. Throws UsageError
/// when this installation cannot serve it, and what load_target throws.
[[nodiscard]] std::optional<RemoteTarget> require_target(const std::string& project,
                                                         const std::string& target);

/// The executor of the parent run's target.
[[nodiscard]] std::unique_ptr<Executor> compose_executor(const std::optional<RemoteTarget>& target,
                                                         boost::asio::io_context& io,
                                                         ExecutorListener& listener);

/// The folder that makes `from azureml.core import Run` work, for PYTHONPATH; empty when the
/// interpreter has an azureml of its own. HDRIVE_PYTHONPATH overrides the place.
[[nodiscard]] std::string compatibility_package(const std::string& interpreter);

/// A file that belongs to this installation, relative to its prefix; empty when there is none.
[[nodiscard]] std::string installed_file(const std::string& relative);

}  // namespace hd
