#pragma once
#include <cstdint>
#include <string>

#include "executors/supervisor/line_splitter.h"

namespace hd {

/// A file that others append to, read as it grows. A file that was cut short is read again from its
/// start; one that was replaced is read to its end and then the new one from its start.
class FollowedFile {
 public:
  /// Creates the file (0600) when it is missing. `directory` is an open descriptor that stays open.
  /// Throws std::system_error.
  FollowedFile(int directory, std::string path);
  ~FollowedFile();
  FollowedFile(const FollowedFile&) = delete;
  FollowedFile& operator=(const FollowedFile&) = delete;

  /// Reads up to `budget` bytes of what is new. True when there may be more.
  template <typename Take>
  bool read(std::size_t budget, Take&& take) {
    while (budget > 0) {
      const std::string_view bytes = next_bytes(budget);
      if (bytes.empty()) {
        if (!follow_change()) return false;
        splitter_.end(take);
        continue;
      }
      budget -= bytes.size();
      splitter_.feed(bytes, take);
    }
    return true;
  }

  /// What stands at the end without a newline is a line too.
  template <typename Take>
  void end(Take&& take) {
    splitter_.end(take);
  }

  /// The file under the path may be another one: looked at when reading reaches the end.
  void expect_replacement() { may_be_replaced_ = true; }

  [[nodiscard]] int descriptor() const { return fd_; }
  /// Rises when the path was found to hold another file; a watch must be set anew then.
  [[nodiscard]] int generation() const { return generation_; }
  /// Whether the file was cut short or replaced at least once.
  [[nodiscard]] bool changed() const { return changed_; }
  [[nodiscard]] std::int64_t dropped_lines() const { return splitter_.dropped(); }

 private:
  [[nodiscard]] std::string_view next_bytes(std::size_t most);
  bool follow_change();

  int directory_;
  std::string path_;
  int fd_ = -1;
  std::int64_t offset_ = 0;
  LineSplitter splitter_;
  int generation_ = 0;
  bool may_be_replaced_ = false;
  bool changed_ = false;
};

}  // namespace hd
