#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/core/utf8.h"
#include "executors/supervisor_protocol/attempt_spec.h"
#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

TEST(AttemptSpec, ReadsBackWhatItWrote) {
  ChildRunSpec spec;
  spec.child = 7;
  spec.attempt = 2;
  spec.run_id = "HD_x_7";
  spec.nonce = "n";
  spec.attempt_directory = "/a/b";
  spec.snapshot_directory = "/s";
  spec.argv = {"python3", "a b\n", "\xff=", ""};
  spec.environment = {{"A", "1=2"}, {"B", "\xfe"}, {"C", ""}};
  spec.time_limit_seconds = 60;
  spec.grace_seconds = 5;
  const auto back = decode_attempt_spec(encode_attempt_spec(spec));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->child, 7);
  EXPECT_EQ(back->attempt, 2);
  EXPECT_EQ(back->run_id, spec.run_id);
  EXPECT_EQ(back->nonce, spec.nonce);
  EXPECT_EQ(back->attempt_directory, spec.attempt_directory);
  EXPECT_EQ(back->snapshot_directory, spec.snapshot_directory);
  EXPECT_EQ(back->argv, spec.argv);
  EXPECT_EQ(back->environment, spec.environment);
  EXPECT_EQ(back->time_limit_seconds, 60);
  EXPECT_EQ(back->grace_seconds, 5);
}

TEST(AttemptSpec, TellsWhatToGoOnFromOnlyWhereThereIsSomething) {
  ChildRunSpec spec;
  spec.argv = {"true"};
  const std::string without = encode_attempt_spec(spec);
  EXPECT_EQ(without.find("resumes"), std::string::npos);
  EXPECT_EQ(decode_attempt_spec(without)->resume_from, "");
  spec.resume_from = "/a/\xff/0/work/outputs";
  const std::string whole = encode_attempt_spec(spec);
  const auto back = decode_attempt_spec(whole);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->resume_from, spec.resume_from);
  EXPECT_EQ(back->argv, spec.argv);
  EXPECT_FALSE(decode_attempt_spec(std::string_view(whole).substr(0, whole.size() - 1)));
}

TEST(AttemptSpec, TellsOfMetricPatternsOnlyWhereThereAreSome) {
  ChildRunSpec spec;
  spec.argv = {"true"};
  EXPECT_EQ(encode_attempt_spec(spec).find("pattern"), std::string::npos);
  spec.metric_patterns.own = {{R"("(\d+)\n)", "a"}, {"(?P<name>x)(?P<value>y)", ""}};
  spec.metric_patterns.built_in = false;
  EXPECT_EQ(decode_attempt_spec(encode_attempt_spec(spec))->metric_patterns, spec.metric_patterns);
}

TEST(AttemptSpec, SaysWhatIsWrong) {
  EXPECT_FALSE(decode_attempt_spec(""));
  EXPECT_FALSE(decode_attempt_spec("{}"));
  EXPECT_FALSE(decode_attempt_spec("[1"));
  const auto missing = decode_attempt_spec("{\"run_id\":\"r\"}");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("child"), std::string::npos);
}

TEST(AttemptSpec, RefusesWhatIsCutShortAnywhere) {
  ChildRunSpec spec;
  spec.argv = {"true", "x"};
  spec.environment = {{"A", "1"}};
  const std::string whole = encode_attempt_spec(spec);
  ASSERT_TRUE(decode_attempt_spec(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(decode_attempt_spec(std::string_view(whole).substr(0, length))) << length;
  }
  EXPECT_FALSE(decode_attempt_spec(whole + "x"));
}

TEST(Utf8, KnowsGoodFromBad) {
  EXPECT_FALSE(find_invalid_utf8("plain, é, 漢, 😀"));
  for (const char* bad :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_TRUE(find_invalid_utf8(bad));
    EXPECT_FALSE(find_invalid_utf8(to_valid_utf8(bad)));
  }
  EXPECT_EQ(to_valid_utf8("a\xff"
                          "b"),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(ProcessIdentity, KnowsTheLivingFromTheGone) {
  EXPECT_GT(process_start_time(::getpid()), 0u);
  EXPECT_EQ(process_start_time(0x3FFFFFFF), 0u);
  EXPECT_FALSE(boot_id().empty());
}

}  // namespace
}  // namespace hd
