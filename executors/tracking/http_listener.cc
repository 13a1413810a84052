#include "executors/tracking/http_listener.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "executors/supervisor_protocol/process_identity.h"
#include "executors/tracking/http_session.h"

namespace hd {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class HttpListener::Impl : public std::enable_shared_from_this<Impl>, public HttpSessions {
 public:
  Impl(asio::io_context& loop, HttpService& service)
      : loop_(loop), service_(service), acceptor_(loop), timer_(loop) {}

  Result<int> listen(const std::string& address, int wanted) {
    error_code error;
    const auto local = asio::ip::make_address(address, error);
    if (error) return Error{"'" + address + "' is no address of this machine"};
    const tcp::endpoint endpoint(local, static_cast<std::uint16_t>(wanted));
    // By hand: Asio's own sockets would be open in the script too.
    const int fd =
        ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    // Connections that ended lately must not keep a server from starting again.
    const int yes = 1;
    if (fd < 0 || ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
        ::listen(fd, 128) != 0) {
      const int problem = errno;
      if (fd >= 0) ::close(fd);
      return Error{"cannot listen on " + address + ": " + std::strerror(problem),
                   is_shortage(problem)};
    }
    protocol_ = endpoint.protocol();
    acceptor_.assign(protocol_, fd, error);
    const int port = error ? 0 : acceptor_.local_endpoint(error).port();
    if (error) {
      if (!acceptor_.is_open()) ::close(fd);
      return Error{"cannot listen on " + address + ": " + error.message(),
                   is_shortage(error.value())};
    }
    wait();
    return port;
  }

  void finish(std::function<void()> done) {
    done_ = std::move(done);
    accept_all();
    error_code ignored;
    acceptor_.close(ignored);
    timer_.expires_after(std::chrono::seconds(1));
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->close_all();
    });
    end_when_empty();
  }

  void close_all() {
    error_code ignored;
    acceptor_.close(ignored);
    const auto sessions = sessions_;  // closing them changes the set
    for (HttpSession* session : sessions) session->close();
  }

  void leave() {
    done_ = nullptr;
    timer_.cancel();
    close_all();
  }

  void remove(HttpSession& session) override {
    sessions_.erase(&session);
    end_when_empty();
  }

 private:
  void wait() {
    acceptor_.async_wait(tcp::acceptor::wait_read,
                         [self = shared_from_this()](const error_code& error) {
                           if (error || !self->acceptor_.is_open()) return;
                           self->accept_all();
                           self->wait_again();
                         });
  }

  // Without descriptors an accept fails at once, again and again: then it waits a while.
  void wait_again() {
    if (!is_short_) return wait();
    timer_.expires_after(std::chrono::milliseconds(100));
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && self->acceptor_.is_open()) self->wait();
    });
  }

  void accept_all() {
    while (acceptor_.is_open()) {
      const int fd =
          ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      // EAGAIN, that nobody else has called, is no shortage here.
      is_short_ = fd < 0 && errno != EAGAIN && is_shortage(errno);
      if (fd < 0 && (errno == ECONNABORTED || errno == EINTR)) continue;
      if (fd < 0) return;
      tcp::socket socket(loop_);
      error_code error;
      socket.assign(protocol_, fd, error);
      if (error) {
        ::close(fd);
        continue;
      }
      if (sessions_.size() >= kMostConnections) close_oldest();
      const auto session = make_http_session(std::move(socket), service_, *this);
      sessions_.insert(session.get());
      session->start();
    }
  }

  void close_oldest() {
    const auto oldest = std::min_element(
        sessions_.begin(), sessions_.end(), [](const HttpSession* a, const HttpSession* b) {
          if (a->is_expendable() != b->is_expendable()) return a->is_expendable();
          return a->since() < b->since();
        });
    (*oldest)->close();
  }

  void end_when_empty() {
    if (!done_ || !sessions_.empty()) return;
    timer_.cancel();
    std::exchange(done_, nullptr)();
  }

  asio::io_context& loop_;
  HttpService& service_;
  tcp protocol_ = tcp::v4();
  tcp::acceptor acceptor_;
  asio::steady_timer timer_;
  std::set<HttpSession*> sessions_;  ///< each keeps itself alive until it removes itself
  std::function<void()> done_;
  bool is_short_ = false;
};

HttpListener::HttpListener(asio::io_context& loop, HttpService& service)
    : impl_(std::make_shared<Impl>(loop, service)) {}

HttpListener::~HttpListener() { impl_->leave(); }

Result<int> HttpListener::listen(const std::string& address, int port) {
  return impl_->listen(address, port);
}

void HttpListener::finish(std::function<void()> done) { impl_->finish(std::move(done)); }

}  // namespace hd
