#include "executors/local/supervisor_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

Error failure(const std::string& what, int problem) {
  return Error{what + ": " + std::strerror(problem), is_shortage(problem)};
}

// The attributes and file actions of one spawn, freed with it.
class SpawnPlan {
 public:
  explicit SpawnPlan(int engine_socket) {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t blocked;
    sigset_t all;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGHUP);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &blocked);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    ::posix_spawn_file_actions_adddup2(&actions_, engine_socket, attempt_files::kEngineDescriptor);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, attempt_files::kEngineDescriptor + 1);
  }
  ~SpawnPlan() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int spawn(pid_t& pid, const std::string& program, const std::string& argument) {
    std::array<char*, 3> argv{
        const_cast<char*>(program.c_str()), const_cast<char*>(argument.c_str()), nullptr};
    std::array<char*, 1> environment{nullptr};
    return ::posix_spawn(
        &pid, program.c_str(), &actions_, &attributes_, argv.data(), environment.data());
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

std::string read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return {};
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

bool is_absence(int problem) { return problem == ENOENT || problem == ENOTDIR; }

// What cannot be asked is not the same as a lock that is free: taking it for that would end a child
// run which is alive.
bool is_locked(const std::string& path, bool& known) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) {
    known = known && is_absence(errno);
    return false;
  }
  const bool taken = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  const bool locked = !taken && errno == EWOULDBLOCK;
  known = known && (taken || locked);
  ::close(fd);
  return locked;
}

bool exists(const std::string& path, bool& known) {
  if (::access(path.c_str(), F_OK) == 0) return true;
  known = known && is_absence(errno);
  return false;
}

}  // namespace

Result<StartedSupervisor> start_supervisor(const std::string& program,
                                           const std::string& attempt_directory) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    return failure("cannot create a socket pair for the supervisor", errno);
  }
  StartedSupervisor started;
  const int problem = SpawnPlan(ends[1]).spawn(started.pid, program, attempt_directory);
  ::close(ends[1]);
  if (problem != 0) {
    ::close(ends[0]);
    return failure("cannot start the supervisor " + program, problem);
  }
  started.socket = ends[0];
  started.process_descriptor = open_process(started.pid);
  return started;
}

AttemptProbe probe_attempt(const std::string& attempt_directory) {
  AttemptProbe probe;
  // The lock before the rest: what a supervisor wrote before it let go of the lock is there then.
  probe.alive = is_locked(attempt_directory + "/" + attempt_files::kLock, probe.known);
  probe.ended = exists(attempt_directory + "/" + attempt_files::kExit, probe.known);
  const std::string claim_path = attempt_directory + "/" + attempt_files::kClaim;
  probe.claimed = exists(claim_path, probe.known);
  if (!probe.known || !probe.alive || !probe.claimed) return probe;
  try {
    const auto claim = nlohmann::json::parse(read_file(claim_path));
    const auto pid = claim.at("pid").get<pid_t>();
    const auto start_time = claim.at("start_time").get<std::uint64_t>();
    if (pid > 0 && start_time != 0 && process_start_time(pid) == start_time &&
        claim.at("boot_id").get<std::string>() == boot_id()) {
      probe.pid = pid;
    }
  } catch (const nlohmann::json::exception&) {
    // Not written yet, or torn: the supervisor is found through its socket then.
  }
  return probe;
}

int connect_to_supervisor(const std::string& attempt_directory, pid_t supervisor) {
  // Through a descriptor of the directory the path is short however deep that lies.
  const int directory = ::open(attempt_directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  const std::string path =
      "/proc/self/fd/" + std::to_string(directory) + "/" + attempt_files::kSocket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool connected =
      fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(directory);
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool trusted = connected && ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
                       peer.uid == ::geteuid() && (supervisor == 0 || peer.pid == supervisor);
  if (trusted) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

std::optional<int> reap_supervisor(int process_descriptor) {
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(process_descriptor), &info, WEXITED | WNOHANG) != 0 ||
      info.si_pid == 0 || info.si_code != CLD_EXITED) {
    return std::nullopt;
  }
  return info.si_status;
}

}  // namespace hd
