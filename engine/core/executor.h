#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/metric.h"
#include "engine/core/metric_pattern.h"
#include "engine/core/run_state.h"

namespace hd {

/// Everything needed to run one attempt of a child run, wherever that is. Self-contained: an
/// executor reads nothing else, and the same spec starts the same attempt after a restart.
struct ChildRunSpec {
  int child = 0;
  int attempt = 0;
  std::string run_id;
  std::string nonce;               ///< random, new per attempt; proves that a process is ours
  std::string attempt_directory;   ///< absolute; created by the executor, mode 0700
  std::string snapshot_directory;  ///< absolute; copied to <attempt_directory>/work
  /// Folder `outputs` of the attempt that this one goes on from, absolute: its own begins as a
  /// copy. Empty = it begins anew.
  std::string resume_from;
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH when it has no slash
  std::vector<std::pair<std::string, std::string>> environment;  ///< complete, nothing is inherited
  MetricPatterns metric_patterns;
  std::optional<std::int64_t> time_limit_seconds;
  int grace_seconds = 30;  ///< between SIGTERM and SIGKILL
};

/// What an executor tells. Called on the loop thread, never from inside `start` or
/// `request_cancel`. Per attempt: at most one started, any number of metrics in sequence order,
/// exactly one ended, and nothing after it.
class ExecutorListener {
 public:
  virtual ~ExecutorListener() = default;
  virtual void on_started(int child, int attempt, std::string where, std::int64_t process_id) = 0;
  virtual void on_metrics(int child, int attempt, std::vector<MetricPoint> points) = 0;
  virtual void on_tag(int child, int attempt, TagSet tag) = 0;
  virtual void on_script_said(int child, int attempt, ScriptSaid said) = 0;
  virtual void on_note(int child, int attempt, Noted note) = 0;
  virtual void on_ended(int child, int attempt, ExitStatus exit) = 0;
};

/// Starts child runs somewhere and hears them. Knows nothing of policies or samplers.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Starts an attempt; failures to start arrive as `on_ended` with kNotStarted.
  virtual void start(const ChildRunSpec& spec) = 0;

  /// Takes up an attempt that an earlier engine started: hears the rest of it from `next_sequence`
  /// on, or learns how it ended. An attempt that never came to run is started now.
  virtual void adopt(const ChildRunSpec& spec, std::int64_t next_sequence) = 0;

  /// Ends an attempt: SIGTERM to its processes, the spec's grace, SIGKILL, sweep. Asynchronous and
  /// idempotent; `on_ended` tells when nothing of it is left. `force` skips the grace.
  virtual void request_cancel(int child, int attempt, bool force) = 0;

  /// How many attempts may run at once here; nullopt = no limit of its own.
  [[nodiscard]] virtual std::optional<int> capacity() const = 0;

  /// Whether what it starts goes on when this machine loses power: then a start must be on disk
  /// before it happens, or a resumed engine could start it a second time.
  [[nodiscard]] virtual bool outlives_this_machine() const { return false; }
};

}  // namespace hd
