#include "engine/config/document.h"

#include <chrono>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "engine/core/utf8.h"
#include "tests/config/reading.h"

namespace hd {
namespace {

std::string mistakes_of(const std::string& text) {
  try {
    return testing::lines(parse_config_document(text, "f").mistakes);
  } catch (const ConfigError& error) {
    return testing::lines(error.diagnostics());
  }
}

TEST(Document, KeepsOrderPlacesAndText) {
  const ConfigNode root = parse_config_document("b: [1, two]\né: {c: 'x'}\n", "f").root;
  ASSERT_EQ(root.members.size(), 2U);
  EXPECT_EQ(root.members[0].key, "b");
  EXPECT_EQ(root.members[0].value.items[1].text, "two");
  EXPECT_EQ(root.members[0].value.items[1].mark.column, 8);
  const ConfigNode& map = root.members[1].value;
  EXPECT_EQ(map.mark.line, 2);
  EXPECT_EQ(map.mark.column, 4) << "columns count characters, not bytes";
  EXPECT_TRUE(map.find("c")->quoted);
}

TEST(Document, ReadsJson) {
  const ConfigNode root = parse_config_document("{\"a\":[1,true,null,\"x\\u00e9\"]}", "f").root;
  EXPECT_EQ(to_json(to_value(root)), "{\"a\":[1,true,null,\"x\xC3\xA9\"]}");
}

TEST(Document, EmptyTextIsNull) {
  EXPECT_TRUE(parse_config_document("", "f").root.is_null());
  EXPECT_TRUE(parse_config_document("# only a comment\n", "f").root.is_null());
  EXPECT_EQ(parse_config_document("\xEF\xBB\xBF"
                                  "a: 1",
                                  "f")
                .root.members[0]
                .key,
            "a");
}

TEST(Document, ReportsDuplicateKeysWithBothLines) {
  EXPECT_EQ(mistakes_of("a: 1\nb: 2\na: 3\n"), "f:3:1: a: appears twice; the first is on line 1\n");
}

TEST(Document, RefusesWhatIsNoConfiguration) {
  EXPECT_EQ(mistakes_of("a: 1\n---\nb: 2\n"),
            "f:2:1: a second document begins here; the file must hold exactly one\n");
  EXPECT_EQ(mistakes_of(std::string("a: \0", 4)),
            "f:1:4: found a NUL byte; this is not a text file\n");
  EXPECT_EQ(mistakes_of("a: \"\\0\"\n"), "f:1:4: text may not hold a NUL character\n");
  EXPECT_EQ(mistakes_of("a:\n  \xFF\n"),
            "f:2:3: the text is not UTF-8; save the file in that encoding\n");
  EXPECT_EQ(mistakes_of("a: \x1B[0m\n"),
            "f:1:4: found a control character (byte 27); this is not a text file\n");
  EXPECT_EQ(mistakes_of("? [a]\n: 1\n"), "f:1:3: a key must be a name; found [a]\n");
  EXPECT_EQ(mistakes_of("&a [*a]\n"), "f:1:5: an alias may not stand inside its own anchor\n");
  EXPECT_EQ(
      mistakes_of("a: !!python/object:os.system x\n"),
      "f:1:4: the tag tag:yaml.org,2002:python/object:os.system is not known; write the value "
      "without it\n");
  EXPECT_EQ(mistakes_of("a: [1, 2\nb: 3\n").rfind("f:2:2: this is not valid YAML: ", 0), 0U)
      << mistakes_of("a: [1, 2\nb: 3\n");
}

TEST(Document, MergesMaps) {
  const ConfigNode root =
      parse_config_document("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n", "f").root;
  EXPECT_EQ(to_json(to_value(*root.find("y"))), "{\"b\":3,\"a\":1}");
}

TEST(Document, RefusesAliasBomb) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }
  EXPECT_NE(mistakes_of(text).find("describes more than 200000 values, aliases included"),
            std::string::npos);
}

