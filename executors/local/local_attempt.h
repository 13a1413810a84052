#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/core/executor.h"
#include "engine/core/result.h"
#include "executors/local/heartbeat.h"
#include "executors/local/supervisor_process.h"
#include "executors/supervisor_protocol/stream_decoder.h"

namespace hd {

/// One attempt as the engine's side sees it: follows the supervisor's stream while there is one,
/// reads the files when there is none any more, and comes to one end. Kept alive by its pending
/// operations.
class LocalAttempt : public std::enable_shared_from_this<LocalAttempt> {
 public:
  struct Context {
    boost::asio::io_context& loop;
    ExecutorListener& listener;
    std::string supervisor;         ///< path of the program
    std::vector<char> read_buffer;  ///< one for all: what is read is decoded at once
    HeartbeatTiming heartbeat;
    std::chrono::milliseconds shortage_retry;
    int followed = 0;  ///< attempts whose stream is heard now
  };

  /// `ended` is called once, from the loop, with how it ended; not after `detach`.
  LocalAttempt(Context& context,
               ChildRunSpec spec,
               std::int64_t next_sequence,
               std::function<void(const ExitStatus&)> ended);
  ~LocalAttempt();

  /// Writes the files and starts a supervisor. Trouble is told later.
  void launch();
  /// Finds out how an earlier engine's attempt stands and goes on from there, later.
  void take_up();
  void request_cancel(bool force);
  /// Nobody wants to hear of it any more. The supervisor goes on.
  void detach();

 private:
  void start_later(const Error& shortage);
  void follow(int socket);
  void unfollow();
  void watch_supervisor(int process_descriptor, pid_t pid);
  void hold_supervisor(pid_t pid);
  void on_supervisor_ended();
  void wait_for_stream();
  void read_stream();
  void lose_stream();
  void probe();
  void probe_later();
  void arm_heartbeat();
  void check_heartbeat();
  void tell(std::string text);
  void read_files();
  void read_files_turn();
  void conclude_from_files();
  void conclude_lost(int killed, int left);
  bool take_exit_record();
  [[nodiscard]] std::string tail_of_logs() const;
  void send_cancel();
  void fail_start(const std::string& message);
  void conclude(const ExitStatus& exit);
  [[nodiscard]] std::string file(const char* name) const;

  Context* context_;  ///< null once detached or concluded
  boost::asio::io_context& loop_;
  const ChildRunSpec spec_;
  StreamDecoder decoder_;
  std::function<void(const ExitStatus&)> ended_;
  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::posix::stream_descriptor supervisor_;  ///< its pidfd
  pid_t supervisor_pid_ = 0;                          ///< as long as the pidfd is open
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer beat_timer_;
  Heartbeat heartbeat_;
  int stream_file_ = -1;
  int launches_ = 0;
  int short_starts_ = 0;  ///< starts that a shortage has put off
  int probes_ = 0;
  std::optional<int> supervisor_code_;  ///< exit code of one that we started
  bool hangs_ = false;  ///< the supervisor was ended because it gave no sign of life
  enum class Cancel { kNone, kGrace, kForce };
  Cancel wanted_ = Cancel::kNone;
  Cancel sent_ = Cancel::kNone;
};

}  // namespace hd
