#include "executors/supervisor/engine_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "executors/supervisor_protocol/attempt_files.h"

namespace hd {
namespace {

using boost::system::error_code;
using Socket = boost::asio::local::stream_protocol::socket;
constexpr std::size_t kSendBuffer = 65536;
constexpr std::size_t kLongestCommand = 4096;
constexpr std::size_t kMostNewcomers = 8;
constexpr std::chrono::seconds kListenRetry{1};

}  // namespace

class Connection;

class EngineLink::Impl : public std::enable_shared_from_this<EngineLink::Impl> {
 public:
  Impl(boost::asio::io_context& loop,
       const StreamLog& log,
       int directory,
       std::string nonce,
       Commands commands)
      : loop_(loop),
        log_(log),
        nonce_(std::move(nonce)),
        commands_(std::move(commands)),
        directory_(directory),
        acceptor_(loop),
        listen_timer_(loop),
        patience_(loop) {}

  void attach(int descriptor);
  void listen();
  void poke();
  void finish(int patience_ms, std::function<void(bool)> done);
  void close();

  // From connections.
  void wants_stream(const std::shared_ptr<Connection>& connection);
  void made_progress();
  void ended(const Connection* connection);
  void refuse();

  boost::asio::io_context& loop_;
  const StreamLog& log_;
  const std::string nonce_;
  Commands commands_;

 private:
  bool try_to_listen();
  void retry(void (Impl::*what)());
  void accept();
  void admit(Socket socket);
  void check_finished();
  void arm_patience();
  void conclude(bool delivered);

  int directory_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::shared_ptr<Connection> current_;
  std::deque<std::weak_ptr<Connection>> newcomers_;  ///< have not said yet what they want
  boost::asio::steady_timer listen_timer_;
  bool refusal_told_ = false;
  boost::asio::steady_timer patience_;
  int patience_ms_ = 0;
  std::function<void(bool)> done_;
};

/// One engine. Alive while an operation of it is pending or the link knows it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// `trusted` = an end of the socket pair of the engine that started us: it is sent the stream
  /// from its start without asking.
  Connection(EngineLink::Impl& link, Socket socket, bool trusted)
      : link_(&link), socket_(std::move(socket)), trusted_(trusted), subscribed_(trusted) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
  }

  void start() { receive(); }

  void close() {
    link_ = nullptr;
    error_code ignored;
    socket_.close(ignored);
  }

  // Sends what is new until the engine takes no more; then waits until it does.
  void send() {
    if (link_ == nullptr || !subscribed_ || waiting_) return;
    static std::array<char, kSendBuffer> buffer;
    for (;;) {
      const std::size_t size = link_->log_.read(offset_, buffer.data(), buffer.size());
      if (size == 0) return;
      const ssize_t sent =
          ::send(socket_.native_handle(), buffer.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) {
        offset_ += sent;
        link_->made_progress();
        if (static_cast<std::size_t>(sent) == size && size < buffer.size()) return;
        continue;
      }
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return wait_for_room();
      return fail();
    }
  }

  [[nodiscard]] bool has_everything() const {
    return link_ == nullptr || offset_ >= link_->log_.end_offset();
  }

 private:
  void wait_for_room() {
    waiting_ = true;
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& error) {
      self->waiting_ = false;
      if (self->link_ == nullptr) return;
      if (error) return self->fail();
      self->send();
      if (self->link_ != nullptr) self->link_->made_progress();
    });
  }

  void receive() {
    socket_.async_read_some(boost::asio::buffer(input_),
                            [self = shared_from_this()](const error_code& error, std::size_t size) {
                              if (self->link_ == nullptr) return;
                              if (error) return self->fail();
                              self->pending_.append(self->input_.data(), size);
                              self->take_lines();
                              if (self->link_ != nullptr) self->receive();
                            });
  }

  void take_lines() {
    std::size_t begin = 0;
    for (std::size_t newline = pending_.find('\n'); newline != std::string::npos;
         newline = pending_.find('\n', begin)) {
      take(std::string_view(pending_).substr(begin, newline - begin));
      if (link_ == nullptr) return;
      begin = newline + 1;
    }
    pending_.erase(0, begin);
    if (pending_.size() > kLongestCommand) refuse();
  }

  // Operations this supervisor does not know are of newer engines, and ignored.
  void take(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!trusted_) {
      // Some other script of the same user, or an engine that has mistaken the attempt.
      const auto nonce = json.is_object() ? json.find("nonce") : json.end();
      if (nonce == json.end() || *nonce != link_->nonce_) return refuse();
      trusted_ = true;
    }
    if (!json.is_object()) return;
    const auto op = json.find("op");
    if (op == json.end()) return;
    if (*op == "from") {
      const auto number = json.find("n");
      if (number == json.end() || !number->is_number_integer()) return;
      offset_ = link_->log_.offset_of(number->get<std::int64_t>());
      subscribed_ = true;
      link_->wants_stream(shared_from_this());
      send();
    } else if (*op == "cancel") {
      const auto force = json.find("force");
      const auto grace = json.find("grace");
      const bool is_forced = force != json.end() && *force == true;
      std::optional<int> seconds;
      if (grace != json.end() && grace->is_number_integer()) {
        seconds = static_cast<int>(std::clamp<std::int64_t>(grace->get<std::int64_t>(), 0, 86400));
      }
      link_->commands_.cancel(seconds, is_forced);
    }
  }

  void refuse() {
    link_->refuse();
    fail();
  }

  void fail() {
    EngineLink::Impl* link = std::exchange(link_, nullptr);
    error_code ignored;
    socket_.close(ignored);
    if (link != nullptr) link->ended(this);
  }

  EngineLink::Impl* link_;  ///< null once closed
  Socket socket_;
  std::int64_t offset_ = 0;
  bool trusted_;
  bool subscribed_;
  bool waiting_ = false;
  std::array<char, 1024> input_{};
  std::string pending_;
};

