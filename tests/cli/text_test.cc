#include "cli/text.h"

#include <gtest/gtest.h>

namespace hd {
namespace {

TEST(Text, SuggestsTheNearestWordButNotAnyWord) {
  const std::vector<std::string> known = {"--seed", "--strict", "--hyperdrive-configuration-name"};
  EXPECT_EQ(nearest("--sed", known), "--seed");
  EXPECT_EQ(nearest("--hyperdrive-configuration", known), "--hyperdrive-configuration-name");
  EXPECT_EQ(nearest("--zzzzzz", known), std::nullopt);
}

TEST(Text, ElidesByCodePointsNotBytes) {
  EXPECT_EQ(cells("▁▂▃"), 3U);
  EXPECT_EQ(elide("▁▂▃▄▅▆", 5), "▁▂...");
  EXPECT_EQ(elide("short", 5), "short");
  EXPECT_EQ(fit("ab", 4), "ab  ");
}

TEST(Text, ControlCharactersCannotReachATerminal) {
  EXPECT_EQ(printable("a\033[2Jb\n\x7f"), "a [2Jb  ");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "2Jb"),
            "a 2Jb");
}

TEST(Text, DurationsAreShort) {
  EXPECT_EQ(duration_text(0), "0.0s");
  EXPECT_EQ(duration_text(9'900'000), "9.9s");
  EXPECT_EQ(duration_text(59'000'000), "59s");
  EXPECT_EQ(duration_text(184'000'000), "3m04s");
  EXPECT_EQ(duration_text(7'620'000'000), "2h07m");
  EXPECT_EQ(duration_text(-5), "0.0s");
}

TEST(Text, TimesAreUtcWithMilliseconds) {
  EXPECT_EQ(utc_time(0), "");
  EXPECT_EQ(utc_time(1'760'000'000'125'000), "2025-10-09T08:53:20.125Z");
}

TEST(Text, ShellWordsAreQuotedWhereNeeded) {
  EXPECT_EQ(shell_word("--lr=0.1"), "--lr=0.1");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_line(std::vector<std::string>{"a", "b c"}), "a 'b c'");
}

}  // namespace
}  // namespace hd
