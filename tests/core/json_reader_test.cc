#include "engine/core/json_reader.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace hd {
namespace {

std::string error(std::string_view text) {
  const Result<Value> read = read_json(text);
  return read ? "read: " + to_json(*read) : read.error().message;
}

TEST(JsonReader, ReadsEveryKindOfValueWithItsType) {
  EXPECT_EQ(*read_json("null"), Value());
  EXPECT_EQ(*read_json(" true "), Value(true));
  EXPECT_EQ(*read_json("-12"), Value(-12));
  EXPECT_EQ(*read_json("1.0"), Value(1.0));
  EXPECT_EQ(*read_json("1e2"), Value(100.0));
  EXPECT_EQ(*read_json(R"("a")"), Value("a"));
  EXPECT_EQ(*read_json("[1, [], {}]"), Value(Value::List{1, Value::List{}, Value::Map{}}));
  EXPECT_EQ(*read_json("{\"b\":1,\t\"a\":[2]}\r\n"),
            Value(Value::Map{{"b", 1}, {"a", Value::List{2}}}));
}

TEST(JsonReader, WhatToJsonWroteComesBack) {
  const Value value = Value::Map{
      {"--lr", 0.1 + 0.2},
      {"least", std::numeric_limits<double>::denorm_min()},
      {"zero", -0.0},
      {"most", std::numeric_limits<std::int64_t>::min()},
      {"text", std::string("\"\\\n\t\x01\x7f\0 \xc3\xa9 \xf0\x9f\x98\x80", 15)},
      {"list", Value::List{true, Value(), "x"}},
  };
  const Result<Value> read = read_json(to_json(value));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, value);
  EXPECT_TRUE(std::signbit(read->find("zero")->as_number()));
}

TEST(JsonReader, EscapesStandForTheirCharacters) {
  EXPECT_EQ(read_json(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00")")->as_string(),
            "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(error(R"("\ud83d")"), "half a surrogate pair at byte 8");
  EXPECT_EQ(error(R"("\ude00")"), "half a surrogate pair at byte 8");
  EXPECT_EQ(error(R"("\ud83dA")"), "half a surrogate pair at byte 8");
  EXPECT_EQ(error(R"("\ud83d\u0041")"), "half a surrogate pair at byte 14");
  EXPECT_EQ(error(R"("\x")"), "an unknown escape in a text at byte 3");
  EXPECT_EQ(error(R"("\u12g4")"), "expected four hexadecimal digits at byte 4");
}

TEST(JsonReader, IntegersBeyond64BitsBecomeDoubles) {
  EXPECT_EQ(*read_json("9223372036854775807"), Value(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(*read_json("9223372036854775808"), Value(0x1p63));
}

TEST(JsonReader, NumbersThatNoDoubleHoldsAreRefusedOrRounded) {
  EXPECT_EQ(error("[1e400]"), "a number too large for a double at byte 2");
  EXPECT_EQ(*read_json("1e-400"), Value(0.0));
}

TEST(JsonReader, SaysWhereWhatWasExpected) {
  EXPECT_EQ(error(""), "expected a value at byte 1");
  EXPECT_EQ(error("01"), "expected nothing more at byte 2");
  EXPECT_EQ(error("1."), "expected a digit at byte 3");
  EXPECT_EQ(error("+1"), "expected a value at byte 1");
  EXPECT_EQ(error("NaN"), "expected a value at byte 1");
  EXPECT_EQ(error("nul"), "expected a value at byte 1");
  EXPECT_EQ(error("{} {}"), "expected nothing more at byte 4");
  EXPECT_EQ(error("[1 2]"), "expected a comma or ] at byte 4");
  EXPECT_EQ(error("[1,]"), "expected a value at byte 4");
  EXPECT_EQ(error("{\"a\" 1}"), "expected a colon at byte 6");
  EXPECT_EQ(error("{a:1}"), "expected a name in quotes at byte 2");
  EXPECT_EQ(error("{\"a\":1"), "expected a comma or } at byte 7");
  EXPECT_EQ(error("\"a"), "expected the quote that ends a text at byte 3");
  EXPECT_EQ(error("\"\n\""), "a control character in a text at byte 2");
  EXPECT_EQ(error("\"\xff\""), "invalid UTF-8 at byte 2");
  EXPECT_EQ(error(std::string(1, '\0')), "expected a value at byte 1");
}

TEST(JsonReader, DepthIsLimited) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(read_json(nested(kDeepestJson)));
  EXPECT_EQ(error(nested(kDeepestJson + 1)), "lists and maps are nested too deeply at byte 101");
  EXPECT_EQ(error(std::string(1'000'000, '{')), "expected a name in quotes at byte 2");
}

}  // namespace
}  // namespace hd
