#include "executors/supervisor/line_splitter.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace hd {
namespace {

using Lines = std::vector<std::string>;

Lines split(const std::vector<std::string>& pieces) {
  LineSplitter splitter;
  Lines lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  for (const auto& piece : pieces) splitter.feed(piece, take);
  splitter.end(take);
  return lines;
}

TEST(LineSplitter, CutsAtNewlinesHoweverTheBytesArrive) {
  const Lines expected{"one", "two", "three"};
  EXPECT_EQ(split({"one\ntwo\nthree"}), expected);
  EXPECT_EQ(split({"o", "ne\nt", "wo", "\n", "three", "\n"}), expected);
}

TEST(LineSplitter, TakesWindowsLineEndings) {
  EXPECT_EQ(split({"one\r\ntwo\r", "\n"}), (Lines{"one", "two"}));
}

TEST(LineSplitter, TakesTheLastOfRedrawnParts) {
  EXPECT_EQ(split({"loss=3\rloss=2\rloss=1\nend\n"}), (Lines{"loss=1", "end"}));
  EXPECT_EQ(split({"loss=3\r", "loss=2\r", "loss=1"}), Lines{"loss=1"});
  EXPECT_EQ(split({"loss=3\rloss=2\r"}), Lines{"loss=2"});
}

TEST(LineSplitter, DropsAndCountsOverlongLines) {
  LineSplitter splitter;
  Lines lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  const std::string chunk(50000, 'x');
  for (int i = 0; i < 20; ++i) splitter.feed(chunk, take);
  splitter.feed("\nshort\n", take);
  EXPECT_EQ(lines, Lines{"short"});
  EXPECT_EQ(splitter.dropped(), 1);
}

TEST(LineSplitter, HoldsNoMoreThanTheLastRedraw) {
  LineSplitter splitter;
  Lines lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  for (int i = 0; i < 100000; ++i) splitter.feed("\rprogress " + std::to_string(i), take);
  splitter.feed("\n", take);
  EXPECT_EQ(lines, Lines{"progress 99999"});
  EXPECT_EQ(splitter.dropped(), 0);
}

}  // namespace
}  // namespace hd
