#include "cli/terminal.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <climits>

namespace hd {

namespace {

constexpr std::size_t kMostPending = std::size_t{1} << 20U;

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

TerminalTraits terminal_traits() {
  TerminalTraits traits;
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  const char* kind = std::getenv("TERM");
  const bool dumb = kind == nullptr || *kind == '\0' || std::string_view(kind) == "dumb";
  traits.live = terminal && !dumb && !is_set("CI");
  const char* force = std::getenv("CLICOLOR_FORCE");
  const bool forced = force != nullptr && std::string_view(force) == "1";
  traits.color = !is_set("NO_COLOR") && (forced || (terminal && !dumb));
  traits.utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  return traits;
}

ScreenSize screen_size() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    return {size.ws_col, size.ws_row};
  }
  return {};
}

void ProgressOutput::write(std::string_view text) {
  if (broken_) return;
  if (pending_.size() + text.size() > kMostPending) return;
  pending_ += text;
}

bool ProgressOutput::write_some(int wait_ms) {
  pollfd output{descriptor_, POLLOUT, 0};
  if (::poll(&output, 1, wait_ms) <= 0) return false;
  // A pipe that is ready takes this much without blocking.
  const std::size_t size = std::min<std::size_t>(pending_.size(), PIPE_BUF);
  const ssize_t written = ::write(descriptor_, pending_.data(), size);
  if (written > 0) {
    pending_.erase(0, static_cast<std::size_t>(written));
    return true;
  }
  if (written < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  broken_ = true;
  pending_.clear();
  return false;
}

void ProgressOutput::flush() {
  while (!pending_.empty() && write_some(0)) {
  }
}

void ProgressOutput::finish() {
  while (!pending_.empty() && write_some(2000)) {
  }
}

}  // namespace hd
