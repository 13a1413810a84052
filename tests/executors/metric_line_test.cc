#include "executors/supervisor/metric_line.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace hd {
namespace {

using Kind = HeardLine::Kind;

HeardLine read(const std::string& line) {
  // The views of a HeardLine point into the line: it must live as long.
  static std::string kept;
  kept = line;
  HeardLine heard;
  read_metric_line(kept, heard);
  return heard;
}

TEST(MetricLine, ReadsMetricsWithStepAndTime) {
  const auto heard = read(R"({"t":"m","m":{"loss":0.3,"acc":-1e-3},"s":4,"ts":1760000000.125})");
  ASSERT_EQ(heard.kind, Kind::kMetrics);
  ASSERT_EQ(heard.points.size(), 2u);
  EXPECT_EQ(heard.points[0].name, "loss");
  EXPECT_EQ(heard.points[0].value, 0.3);
  EXPECT_EQ(heard.points[1].value, -1e-3);
  EXPECT_EQ(heard.step, 4);
  EXPECT_EQ(heard.time_us, 1760000000125000);
}

TEST(MetricLine, TakesMembersInAnyOrderWithBlanks) {
  const auto heard = read(R"(  { "s" : 7 , "m" : { "a" : 1 } , "t" : "m" }  )");
  ASSERT_EQ(heard.kind, Kind::kMetrics);
  EXPECT_EQ(heard.points.at(0).value, 1);
  EXPECT_EQ(heard.step, 7);
}

TEST(MetricLine, ReadsSpecialAndTextualNumbers) {
  const auto heard = read(
      R"({"t":"m","m":{"a":"NaN","b":"-Infinity","c":"0.5","d":true,"e":1e999,"f":NaN,"g":"12"}})");
  ASSERT_EQ(heard.points.size(), 7u);
  EXPECT_TRUE(std::isnan(heard.points[0].value));
  EXPECT_EQ(heard.points[1].value, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(heard.points[2].value, 0.5);
  EXPECT_EQ(heard.points[3].value, 1);
  EXPECT_TRUE(std::isinf(heard.points[4].value));
  EXPECT_TRUE(std::isnan(heard.points[5].value));
  EXPECT_EQ(heard.points[6].value, 12);
  for (const auto& point : heard.points) EXPECT_TRUE(point.json.empty());
}

TEST(MetricLine, KeepsNonNumericValuesAsJson) {
  EXPECT_EQ(read(R"({"t":"row","n":"table","c":{"col":1}})").points.at(0).json, R"({"col":1})");
  EXPECT_EQ(read(R"({"t":"list","n":"l","v":[1,2]})").points.at(0).json, "[1,2]");
  EXPECT_EQ(read(R"({"t":"text","n":"x","v":"a\nb"})").points.at(0).json, R"("a\nb")");
  EXPECT_EQ(read(R"({"t":"m","m":{"x":"word"}})").points.at(0).json, R"("word")");
}

TEST(MetricLine, ReadsTagsAndTheEnd) {
  auto heard = read(R"({"t":"tag","k":"key","v":"value"})");
  EXPECT_EQ(heard.kind, Kind::kTag);
  EXPECT_EQ(heard.value, "value");
  heard = read(R"({"t":"tag","k":"key","v":null})");
  EXPECT_EQ(heard.kind, Kind::kTag);
  EXPECT_FALSE(heard.value);
  EXPECT_EQ(read(R"({"t":"prop","k":"key","v":"x"})").kind, Kind::kProperty);
  heard = read(R"({"t":"end","status":"failed","error":"no data"})");
  EXPECT_EQ(heard.kind, Kind::kSaid);
  EXPECT_EQ(heard.key, "failed");
  EXPECT_EQ(heard.value, "no data");
}

TEST(MetricLine, LastOfDuplicateNamesWins) {
  const auto heard = read(R"({"t":"m","m":{"a":1,"a":2}})");
  ASSERT_EQ(heard.points.size(), 1u);
  EXPECT_EQ(heard.points[0].value, 2);
}

TEST(MetricLine, LeavesOtherTextToThePatterns) {
  EXPECT_EQ(read("loss=0.3").kind, Kind::kPlainText);
  EXPECT_EQ(read("{not json}").kind, Kind::kPlainText);
  EXPECT_EQ(read("   ").kind, Kind::kNothing);
}

TEST(MetricLine, RefusesWhatCannotBeUsed) {
  EXPECT_EQ(read(R"({"loss":1})").kind, Kind::kMalformed);
  EXPECT_EQ(read(R"({"t":"m","m":[1]})").kind, Kind::kMalformed);
  EXPECT_EQ(read(R"({"t":"m","m":{"a":1},"s":99999999999999999999})").kind, Kind::kMalformed);
  EXPECT_EQ(read(R"({"t":"m","m":)" + std::string(100, '[') + "}").kind, Kind::kMalformed);
  EXPECT_EQ(read(R"({"t":"m","m":{"":1,"a\u0001b":1,"ok":1,"n":null}})").skipped, 3u);
  EXPECT_EQ(read(R"({"t":"m","m":{")" + std::string(251, 'x') + R"(":1}})").skipped, 1u);
  EXPECT_EQ(read(R"({"t":"m","m":{")" + std::string(250, 'x') + R"(":1}})").points.size(), 1u);
}

TEST(MetricLine, IgnoresUnknownKinds) {
  EXPECT_EQ(read(R"({"t":"hello","v":1})").kind, Kind::kNothing);
}

TEST(MetricLine, ReplacesInvalidUtf8) {
  const auto heard = read("{\"t\":\"m\",\"m\":{\"a\xff\":1}}");
  ASSERT_EQ(heard.points.size(), 1u);
  EXPECT_EQ(heard.points[0].name, "a\xEF\xBF\xBD");
}

TEST(MetricLine, DropsAStepThatIsNoInteger) {
  EXPECT_EQ(read(R"({"t":"m","m":{"a":1},"s":3.0})").step, 3);
  const auto heard = read(R"({"t":"m","m":{"a":1},"s":0.5})");
  EXPECT_EQ(heard.points.size(), 1u);
  EXPECT_FALSE(heard.step);
}

}  // namespace
}  // namespace hd
