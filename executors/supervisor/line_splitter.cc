#include "executors/supervisor/line_splitter.h"

namespace hd {

std::string_view LineSplitter::last_redraw(std::string_view line) {
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const std::size_t redraw = line.rfind('\r');
  return redraw == std::string_view::npos ? line : line.substr(redraw + 1);
}

void LineSplitter::keep(std::string_view piece) {
  if (overlong_) {
    // Only a redraw can end the excess before the newline does.
    const std::size_t redraw = piece.rfind('\r');
    if (redraw == std::string_view::npos) return;
    overlong_ = false;
    ++dropped_;
    piece.remove_prefix(redraw);
  }
  partial_.append(piece);
  if (partial_.size() <= kLongestScriptLine) return;
  const std::string_view last = last_redraw(partial_);
  if (last.size() > kLongestScriptLine) {
    overlong_ = true;
    partial_.clear();
  } else if (last.size() < partial_.size()) {
    partial_ = std::string(last) + '\r';
  }
}

}  // namespace hd
