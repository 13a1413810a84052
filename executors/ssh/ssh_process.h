#pragma once
#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/core/result.h"
#include "executors/ssh/ssh_command.h"

namespace hd {

/// A running ssh with its standard input and output, in a session of its own: an interrupt at the
/// terminal does not reach it, and it cannot ask there.
class SshProcess : public std::enable_shared_from_this<SshProcess> {
 public:
  struct Events {
    std::function<void(std::string_view)> received;
    std::function<void()> has_room;  ///< what was to be sent is nearly gone
    std::function<void()> closed;    ///< once: it has ended, `errors` is complete
  };

  [[nodiscard]] static Result<std::shared_ptr<SshProcess>> start(boost::asio::io_context& loop,
                                                                 const SshCommand& command,
                                                                 Events events);
  /// Use `start`.
  explicit SshProcess(boost::asio::io_context& loop);
  ~SshProcess();

  void send(std::string bytes);
  [[nodiscard]] bool has_room() const;
  /// The end of what ssh, and programs on the host, wrote to standard error.
  [[nodiscard]] const std::string& errors() const { return errors_; }

  /// Ends it, now; no event comes any more.
  void kill();
  /// Lets it send what is waiting, then end; waits for that for two seconds at most.
  void finish();

 private:
  [[nodiscard]] Result<bool> spawn(const SshCommand& command);
  void read_output();
  void read_errors();
  void write();
  void on_output_ended();
  void conclude();
  void reap();

  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::posix::stream_descriptor error_output_;
  boost::asio::steady_timer timer_;
  Events events_;
  pid_t pid_ = 0;
  bool output_ended_ = false;
  bool errors_ended_ = false;
  std::array<char, 65536> buffer_{};
  std::array<char, 4096> error_buffer_{};
  std::string errors_;
  std::deque<std::string> waiting_;  ///< the first one is being written
  std::size_t waiting_bytes_ = 0;
};

}  // namespace hd
