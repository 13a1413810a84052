#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/workspace/source_tree.h"
#include "engine/workspace/workspace.h"

namespace hd {

struct SnapshotOptions {
  SourceLimits limits;
};

struct SnapshotResult {
  std::string id;         ///< SHA-256 of the manifest, lower-case hexadecimal
  std::string directory;  ///< holds exactly the files; read-only by their modes
  bool existed = false;   ///< nothing had changed since an earlier snapshot
  std::uint64_t file_count = 0, bytes = 0;
  std::uint64_t read_count = 0, read_bytes = 0;      ///< files whose content had to be read
  std::uint64_t copied_count = 0, copied_bytes = 0;  ///< contents that were not kept already
  std::vector<std::string> warnings;
};

/// Keeps the present content of `source_directory` in the workspace, once per content. It appears
/// complete or not at all, also when several submits or a power failure come in between; the user's
/// files are only read, and never share storage that a write through either name could change.
/// Throws UsageError when the folder is missing or too large, FileError for what cannot be read or
/// written.
[[nodiscard]] SnapshotResult take_snapshot(const std::string& source_directory,
                                           const Workspace& workspace,
                                           const SnapshotOptions& options = {});

}  // namespace hd
