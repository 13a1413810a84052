#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "engine/core/result.h"
#include "executors/tracking/http_message.h"

namespace boost::asio {
class io_context;
}

namespace hd {

/// Serves HTTP/1.1. Bounded in everything that a client decides: heads,
/// bodies that are read into memory, connections, and how long a request may take to arrive. A
/// connection beyond the bound replaces the one that has had no admitted request for longest.
class HttpListener {
 public:
  static constexpr std::size_t kMostConnections = 64;
  static constexpr std::size_t kMostHead = std::size_t{32} << 10;
  static constexpr std::size_t kMostBody = std::size_t{4} << 20;
  /// Of a body that nobody wants, until the connection is cut.
  static constexpr std::size_t kMostThrownAway = std::size_t{512} << 20;
  static constexpr int kPatienceSeconds = 30;

  /// Both must outlive this object. Call `listen` or nothing happens.
  HttpListener(boost::asio::io_context& loop, HttpService& service);
  ~HttpListener();

  /// Opens a port of a local address, 0 = one of the kernel's choice, and returns it.
  [[nodiscard]] Result<int> listen(const std::string& address = "127.0.0.1", int port = 0);

  /// The clients are gone: answers what they have sent, then closes everything and calls `done`.
  /// Connections that are still held by somebody are cut after a second.
  void finish(std::function<void()> done);

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace hd
