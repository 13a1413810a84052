#pragma once
#include <cstdint>
#include <string>
#include <vector>

struct stat;

namespace hd {

/// One file, link or folder to put into a snapshot.
struct SourceEntry {
  enum class Kind { kFile, kLink, kDirectory };
  Kind kind = Kind::kFile;
  std::string path;       ///< relative to the source directory, without "./"
  std::string target;     ///< links: what to write into the link
  bool followed = false;  ///< a link that points outside: its content is taken as a file
  unsigned int mode = 0;  ///< files: permission bits
  std::uint64_t size = 0;
  std::uint64_t device = 0, inode = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
};

struct SourceTree {
  std::vector<SourceEntry> entries;  ///< by rising bytes of the path
  std::uint64_t file_count = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> warnings;  ///< what was left out, and why
};

struct SourceLimits {
  std::uint64_t warn_bytes = std::uint64_t{300} << 20U;
  std::uint64_t warn_files = 2'000;
  std::uint64_t refuse_bytes = std::uint64_t{10} << 30U;
  std::uint64_t refuse_files = 200'000;
  bool allow_large = false;  ///< never refuse
};

/// Lists what a snapshot of `directory` (absolute, without links) holds. Every folder may have an
/// `.amlignore`, or else a `.gitignore`, with gitignore's meaning; `.git` and `.hdrive` are never
/// part of it. Links that stay inside remain links; one that leads outside is taken as the regular
/// file that it names, or left out with a warning; so are sockets, pipes and devices.
/// Throws UsageError past the limits, naming the largest parts, and FileError for what cannot be
/// read.
[[nodiscard]] SourceTree list_source_tree(const std::string& directory, const SourceLimits& limits);

/// Takes over what a status of the system says: size, identity, times, permission bits.
void set_status(SourceEntry& entry, const struct ::stat& status);

}  // namespace hd
