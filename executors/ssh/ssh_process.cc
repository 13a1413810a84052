#include "executors/ssh/ssh_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/write.hpp>

#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

using boost::system::error_code;

constexpr std::size_t kRoom = std::size_t{256} << 10U;
constexpr std::size_t kMostErrors = 8192;
/// Between the end of its output and its own.
constexpr std::chrono::seconds kTimeToEnd{3};
constexpr int kFinishSteps = 200;
constexpr std::chrono::milliseconds kFinishStep{10};

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(
        more.begin(), more.end(), [&](const auto& variable) { return variable.first == name; });
    if (!replaced) result.emplace_back(text);
  }
  for (const auto& [name, value] : more) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

int spawn_ssh(pid_t& pid, const SshCommand& command, int channel, int errors) {
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t actions{};
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::sigfillset(&signals);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  ::posix_spawn_file_actions_adddup2(&actions, channel, 0);
  ::posix_spawn_file_actions_adddup2(&actions, channel, 1);
  ::posix_spawn_file_actions_adddup2(&actions, errors, 2);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  std::vector<std::string> argv = command.argv;
  std::vector<std::string> environment = environment_with(command.environment);
  const int problem = ::posix_spawnp(&pid,
                                     argv[0].c_str(),
                                     &actions,
                                     &attributes,
                                     pointers_to(argv).data(),
                                     pointers_to(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return problem;
}

}  // namespace

Result<std::shared_ptr<SshProcess>> SshProcess::start(boost::asio::io_context& loop,
                                                      const SshCommand& command,
                                                      Events events) {
  auto process = std::make_shared<SshProcess>(loop);
  if (auto spawned = process->spawn(command); !spawned) return spawned.error();
  process->events_ = std::move(events);
  process->read_output();
  process->read_errors();
  return process;
}

SshProcess::SshProcess(boost::asio::io_context& loop)
    : socket_(loop), error_output_(loop), timer_(loop) {}

SshProcess::~SshProcess() { reap(); }

Result<bool> SshProcess::spawn(const SshCommand& command) {
  std::array<int, 2> channel{};
  std::array<int, 2> errors{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel.data()) != 0) {
    return Error{std::string("cannot create a socket pair for ssh: ") + std::strerror(errno)};
  }
  if (::pipe2(errors.data(), O_CLOEXEC) != 0) {
    ::close(channel[0]);
    ::close(channel[1]);
    return Error{std::string("cannot create a pipe for ssh: ") + std::strerror(errno)};
  }
  const int problem = spawn_ssh(pid_, command, channel[1], errors[1]);
  ::close(channel[1]);
  ::close(errors[1]);
  error_code ignored;
  socket_.assign(boost::asio::local::stream_protocol(), channel[0], ignored);
  error_output_.assign(errors[0], ignored);
  if (problem == 0) return true;
  pid_ = 0;
  return Error{std::string("cannot start ssh: ") + std::strerror(problem) +
               (problem == ENOENT ? "; install it: apt-get install openssh-client" : "")};
}

void SshProcess::read_output() {
  socket_.async_read_some(boost::asio::buffer(buffer_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            if (!self->events_.closed) return;
                            if (error) return self->on_output_ended();
                            // A copy: what it leads to may take the callbacks away.
                            const auto received = self->events_.received;
                            received({self->buffer_.data(), size});
                            if (self->events_.closed) self->read_output();
                          });
}

void SshProcess::read_errors() {
  error_output_.async_read_some(
      boost::asio::buffer(error_buffer_),
      [self = shared_from_this()](const error_code& error, std::size_t size) {
        if (error) {
          self->errors_ended_ = true;
          return self->conclude();
        }
        self->errors_.append(self->error_buffer_.data(), size);
        if (self->errors_.size() > kMostErrors) {
          self->errors_.erase(0, self->errors_.size() - kMostErrors);
        }
        self->read_errors();
      });
}

// What it has to say of its end is still on its way.
void SshProcess::on_output_ended() {
  output_ended_ = true;
  timer_.expires_after(kTimeToEnd);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->pid_ > 0) ::kill(self->pid_, SIGKILL);
  });
  conclude();
}

void SshProcess::conclude() {
  if (!output_ended_ || !errors_ended_ || !events_.closed) return;
  timer_.cancel();
  const auto closed = std::exchange(events_, {}).closed;
  reap();
  closed();
}

void SshProcess::send(std::string bytes) {
  waiting_bytes_ += bytes.size();
  waiting_.push_back(std::move(bytes));
  if (waiting_.size() == 1) write();
}

bool SshProcess::has_room() const { return waiting_bytes_ < kRoom; }

void SshProcess::write() {
  boost::asio::async_write(socket_,
                           boost::asio::buffer(waiting_.front()),
                           [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (error) return;  // reading ends as well, and tells
                             self->waiting_bytes_ -= self->waiting_.front().size();
                             self->waiting_.pop_front();
                             if (!self->waiting_.empty()) self->write();
                             const auto has_room = self->events_.has_room;
                             if (self->has_room() && has_room) has_room();
                           });
}

void SshProcess::kill() {
  events_ = {};
  reap();
  error_code ignored;
  socket_.close(ignored);
  error_output_.close(ignored);
  timer_.cancel();
}

// Small things that are waiting go out at once: the pipe to ssh has room for them.
void SshProcess::finish() {
  events_ = {};
  error_code ignored;
  if (socket_.is_open()) {
    socket_.non_blocking(true, ignored);
    for (std::size_t i = 1; i < waiting_.size(); ++i) {
      socket_.write_some(boost::asio::buffer(waiting_[i]), ignored);
      if (ignored) break;
    }
    socket_.shutdown(boost::asio::socket_base::shutdown_send, ignored);
  }
  for (int step = 0; step < kFinishSteps && pid_ > 0; ++step) {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = 0;
    if (pid_ > 0) std::this_thread::sleep_for(kFinishStep);
  }
  kill();
}

void SshProcess::reap() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

}  // namespace hd
