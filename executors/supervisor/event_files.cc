#include "executors/supervisor/event_files.h"

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace hd {
namespace {

constexpr std::array<const char*, 4> kFolders = {"logs", "runs", "lightning_logs", "outputs"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// 20231126-101500, 2023_11_26T10:15, 1700000000.25: digits and what stands between them.
bool is_moment(std::string_view folder) {
  const auto digits = std::count_if(folder.begin(), folder.end(), is_digit);
  return digits >= 6 && std::all_of(folder.begin(), folder.end(), [](char c) {
           return is_digit(c) || std::string_view("-_.:T").find(c) != std::string_view::npos;
         });
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

bool is_event_file(std::string_view name) {
  return name.find("tfevents") != std::string_view::npos;
}

}  // namespace

std::string event_metric_prefix(std::string_view path) {
  const std::vector<std::string_view> parts = split(path);
  // PyTorch and Lightning name the folder below these two themselves.
  const bool named_by_writer =
      !parts.empty() && (parts[0] == "runs" || parts[0] == "lightning_logs");
  std::string prefix;
  for (std::size_t i = named_by_writer ? 2 : 1; i + 1 < parts.size(); ++i) {
    if (is_moment(parts[i]) || parts[i].starts_with("version_")) continue;
    prefix += std::string(parts[i]) + '/';
  }
  return prefix;
}

EventFiles::EventFiles(int work) : work_(::fcntl(work, F_DUPFD_CLOEXEC, 3)) {}

EventFiles::~EventFiles() {
  if (work_ >= 0) ::close(work_);
}

void EventFiles::ignore_present() {
  ignoring_ = true;
  search();
  ignoring_ = false;
}

void EventFiles::search() {
  int entries = 0;
  for (const char* folder : kFolders) search_folder(work_, folder, folder, 0, entries);
}

void EventFiles::search_folder(
    int parent, const char* name, const std::string& path, int depth, int& entries) {
  const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd), ::closedir);
  if (!folder) {
    ::close(fd);
    return;
  }
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view entry_name = entry->d_name;
    if (entry_name == "." || entry_name == "..") continue;
    if (++entries > kMostEntries) return;
    const bool may_be_folder = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
    if (!may_be_folder && !is_event_file(entry_name)) continue;
    struct stat status {};
    if (::fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const std::string below = path + '/' + entry->d_name;
    if (S_ISDIR(status.st_mode) && depth < kDeepest) {
      search_folder(fd, entry->d_name, below, depth + 1, entries);
    } else if (S_ISREG(status.st_mode) && is_event_file(entry_name)) {
      found(below, status.st_size);
    }
  }
}

void EventFiles::found(const std::string& path, std::int64_t size) {
  const auto known = files_.find(path);
  if (known != files_.end()) {
    known->second.size = size;
    return;
  }
  if (files_.size() >= kMostFiles) {
    left_some_out_ = true;
    return;
  }
  File& file = files_[path];
  file.size = size;
  file.prefix = event_metric_prefix(path);
  // An old file that grows all the same is read from there on: records are only appended.
  if (ignoring_) file.offset = size;
}

bool EventFiles::read(std::size_t budget, const Take& take) {
  std::array<char, 65536> buffer;
  std::string name;
  for (auto& entry : files_) {
    const std::string& path = entry.first;
    File& file = entry.second;
    if (file.offset >= file.size || file.decoder.is_broken()) continue;
    const int fd = ::openat(work_, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status {};
    const bool is_file = fd >= 0 && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    while (is_file && budget > 0) {
      const ssize_t got = ::pread(fd, buffer.data(), std::min(budget, buffer.size()), file.offset);
      if (got <= 0) break;
      file.offset += got;
      budget -= static_cast<std::size_t>(got);
      file.decoder.feed({buffer.data(), static_cast<std::size_t>(got)},
                        [&](const EventScalar& scalar) {
                          name = file.prefix;
                          name += scalar.tag;
                          take(name, scalar);
                        });
    }
    if (fd >= 0) ::close(fd);
    if (budget == 0) return true;
    file.size = file.offset;  // also of a file that vanished or was cut short
  }
  return false;
}

}  // namespace hd
