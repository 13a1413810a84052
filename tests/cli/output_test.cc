#include "cli/output.h"

#include <limits>

#include <gtest/gtest.h>

#include "engine/core/error.h"

namespace hd {
namespace {

Value document() {
  return Value::Map{{"runId", "HD_1"},
                    {"status", "Completed"},
                    {"bestPrimaryMetric", 0.5},
                    {"endTimeUtc", Value()},
                    {"hyperparameters", Value::Map{{"--lr", 0.1}, {"--on", true}}},
                    {"tags", Value::Map{}},
                    {"error", Value::Map{{"code", "E1"}, {"message", "a\tb"}}}};
}

const std::vector<std::string> kNoColumns;

TEST(Output, JsonIsIndentedAndKeepsTheOrderOfMembers) {
  EXPECT_EQ(render(document(), OutputFormat::kJson, kNoColumns), R"({
  "runId": "HD_1",
  "status": "Completed",
  "bestPrimaryMetric": 0.5,
  "endTimeUtc": null,
  "hyperparameters": {
    "--lr": 0.1,
    "--on": true
  },
  "tags": {},
  "error": {
    "code": "E1",
    "message": "a\tb"
  }
}
)");
}

TEST(Output, JsonSpellsWhatJsonCannotHoldAsStrings) {
  const Value list = Value::List{std::numeric_limits<double>::quiet_NaN(),
                                 -std::numeric_limits<double>::infinity()};
  EXPECT_EQ(render(list, OutputFormat::kJson, kNoColumns), "[\n  \"NaN\",\n  \"-Infinity\"\n]\n");
}

TEST(Output, YamlQuotesWhatWouldReadBackAsSomethingElse) {
  const Value value = Value::Map{
      {"a", "yes"}, {"b", "1"}, {"c", "plain"}, {"d", 1}, {"--e", Value::List{}}, {"f", Value()}};
  EXPECT_EQ(render(value, OutputFormat::kYaml, kNoColumns),
            "a: \"yes\"\nb: \"1\"\nc: plain\nd: 1\n\"--e\": []\nf: ~\n");
}

TEST(Output, TableHasTitlesAndOneRowForEachObject) {
  const Value list = Value::List{document(), document()};
  EXPECT_EQ(render(list, OutputFormat::kTable, std::vector<std::string>{"runId", "error.code"}),
            "RunId  Code\n-----  ----\nHD_1   E1\nHD_1   E1\n");
}

TEST(Output, TableShowsPlainMembersWhenNoColumnsAreNamed) {
  EXPECT_EQ(render(document(), OutputFormat::kTable, kNoColumns),
            "RunId  Status     BestPrimaryMetric  EndTimeUtc\n"
            "-----  ---------  -----------------  ----------\n"
            "HD_1   Completed  0.5\n");
}

TEST(Output, TsvHasNoTitlesAndNoStrayTabs) {
  EXPECT_EQ(render(document(),
                   OutputFormat::kTsv,
                   std::vector<std::string>{"runId", "endTimeUtc", "error.message"}),
            "HD_1\t\ta b\n");
}

TEST(Output, NonePrintsNothing) {
  EXPECT_EQ(render(document(), OutputFormat::kNone, kNoColumns), "");
}

TEST(Output, AnUnknownFormatIsAUsageError) {
  EXPECT_EQ(parse_output_format("jsonc"), OutputFormat::kJsonColored);
  EXPECT_THROW((void)parse_output_format("xml"), UsageError);
}

}  // namespace
}  // namespace hd
