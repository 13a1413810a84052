#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/compute_target.h"
#include "engine/core/executor.h"
#include "engine/core/result.h"

namespace boost::asio {
class io_context;
}

namespace hd {

struct SshExecutorOptions {
  RemoteTarget target;
  /// Paths of hdrive-agent and hdrive-supervisor. Empty = found beside this program.
  std::string agent;
  std::string supervisor;
  /// Program that ssh asks for the secret of the target's secret file.
  std::string askpass;
  /// Folders of this machine that attempts name in PYTHONPATH and the like: made on the hosts, and
  /// named there by their place.
  std::vector<std::string> shipped_folders;
  /// Attempts get the environment of a login on their host, under that of the target and of
  /// their spec.
  bool with_login_environment = true;
  /// How long attempts wait while no host can be reached; ten times as long while others are under
  /// way.
  std::chrono::milliseconds patience{60'000};
  /// How long a host may take between login and shell, and to start the agent.
  std::chrono::milliseconds login_patience{60'000};
};

class AttemptDispatch;

/// Runs child runs on the hosts of a target of the type `remote`, through an agent on each of them
/// (docs/targets.md). What runs there outlives this object, this process and the connections; it is
/// heard again from where it was. Attempts beyond the slots of the hosts wait here. What an attempt
/// leaves is brought into its directory on this machine before its end is told. All calls, and all
/// of the listener's, on the thread that runs `loop`.
class SshExecutor final : public Executor {
 public:
  /// `loop` and `listener` must outlive the executor.
  SshExecutor(boost::asio::io_context& loop,
              ExecutorListener& listener,
              SshExecutorOptions options);
  ~SshExecutor() override;

  void start(const ChildRunSpec& spec) override;
  void adopt(const ChildRunSpec& spec, std::int64_t next_sequence) override;
  void request_cancel(int child, int attempt, bool force) override;
  [[nodiscard]] std::optional<int> capacity() const override;
  [[nodiscard]] bool outlives_this_machine() const override { return true; }

 private:
  std::unique_ptr<AttemptDispatch> impl_;
};

}  // namespace hd
