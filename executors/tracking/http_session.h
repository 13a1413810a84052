#pragma once
#include <chrono>
#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "executors/tracking/http_message.h"

namespace hd {

/// One connection of a client: its requests, one after the other. Keeps itself alive until it is
/// closed, and then removes itself from its HttpSessions.
class HttpSession {
 public:
  virtual ~HttpSession() = default;
  virtual void start() = 0;
  virtual void close() = 0;
  /// Whether no request that was admitted is under way.
  [[nodiscard]] virtual bool is_expendable() const = 0;
  /// When it was accepted, or had its last answer.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point since() const = 0;
};

class HttpSessions {
 public:
  virtual ~HttpSessions() = default;
  virtual void remove(HttpSession& session) = 0;
};

/// Takes over a connected socket. `service` and `sessions` must outlive the session.
[[nodiscard]] std::shared_ptr<HttpSession> make_http_session(boost::asio::ip::tcp::socket socket,
                                                             HttpService& service,
                                                             HttpSessions& sessions);

}  // namespace hd
