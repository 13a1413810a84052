#include "engine/workspace/engine_lock.h"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace hd {
namespace {

// Locks of the open file description: like flock they last as long as the descriptor, but a reader
// can also ask who holds one without taking it for a moment itself.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/// The lock file when an engine holds it, else closed.
FileDescriptor open_if_held(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw FileError(errno, "open the lock", path);
  }
  struct flock lock = whole_file();
  if (::fcntl(file.get(), F_OFD_GETLK, &lock) != 0)
    throw FileError(errno, "ask for the lock", path);
  if (lock.l_type == F_UNLCK) file.reset();
  return file;
}

}  // namespace

std::optional<EngineLock> EngineLock::try_acquire(const Workspace& workspace,
                                                  std::string_view run_id) {
  (void)workspace.create_run_directory(run_id);
  const std::string path = workspace.engine_lock_file(run_id);
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) throw FileError(errno, "open the lock", path);
  struct flock lock = whole_file();
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return std::nullopt;
    throw FileError(errno, "take the lock", path);
  }
  if (::ftruncate(file.get(), 0) != 0) throw FileError(errno, "write", path);
  write_all(file.get(), std::to_string(::getpid()) + "\n", path);
  return EngineLock(std::move(file));
}

bool EngineLock::is_held(const Workspace& workspace, std::string_view run_id) {
  return open_if_held(workspace.engine_lock_file(run_id)).is_open();
}

std::optional<std::int64_t> EngineLock::holder(const Workspace& workspace,
                                               std::string_view run_id) {
  const FileDescriptor file = open_if_held(workspace.engine_lock_file(run_id));
  if (!file.is_open()) return std::nullopt;
  char text[24];
  const ssize_t length = ::read(file.get(), text, sizeof text);
  std::int64_t process_id = 0;
  if (length <= 0 || std::from_chars(text, text + length, process_id).ec != std::errc()) {
    return std::nullopt;
  }
  return process_id;
}

}  // namespace hd
