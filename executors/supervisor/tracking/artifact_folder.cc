#include "executors/supervisor/tracking/artifact_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "engine/core/utf8.h"
#include "executors/supervisor/open_folder.h"
#include "executors/supervisor/tracking/tracking_error.h"

namespace hd {
namespace {

using Code = TrackingError::Code;

constexpr const char* kOutputs = "outputs";
constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// A descriptor that is closed with its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

[[noreturn]] void refuse(const std::string& what, int problem) {
  const std::string message = what + ": " + std::strerror(problem);
  switch (problem) {
    case ENOENT:
      throw TrackingError(Code::kDoesNotExist, message);
    case ENOSPC:
    case EDQUOT:
      throw TrackingError(Code::kNoSpace, message);
    case ELOOP:
      throw TrackingError(Code::kInvalidParameter, what + ": a link leads out of the run's files");
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case EACCES:
      throw TrackingError(Code::kInvalidParameter, message);
    default:
      throw TrackingError(Code::kInternal, message);
  }
}

std::string quoted(std::string_view path) { return "the artifact '" + std::string(path) + "'"; }

/// Opens outputs and then folder by folder; with `make`, those that are missing are made.
/// Not open, with errno set, when one is missing.
Descriptor open_folders(int work, const std::vector<std::string>& parts, bool make) {
  const auto enter = [make](int parent, const char* name) {
    if (make && ::mkdirat(parent, name, 0700) != 0 && errno != EEXIST) return -1;
    const int fd = ::openat(parent, name, kOpenFolder);
    // Of a link the kernel says either, depending on its version.
    struct stat status {};
    if (fd < 0 && errno == ENOTDIR && ::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      errno = S_ISLNK(status.st_mode) ? ELOOP : ENOTDIR;
    }
    return fd;
  };
  Descriptor folder(enter(work, kOutputs));
  for (const std::string& part : parts) {
    if (!folder.is_open()) break;
    const int inner = enter(folder.get(), part.c_str());
    const int problem = errno;
    folder = Descriptor(inner);
    errno = problem;
  }
  return folder;
}

}  // namespace

std::vector<std::string> artifact_path_parts(std::string_view path) {
  if (path.starts_with('/') || path.find('\0') != std::string_view::npos) {
    throw TrackingError(Code::kInvalidParameter,
                        "an artifact's path is relative to the run, found '" +
                            std::string(path.substr(0, path.find('\0'))) + "'");
  }
  if (find_invalid_utf8(path)) {
    throw TrackingError(Code::kInvalidParameter, "an artifact's path is UTF-8");
  }
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (part == "..") {
      throw TrackingError(Code::kInvalidParameter, "an artifact's path stays inside the run");
    }
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

ArtifactFile::ArtifactFile(ArtifactFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      temporary_folder_(other.temporary_folder_),
      temporary_name_(std::move(other.temporary_name_)),
      folder_(std::exchange(other.folder_, -1)),
      name_(std::move(other.name_)),
      problem_(other.problem_) {}

ArtifactFile::~ArtifactFile() {
  if (folder_ >= 0) ::close(folder_);
  if (file_ < 0) return;
  ::close(file_);
  ::unlinkat(temporary_folder_, temporary_name_.c_str(), 0);
}

void ArtifactFile::write(std::string_view bytes) {
  while (!bytes.empty() && problem_ == 0) {
    const ssize_t done = ::write(file_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      problem_ = done < 0 ? errno : EIO;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

void ArtifactFile::finish() {
  if (problem_ != 0) refuse(quoted(name_) + " cannot be written", problem_);
  if (::renameat(temporary_folder_, temporary_name_.c_str(), folder_, name_.c_str()) != 0) {
    refuse(quoted(name_) + " cannot be put at its place", errno);
  }
  ::close(file_);
  file_ = -1;
}

ArtifactFolder::ArtifactFolder(int work, int temporary)
    : work_(::fcntl(work, F_DUPFD_CLOEXEC, 3)),
      temporary_(::fcntl(temporary, F_DUPFD_CLOEXEC, 3)) {}

ArtifactFolder::~ArtifactFolder() {
  if (work_ >= 0) ::close(work_);
  if (temporary_ >= 0) ::close(temporary_);
}

ArtifactFile ArtifactFolder::create(std::string_view path) {
  std::vector<std::string> parts = artifact_path_parts(path);
  if (parts.empty()) throw TrackingError(Code::kInvalidParameter, "an artifact needs a name");
  ArtifactFile file;
  file.name_ = std::move(parts.back());
  parts.pop_back();
  file.temporary_folder_ = temporary_;
  file.temporary_name_ = "upload-" + std::to_string(++created_) + ".part";
  file.folder_ = open_folders(work_, parts, true).release();
  if (file.folder_ < 0) refuse("the folder of " + quoted(path) + " cannot be opened", errno);
  struct stat status {};
  if (::fstatat(file.folder_, file.name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISDIR(status.st_mode)) {
    refuse(quoted(path) + " cannot be created", EISDIR);
  }
  file.file_ = ::openat(temporary_,
                        file.temporary_name_.c_str(),
                        O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                        0600);
  if (file.file_ < 0) refuse(quoted(path) + " cannot be created", errno);
  return file;
}

int ArtifactFolder::open(std::string_view path) const {
  std::vector<std::string> parts = artifact_path_parts(path);
  if (parts.empty()) throw TrackingError(Code::kInvalidParameter, "an artifact needs a name");
  const std::string name = std::move(parts.back());
  parts.pop_back();
  const Descriptor folder = open_folders(work_, parts, false);
  if (!folder.is_open()) refuse(quoted(path) + " cannot be read", errno);
  Descriptor file(
      ::openat(folder.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) refuse(quoted(path) + " cannot be read", errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    refuse(quoted(path) + " is no file", EISDIR);
  }
  return file.release();
}

std::vector<ArtifactEntry> ArtifactFolder::list(std::string_view path) const {
  std::vector<ArtifactEntry> entries;
  Descriptor folder = open_folders(work_, artifact_path_parts(path), false);
  if (!folder.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return entries;
    refuse("the folder '" + std::string(path) + "' cannot be read", errno);
  }
  const OpenFolder reader(folder.release());
  while (const dirent* entry = reader.next()) {
    struct stat status {};
    if (::fstatat(reader.descriptor(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      entries.push_back({entry->d_name, true, 0});
    } else if (S_ISREG(status.st_mode)) {
      entries.push_back({entry->d_name, false, status.st_size});
    }
    if (entries.size() >= kMostEntries) break;
  }
  std::sort(entries.begin(), entries.end(), [](const ArtifactEntry& a, const ArtifactEntry& b) {
    return a.name < b.name;
  });
  return entries;
}

void ArtifactFolder::remove(std::string_view path) {
  std::vector<std::string> parts = artifact_path_parts(path);
  if (parts.empty()) throw TrackingError(Code::kInvalidParameter, "an artifact needs a name");
  const std::string name = std::move(parts.back());
  parts.pop_back();
  const Descriptor folder = open_folders(work_, parts, false);
  if (!folder.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    refuse(quoted(path) + " cannot be removed", errno);
  }
  if (!remove_entry(folder.get(), name.c_str())) refuse(quoted(path) + " cannot be removed", errno);
}

bool ArtifactFolder::holds(std::string_view path) const {
  std::vector<std::string> parts = artifact_path_parts(path);
  if (parts.empty()) return true;
  const std::string name = std::move(parts.back());
  parts.pop_back();
  const Descriptor folder = open_folders(work_, parts, false);
  struct stat status {};
  return folder.is_open() &&
         ::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

}  // namespace hd
