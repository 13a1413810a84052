#include "cli/line_reader.h"

#include <vector>

#include <gtest/gtest.h>

namespace hd {
namespace {

std::vector<std::string> lines_of(const std::vector<std::string>& pieces, std::size_t limit = 5) {
  std::vector<std::string> lines;
  const auto take = [&](std::string_view line, bool is_too_long) {
    lines.push_back(is_too_long ? "too long" + std::string(line) : std::string(line));
  };
  LineReader reader(limit);
  for (const std::string& piece : pieces) reader.feed(piece, take);
  reader.end(take);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineReader, CutsAtNewlinesHoweverTheBytesArrive) {
  EXPECT_EQ(lines_of({"a\nbc\n\nd\n"}), (Lines{"a", "bc", "", "d"}));
  EXPECT_EQ(lines_of({"a", "\nb", "c", "\n", "\nd\n"}), (Lines{"a", "bc", "", "d"}));
}

TEST(LineReader, TheLastLineNeedsNoNewline) {
  EXPECT_EQ(lines_of({"a\nb"}), (Lines{"a", "b"}));
  EXPECT_EQ(lines_of({""}), Lines{});
}

TEST(LineReader, LongLinesAreCountedAndNotKept) {
  EXPECT_EQ(lines_of({"12345\n123456\nab\n"}), (Lines{"12345", "too long", "ab"}));
  EXPECT_EQ(lines_of({"123", "45", "6", "789\nab\n"}), (Lines{"too long", "ab"}));
  EXPECT_EQ(lines_of({"123", "456", "789"}), Lines{"too long"});
}

}  // namespace
}  // namespace hd
