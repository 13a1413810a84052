#include "executors/supervisor_protocol/attempt_sweep.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <set>
#include <signal.h>
#include <string_view>
#include <time.h>
#include <unistd.h>

#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

// Whether the process's environment has the mark. The environment of a zombie reads as empty.
// `known` becomes false when we lack the means to look.
bool carries(pid_t pid, std::string_view mark, bool& known) {
  const std::string path = "/proc/" + std::to_string(pid) + "/environ";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    known = known && !is_shortage(errno);
    return false;
  }
  std::string environment(1, '\0');  // so that every entry has a NUL before it
  char buffer[16384];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof buffer)) > 0) {
    environment.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  environment += '\0';
  return environment.find(mark) != std::string::npos;
}

std::string mark_of(const std::string& nonce) {
  std::string mark(1, '\0');
  mark += attempt_files::kMark;
  mark += '=';
  mark += nonce;
  mark += '\0';
  return mark;
}

}  // namespace

std::optional<std::vector<pid_t>> find_marked_processes(const std::string& nonce) {
  std::vector<pid_t> found;
  if (nonce.empty()) return found;
  const std::string mark = mark_of(nonce);
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return std::nullopt;
  bool known = true;
  while (const dirent* entry = ::readdir(proc)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid != ::getpid() && carries(pid, mark, known)) found.push_back(pid);
  }
  ::closedir(proc);
  if (!known) return std::nullopt;
  return found;
}

std::optional<int> sweep_marked_processes(const std::string& nonce, int& left) {
  constexpr int kRounds = 50;
  constexpr timespec kPause{0, 5'000'000};
  const std::string mark = mark_of(nonce);
  std::set<pid_t> killed;
  left = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto found = find_marked_processes(nonce);
    if (!found) return std::nullopt;
    left = static_cast<int>(found->size());
    if (found->empty()) break;
    bool known = true;
    for (const pid_t pid : *found) {
      // The number may have gone to a stranger since: look again with the process held fast.
      const int pidfd = open_process(pid);
      if (pidfd < 0) continue;
      if (carries(pid, mark, known) && signal_process(pidfd, SIGKILL)) {
        killed.insert(pid);
      }
      ::close(pidfd);
    }
    ::nanosleep(&kPause, nullptr);
  }
  return static_cast<int>(killed.size());
}

}  // namespace hd