void EngineLink::Impl::attach(int descriptor) {
  error_code error;
  Socket socket(loop_);
  socket.assign(boost::asio::local::stream_protocol(), descriptor, error);
  if (error) {
    listen();
    return;
  }
  current_ = std::make_shared<Connection>(*this, std::move(socket), true);
  current_->start();
}

void EngineLink::Impl::listen() {
  if (acceptor_.is_open() || try_to_listen()) return;
  error_code ignored;
  acceptor_.close(ignored);
  retry(&Impl::listen);
}

void EngineLink::Impl::retry(void (Impl::*what)()) {
  listen_timer_.expires_after(kListenRetry);
  listen_timer_.async_wait([self = shared_from_this(), what](const error_code& error) {
    if (!error) ((*self).*what)();
  });
}

bool EngineLink::Impl::try_to_listen() {
  // The path through our own descriptor is short, however deep the directory lies: socket addresses
  // have room for 107 bytes.
  const std::string path =
      "/proc/self/fd/" + std::to_string(directory_) + "/" + attempt_files::kSocket;
  error_code error;
  acceptor_.open(boost::asio::local::stream_protocol(), error);
  if (error) return false;
  ::fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);  // Asio leaves sockets to be inherited
  acceptor_.bind(boost::asio::local::stream_protocol::endpoint(path), error);
  if (error) return false;
  acceptor_.listen(4, error);
  if (error) return false;
  accept();
  return true;
}

void EngineLink::Impl::accept() {
  acceptor_.async_accept([self = shared_from_this()](const error_code& error, Socket socket) {
    if (error == boost::asio::error::operation_aborted || !self->acceptor_.is_open()) return;
    // Without descriptors the connection stays where it is, and accepting at once would spin.
    if (error) return self->retry(&Impl::accept);
    self->admit(std::move(socket));
    self->accept();
  });
}

void EngineLink::Impl::admit(Socket socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      peer.uid != ::geteuid()) {
    return refuse();
  }
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  std::erase_if(newcomers_, [this](const std::weak_ptr<Connection>& known) {
    const auto connection = known.lock();
    return !connection || connection == current_;
  });
  if (newcomers_.size() >= kMostNewcomers) {
    if (const auto silent = newcomers_.front().lock()) silent->close();
    newcomers_.pop_front();
  }
  auto connection = std::make_shared<Connection>(*this, std::move(socket), false);
  newcomers_.push_back(connection);
  connection->start();
}

void EngineLink::Impl::refuse() {
  if (std::exchange(refusal_told_, true) || !commands_.note) return;
  commands_.note(
      "somebody who does not know the attempt's nonce connected to the supervisor's socket and was "
      "refused; further ones are not reported");
}

void EngineLink::Impl::wants_stream(const std::shared_ptr<Connection>& connection) {
  if (current_ && current_ != connection) current_->close();
  current_ = connection;
}

void EngineLink::Impl::poke() {
  if (current_) current_->send();
}

void EngineLink::Impl::ended(const Connection* connection) {
  if (current_.get() == connection) current_.reset();
  if (done_) return check_finished();
  listen();
}

void EngineLink::Impl::made_progress() {
  if (!done_) return;
  arm_patience();
  check_finished();
}

void EngineLink::Impl::finish(int patience_ms, std::function<void(bool)> done) {
  patience_ms_ = patience_ms;
  done_ = std::move(done);
  poke();
  if (!done_) return;
  arm_patience();
  check_finished();
}

void EngineLink::Impl::arm_patience() {
  patience_.expires_after(std::chrono::milliseconds(patience_ms_));
  patience_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->done_) self->conclude(false);
  });
}

void EngineLink::Impl::check_finished() {
  if (!current_) return conclude(false);
  if (current_->has_everything()) conclude(true);
}

void EngineLink::Impl::conclude(bool delivered) {
  auto done = std::exchange(done_, nullptr);
  patience_.cancel();
  if (done) done(delivered);
}

void EngineLink::Impl::close() {
  error_code ignored;
  if (acceptor_.is_open()) ::unlinkat(directory_, attempt_files::kSocket, 0);
  acceptor_.close(ignored);
  listen_timer_.cancel();
  patience_.cancel();
  done_ = nullptr;
  if (current_) current_->close();
  for (const auto& newcomer : newcomers_) {
    if (const auto connection = newcomer.lock()) connection->close();
  }
  current_.reset();
}

EngineLink::EngineLink(boost::asio::io_context& loop,
                       const StreamLog& log,
                       int directory,
                       std::string nonce,
                       Commands commands)
    : impl_(std::make_shared<Impl>(loop, log, directory, std::move(nonce), std::move(commands))) {}

EngineLink::~EngineLink() { impl_->close(); }

void EngineLink::attach(int descriptor) { impl_->attach(descriptor); }
void EngineLink::listen() { impl_->listen(); }
void EngineLink::poke() { impl_->poke(); }
void EngineLink::finish(int patience_ms, std::function<void(bool)> done) {
  impl_->finish(patience_ms, std::move(done));
}

}  // namespace hd
