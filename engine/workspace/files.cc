#include "engine/workspace/files.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/workspace/identifiers.h"

namespace hd {
namespace {

std::string advice(int error_number) {
  switch (error_number) {
    case EROFS:
      return "; the file system is read-only: use a project folder on a writable one";
    case ENOSPC:
    case EDQUOT:
      return "; free some space there (old snapshots and runs are in .hdrive/) and try again";
    case EACCES:
    case EPERM:
      return "; check the owner and the permissions of this path and of the folders above it";
    case ENOTDIR:
      return "; a part of this path is a file, where a folder was expected";
    case ENAMETOOLONG:
      return "; use a project folder with a shorter path";
    case EMFILE:
    case ENFILE:
      return "; too many files are open: raise the limit (ulimit -n)";
    default:
      return {};
  }
}

}  // namespace

FileError::FileError(int error_number, const std::string& doing, std::string path)
    : std::system_error(error_number, std::generic_category()),
      path_(std::move(path)),
      message_("cannot " + doing + " " + path_ + ": " + code().message() + advice(error_number)) {}

void FileDescriptor::reset(int descriptor) {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
}

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return;
  const int error = errno;
  struct stat status {};
  if (error == EEXIST && ::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return;
    throw FileError(ENOTDIR, "create the folder", path);
  }
  throw FileError(error, "create the folder", path);
}

void make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    struct stat status {};
    if (::stat(parent.c_str(), &status) != 0) make_directory(parent);
  }
  make_directory(path);
}

void write_all(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(descriptor, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(errno, "write", path);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
}

void replace_file(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp-" + random_hex(8);
  FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) throw FileError(errno, "create", temporary);
  try {
    write_all(file.get(), content, temporary);
    if (::fsync(file.get()) != 0) throw FileError(errno, "write", temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw FileError(errno, "replace", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  const std::size_t slash = path.rfind('/');
  sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

std::optional<std::string> read_file(const std::string& path, std::size_t limit) {
  // Not blocking: a named pipe of that name must not stop the program.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw FileError(errno, "read", path);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw FileError(errno, "read", path);
  if (!S_ISREG(status.st_mode)) {
    throw FileError(S_ISDIR(status.st_mode) ? EISDIR : EINVAL, "read", path);
  }
  std::string content;
  char buffer[65536];
  while (true) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(errno, "read", path);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > limit) throw FileError(EFBIG, "read", path);
  }
}

void sync_directory(const std::string& path) {
  const FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) throw FileError(errno, "open the folder", path);
  // Some file systems cannot sync a directory and say EINVAL; they have nothing to make durable.
  if (::fsync(directory.get()) != 0 && errno != EINVAL) throw FileError(errno, "write", path);
}

void remove_tree(const std::string& path) noexcept {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

}  // namespace hd
