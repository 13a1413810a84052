#include "engine/workspace/content_store.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <memory>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "engine/workspace/identifiers.h"
#include "engine/workspace/sha256.h"

namespace hd {
namespace {

// Kernels stamp files with a clock that ticks every 10 ms at the slowest; file systems without
// fractions of a second, and the clocks of other machines, are given two seconds.
constexpr std::int64_t kTick = 20'000'000;
constexpr std::int64_t kCoarse = 2'000'000'000;
constexpr int kReadings = 3;

bool same_state(const SourceEntry& a, const SourceEntry& b) {
  return a.size == b.size && a.inode == b.inode && a.device == b.device &&
         a.modified_ns == b.modified_ns && a.changed_ns == b.changed_ns;
}

SourceEntry status_of(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw FileError(errno, "read", path);
  // Between listing and opening it may have become something else.
  if (!S_ISREG(status.st_mode)) throw FileError(ESTALE, "read", path);
  SourceEntry entry;
  set_status(entry, status);
  return entry;
}

/// Copies `from` into the empty file `to`, as a clone where the file system can; returns SHA-256
/// and size of what is in `to` now.
ContentStore::Read copy_content(int from,
                                int to,
                                const std::string& source,
                                const std::string& destination) {
  // What is hashed is the clone: the source may change meanwhile.
  const bool cloned = ::ioctl(to, FICLONE, from) == 0;
  const int reading = cloned ? to : from;
  Sha256 hash;
  ContentStore::Read result;
  std::array<char, 65536> buffer;
  off_t offset = 0;
  while (true) {
    const ssize_t count = ::pread(reading, buffer.data(), buffer.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw FileError(errno, "read", source);
    if (count == 0) break;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    hash.add(piece);
    if (!cloned) write_all(to, piece, destination);
    offset += count;
  }
  result.sha256 = hash.finish();
  result.size = static_cast<std::uint64_t>(offset);
  return result;
}

FileDescriptor create_new(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) throw FileError(errno, "create", path);
  return file;
}

void make_read_only(int descriptor, bool executable, const std::string& path) {
  if (::fchmod(descriptor, executable ? 0555 : 0444) != 0) throw FileError(errno, "protect", path);
}

void copy_kept(const std::string& content, bool executable, const std::string& destination) {
  const FileDescriptor from(::open(content.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from.is_open()) throw FileError(errno, "read", content);
  const FileDescriptor to = create_new(destination);
  (void)copy_content(from.get(), to.get(), content, destination);
  make_read_only(to.get(), executable, destination);
}

void remove_remains(const std::string& parent) {
  const std::unique_ptr<DIR, CloseFolder> stream(::opendir(parent.c_str()));
  while (const dirent* entry = stream ? ::readdir(stream.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string path = parent;
    path.append("/").append(name);
    const FileDescriptor folder(
        ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (folder.is_open() && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) remove_tree(path);
  }
}

}  // namespace

StagingDirectory::StagingDirectory(const std::string& parent) {
  make_directory(parent);
  remove_remains(parent);
  while (true) {
    path_ = parent + "/" + random_hex(8);
    make_directory(path_);
    lock_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat named {
    }, locked{};
    // Another submit may have taken it for remains before it was locked: then make another.
    if (lock_.is_open() && ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0 &&
        ::fstat(lock_.get(), &locked) == 0 && ::stat(path_.c_str(), &named) == 0 &&
        named.st_ino == locked.st_ino) {
      set_status(made_, named);
      return;
    }
    if (!lock_.is_open() && errno != ENOENT) throw FileError(errno, "open the folder", path_);
  }
}

StagingDirectory::~StagingDirectory() { remove_tree(path_); }

bool StagingDirectory::settled_before(const SourceEntry& entry) const {
  const bool coarse = entry.device != made_.device || entry.changed_ns % 1'000'000'000 == 0;
  return entry.changed_ns + (coarse ? kCoarse : kTick) <= made_.changed_ns;
}

void StagingDirectory::sync() const {
  if (::syncfs(lock_.get()) != 0) throw FileError(errno, "write the snapshot in", path_);
}

ContentStore::ContentStore(std::string directory, StagingDirectory& staging)
    : directory_(std::move(directory)), staging_(staging) {
  make_directory(directory_);
}

std::string ContentStore::path_of(std::string_view sha256, bool executable) const {
  return directory_ + "/" + std::string(sha256.substr(0, 2)) + "/" + std::string(sha256) +
         (executable ? ".x" : "");
}

bool ContentStore::has(std::string_view sha256, bool executable, std::uint64_t size) const {
  const std::string path = path_of(sha256, executable);
  struct stat status {};
  return waiting_.count(path) != 0 ||
         (::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
          static_cast<std::uint64_t>(status.st_size) == size);
}

ContentStore::Read ContentStore::take(const std::string& file, const SourceEntry& entry) {
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (entry.followed ? 0 : O_NOFOLLOW);
  const bool executable = (entry.mode & 0111U) != 0;
  for (int reading = 1;; ++reading) {
    const FileDescriptor from(::open(file.c_str(), flags));
    if (!from.is_open()) {
      throw FileError(errno, "read (list it in .amlignore when no child run needs it)", file);
    }
    const SourceEntry before = status_of(from.get(), file);
    const std::string staged = staging_.next_path();
    const FileDescriptor to = create_new(staged);
    Read read = copy_content(from.get(), to.get(), file, staged);
    const bool quiet = same_state(before, status_of(from.get(), file));
    if (!quiet && reading < kReadings) {
      ::unlink(staged.c_str());
      continue;
    }
    read.steady = quiet;
    read.as_listed = quiet && same_state(before, entry);
    read.is_new = !has(read.sha256, executable, read.size);
    if (read.is_new) {
      make_read_only(to.get(), executable, staged);
      waiting_[path_of(read.sha256, executable)] = staged;
    } else {
      ::unlink(staged.c_str());
    }
    return read;
  }
}

void ContentStore::publish() {
  if (waiting_.empty()) return;
  // A name here promises its content, also after a power failure.
  staging_.sync();
  for (const auto& [path, staged] : waiting_) {
    make_directory(path.substr(0, path.rfind('/')));
    if (::rename(staged.c_str(), path.c_str()) != 0) throw FileError(errno, "create", path);
  }
  waiting_.clear();
}

void ContentStore::place(std::string_view sha256, bool executable, const std::string& destination) {
  const std::string content = path_of(sha256, executable);
  if (::link(content.c_str(), destination.c_str()) == 0) return;
  if (errno == EMLINK) {
    // This file has all the names it may have; the next ones go to a fresh copy.
    const std::string fresh = staging_.next_path();
    copy_kept(content, executable, fresh);
    if (::rename(fresh.c_str(), content.c_str()) != 0) throw FileError(errno, "replace", content);
    if (::link(content.c_str(), destination.c_str()) == 0) return;
  }
  if (errno == ENOSPC || errno == EDQUOT || errno == EROFS || errno == EACCES) {
    throw FileError(errno, "create", destination);
  }
  copy_kept(content, executable, destination);
}

}  // namespace hd
