#include "executors/local/local_attempt.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/post.hpp>

#include "engine/core/fault_point.h"
#include "engine/core/value.h"
#include "executors/local/attempt_files_writer.h"
#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/attempt_sweep.h"
#include "executors/supervisor_protocol/process_identity.h"
#include "executors/supervisor_protocol/script_text.h"

namespace hd {
namespace {

using boost::system::error_code;
using Socket = boost::asio::local::stream_protocol::socket;

constexpr int kMostLaunches = 2;
constexpr int kMostShortStarts = 60;

std::int64_t wall_clock_us() {
  using std::chrono::system_clock;
  return std::chrono::duration_cast<std::chrono::microseconds>(
             system_clock::now().time_since_epoch())
      .count();
}

std::string seconds_text(std::chrono::milliseconds time) {
  return format_number(static_cast<double>(time.count()) / 1000) + " s";
}

}  // namespace

LocalAttempt::LocalAttempt(Context& context,
                           ChildRunSpec spec,
                           std::int64_t next_sequence,
                           std::function<void(const ExitStatus&)> ended)
    : context_(&context),
      loop_(context.loop),
      spec_(std::move(spec)),
      decoder_(
          spec_.child, spec_.attempt, context.listener, std::max<std::int64_t>(1, next_sequence)),
      ended_(std::move(ended)),
      socket_(context.loop),
      supervisor_(context.loop),
      timer_(context.loop),
      beat_timer_(context.loop),
      heartbeat_(context.heartbeat) {}

LocalAttempt::~LocalAttempt() {
  if (stream_file_ >= 0) ::close(stream_file_);
}

std::string LocalAttempt::file(const char* name) const {
  return spec_.attempt_directory + "/" + name;
}

void LocalAttempt::launch() {
  if (auto prepared = prepare_attempt(spec_); !prepared) return start_later(prepared.error());
  fault_point("attempt_prepared");
  if (context_->supervisor.empty()) {
    return fail_start(
        "the program hdrive-supervisor was not found beside this program; HDRIVE_SUPERVISOR can "
        "name it");
  }
  auto started = start_supervisor(context_->supervisor, spec_.attempt_directory);
  if (!started) return start_later(started.error());
  fault_point("supervisor_started");
  ++launches_;
  supervisor_code_.reset();
  watch_supervisor(started->process_descriptor, started->pid);
  follow(started->socket);
}

// A shortage passes when other attempts end, so it is waited for as long as there are any; alone it
// may be for good.
void LocalAttempt::start_later(const Error& shortage) {
  const bool is_first = short_starts_++ == 0;
  if (!shortage.may_pass || (context_->followed == 0 && short_starts_ > kMostShortStarts)) {
    return fail_start(shortage.message);
  }
  timer_.expires_after(is_first ? std::chrono::milliseconds(0) : context_->shortage_retry);
  timer_.async_wait([self = shared_from_this(), is_first, shortage](const error_code& error) {
    if (error || self->context_ == nullptr) return;
    if (is_first) self->tell("waits to be started: " + shortage.message);
    if (self->context_ == nullptr) return;  // detached by the listener
    if (self->wanted_ != Cancel::kNone) return self->fail_start("canceled before it could start");
    self->launch();
  });
}

void LocalAttempt::tell(std::string text) {
  Noted note;
  note.child = spec_.child;
  note.text = std::move(text);
  context_->listener.on_note(spec_.child, spec_.attempt, std::move(note));
}

void LocalAttempt::take_up() {
  boost::asio::post(loop_, [self = shared_from_this()] {
    if (self->context_ != nullptr) self->probe();
  });
}

void LocalAttempt::fail_start(const std::string& message) {
  ExitStatus exit;
  exit.kind = ExitStatus::Kind::kNotStarted;
  exit.message = message;
  exit.time_us = wall_clock_us();
  boost::asio::post(loop_,
                    [self = shared_from_this(), exit = std::move(exit)] { self->conclude(exit); });
}

void LocalAttempt::watch_supervisor(int process_descriptor, pid_t pid) {
  if (process_descriptor < 0) return;
  error_code error;
  supervisor_.assign(process_descriptor, error);
  if (error) {
    ::close(process_descriptor);
    return;
  }
  supervisor_pid_ = pid;
  heartbeat_ = Heartbeat(context_->heartbeat);
  arm_heartbeat();
  // Holds this object until the supervisor is gone, concluded or not: somebody has to reap it.
  supervisor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](const error_code& failed) {
                           if (!failed) self->on_supervisor_ended();
                         });
}

void LocalAttempt::on_supervisor_ended() {
  supervisor_code_ = reap_supervisor(supervisor_.native_handle());
  error_code ignored;
  supervisor_.close(ignored);
  beat_timer_.cancel();
  if (context_ == nullptr || stream_file_ >= 0) return;
  // With an open stream its end comes next, after what is still in it.
  if (!socket_.is_open()) probe();
}

