#include "executors/supervisor/followed_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace hd {
namespace {

// One for all files: they are read in turns, and the lines are taken before the next read.
std::array<char, 65536> read_buffer;

}  // namespace

FollowedFile::FollowedFile(int directory, std::string path)
    : directory_(directory), path_(std::move(path)) {
  fd_ = ::openat(
      directory_, path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot create " + path_);
}

FollowedFile::~FollowedFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::string_view FollowedFile::next_bytes(std::size_t most) {
  if (fd_ < 0) return {};
  const ssize_t got = ::pread(fd_, read_buffer.data(), std::min(most, read_buffer.size()), offset_);
  if (got <= 0) return {};
  offset_ += got;
  return {read_buffer.data(), static_cast<std::size_t>(got)};
}

bool FollowedFile::follow_change() {
  struct stat now {};
  if (fd_ >= 0 && ::fstat(fd_, &now) == 0 && now.st_size < offset_) {
    offset_ = 0;
    changed_ = true;
    return now.st_size > 0;
  }
  if (!std::exchange(may_be_replaced_, false)) return false;
  const int fd =
      ::openat(directory_, path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return false;  // deleted: the descriptor at hand stays good for those who have it open
  struct stat other {};
  const bool is_new = ::fstat(fd, &other) == 0 && S_ISREG(other.st_mode) &&
                      (fd_ < 0 || other.st_ino != now.st_ino || other.st_dev != now.st_dev);
  if (!is_new) {
    ::close(fd);
    return false;
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  offset_ = 0;
  ++generation_;
  changed_ = true;
  return true;
}

}  // namespace hd
