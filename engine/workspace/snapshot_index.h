#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/workspace/source_tree.h"

namespace hd {

/// Remembers the SHA-256 of files by what the file system says of them, so that unchanged ones need
/// not be read again. Only a cache: a damaged or missing file costs time, never correctness.
class SnapshotIndex {
 public:
  /// Reads `file`; whatever cannot be understood is forgotten.
  explicit SnapshotIndex(std::string file);

  /// The content's SHA-256 when size, identity and times are those it was remembered with.
  [[nodiscard]] std::optional<std::string> find(const std::string& path,
                                                const SourceEntry& entry) const;
  void remember(const std::string& path, const SourceEntry& entry, std::string sha256);
  void forget(const std::string& path);
  /// Writes the file when something changed.
  void save();

 private:
  struct Record {
    std::uint64_t size = 0, device = 0, inode = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    std::string sha256;
  };
  static bool parse(const std::string& line, std::string& path, Record& record);

  std::string file_;
  std::map<std::string, Record> records_;
  bool changed_ = false;
};

/// A path as one word of a line: everything but visible ASCII, and `%`, becomes %XX.
[[nodiscard]] std::string to_word(const std::string& path);
/// The reverse; nullopt when it is no such word.
[[nodiscard]] std::optional<std::string> from_word(const std::string& word);

}  // namespace hd