TEST(Document, RefusesAliasesOfLongText) {
  std::string text = "a: &a \"" + std::string(500'000, 'x') + "\"\nb: [";
  for (int i = 0; i < 50'000; ++i) text += "*a, ";
  EXPECT_NE(mistakes_of(text + "]\n").find("describes more than"), std::string::npos);
}

TEST(Document, RefusesDepthAndSize) {
  const std::string refusal = "values are nested more than 64 levels deep\n";
  EXPECT_EQ(mistakes_of(std::string(65, '[') + std::string(65, ']')), "f:1:65: " + refusal);
  EXPECT_EQ(mistakes_of(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_NE(mistakes_of(std::string(1'000'000, '[')).find(refusal), std::string::npos);
  EXPECT_NE(mistakes_of(std::string(1'000'000, '{')).find(refusal), std::string::npos);
  EXPECT_NE(
      mistakes_of("a: " + std::string(10'000'000, 'x')).find("10000003 bytes; at most 1048576"),
      std::string::npos);
}

struct Scalar {
  const char* text;
  const char* json;
};

TEST(Scalar, FollowsYaml11) {
  const Scalar kScalars[] = {
      {"1", "1"},
      {"-7", "-7"},
      {"+7", "7"},
      {"1_000", "1000"},
      {"0x1F", "31"},
      {"0b101", "5"},
      {"010", "8"},
      {"09", "\"09\""},
      {"1:30", "90"},
      {"1:60", "\"1:60\""},
      {"0.5", "0.5"},
      {".5", "0.5"},
      {"5.", "5.0"},
      {"1e-4", "1e-04"},
      {"1E3", "1000.0"},
      {"1.5e+3", "1500.0"},
      {".inf", "\"Infinity\""},
      {"-.Inf", "\"-Infinity\""},
      {".nan", "\"NaN\""},
      {"1e999", "\"Infinity\""},
      {"1e-999", "0.0"},
      {"yes", "true"},
      {"Off", "false"},
      {"TRUE", "true"},
      {"y", "\"y\""},
      {"~", "null"},
      {"NULL", "null"},
      {"", "null"},
      {"nan", "\"nan\""},
      {"1.2.3", "\"1.2.3\""},
      {"1e", "\"1e\""},
      {"e5", "\"e5\""},
      {"0x", "\"0x\""},
      {"-", "\"-\""},
      {".", "\".\""},
      {"2020-01-01", "\"2020-01-01\""},
      {"9223372036854775807", "9223372036854775807"},
      {"_1", "\"_1\""},
      {"1_", "1"},
  };
  for (const Scalar& scalar : kScalars) {
    EXPECT_EQ(to_json(resolve_plain_scalar(scalar.text)), scalar.json) << scalar.text;
  }
  EXPECT_TRUE(resolve_plain_scalar("9223372036854775808").is_double());
}

TEST(Scalar, TagsAndQuotesDecide) {
  const ConfigNode root =
      parse_config_document("[!!str 5, \"5\", '5', !!int \"5\", !!float 5, !!null x]", "f").root;
  EXPECT_EQ(to_json(to_value(root)), "[\"5\",\"5\",\"5\",5,5,\"x\"]");
  EXPECT_EQ(mistakes_of("!!bool 7"), "f:1:1: !!bool does not fit 7\n");
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  EXPECT_FALSE(find_invalid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  EXPECT_EQ(find_invalid_utf8("a\xC3"), 1U);
  EXPECT_EQ(find_invalid_utf8("\xC0\x80"), 0U) << "overlong";
  EXPECT_EQ(find_invalid_utf8("\xED\xA0\x80"), 0U) << "surrogate";
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U) << "above U+10FFFF";
  EXPECT_EQ(find_invalid_utf8("ab\x80"), 2U);
}

}  // namespace
}  // namespace hd
