#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "executors/supervisor/heard_line.h"

namespace hd {

/// Cuts bytes into lines, however they arrive. A line ends at "\n"; of parts redrawn over each
/// other with "\r" only the last one that is not empty counts. Lines over kLongestScriptLine are
/// dropped and counted; memory stays below that size plus one chunk.
class LineSplitter {
 public:
  /// Calls `take(std::string_view line)` for every line that is complete with `bytes`.
  template <typename Take>
  void feed(std::string_view bytes, Take&& take) {
    while (!bytes.empty()) {
      const std::size_t newline = bytes.find('\n');
      if (newline == std::string_view::npos) {
        keep(bytes);
        return;
      }
      const std::string_view piece = bytes.substr(0, newline);
      bytes.remove_prefix(newline + 1);
      if (partial_.empty() && !overlong_) {
        offer(piece, take);
        continue;
      }
      keep(piece);
      end(take);
    }
  }

  /// The stream is over, or starts anew: what is there without a newline is a line too.
  template <typename Take>
  void end(Take&& take) {
    if (std::exchange(overlong_, false)) {
      ++dropped_;
    } else if (!partial_.empty()) {
      offer(partial_, take);
    }
    partial_.clear();
  }

  [[nodiscard]] std::int64_t dropped() const { return dropped_; }

 private:
  template <typename Take>
  void offer(std::string_view line, Take&& take) {
    if (line.find('\r') != std::string_view::npos) line = last_redraw(line);
    if (line.size() > kLongestScriptLine) {
      ++dropped_;
    } else if (!line.empty()) {
      take(line);
    }
  }
  static std::string_view last_redraw(std::string_view line);
  void keep(std::string_view piece);

  std::string partial_;
  bool overlong_ = false;
  std::int64_t dropped_ = 0;
};

}  // namespace hd
