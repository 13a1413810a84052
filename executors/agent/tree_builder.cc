#include "executors/agent/tree_builder.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

namespace fs = std::filesystem;

Error failure(const std::string& doing, const std::string& path) {
  const int problem = errno;
  return Error{"cannot " + doing + " " + path + ": " + std::strerror(problem),
               is_shortage(problem)};
}

bool has_size(const std::string& path, std::uint64_t size) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) == size;
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool append(const std::string& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  const int problem = errno;
  const bool closed = ::close(fd) == 0;
  if (!bytes.empty()) errno = problem;
  return bytes.empty() && closed;
}

void sync_file_system(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::syncfs(fd);
  ::close(fd);
}

/// What agents that are gone have left half done.
void remove_abandoned(const std::string& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string pid = entry->path().filename().string();
    if (!fs::exists("/proc/" + pid)) remove_folder(entry->path().string());
  }
}

}  // namespace

void remove_folder(const std::string& path) {
  std::error_code ignored;
  // Scripts may have made folders that cannot be emptied.
  for (fs::recursive_directory_iterator entry(path, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
      ::chmod(entry->path().c_str(), 0700);
    }
  }
  fs::remove_all(path, ignored);
}

bool make_folders(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return true;
  if (errno != ENOENT || path.rfind('/') == 0 || path.rfind('/') == std::string::npos) return false;
  return make_folders(parent_of(path)) && (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST);
}

TreeBuilder::TreeBuilder(std::string work) : work_(std::move(work)) {
  remove_abandoned(work_ + "/staging");
  staging_ = work_ + "/staging/" + std::to_string(::getpid());
}

TreeBuilder::~TreeBuilder() { remove_folder(staging_); }

std::string TreeBuilder::content_file(const TreeEntry& entry) const {
  return work_ + "/contents/" + entry.sha256.substr(0, 2) + "/" + entry.sha256 +
         (entry.executable ? "x" : "");
}

std::string TreeBuilder::received_file(const Tree& tree, std::size_t entry) const {
  return tree.staging + "/" + std::to_string(entry);
}

Result<TreeBuilder::Progress> TreeBuilder::plan(const std::string& folder,
                                                std::string_view entries) {
  Progress progress;
  if (is_folder(work_ + "/" + folder)) {
    progress.built = true;
    return progress;
  }
  auto decoded = decode_tree_plan(entries);
  if (!decoded) return decoded.error();
  Tree tree;
  tree.entries = std::move(*decoded);
  tree.staging = staging_ + "/" + std::to_string(next_tree_++);
  if (!make_folders(tree.staging)) return failure("create", tree.staging);
  std::set<std::string> asked;
  for (std::size_t i = 0; i < tree.entries.size(); ++i) {
    const TreeEntry& entry = tree.entries[i];
    if (entry.kind != TreeEntry::Kind::kFile) continue;
    if (!entry.sha256.empty()) {
      const std::string content = content_file(entry);
      if (has_size(content, entry.size) || !asked.insert(content).second) continue;
    }
    tree.missing.insert(i);
    progress.missing.push_back(i);
  }
  if (const auto earlier = trees_.find(folder); earlier != trees_.end()) {
    remove_folder(earlier->second.staging);
    trees_.erase(earlier);
  }
  Tree& kept = trees_.emplace(folder, std::move(tree)).first->second;
  if (kept.missing.empty()) return assemble(folder, kept);
  return progress;
}

Result<TreeBuilder::Progress> TreeBuilder::put(const std::string& folder,
                                               std::size_t entry,
                                               std::string_view part,
                                               bool is_last) {
  const auto found = trees_.find(folder);
  if (found == trees_.end() || !found->second.missing.contains(entry)) return Progress{};
  Tree& tree = found->second;
  const std::string file = received_file(tree, entry);
  if (!append(file, part)) {
    Error error = failure("write", file);
    remove_folder(tree.staging);
    trees_.erase(found);
    return error;
  }
  if (!is_last) return Progress{};
  if (!has_size(file, tree.entries[entry].size)) {
    return Error{"the file " + tree.entries[entry].path + " changed while it was sent"};
  }
  if (!tree.entries[entry].sha256.empty()) {
    if (auto kept = keep_content(tree, entry); !kept) return kept.error();
  }
  tree.missing.erase(entry);
  return tree.missing.empty() ? assemble(folder, tree) : Progress{};
}

Result<bool> TreeBuilder::keep_content(const Tree& tree, std::size_t entry) {
  const std::string content = content_file(tree.entries[entry]);
  const std::string file = received_file(tree, entry);
  // Read-only: what is linked to it must not be written through.
  ::chmod(file.c_str(), tree.entries[entry].executable ? 0500 : 0400);
  if (!make_folders(parent_of(content)) || ::rename(file.c_str(), content.c_str()) != 0) {
    return failure("create", content);
  }
  return true;
}

Result<bool> TreeBuilder::place(const Tree& tree, std::size_t index, const std::string& to) {
  const TreeEntry& entry = tree.entries[index];
  switch (entry.kind) {
    case TreeEntry::Kind::kDirectory:
      if (::mkdir(to.c_str(), 0700) != 0) return failure("create", to);
      return true;
    case TreeEntry::Kind::kLink:
      if (::symlink(entry.target.c_str(), to.c_str()) != 0) return failure("create the link", to);
      return true;
    case TreeEntry::Kind::kFile:
      break;
  }
  if (entry.sha256.empty()) {
    const std::string file = received_file(tree, index);
    if (entry.executable) ::chmod(file.c_str(), 0700);
    if (::rename(file.c_str(), to.c_str()) != 0) return failure("create", to);
    return true;
  }
  const std::string content = content_file(entry);
  if (::link(content.c_str(), to.c_str()) == 0) return true;
  std::error_code error;
  fs::copy_file(content, to, error);  // a file system without links, or too many of them
  errno = error.value();
  if (error) return failure("create", to);
  return true;
}

Result<TreeBuilder::Progress> TreeBuilder::assemble(const std::string& folder, Tree& tree) {
  const std::string built = tree.staging + "/built";
  Result<bool> placed = true;
  if (::mkdir(built.c_str(), 0700) != 0) placed = failure("create", built);
  for (std::size_t i = 0; placed && i < tree.entries.size(); ++i) {
    placed = place(tree, i, built + "/" + tree.entries[i].path);
  }
  if (placed) {
    const std::string goal = work_ + "/" + folder;
    sync_file_system(built);
    // Another engine's agent may be first: then its folder is as good as ours.
    if (!make_folders(parent_of(goal)) ||
        (::rename(built.c_str(), goal.c_str()) != 0 && !is_folder(goal))) {
      placed = failure("create", goal);
    }
  }
  remove_folder(tree.staging);
  trees_.erase(folder);
  if (!placed) return placed.error();
  Progress progress;
  progress.built = true;
  return progress;
}

}  // namespace hd
