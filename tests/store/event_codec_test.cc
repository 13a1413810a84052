#include "engine/store/event_codec.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "engine/store/spec_codec.h"
#include "tests/store/random_history.h"

namespace hd {
namespace {

using testing::RandomHistory;

TEST(EventCodec, KeepsEveryKindOfEvent) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RandomHistory random(seed);
    (void)random.next(1);
    for (std::size_t kind = 0; kind < RandomHistory::kinds(); ++kind) {
      const EventBody body = random.body(kind);
      ASSERT_EQ(body.index(), kind) << "the generator is out of order";
      const std::string payload = encode_event(body);
      const EventBody back = decode_event(event_name(body), payload);
      ASSERT_EQ(back.index(), kind) << event_name(body);
      ASSERT_EQ(encode_event(back), payload);
      if (const auto* answer = std::get_if<AskAnswered>(&body)) {
        ASSERT_EQ(std::get<AskAnswered>(back).configurations, answer->configurations) << payload;
      }
      if (const auto* ended = std::get_if<ChildEnded>(&body)) {
        ASSERT_EQ(std::get<ChildEnded>(back).exit, ended->exit);
      }
    }
  }
}

TEST(EventCodec, KeepsFieldsAndTypes) {
  AskAnswered answer;
  answer.ask = 3;
  answer.configurations = {Configuration({{"--lr", Value(1.0)},
                                          {"--batch", Value(1)},
                                          {"--name", Value("NaN")},
                                          {"--odd", Value(std::nan(""))},
                                          {"--map", Value(Value::Map{{"$map", Value(2)}})}})};
  answer.reasons = {"drawn"};
  answer.details = {Value(Value::Map{{"mean", Value(0.5)}, {"low", Value(-INFINITY)}})};
  answer.notes = "n";
  const EventBody back = decode_event("ask_answered", encode_event(answer));
  const auto& body = std::get<AskAnswered>(back);
  EXPECT_EQ(body.ask, 3);
  EXPECT_EQ(body.configurations, answer.configurations);
  EXPECT_EQ(body.reasons, answer.reasons);
  EXPECT_EQ(body.details, answer.details);
  EXPECT_EQ(body.notes, "n");
  EXPECT_EQ(body.first_child, -1);
}

TEST(EventCodec, AnAnswerSaysWhichChildItBeginsWithOnlyWhenItIsKnown) {
  AskAnswered answer;
  EXPECT_EQ(encode_event(answer).find("first_child"), std::string::npos);
  answer.first_child = 0;
  const EventBody back = decode_event("ask_answered", encode_event(answer));
  EXPECT_EQ(std::get<AskAnswered>(back).first_child, 0);
}

// Frozen: histories of released versions hold these texts.
TEST(EventCodec, WritesTheFrozenNames) {
  EXPECT_EQ(encode_event(ChildStarted{1, 0, "here", 42}),
            R"({"child":1,"attempt":0,"where":"here","process_id":42})");
  EXPECT_EQ(encode_event(CancelRequested{2, CancelCause::kPolicy, "poor"}),
            R"({"child":2,"cause":"policy","reason":"poor"})");
  EXPECT_EQ(encode_event(ParentEnded{RunStatus::kCompleted, "done", 4}),
            R"({"status":"Completed","reason":"done","best_child":4})");
  EXPECT_EQ(encode_event(EngineStarted{2, "b", 3, 4, 5}),
            R"({"epoch":2,"boot_id":"b","boottime_us":3,"elapsed_us":4,"process_id":5})");
  EXPECT_EQ(encode_event(RetryDue{6}), R"({"child":6})");
  EXPECT_EQ(encode_event(PauseRequested{}), "{}");
}

TEST(EventCodec, PassesOverUnknownFieldsAndKeepsDefaults) {
  const EventBody body = decode_event("child_started", R"({"child":7,"colour":"red"})");
  EXPECT_EQ(std::get<ChildStarted>(body).child, 7);
  EXPECT_EQ(std::get<ChildStarted>(body).where, "");
}

TEST(EventCodec, RefusesWhatIsNoEvent) {
  EXPECT_THROW((void)decode_event("no_such_kind", "{}"), std::invalid_argument);
  EXPECT_THROW((void)decode_event("noted", "{"), std::invalid_argument);
  EXPECT_THROW((void)decode_event("noted", "[]"), std::invalid_argument);
  EXPECT_THROW((void)decode_event("noted", R"({"text":5})"), std::invalid_argument);
  EXPECT_THROW((void)decode_event("child_ended", R"({"exit":"vanished"})"), std::invalid_argument);
  EXPECT_THROW((void)decode_event("parent_ended", R"({"status":"Odd"})"), std::invalid_argument);
}

