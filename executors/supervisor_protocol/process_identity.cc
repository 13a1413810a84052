#include "executors/supervisor_protocol/process_identity.h"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>

namespace hd {
namespace {

std::string read_small(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  char buffer[4096];
  const ssize_t got = ::read(fd, buffer, sizeof buffer);
  ::close(fd);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

}  // namespace

std::uint64_t process_start_time(pid_t pid) {
  const std::string stat = read_small(("/proc/" + std::to_string(pid) + "/stat").c_str());
  // The second field is the program's name in parentheses and may itself hold any characters.
  std::size_t position = stat.rfind(')');
  if (position == std::string::npos || position + 2 >= stat.size()) return 0;
  position += 2;
  if (stat[position] == 'Z' || stat[position] == 'X') return 0;
  constexpr int kFieldsToSkip = 19;  // the state is field 3, the start time field 22
  for (int field = 0; field < kFieldsToSkip; ++field) {
    position = stat.find(' ', position);
    if (position == std::string::npos) return 0;
    ++position;
  }
  std::uint64_t ticks = 0;
  std::from_chars(stat.data() + position, stat.data() + stat.size(), ticks);
  return ticks;
}

std::string boot_id() {
  std::string id = read_small("/proc/sys/kernel/random/boot_id");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

bool is_shortage(int problem) {
  switch (problem) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
      return true;
    default:
      return false;
  }
}

bool is_signal_pending(pid_t pid, int signal) {
  const std::string status = read_small(("/proc/" + std::to_string(pid) + "/status").c_str());
  constexpr std::string_view kField = "\nShdPnd:\t";
  const std::size_t field = status.find(kField);
  if (field == std::string::npos) return false;
  std::uint64_t pending = 0;
  std::from_chars(
      status.data() + field + kField.size(), status.data() + status.size(), pending, 16);
  return (pending >> static_cast<unsigned>(signal - 1) & 1U) != 0;
}

int open_process(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

bool signal_process(int process_descriptor, int signal) {
  return ::syscall(SYS_pidfd_send_signal, process_descriptor, signal, nullptr, 0) == 0;
}

}  // namespace hd
