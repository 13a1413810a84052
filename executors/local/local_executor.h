#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "engine/core/executor.h"
#include "executors/local/heartbeat.h"

namespace boost::asio {
class io_context;
}

namespace hd {

struct LocalExecutorOptions {
  /// Path of hdrive-supervisor. Empty = found by find_supervisor.
  std::string supervisor;
  /// How many attempts may run at once; nullopt = no limit of its own.
  std::optional<int> capacity = std::nullopt;
  /// When a supervisor counts as hanging and is ended.
  HeartbeatTiming heartbeat = {};
  /// Between two tries to start an attempt for which descriptors, processes or room are short.
  std::chrono::milliseconds shortage_retry{1000};
};

/// The supervisor program that belongs to this program: beside it, or in the bin folder of its
/// installation or build. The value of HDRIVE_SUPERVISOR, when set, comes first. Empty when there
/// is none.
[[nodiscard]] std::string find_supervisor();

/// Runs child runs as processes of this machine, each beside a supervisor of its own
/// (docs/supervisor.md) which outlives this object and this process: destroying the executor ends
/// nothing. All calls, and all of the listener's, on the thread that runs `loop`.
class LocalExecutor final : public Executor {
 public:
  /// `loop` and `listener` must outlive the executor.
  LocalExecutor(boost::asio::io_context& loop,
                ExecutorListener& listener,
                LocalExecutorOptions options = {});
  ~LocalExecutor() override;

  void start(const ChildRunSpec& spec) override;
  void adopt(const ChildRunSpec& spec, std::int64_t next_sequence) override;
  void request_cancel(int child, int attempt, bool force) override;
  [[nodiscard]] std::optional<int> capacity() const override;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace hd
