#include "executors/ssh/returned_files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "executors/agent_protocol/tree_plan.h"
#include "executors/supervisor_protocol/attempt_files.h"

namespace hd {
namespace {

constexpr std::array<const char*, 2> kLogs = {attempt_files::kStdout, attempt_files::kStderr};

bool write_at(int file, std::string_view content, std::int64_t offset) {
  while (!content.empty()) {
    const ssize_t done = ::pwrite(file, content.data(), content.size(), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    offset += done;
    content.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

std::array<std::int64_t, 2> ReturnedFiles::log_sizes() const {
  std::array<std::int64_t, 2> sizes{};
  for (std::size_t which = 0; which < kLogs.size(); ++which) {
    struct stat status {};
    if (::lstat((directory_ + "/" + kLogs[which]).c_str(), &status) == 0) {
      sizes[which] = status.st_size;
    }
  }
  return sizes;
}

bool ReturnedFiles::are_complete() const {
  return ::access((directory_ + "/" + attempt_files::kClaim).c_str(), F_OK) == 0;
}

void ReturnedFiles::fail(const std::string& path) {
  const int reason = errno;
  if (problem_.empty()) problem_ = directory_ + "/" + path + ": " + std::strerror(reason);
}

// Every folder on the way must be one, not a link to one.
int ReturnedFiles::open_parent(std::string_view path) const {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int folder = ::open(directory_.c_str(), kFlags);
  for (std::size_t slash = path.find('/'); folder >= 0 && slash != std::string_view::npos;
       slash = path.find('/')) {
    const std::string name(path.substr(0, slash));
    path.remove_prefix(slash + 1);
    (void)::mkdirat(folder, name.c_str(), 0700);
    const int inner = ::openat(folder, name.c_str(), kFlags);
    const int reason = errno;
    ::close(folder);
    errno = reason;
    folder = inner;
  }
  return folder;
}

void ReturnedFiles::take_log(const Frame& frame) {
  const auto which = frame.head.at("log").get<std::size_t>();
  if (which >= kLogs.size()) return;
  const int parent = open_parent(kLogs[which]);
  if (parent < 0) return fail(kLogs[which]);
  const std::string name =
      std::string(kLogs[which]).substr(std::string(kLogs[which]).rfind('/') + 1);
  const int file =
      ::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0 || !write_at(file, frame.body, frame.head.at("offset").get<std::int64_t>())) {
    fail(kLogs[which]);
  }
  if (file >= 0) ::close(file);
  ::close(parent);
}

void ReturnedFiles::take_part(const Frame& frame) {
  const auto size = frame.head.at("path").get<std::size_t>();
  const std::string path = frame.body.substr(0, size);
  if (size > frame.body.size() || !is_inner_path(path)) {
    errno = EINVAL;
    return fail("what the host sent");
  }
  const std::string_view content = std::string_view(frame.body).substr(size);
  const int parent = open_parent(path);
  if (parent < 0) return fail(path);
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto kind = frame.head.at("kind").get<std::string>();
  const auto offset = frame.head.at("offset").get<std::int64_t>();
  if (kind == "d") {
    if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) fail(path);
  } else if (kind == "l") {
    (void)::unlinkat(parent, name.c_str(), 0);
    if (::symlinkat(std::string(content).c_str(), parent, name.c_str()) != 0) fail(path);
  } else {
    write_file(parent, name, frame.head.at("executable"), offset, content);
  }
  ::close(parent);
}

void ReturnedFiles::write_file(int parent,
                               const std::string& name,
                               bool executable,
                               std::int64_t offset,
                               std::string_view content) {
  if (offset == 0) (void)::unlinkat(parent, name.c_str(), 0);
  const int file = ::openat(
      parent, name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, executable ? 0700 : 0600);
  if (file < 0) return fail(name);
  if (!write_at(file, content, offset)) fail(name);
  ::close(file);
}

}  // namespace hd
