#include "samplers/ask_tell_session.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/core/json_reader.h"

namespace hd {
namespace {

class AskTell : public ::testing::Test {
 protected:
  std::string say(const std::string& line) { return session_.answer(line); }
  /// The message of an answer that must be an error, and change nothing.
  std::string error(const std::string& line) {
    const std::string before = loop_.save();
    const Value answer = read_json(say(line)).value();
    EXPECT_EQ(loop_.save(), before) << line;
    EXPECT_EQ(answer.as_map().size(), 1u) << to_json(answer);
    const Value* message = answer.find("error");
    return message == nullptr ? "no error: " + to_json(answer) : message->as_string();
  }

  TuningLoop loop_{
      {{"--lr", choice(0.5, 0.25, 1.0)}, {"--n", choice(1)}}, GridSampling{}, {.metric = "loss"}};
  AskTellSession session_{loop_};
};

TEST_F(AskTell, AnswersAsTheContractSays) {
  EXPECT_EQ(say(R"({"op":"ask","n":2})"),
            R"({"trials":[{"id":0,"params":{"--lr":0.5,"--n":1}},)"
            R"({"id":1,"params":{"--lr":0.25,"--n":1}}]})");
  EXPECT_EQ(say(R"({"op":"tell","id":1,"value":0.31})"), R"({"ok":true})");
  EXPECT_EQ(say(R"({"op":"tell","id":0,"status":"failed"})"), R"({"ok":true})");
  EXPECT_EQ(say(R"({"op":"best"})"), R"({"id":1,"params":{"--lr":0.25,"--n":1},"value":0.31})");
  EXPECT_EQ(say(R"({"op":"tell","params":{"--n":1,"--lr":1},"value":0.3})"), R"({"ok":true})");
  EXPECT_EQ(say(R"({"op":"best"})"), R"({"id":null,"params":{"--lr":1.0,"--n":1},"value":0.3})");
  EXPECT_EQ(say(R"({"op":"ask"})"), R"({"trials":[]})");
}

TEST_F(AskTell, AsksForOneUnlessTold) {
  EXPECT_EQ(say(R"({"op":"ask"})"), R"({"trials":[{"id":0,"params":{"--lr":0.5,"--n":1}}]})");
  EXPECT_EQ(say(R"({"op":"ask","n":0})"), R"({"trials":[]})");
  EXPECT_EQ(say(" { \"n\" : 1 , \"op\" : \"ask\" } \r"),
            R"({"trials":[{"id":1,"params":{"--lr":0.25,"--n":1}}]})");
}

TEST_F(AskTell, FewerThenNoneWhenExhausted) {
  say(R"({"op":"ask","n":2})");
  EXPECT_EQ(say(R"({"op":"ask","n":5})"), R"({"trials":[{"id":2,"params":{"--lr":1.0,"--n":1}}]})");
  EXPECT_EQ(say(R"({"op":"ask","n":5})"), R"({"trials":[]})");
}

TEST_F(AskTell, PendingListsWhatWasNotToldYet) {
  EXPECT_EQ(say(R"({"op":"pending"})"), R"({"trials":[]})");
  say(R"({"op":"ask","n":3})");
  say(R"({"op":"tell","id":1,"value":1})");
  EXPECT_EQ(say(R"({"op":"pending"})"),
            R"({"trials":[{"id":0,"params":{"--lr":0.5,"--n":1}},)"
            R"({"id":2,"params":{"--lr":1.0,"--n":1}}]})");
}

TEST_F(AskTell, NaNAndInfinitiesAreTextsBothWays) {
  say(R"({"op":"ask","n":3})");
  EXPECT_EQ(say(R"({"op":"tell","id":0,"value":"NaN"})"), R"({"ok":true})");
  EXPECT_EQ(error(R"({"op":"best"})"),
            "there is no best trial yet: no value of loss has been told (tell the result of a "
            "trial first)");
  EXPECT_EQ(say(R"({"op":"tell","id":1,"value":"Infinity"})"), R"({"ok":true})");
  EXPECT_EQ(say(R"({"op":"best"})"),
            R"({"id":1,"params":{"--lr":0.25,"--n":1},"value":"Infinity"})");
  EXPECT_EQ(say(R"({"op":"tell","id":2,"value":"-Infinity"})"), R"({"ok":true})");
  EXPECT_EQ(say(R"({"op":"best"})"),
            R"({"id":2,"params":{"--lr":1.0,"--n":1},"value":"-Infinity"})");
}

TEST_F(AskTell, EveryMistakeHasItsMessage) {
  say(R"({"op":"ask","n":2})");
  say(R"({"op":"tell","id":0,"value":1})");
  EXPECT_EQ(error(""), "the line is empty");
  EXPECT_EQ(error("{"), "the line is not JSON: expected a name in quotes at byte 2");
  EXPECT_EQ(error(R"({"op":"tell","id":1,"value":NaN})"),
            "the line is not JSON: expected a value at byte 29 (NaN and infinities are the texts "
            "\"NaN\", \"Infinity\", \"-Infinity\")");
  EXPECT_EQ(error("[1]"), "expected an object such as {\"op\":\"ask\"}; found [1]");
  EXPECT_EQ(error("{}"), "op is missing; expected ask, tell, best or pending");
  EXPECT_EQ(error(R"({"op":"suggest"})"),
            "op: expected ask, tell, best or pending; found \"suggest\"");
  EXPECT_EQ(error(R"({"op":"ask","count":2})"), "unknown member \"count\"; expected op, n");
  EXPECT_EQ(error(R"({"op":"ask","n":1,"n":2})"), "the member \"n\" is given twice");
  EXPECT_EQ(error(R"({"op":"ask","n":-1})"), "n: expected 0 to 10000; found -1");
  EXPECT_EQ(error(R"({"op":"ask","n":10001})"), "n: expected 0 to 10000; found 10001");
  EXPECT_EQ(error(R"({"op":"ask","n":1e99})"), "n: expected an integer; found 1e+99");
  EXPECT_EQ(error(R"({"op":"ask","n":99999999999})"), "n: expected an integer; found 99999999999");
  EXPECT_EQ(error(R"({"op":"ask","n":"2"})"), "n: expected an integer; found \"2\"");
  EXPECT_EQ(error(R"({"op":"tell","id":7,"value":1})"),
            "trial 7 was never asked (ids so far: 0 to 1)");
  EXPECT_EQ(error(R"({"op":"tell","id":-1,"value":1})"),
            "trial -1 was never asked (ids so far: 0 to 1)");
  EXPECT_EQ(error(R"({"op":"tell","id":0,"value":1})"),
            "trial 0 was already told (tell each trial once)");
  EXPECT_EQ(error(R"({"op":"tell","id":1})"), "value is missing, or \"status\":\"failed\"");
  EXPECT_EQ(error(R"({"op":"tell","id":1,"value":"0.5"})"),
            "value: expected a number, \"NaN\", \"Infinity\" or \"-Infinity\"; found \"0.5\"");
  EXPECT_EQ(error(R"({"op":"tell","id":1,"status":"done","value":1})"),
            "status: expected \"failed\"; found \"done\"");
  EXPECT_EQ(error(R"({"op":"tell","id":1,"status":"failed","value":1})"),
            "a trial that failed has no value");
  EXPECT_EQ(error(R"({"op":"tell","value":1})"),
            "expected id, for a trial that was asked, or params, for what is known from "
            "elsewhere; found neither");
  EXPECT_EQ(error(R"({"op":"tell","params":[],"value":1})"),
            "params: expected an object; found []");
  EXPECT_EQ(error(R"({"op":"tell","params":{"--lr":2},"value":1})"),
            "the parameter space does not hold the configuration that was told: \"--lr\": expected "
            "choice [0.5,0.25,1.0]; found 2; \"--n\" is missing; expected choice [1]");
  EXPECT_EQ(error(R"({"op":"best","id":1})"), "unknown member \"id\"; expected op");
}

TEST_F(AskTell, LongLinesAreNotRead) {
  const std::string line(AskTellSession::kLongestRequest + 1, ' ');
  EXPECT_EQ(error(line), "the line is longer than 1048576 bytes and was not read");
  EXPECT_EQ(say(line), AskTellSession::answer_to_long_line());
  const std::string padding(AskTellSession::kLongestRequest - 16, ' ');
  EXPECT_EQ(say(R"({"op":"pending"})" + padding), R"({"trials":[]})");
}

TEST_F(AskTell, AnswersAreOneLineOfValidJsonWhateverTheRequestHolds) {
  for (const std::string& line : {std::string("\xff\xfe"),
                                  std::string("\0", 1),
                                  std::string(R"({"op":"a\nb"})"),
                                  std::string("{\"op\":\"") + std::string(59, 'a') + "\xc3\xa9\"}",
                                  std::string(100'000, '['),
                                  std::string(R"({"op":{"op":{"op":[1,2,3]}}})")}) {
    const std::string answer = say(line);
    EXPECT_EQ(answer.find('\n'), std::string::npos);
    ASSERT_TRUE(read_json(answer)) << answer;
    EXPECT_NE(read_json(answer)->find("error"), nullptr) << answer;
  }
}

}  // namespace
}  // namespace hd