TEST(EventCodec, ReplacesTextThatIsNotUtf8) {
  const EventBody body = decode_event("noted", encode_event(Noted{-1, "a\xff z", 0}));
  EXPECT_EQ(std::get<Noted>(body).text, "a\xEF\xBF\xBD z");
}

TEST(SpecCodec, KeepsEveryField) {
  const ParentRunSpec spec = testing::sample_spec("HD_1", RunKind::kScript);
  const ParentRunSpec back = decode_spec(encode_spec(spec));
  EXPECT_EQ(encode_spec(back), encode_spec(spec));
  EXPECT_EQ(back.run_id, "HD_1");
  EXPECT_EQ(back.kind, RunKind::kScript);
  EXPECT_EQ(back.seed, spec.seed);
  EXPECT_EQ(back.script.arguments, spec.script.arguments);
  EXPECT_EQ(back.script.environment, spec.script.environment);
  EXPECT_EQ(back.script.max_run_duration_seconds, 90);
  EXPECT_EQ(back.script.interpreter, spec.script.interpreter);
  EXPECT_EQ(back.snapshot_id, spec.snapshot_id);
  EXPECT_EQ(back.tags, spec.tags);
  EXPECT_EQ(back.properties, spec.properties);
  EXPECT_TRUE(back.keep_going);
  EXPECT_EQ(back.grace_seconds, 7);
}

TEST(SpecCodec, KeepsAWarmStartWithEveryType) {
  ParentRunSpec spec = testing::sample_spec("HD_2", RunKind::kHyperDrive);
  EXPECT_EQ(encode_spec(spec).find("warm_start"), std::string::npos);
  EXPECT_TRUE(decode_spec(encode_spec(spec)).warm_start.empty());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Configuration odd(
      {{"--lr", 1e-3}, {"--n", 3}, {"--f", 3.0}, {"--l", Value::List{true, nan}}});
  spec.warm_start.resume_from = {"HD_1"};
  spec.warm_start.results = {{"HD_1_0", odd, Trial::Outcome::kFinished, 0.25},
                             {"HD_1_1", odd, Trial::Outcome::kCensored, nan},
                             {"HD_1_2", Configuration{}, Trial::Outcome::kFailed, nan}};
  spec.warm_start.left_out = {{"HD_1", 2, "never started"}};
  spec.warm_start.children = {{"HD_0_7", 2, odd}};
  spec.script.takes_resume_from = true;
  spec.script.metric_patterns = {{{"loss is (.+)", "loss"}}, false};
  const ParentRunSpec back = decode_spec(encode_spec(spec));
  EXPECT_EQ(encode_spec(back), encode_spec(spec));
  EXPECT_TRUE(back.script.takes_resume_from);
  EXPECT_EQ(back.script.metric_patterns, spec.script.metric_patterns);
  EXPECT_EQ(back.warm_start.resume_from, spec.warm_start.resume_from);
  ASSERT_EQ(back.warm_start.results.size(), 3U);
  EXPECT_EQ(to_json(back.warm_start.results[0].configuration), to_json(odd));
  EXPECT_EQ(back.warm_start.results[0].value, 0.25);
  EXPECT_EQ(back.warm_start.results[1].outcome, Trial::Outcome::kCensored);
  EXPECT_TRUE(std::isnan(back.warm_start.results[1].value));
  EXPECT_EQ(back.warm_start.left_out[0].count, 2);
  EXPECT_EQ(back.warm_start.left_out[0].reason, "never started");
  ASSERT_EQ(back.warm_start.children.size(), 1U);
  EXPECT_EQ(back.warm_start.children[0].run_id, "HD_0_7");
  EXPECT_EQ(back.warm_start.children[0].attempt, 2);
  EXPECT_TRUE(back.warm_start.children[0].configuration.find("--f")->is_double());
}

TEST(SpecCodec, RefusesAWarmStartThatItCannotRead) {
  const auto with = [](const std::string& result) {
    return R"({"warm_start":{"results":[)" + result + R"(],"left_out":[],"children":[]}})";
  };
  EXPECT_NO_THROW((void)decode_spec(with(R"({"outcome":"failed","configuration":{}})")));
  EXPECT_THROW((void)decode_spec(with(R"({"outcome":"odd","configuration":{}})")),
               std::invalid_argument);
  EXPECT_THROW((void)decode_spec(with("{}")), std::invalid_argument);
}

TEST(SpecCodec, RefusesWhatIsNoSpec) {
  EXPECT_THROW((void)decode_spec("nonsense"), std::invalid_argument);
  EXPECT_THROW((void)decode_spec("[]"), std::invalid_argument);
  EXPECT_THROW((void)decode_spec(R"({"kind":"odd"})"), std::invalid_argument);
}

}  // namespace
}  // namespace hd
