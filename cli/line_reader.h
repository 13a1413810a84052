#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace hd {

/// Cuts bytes into lines that end at "\n", however they arrive. Of a line beyond the limit only the
/// fact is kept, so memory stays below the limit plus one chunk.
class LineReader {
 public:
  explicit LineReader(std::size_t limit) : limit_(limit) {}

  /// Calls `take(std::string_view line, bool is_too_long)` for every line that is complete with
  /// `bytes`; the text of one that is too long is empty.
  template <typename Take>
  void feed(std::string_view bytes, Take&& take) {
    while (true) {
      const std::size_t newline = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, newline);
      if (newline != std::string_view::npos && !has_part_ && piece.size() <= limit_) {
        take(piece, false);
      } else {
        keep(piece);
        if (newline == std::string_view::npos) return;
        end(take);
      }
      bytes.remove_prefix(newline + 1);
    }
  }

  /// The input is over: what is there without a newline is a line too.
  template <typename Take>
  void end(Take&& take) {
    if (!std::exchange(has_part_, false)) return;
    take(std::string_view(part_), std::exchange(is_too_long_, false));
    part_.clear();
  }

 private:
  void keep(std::string_view piece) {
    has_part_ = has_part_ || !piece.empty();
    is_too_long_ = is_too_long_ || part_.size() + piece.size() > limit_;
    if (is_too_long_) {
      part_.clear();
    } else {
      part_ += piece;
    }
  }

  std::size_t limit_;
  std::string part_;
  bool has_part_ = false;
  bool is_too_long_ = false;
};

}  // namespace hd
