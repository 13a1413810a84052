#include "engine/workspace/run_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string_view>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "engine/workspace/files.h"

namespace hd {
namespace {

using Clock = std::chrono::steady_clock;

// How often to look whether the program has ended, for kernels that cannot wake us when it does.
// Its pipes do not tell: a process that it left behind may still hold them.
constexpr std::chrono::milliseconds kReapInterval{20};

struct Pipe {
  FileDescriptor reading;
  FileDescriptor writing;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
  }
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void set_nonblocking(int descriptor) { ::fcntl(descriptor, F_SETFL, O_NONBLOCK); }

std::vector<std::string> environment_of(const ProcessRequest& request) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool changed = std::any_of(request.environment.begin(),
                                     request.environment.end(),
                                     [&](const auto& change) { return change.first == name; });
    if (!changed) result.emplace_back(text);
  }
  for (const auto& [name, value] : request.environment) {
    if (value) result.push_back(name + "=" + *value);
  }
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// The posix_spawn attributes: own process group, default signals, nothing blocked.
class SpawnSettings {
 public:
  SpawnSettings(const Pipe& input,
                const Pipe& output,
                const Pipe& errors,
                const std::string& directory) {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawn_file_actions_adddup2(&actions_, input.reading.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output.writing.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, errors.writing.get(), STDERR_FILENO);
    if (!directory.empty()) {
      ::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
    }
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

/// One running program and the ends of its pipes.
class Conversation {
 public:
  Conversation(
      const ProcessRequest& request, pid_t process, Pipe& input, Pipe& output, Pipe& errors)
      : request_(request),
        process_(process),
        input_(std::move(input.writing)),
        output_(std::move(output.reading)),
        errors_(std::move(errors.reading)),
        ending_(static_cast<int>(::syscall(SYS_pidfd_open, process, 0))) {
    for (const FileDescriptor* end : {&input_, &output_, &errors_}) set_nonblocking(end->get());
  }

  ProcessResult finish() {
    const auto deadline = Clock::now() + request_.timeout;
    int status = 0;
    while (true) {
      const pid_t reaped = ::waitpid(process_, &status, WNOHANG);
      if (reaped == process_ || (reaped < 0 && errno != EINTR)) break;
      if (Clock::now() >= deadline) return kill_all();
      exchange();
    }
    drain(output_, result_.output);
    drain(errors_, result_.errors);
    const bool exited = WIFEXITED(status);
    result_.kind = exited ? ProcessResult::Kind::kExited : ProcessResult::Kind::kSignaled;
    result_.code = exited ? WEXITSTATUS(status) : WTERMSIG(status);
    return std::move(result_);
  }

 private:
  ProcessResult kill_all() {
    ::kill(-process_, SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
    drain(output_, result_.output);
    drain(errors_, result_.errors);
    result_.kind = ProcessResult::Kind::kTimedOut;
    return std::move(result_);
  }

  void exchange() {
    std::array<pollfd, 4> ends{{{output_.get(), POLLIN, 0},
                                {errors_.get(), POLLIN, 0},
                                {ending_.get(), POLLIN, 0},
                                {feed() ? input_.get() : -1, POLLOUT, 0}}};
    ::poll(ends.data(), ends.size(), static_cast<int>(kReapInterval.count()));
    if (ends[0].revents != 0) drain(output_, result_.output);
    if (ends[1].revents != 0) drain(errors_, result_.errors);
  }

  /// Gives what the pipe takes; false once there is nothing left to give.
  bool feed() {
    if (!input_.is_open()) return false;
    while (given_ < request_.input.size()) {
      const ssize_t count =
          ::write(input_.get(), request_.input.data() + given_, request_.input.size() - given_);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return true;
      if (count < 0) break;  // the program reads no more
      given_ += static_cast<std::size_t>(count);
    }
    input_.reset();
    return false;
  }

  void drain(FileDescriptor& end, std::string& text) {
    char buffer[16384];
    // Bounded, so that a program that never stops talking cannot hold us past its deadline.
    for (int turn = 0; end.is_open() && turn < 64; ++turn) {
      const ssize_t count = ::read(end.get(), buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        end.reset();
        return;
      }
      const std::size_t room = request_.output_limit - text.size();
      const std::size_t taken = std::min(room, static_cast<std::size_t>(count));
      text.append(buffer, taken);
      if (taken < static_cast<std::size_t>(count)) result_.truncated = true;
    }
  }

  const ProcessRequest& request_;
  pid_t process_;
  FileDescriptor input_, output_, errors_, ending_;
  std::size_t given_ = 0;
  ProcessResult result_;
};

/// Writing to a program that does not read must be an error, not the end of us.
class BlockedPipeSignal {
 public:
  BlockedPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~BlockedPipeSignal() {
    const timespec now{};
    if (!was_pending_) {
      while (::sigtimedwait(&pipe_, nullptr, &now) > 0) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BlockedPipeSignal(const BlockedPipeSignal&) = delete;
  BlockedPipeSignal& operator=(const BlockedPipeSignal&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

}  // namespace

ProcessResult run_process(const ProcessRequest& request) {
  ProcessResult failed;
  failed.code = EINVAL;
  if (request.argv.empty()) return failed;
  const BlockedPipeSignal blocked;
  Pipe input = make_pipe(), output = make_pipe(), errors = make_pipe();
  std::vector<std::string> argv = request.argv;
  std::vector<std::string> environment = environment_of(request);
  const SpawnSettings settings(input, output, errors, request.directory);
  pid_t process = -1;
  failed.code = ::posix_spawnp(&process,
                               argv[0].c_str(),
                               &settings.actions_,
                               &settings.attributes_,
                               pointers_to(argv).data(),
                               pointers_to(environment).data());
  if (failed.code != 0) return failed;
  input.reading.reset();
  output.writing.reset();
  errors.writing.reset();
  return Conversation(request, process, input, output, errors).finish();
}

std::string describe(const ProcessResult& result) {
  switch (result.kind) {
    case ProcessResult::Kind::kExited:
      return "exit code " + std::to_string(result.code);
    case ProcessResult::Kind::kSignaled:
      return "signal " + std::to_string(result.code) + " (" + ::strsignal(result.code) + ")";
    case ProcessResult::Kind::kTimedOut:
      return "no end in time";
    case ProcessResult::Kind::kNotStarted:
      return "could not be started: " + std::generic_category().message(result.code);
  }
  return {};
}

}  // namespace hd