void LocalAttempt::follow(int socket) {
  error_code error;
  socket_.assign(boost::asio::local::stream_protocol(), socket, error);
  if (error) {
    ::close(socket);
    return probe_later();
  }
  ++context_->followed;
  send_cancel();
  wait_for_stream();
}

void LocalAttempt::unfollow() {
  if (!socket_.is_open()) return;
  --context_->followed;
  error_code ignored;
  socket_.close(ignored);
}

void LocalAttempt::wait_for_stream() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
    if (self->context_ == nullptr || error == boost::asio::error::operation_aborted) return;
    self->read_stream();
  });
}

void LocalAttempt::read_stream() {
  // One read a turn: a talkative child does not starve the others, and what they all bring in one
  // turn still fits the processor's cache when it is stored.
  auto& buffer = context_->read_buffer;
  const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
    return wait_for_stream();
  }
  if (got <= 0) return lose_stream();
  decoder_.feed({buffer.data(), static_cast<std::size_t>(got)});
  if (context_ == nullptr) return;  // detached by the listener
  if (decoder_.exit()) return conclude(*decoder_.exit());
  wait_for_stream();
}

// The supervisor is gone, or another engine has taken its attention.
void LocalAttempt::lose_stream() {
  unfollow();
  decoder_.restart();
  sent_ = Cancel::kNone;
  if (supervisor_.is_open()) {
    probe_later();
  } else {
    probe();
  }
}

void LocalAttempt::probe_later() {
  // Quick at first: a supervisor that starts or ends takes milliseconds.
  const int delay_ms = std::min(1000, 5 << std::min(probes_, 8));
  ++probes_;
  timer_.expires_after(std::chrono::milliseconds(delay_ms));
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->context_ != nullptr) self->probe();
  });
}

void LocalAttempt::probe() {
  if (stream_file_ >= 0 || socket_.is_open()) return;
  timer_.cancel();
  const AttemptProbe state = probe_attempt(spec_.attempt_directory);
  if (!state.known) return probe_later();
  if (state.alive) {
    if (state.pid > 0 && !supervisor_.is_open()) hold_supervisor(state.pid);
    const int socket = connect_to_supervisor(spec_.attempt_directory, state.pid);
    if (socket < 0) return probe_later();
    std::string request =
        "{\"op\":\"from\",\"n\":" + std::to_string(decoder_.next_sequence()) + ",\"nonce\":";
    append_json_string(request, spec_.nonce);
    request += "}\n";
    if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      ::close(socket);
      return probe_later();
    }
    return follow(socket);
  }
  // Started by us and on its way to the lock.
  if (supervisor_.is_open() && !state.claimed) return probe_later();
  if (state.claimed || state.ended) return read_files();
  if (launches_ == 0) {
    // An earlier engine may have started it, and its folder is gone since: it must not run twice.
    if (decoder_.next_sequence() > 1) return read_files();
    const auto running = find_marked_processes(spec_.nonce);
    if (!running) return probe_later();
    if (!running->empty()) return read_files();
  }
  if (launches_ < kMostLaunches) return launch();
  fail_start("the supervisor " + context_->supervisor + " ended " +
             (supervisor_code_ ? "with code " + std::to_string(*supervisor_code_) : "by a signal") +
             " before it took the attempt in " + spec_.attempt_directory);
}

void LocalAttempt::hold_supervisor(pid_t pid) {
  const int pidfd = open_process(pid);
  // Held fast by now: still the one that the claim names?
  if (pidfd >= 0 && probe_attempt(spec_.attempt_directory).pid != pid) {
    ::close(pidfd);
  } else {
    watch_supervisor(pidfd, pid);
  }
}

void LocalAttempt::arm_heartbeat() {
  beat_timer_.expires_after(context_->heartbeat.interval);
  beat_timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->context_ != nullptr && self->supervisor_.is_open()) {
      self->check_heartbeat();
    }
  });
}

// A supervisor reads SIGHUP in its loop and does nothing about it, so a SIGHUP that stays pending
// tells that the loop does not turn. This needs neither a connection nor the disk, both of which
// may be the trouble.
void LocalAttempt::check_heartbeat() {
  arm_heartbeat();
  const bool answered = !is_signal_pending(supervisor_pid_, SIGHUP);
  signal_process(supervisor_.native_handle(), SIGHUP);
  switch (heartbeat_.check(answered, wanted_ == Cancel::kForce)) {
    case Heartbeat::Finding::kNothing:
      return;
    case Heartbeat::Finding::kSilent:
      return tell(
          "the supervisor gives no sign of life; if it stays so, it will be ended " +
          seconds_text(context_->heartbeat.interval * (context_->heartbeat.silent_until_ended -
                                                       context_->heartbeat.silent_until_told)) +
          " from now");
    case Heartbeat::Finding::kBack:
      return tell("the supervisor gives signs of life again");
    case Heartbeat::Finding::kHangs:
      hangs_ = true;
      signal_process(supervisor_.native_handle(), SIGKILL);
      return;
    case Heartbeat::Finding::kStuck:
      unfollow();
      if (stream_file_ < 0) read_files();
      return;
  }
}

