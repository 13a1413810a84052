#pragma once
#include <optional>
#include <string_view>

#include "executors/supervisor/event_files.h"
#include "executors/supervisor/followed_file.h"
#include "executors/supervisor/metric_router.h"
#include "executors/supervisor/stdout_patterns.h"
#include "executors/supervisor/stream_log.h"

namespace hd {

/// Everything a script can say, and how it gets into the log: the metrics file, stdout and stderr,
/// TensorBoard event files.
class Listening {
 public:
  enum Channel : int {
    kMetricsFile = 0,
    kStdout = 1,
    kStderr = 2,
    kMetricsEntry = 3,
    kEventFiles = 4,  ///< looks for event files, new and grown, before it reads
    kEventRest = 5,   ///< reads on in those that were found
  };

  /// Creates the files in the open directory. Throws std::system_error.
  Listening(int directory, StreamLog& log, const MetricPatterns& patterns);

  [[nodiscard]] FollowedFile& file(Channel channel);

  /// Hears what event files below the open working directory say from now on.
  void follow_event_files(int work);

  /// Reads some of what is new in the channels of the set (bit = Channel). Returns the channels
  /// that may have more; the amount is bounded so that commands are heard in between.
  [[nodiscard]] unsigned read(unsigned channels);

  /// Nothing more will come and `read` found nothing more: takes unfinished lines and held values.
  void end();

  MetricRouter& router() { return router_; }

  [[nodiscard]] static Now now();

 private:
  void take_native(std::string_view line, const Now& now);
  void take_printed(StdoutPatterns& patterns, std::string_view line, const Now& now);
  void take_event(std::string_view name, const EventScalar& scalar, const Now& now);
  void note_changes();

  StreamLog& log_;
  MetricRouter router_;
  FollowedFile metrics_;
  FollowedFile stdout_;
  FollowedFile stderr_;
  OwnPatterns own_patterns_;
  StdoutPatterns metrics_patterns_;
  StdoutPatterns stdout_patterns_;
  StdoutPatterns stderr_patterns_;
  std::optional<EventFiles> event_files_;
  HeardLine heard_;
  bool events_noted_ = false;
  bool change_noted_ = false;
};

}  // namespace hd
