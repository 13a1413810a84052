#pragma once
#include <string>
#include <string_view>

#include "engine/workspace/files.h"

namespace hd {

/// The file that keeps a tuning loop: what TuningLoop::save() gave, followed by what its journal
/// received. Only grows, so keeping one more step costs one write. Locked for this process as long
/// as it is open.
class LoopJournal {
 public:
  /// Opens the file, or creates an empty one with mode 0600. Throws CommandFailure while another
  /// process has it, FileError when the file system refuses.
  explicit LoopJournal(std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }

  /// The whole lines in the file. A last one without its end was being written when the process
  /// died, so its answer was never given: it is left out.
  [[nodiscard]] std::string read() const;

  /// Leaves the first `length` bytes of the file.
  void cut(std::size_t length);

  /// Takes a record; it is in the file after the next flush.
  void append(std::string_view record, bool must_be_durable);
  /// Whether the next flush waits for the disk.
  [[nodiscard]] bool awaits_disk() const { return awaits_disk_; }
  /// Writes what was appended, so that it outlives this process; when any of it must be durable,
  /// waits until the disk has all of it.
  void flush();

 private:
  std::string path_;
  FileDescriptor file_;
  std::string unwritten_;
  bool awaits_disk_ = false;
};

}  // namespace hd
