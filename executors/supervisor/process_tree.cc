#include "executors/supervisor/process_tree.h"

#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

namespace hd {
namespace {

bool read_all(const std::string& path, std::string& text) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return true;
}

// For kernels without the children file: whoever names us as parent.
std::vector<pid_t> children_by_parent() {
  std::vector<pid_t> found;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return found;
  while (const dirent* entry = ::readdir(proc)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    std::string stat;
    read_all(std::string("/proc/") + entry->d_name + "/stat", stat);
    const std::size_t close = stat.rfind(')');  // ") S <parent> ..."
    if (close == std::string::npos || close + 4 >= stat.size()) continue;
    if (std::strtol(stat.c_str() + close + 4, nullptr, 10) == ::getpid()) {
      found.push_back(static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10)));
    }
  }
  ::closedir(proc);
  return found;
}

std::vector<pid_t> children() {
  const std::string self = std::to_string(::getpid());
  std::string text;
  if (!read_all("/proc/self/task/" + self + "/children", text)) return children_by_parent();
  std::vector<pid_t> found;
  const char* p = text.c_str();
  char* end = nullptr;
  for (long pid = std::strtol(p, &end, 10); end != p; pid = std::strtol(p, &end, 10)) {
    found.push_back(static_cast<pid_t>(pid));
    p = end;
  }
  return found;
}

}  // namespace

void become_subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

int signal_children(int signal) {
  const std::vector<pid_t> found = children();
  for (const pid_t pid : found) ::kill(pid, signal);
  return static_cast<int>(found.size());
}

}  // namespace hd
