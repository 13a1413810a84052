#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/workspace/files.h"
#include "engine/workspace/workspace.h"

namespace hd {

/// Held by the one engine of a parent run, in `<run directory>/engine.lock`. The kernel frees it
/// when the process ends, however it ends. Not inherited by programs that the holder starts.
class EngineLock {
 public:
  /// Takes the lock, making the run's folder when missing; nullopt when another engine holds it.
  /// Throws UsageError for a bad run id, FileError when the file cannot be used.
  [[nodiscard]] static std::optional<EngineLock> try_acquire(const Workspace& workspace,
                                                             std::string_view run_id);

  /// Whether an engine holds it now. Never disturbs an engine that is just taking it.
  [[nodiscard]] static bool is_held(const Workspace& workspace, std::string_view run_id);

  /// The process that holds it; nullopt when nobody does. For messages.
  [[nodiscard]] static std::optional<std::int64_t> holder(const Workspace& workspace,
                                                          std::string_view run_id);

 private:
  explicit EngineLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace hd
