#include "cli/loop_journal.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "cli/exit_code.h"

namespace hd {

LoopJournal::LoopJournal(std::string path) : path_(std::move(path)) {
  file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!file_.is_open()) throw FileError(errno, "open", path_);
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw FileError(errno, "read", path_);
  if (!S_ISREG(status.st_mode)) throw FileError(EINVAL, "keep the tuning loop in", path_);
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw FileError(errno, "lock", path_);
    throw CommandFailure(kExitUnusable,
                         "E0508",
                         "another process keeps its tuning loop in " + path_,
                         "end it, or name another file");
  }
}

std::string LoopJournal::read() const {
  std::string content;
  char buffer[65536];
  while (true) {
    const ssize_t count =
        ::pread(file_.get(), buffer, sizeof buffer, static_cast<off_t>(content.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(errno, "read", path_);
    if (count == 0) break;
    content.append(buffer, static_cast<std::size_t>(count));
  }
  // Without any whole line it is new, unless it is somebody else's file.
  const std::size_t newline = content.rfind('\n');
  if (newline == std::string::npos) {
    constexpr std::string_view kStart = R"({"format":"hdrive tuning loop")";
    const bool is_ours = kStart.starts_with(content) || content.starts_with(kStart);
    return is_ours ? std::string() : content;
  }
  content.resize(newline + 1);
  return content;
}

void LoopJournal::cut(std::size_t length) {
  if (::ftruncate(file_.get(), static_cast<off_t>(length)) != 0) {
    throw FileError(errno, "write", path_);
  }
}

void LoopJournal::append(std::string_view record, bool must_be_durable) {
  unwritten_ += record;
  awaits_disk_ = awaits_disk_ || must_be_durable;
}

void LoopJournal::flush() {
  if (unwritten_.empty()) return;
  write_all(file_.get(), unwritten_, path_);
  unwritten_.clear();
  if (awaits_disk_ && ::fdatasync(file_.get()) != 0) throw FileError(errno, "write", path_);
  awaits_disk_ = false;
}

}  // namespace hd