void LocalAttempt::read_files() {
  stream_file_ = ::open(file(attempt_files::kStream).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (stream_file_ < 0 && is_shortage(errno)) return probe_later();
  decoder_.restart();
  if (stream_file_ < 0) return conclude_from_files();
  read_files_turn();
}

// A long stream is read in turns of the loop; what is known already, the decoder skips.
void LocalAttempt::read_files_turn() {
  boost::asio::post(loop_, [self = shared_from_this()] {
    if (self->context_ == nullptr) return;
    auto& buffer = self->context_->read_buffer;
    const ssize_t got = ::read(self->stream_file_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return self->read_files_turn();
    if (got <= 0) return self->conclude_from_files();
    self->decoder_.feed({buffer.data(), static_cast<std::size_t>(got)});
    if (self->context_ != nullptr) self->read_files_turn();
  });
}

void LocalAttempt::conclude_from_files() {
  if (decoder_.exit()) return conclude(*decoder_.exit());
  int left = 0;
  std::optional<int> killed;
  if (take_exit_record()) {
    if (decoder_.exit()) return conclude(*decoder_.exit());
    killed = sweep_marked_processes(spec_.nonce, left);
  }
  if (killed) return conclude_lost(*killed, left);
  // Descriptors are short: without them it can be neither read nor swept.
  timer_.expires_after(context_->shortage_retry);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->context_ != nullptr) self->conclude_from_files();
  });
}

void LocalAttempt::conclude_lost(int killed, int left) {
  ::unlink(file(attempt_files::kSocket).c_str());
  ExitStatus exit;
  exit.time_us = wall_clock_us();
  exit.log_tail = tail_of_logs();
  if (supervisor_code_ == attempt_files::kExitUnusable && killed == 0 &&
      decoder_.next_sequence() <= 1) {
    exit.kind = ExitStatus::Kind::kNotStarted;
    exit.message = "the supervisor could not use the attempt directory " + spec_.attempt_directory +
                   ": no space left, or no right to write there";
    return conclude(exit);
  }
  exit.kind = ExitStatus::Kind::kLost;
  exit.message =
      hangs_ ? "the supervisor of the run gave no sign of life for " +
                   seconds_text(context_->heartbeat.interval *
                                context_->heartbeat.silent_until_ended) +
                   " and was ended: it was stopped, or it hung"
             : "the supervisor of the run ended without a record of how the script ended: it was "
               "killed, or the machine restarted";
  if (killed > 0)
    exit.message += "; " + std::to_string(killed) + " process(es) left over were ended";
  if (left > 0) exit.message += "; " + std::to_string(left) + " process(es) could not be ended";
  if (supervisor_.is_open()) exit.message += "; the supervisor itself could not be ended";
  conclude(exit);
}

// The record counts also where the stream is damaged; it is the stream's last line once more. False
// when it cannot be read now.
bool LocalAttempt::take_exit_record() {
  const int fd = ::open(file(attempt_files::kExit).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return !is_shortage(errno);
  std::string record(65536, '\0');
  const ssize_t got = ::read(fd, record.data(), record.size());
  ::close(fd);
  record.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  decoder_.restart();
  decoder_.feed(record);
  return true;
}

std::string LocalAttempt::tail_of_logs() const {
  for (const char* name : {attempt_files::kStderr, attempt_files::kStdout}) {
    const int fd = ::open(file(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) continue;
    std::string tail = log_tail(fd);
    ::close(fd);
    if (!tail.empty()) return tail;
  }
  return {};
}

void LocalAttempt::request_cancel(bool force) {
  if (context_ == nullptr) return;
  wanted_ = std::max(wanted_, force ? Cancel::kForce : Cancel::kGrace);
  send_cancel();
}

// Over the stream's socket, or else by a signal to the supervisor, which the pidfd names for
// certain. Without either it is sent when there is a stream.
void LocalAttempt::send_cancel() {
  if (wanted_ <= sent_) return;
  const bool force = wanted_ == Cancel::kForce;
  const std::string request =
      force ? std::string("{\"op\":\"cancel\",\"force\":true}\n")
            : "{\"op\":\"cancel\",\"grace\":" + std::to_string(spec_.grace_seconds) + "}\n";
  const bool told =
      socket_.is_open() &&
      ::send(
          socket_.native_handle(), request.data(), request.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size());
  const bool signaled = !told && supervisor_.is_open() &&
                        signal_process(supervisor_.native_handle(), force ? SIGUSR1 : SIGTERM);
  if (told || signaled) sent_ = wanted_;
}

void LocalAttempt::detach() {
  context_ = nullptr;
  ended_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
  supervisor_.close(ignored);
  timer_.cancel();
  beat_timer_.cancel();
}

void LocalAttempt::conclude(const ExitStatus& exit) {
  if (context_ == nullptr) return;
  unfollow();
  context_ = nullptr;
  timer_.cancel();
  beat_timer_.cancel();
  const auto ended = std::exchange(ended_, nullptr);
  ended(exit);
}

}  // namespace hd
