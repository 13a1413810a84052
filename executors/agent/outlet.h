#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <string>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace hd {

/// What the agent has to say, written to its standard output as fast as the engine takes it.
class Outlet {
 public:
  /// `failed` is called once when nobody reads any more, or too much waits.
  Outlet(boost::asio::posix::stream_descriptor output, std::function<void()> failed);

  void send(std::string frame);

  /// Whether bulk data may be added: events must not wait long behind it.
  [[nodiscard]] bool has_room() const;
  /// Called whenever there is room again.
  void on_room(std::function<void()> callback) { on_room_ = std::move(callback); }

 private:
  void write();

  boost::asio::posix::stream_descriptor output_;
  std::function<void()> failed_;
  std::function<void()> on_room_;
  std::deque<std::string> waiting_;  ///< the first one is being written
  std::size_t waiting_bytes_ = 0;
};

}  // namespace hd
