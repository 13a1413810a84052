#include "engine/workspace/snapshot.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <climits>

#include "engine/core/error.h"
#include "engine/workspace/content_store.h"
#include "engine/workspace/files.h"
#include "engine/workspace/sha256.h"
#include "engine/workspace/snapshot_index.h"

namespace hd {
namespace {

constexpr const char* kManifestHeader = "hdrive snapshot 1\n";

std::string source_path(const std::string& text) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(text.c_str(), nullptr),
                                                         &std::free);
  struct stat status {};
  if (!real || ::stat(real.get(), &status) != 0) {
    throw UsageError("the source directory " + text + " does not exist",
                     "name the folder of the script with --source-directory");
  }
  if (!S_ISDIR(status.st_mode)) {
    throw UsageError("the source directory " + text + " is a file, where a folder was expected",
                     "name the folder of the script with --source-directory");
  }
  return real.get();
}

bool is_executable(const SourceEntry& entry) { return (entry.mode & 0111U) != 0; }

/// One submit's work: the listed tree, the SHA-256 of its files, and where they go.
class SnapshotTaker {
 public:
  SnapshotTaker(const std::string& source,
                const Workspace& workspace,
                SourceTree tree,
                StagingDirectory& staging)
      : source_(source),
        workspace_(workspace),
        tree_(std::move(tree)),
        staging_(staging),
        store_(workspace.snapshots_directory() + "/objects", staging),
        index_(workspace.snapshots_directory() + "/index") {
    result_.warnings = std::move(tree_.warnings);
  }

  SnapshotResult run() {
    for (SourceEntry& entry : tree_.entries) {
      if (entry.kind == SourceEntry::Kind::kFile) take_content(entry);
      sha256_.push_back(std::move(current_));
      current_.clear();
    }
    store_.publish();
    const std::string manifest = manifest_text();
    Sha256 hash;
    hash.add(manifest);
    result_.id = hash.finish();
    result_.directory = workspace_.snapshot_directory(result_.id);
    result_.existed = is_intact() && manifest_is(manifest);
    if (!result_.existed) publish(manifest);
    try {
      index_.save();
    } catch (const FileError& error) {
      result_.warnings.push_back(std::string("the next submit reads every file again: ") +
                                 error.what());
    }
    return std::move(result_);
  }

 private:
  void take_content(SourceEntry& entry) {
    const std::string file = (source_ == "/" ? "" : source_) + "/" + entry.path;
    const bool executable = is_executable(entry);
    const auto known = index_.find(file, entry);
    if (known && store_.has(*known, executable, entry.size)) {
      current_ = *known;
    } else {
      ContentStore::Read read = store_.take(file, entry);
      result_.read_count += 1;
      result_.read_bytes += read.size;
      if (read.is_new) {
        result_.copied_count += 1;
        result_.copied_bytes += read.size;
      }
      if (!read.steady) {
        result_.warnings.push_back(entry.path +
                                   " was being written to while it was copied: the snapshot may "
                                   "hold a part of it; list it in .amlignore if no child needs it");
      }
      // A file that changed in the tick of the clock in which it was read could change once more
      // without its times showing it; it is read again next time.
      if (read.as_listed && staging_.settled_before(entry)) {
        index_.remember(file, entry, read.sha256);
      } else {
        index_.forget(file);
      }
      entry.size = read.size;
      current_ = std::move(read.sha256);
    }
    result_.file_count += 1;
    result_.bytes += entry.size;
  }

  [[nodiscard]] std::string manifest_text() const {
    std::string text = kManifestHeader;
    for (std::size_t i = 0; i < tree_.entries.size(); ++i) {
      const SourceEntry& entry = tree_.entries[i];
      switch (entry.kind) {
        case SourceEntry::Kind::kDirectory:
          text += "directory " + to_word(entry.path) + "\n";
          break;
        case SourceEntry::Kind::kLink:
          text += "link " + to_word(entry.path) + " " + to_word(entry.target) + "\n";
          break;
        case SourceEntry::Kind::kFile: {
          char mode[8];
          (void)std::snprintf(mode, sizeof mode, "%04o", entry.mode);
          text += "file " + to_word(entry.path) + " " + mode + " " + std::to_string(entry.size) +
                  " " + sha256_[i] + "\n";
          break;
        }
      }
    }
    return text;
  }

  /// Whether the snapshot's folder still holds what the manifest says, by kinds and sizes.
  [[nodiscard]] bool is_intact() const {
    struct stat status {};
    if (::lstat(result_.directory.c_str(), &status) != 0) return false;
    for (const SourceEntry& entry : tree_.entries) {
      const std::string path = result_.directory + "/" + entry.path;
      if (::lstat(path.c_str(), &status) != 0) return false;
      const bool as_listed =
          entry.kind == SourceEntry::Kind::kDirectory ? S_ISDIR(status.st_mode)
          : entry.kind == SourceEntry::Kind::kLink
              ? S_ISLNK(status.st_mode)
              : S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == entry.size;
      if (!as_listed) return false;
    }
    return true;
  }

  [[nodiscard]] bool manifest_is(const std::string& text) const {
    return read_file(workspace_.snapshot_manifest_file(result_.id), text.size()) == text;
  }

  void publish(const std::string& manifest) {
    const std::string built = staging_.next_path();
    make_directory(built);
    for (std::size_t i = 0; i < tree_.entries.size(); ++i) {
      const SourceEntry& entry = tree_.entries[i];
      const std::string path = built + "/" + entry.path;
      if (entry.kind == SourceEntry::Kind::kDirectory) {
        make_directory(path);
      } else if (entry.kind == SourceEntry::Kind::kLink) {
        if (::symlink(entry.target.c_str(), path.c_str()) != 0) {
          throw FileError(errno, "create the link", path);
        }
      } else {
        store_.place(sha256_[i], is_executable(entry), path);
      }
    }
    staging_.sync();
    replace_file(workspace_.snapshot_manifest_file(result_.id), manifest);
    // Another submit of the same files may be first: then its folder is as good as ours.
    while (::rename(built.c_str(), result_.directory.c_str()) != 0) {
      if (errno != EEXIST && errno != ENOTEMPTY) {
        throw FileError(errno, "create the snapshot", result_.directory);
      }
      if (is_intact()) break;
      // Somebody took files out of it: put it aside.
      if (::rename(result_.directory.c_str(), staging_.next_path().c_str()) != 0 &&
          errno != ENOENT) {
        throw FileError(errno, "replace the damaged snapshot", result_.directory);
      }
    }
    sync_directory(workspace_.snapshots_directory());
  }

  const std::string& source_;
  const Workspace& workspace_;
  SourceTree tree_;
  StagingDirectory& staging_;
  ContentStore store_;
  SnapshotIndex index_;
  std::vector<std::string> sha256_;  // by entry; empty for what is no file
  std::string current_;
  SnapshotResult result_;
};

}  // namespace

SnapshotResult take_snapshot(const std::string& source_directory,
                             const Workspace& workspace,
                             const SnapshotOptions& options) {
  const std::string source = source_path(source_directory);
  // Before the listing: its time decides which files have settled.
  make_directory(workspace.snapshots_directory());
  StagingDirectory staging(workspace.snapshots_directory() + "/temporary");
  SourceTree tree = list_source_tree(source, options.limits);
  return SnapshotTaker(source, workspace, std::move(tree), staging).run();
}

}  // namespace hd
