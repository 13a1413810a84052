#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hd {

/// The candidate nearest to `word` by edit distance, when near enough to be a slip of the hand.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string> candidates);

/// How many terminal cells valid UTF-8 text takes, counting every code point as one.
[[nodiscard]] std::size_t cells(std::string_view text);

/// At most `width` cells of `text`; what is cut is marked by "...".
[[nodiscard]] std::string elide(std::string_view text, std::size_t width);

/// `text` padded with spaces, or elided, to exactly `width` cells.
[[nodiscard]] std::string fit(std::string_view text, std::size_t width);

/// Control characters become spaces, so that names and log lines of scripts cannot drive a
/// terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// "2026-11-21T14:02:11.250Z"; empty for 0.
[[nodiscard]] std::string utc_time(std::int64_t unix_us);

/// "14:02:11" in local time.
[[nodiscard]] std::string clock_time(std::int64_t unix_us);

/// "0.4s", "12s", "3m04s", "2h07m".
[[nodiscard]] std::string duration_text(std::int64_t microseconds);

/// Wall clock, Unix microseconds.
[[nodiscard]] std::int64_t now_us();

/// One word of a POSIX shell command line, quoted only where it must be.
[[nodiscard]] std::string shell_word(std::string_view word);
[[nodiscard]] std::string shell_line(std::span<const std::string> words);

}  // namespace hd
