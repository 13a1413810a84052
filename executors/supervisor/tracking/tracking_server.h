#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>

#include "engine/core/executor.h"
#include "engine/core/result.h"
#include "executors/supervisor/metric_router.h"
#include "executors/supervisor/stream_log.h"
#include "executors/supervisor/tracking/tracking_environment.h"

namespace boost::asio {
class io_context;
}

namespace hd {

/// The MLflow tracking server of one attempt: an endpoint on the loopback interface that an MLflow
/// client in the script finds by its environment, and takes for any tracking server.
class TrackingServer {
 public:
  /// Where what is heard goes. Both must outlive the server.
  struct Sinks {
    MetricRouter& router;
    StreamLog& log;
    /// Facts were added to the log: they are to be on their way before the client has its answer.
    std::function<void()> changed;
  };

  /// `path`: of the attempt's directory.
  TrackingServer(boost::asio::io_context& loop,
                 Sinks sinks,
                 const std::string& path,
                 const ChildRunSpec& spec);
  ~TrackingServer();

  /// Opens the endpoint for the script that is about to start, and adds to its environment how it
  /// is found. Where the user has named another server, or the endpoint cannot be opened, the
  /// environment stays as it is and a note says why. An error is a shortage that may pass.
  /// `directory` and `work`: the open folders of the attempt.
  [[nodiscard]] std::optional<Error> open(int directory, int work, Variables& environment);

  /// To be told of every process of the attempt that ended.
  void process_ended(pid_t pid, int status);

  /// No process of the attempt is left: takes what was sent, closes the endpoint, calls `done`.
  void finish(std::function<void()> done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hd
