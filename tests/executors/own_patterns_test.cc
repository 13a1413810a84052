#include "executors/supervisor/own_patterns.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/value.h"
#include "executors/supervisor/stdout_patterns.h"

namespace hd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text_of(const HeardLine& heard) {
  std::string text;
  for (const auto& point : heard.points) {
    if (!text.empty()) text += ' ';
    text += std::string(point.name) + "=" + format_number(point.value);
  }
  if (heard.step) text += " @" + std::to_string(*heard.step);
  return text;
}

std::string found(const std::vector<MetricPattern>& patterns, const std::string& line) {
  OwnPatterns own(patterns);
  HeardLine heard;
  own.read(line, heard);
  return text_of(heard);
}

std::string refused(const MetricPattern& pattern) {
  const auto compiled = CompiledPattern::compile(pattern);
  return compiled ? "" : compiled.error().message;
}

TEST(OwnPatterns, TakeNamedGroups) {
  EXPECT_EQ(found({{R"(epoch (?P<step>\d+).*val loss (?P<value>\S+))", "val_loss"}},
                  "epoch 12 | val loss 0.31"),
            "val_loss=0.31 @12");
  EXPECT_EQ(found({{R"((?P<name>\w+) is (?P<value>[-+.\deE]+))", ""}}, "loss is -1e-3, acc is .5"),
            "loss=-0.001 acc=0.5");
}

TEST(OwnPatterns, TakeTheFormsOfSageMakerAndKatib) {
  EXPECT_EQ(found({{"val_loss=(.*?);", "loss"}}, "epoch 1 val_loss=0.25; acc=1"), "loss=0.25");
  const char* const katib = R"(([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?))";
  EXPECT_EQ(found({{katib, ""}}, "loss=0.5 accuracy = 9.1e-1 note= empty="),
            "loss=0.5 accuracy=0.91");
}

TEST(OwnPatterns, ReadNumbersAsPrintedTextHasThem) {
  const std::vector<MetricPattern> pattern{{"v (.+)$", "v"}};
  EXPECT_EQ(found(pattern, "v 93.5%"), "v=93.5");
  EXPECT_EQ(found(pattern, "v nan"), "v=nan");
  EXPECT_EQ(found(pattern, "v -Infinity"), "v=-inf");
  EXPECT_EQ(found(pattern, "v 12 apples"), "");
}

TEST(OwnPatterns, SeveralMayFindSomethingInALine) {
  EXPECT_EQ(found({{"a(\\d+)", "a"}, {"b(\\d+)", "b"}}, "a1 b2 a3"), "a=1 a=3 b=2");
}

TEST(OwnPatterns, TellWhatIsWrongWithAnExpression) {
  EXPECT_THAT(refused({"loss=(", "loss"}),
              HasSubstr("is no regular expression: missing ): loss=("));
  EXPECT_THAT(refused({"loss=[0-9]+", "loss"}), HasSubstr("needs a group around the value"));
  EXPECT_THAT(refused({"loss=([0-9]+)", ""}), HasSubstr("needs two groups"));
  EXPECT_THAT(refused({"(?P<value>\\d+)", ""}), HasSubstr("needs a group (?P<name>...)"));
  EXPECT_THAT(refused({"(?P<name>\\w+)=(\\d+)", ""}), HasSubstr("none is (?P<value>...)"));
  EXPECT_THAT(refused({"(?=x)(\\d+)", "a"}), HasSubstr("look-ahead"));
  EXPECT_THAT(refused({"(?<value>\\d+)", "a"}), HasSubstr("a named group is (?P<name>...)"));
  EXPECT_THAT(refused({std::string(501, 'a'), "a"}), HasSubstr("longer than 500 bytes"));
  std::string groups;
  for (int i = 0; i < 20; ++i) groups += "(a?)";
  EXPECT_THAT(refused({groups + "(?P<value>\\d)", "a"}), HasSubstr("behind too many others"));
}

TEST(OwnPatterns, TellOfThoseThatFoundNothing) {
  OwnPatterns own({{"a=(\\d+)", "a"}, {"b=(\\d+)", "b"}, {"c=(\\w+)", "c"}});
  HeardLine heard;
  EXPECT_TRUE(own.read("a=1 c=one", heard));
  EXPECT_FALSE(own.read("nothing", heard));
  EXPECT_THAT(
      own.notes(),
      ElementsAre("the metric pattern `b=(\\d+)` found nothing in what the script printed",
                  "the metric pattern `c=(\\w+)` took `one` for a value, which is no number"));
}

TEST(OwnPatterns, StayBoundedOnHostileLines) {
  // Each alone would take a backtracking engine longer than anybody waits.
  const std::string line = std::string(65'000, 'a') + "!";
  EXPECT_EQ(found({{"(a+)+$", "x"}, {"(a|a)*(\\d)", "x"}, {"(.*)(.*)(.*)(.*)(\\d)", "x"}}, line),
            "");
  // A line full of matches, each of which looks on to the end of the line.
  std::string many;
  while (many.size() < 65'000) many += "v1";
  std::vector<CompiledPattern::Match> matches;
  CompiledPattern::compile({"v(\\d)(.*END)?", "v"})->find(many, matches);
  EXPECT_EQ(matches.size(), CompiledPattern::kMostMatches);
}

TEST(OwnPatterns, EmptyMatchesEnd) {
  OwnPatterns own(std::vector<MetricPattern>{{"(x*)", "x"}});
  HeardLine heard;
  EXPECT_FALSE(own.read("abc", heard));
}

TEST(StdoutPatterns, SearchWhatOwnPatternsLeave) {
  OwnPatterns own(std::vector<MetricPattern>{{"score is (\\S+)", "score"}});
  HeardLine heard;
  StdoutPatterns both(&own);
  both.read("\x1b[1mscore is 3 loss=0.5\x1b[0m", heard);
  EXPECT_EQ(text_of(heard), "score=3");
  both.read("loss=0.5", heard);
  EXPECT_EQ(text_of(heard), "loss=0.5");
  StdoutPatterns only(&own, false);
  only.read("loss=0.5", heard);
  EXPECT_EQ(heard.kind, HeardLine::Kind::kNothing);
  only.read("score is 4", heard);
  EXPECT_EQ(text_of(heard), "score=4");
}

}  // namespace
}  // namespace hd
