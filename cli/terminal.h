#pragma once
#include <string>
#include <string_view>

namespace hd {

struct ScreenSize {
  int width = 80;
  int height = 24;
};

/// What standard error is, and what may be sent to it.
struct TerminalTraits {
  bool live = false;   ///< a terminal that can move its cursor, and nobody asked for plain lines
  bool color = false;  ///< NO_COLOR, CLICOLOR_FORCE and TERM respected
  bool utf8 = false;   ///< the locale's encoding
};
[[nodiscard]] TerminalTraits terminal_traits();
[[nodiscard]] ScreenSize screen_size();

/// Where progress goes: standard error unless said otherwise. A reader that does not keep up, or
/// went away, never holds the engine back: what cannot be written at once is kept up to a megabyte,
/// then dropped.
class ProgressOutput {
 public:
  explicit ProgressOutput(int descriptor = 2) : descriptor_(descriptor) {}
  void write(std::string_view text);
  /// Writes what can be written without waiting.
  void flush();
  /// Waits up to two seconds for the reader.
  void finish();

 private:
  bool write_some(int wait_ms);
  int descriptor_;
  std::string pending_;
  bool broken_ = false;
};

}  // namespace hd
