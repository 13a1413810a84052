#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/workspace/files.h"
#include "engine/workspace/source_tree.h"

namespace hd {

/// A folder for one submit to build in, removed at the end. A lock tells it from what a submit that
/// was killed left behind; such remains are removed when the next one is made.
class StagingDirectory {
 public:
  explicit StagingDirectory(const std::string& parent);
  ~StagingDirectory();
  StagingDirectory(const StagingDirectory&) = delete;
  StagingDirectory& operator=(const StagingDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// A path in it that was not given before.
  [[nodiscard]] std::string next_path() { return path_ + "/" + std::to_string(next_++); }
  /// Whether a file with such a status changed so long before this folder was made that any later
  /// change must show in its times, coarse as they are.
  [[nodiscard]] bool settled_before(const SourceEntry& entry) const;
  /// Presses everything written to this file system to disk.
  void sync() const;

 private:
  std::string path_;
  FileDescriptor lock_;
  SourceEntry made_;
  int next_ = 0;
};

/// File contents by their SHA-256, each kept once (twice when some of its files are executable),
/// read-only. Snapshots are made of hard links to them, or of clones or copies where the file
/// system has no links.
class ContentStore {
 public:
  ContentStore(std::string directory, StagingDirectory& staging);

  struct Read {
    std::string sha256;
    std::uint64_t size = 0;
    bool steady = true;     ///< nobody wrote to it meanwhile; else this is one of its states
    bool as_listed = true;  ///< its status is still the entry's
    bool is_new = false;    ///< was not kept already
  };
  [[nodiscard]] bool has(std::string_view sha256, bool executable, std::uint64_t size) const;
  /// Reads a file of the user; its content is there for good only after `publish`.
  [[nodiscard]] Read take(const std::string& file, const SourceEntry& entry);
  void publish();
  /// Puts the content at `destination`, which must not exist.
  void place(std::string_view sha256, bool executable, const std::string& destination);

 private:
  [[nodiscard]] std::string path_of(std::string_view sha256, bool executable) const;

  std::string directory_;
  StagingDirectory& staging_;
  std::map<std::string, std::string> waiting_;  ///< final path -> staged path
};

}  // namespace hd
