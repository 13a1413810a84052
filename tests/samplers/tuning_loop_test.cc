#include "samplers/tuning_loop.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/core/rng.h"

namespace hd {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TuningLoop grid_loop(Goal goal = Goal::minimize) {
  return TuningLoop({{"x", choice(3, 1, 2)}}, GridSampling{}, {.metric = "loss", .goal = goal});
}

TEST(TuningLoop, IdsCountUpAndResultsMayComeInAnyOrder) {
  ParameterSpace space{{"lr", loguniform(-6, -1)}, {"layers", choice(1, 2, 3)}};
  TuningLoop loop(space, RandomSampling{.seed = 7}, {.metric = "loss", .goal = Goal::minimize});
  std::vector<Trial> trials = loop.ask(3);
  for (const Trial& trial : loop.ask(2)) trials.push_back(trial);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(trials[static_cast<std::size_t>(i)].id, i);
  loop.tell(4, 0.5);
  loop.tell(0, 0.2);
  loop.tell(2, 0.9);
  EXPECT_EQ(loop.best().id, 0);
  EXPECT_EQ(loop.best().value, 0.2);
  EXPECT_EQ(loop.best().configuration, trials[0].configuration);
}

TEST(TuningLoop, TheSameSeedGivesTheSameTrials) {
  const ParameterSpace space{{"x", uniform(0, 1)}};
  TuningLoop a(space, RandomSampling{.seed = 7});
  TuningLoop b(space, RandomSampling{.seed = 7});
  EXPECT_EQ(a.ask(1)[0].configuration, b.ask(1)[0].configuration);
  TuningLoop drawn(space, RandomSampling{});
  TuningLoop repeated(space, RandomSampling{.seed = drawn.seed()});
  EXPECT_EQ(drawn.ask(1)[0].configuration, repeated.ask(1)[0].configuration);
}

TEST(TuningLoop, GoalDecidesWhichIsBest) {
  TuningLoop low = grid_loop(Goal::minimize);
  TuningLoop high = grid_loop(Goal::maximize);
  for (const Trial& t : low.ask(3)) low.tell(t.id, t.configuration.find("x")->as_number());
  for (const Trial& t : high.ask(3)) high.tell(t.id, t.configuration.find("x")->as_number());
  EXPECT_EQ(low.best().value, 1);
  EXPECT_EQ(high.best().value, 3);
}

TEST(TuningLoop, FewerThenNoneWhenExhausted) {
  TuningLoop loop = grid_loop();
  EXPECT_EQ(loop.ask(2).size(), 2u);
  EXPECT_FALSE(loop.exhausted());
  EXPECT_EQ(loop.ask(2).size(), 1u);
  EXPECT_TRUE(loop.exhausted());
  EXPECT_TRUE(loop.ask(2).empty());
}

TEST(TuningLoop, ExhaustedIsKnownWithTheLastConfiguration) {
  TuningLoop loop = grid_loop();
  (void)loop.ask(3);
  EXPECT_TRUE(loop.exhausted());
}

TEST(TuningLoop, FailuresAndNaNAreNeverBest) {
  TuningLoop loop = grid_loop();
  (void)loop.ask(3);
  EXPECT_FALSE(loop.has_best());
  EXPECT_THROW((void)loop.best(), UsageError);
  loop.tell(0, std::numeric_limits<double>::quiet_NaN());
  loop.tell_failed(1);
  EXPECT_FALSE(loop.has_best());
  EXPECT_EQ(loop.trials()[1]->outcome, Trial::Outcome::kFailed);
  loop.tell(2, 1e300);
  EXPECT_EQ(loop.best().id, 2);
}

TEST(TuningLoop, OfEqualValuesTheFirstToldIsBest) {
  TuningLoop loop = grid_loop();
  (void)loop.ask(2);
  loop.tell(1, 4);
  loop.tell(0, 4);
  EXPECT_EQ(loop.best().id, 1);
}

TEST(TuningLoop, RefusesUnknownAndRepeatedIds) {
  TuningLoop loop = grid_loop();
  EXPECT_THROW(loop.tell(0, 1), UsageError);
  (void)loop.ask(1);
  EXPECT_THROW(loop.tell(-1, 1), UsageError);
  EXPECT_THROW(loop.tell(1, 1), UsageError);
  loop.tell(0, 1);
  EXPECT_THROW(loop.tell(0, 0), UsageError);
  EXPECT_THROW(loop.tell_failed(0), UsageError);
  EXPECT_EQ(loop.best().value, 1);
  EXPECT_THROW((void)loop.ask(-1), UsageError);
}

TEST(TuningLoop, TheFormOfTheDocumentationWorks) {
  const auto train = [](const Trial& t) { return t.configuration.find("lr")->as_number(); };
  hd::ParameterSpace space{{"lr", hd::loguniform(-6, -1)}, {"layers", hd::choice(1, 2, 3)}};
  hd::TuningLoop loop(
      space, hd::BayesianSampling{.seed = 7}, {.metric = "loss", .goal = hd::Goal::minimize});
  for (const hd::Trial& t : loop.ask(8)) loop.tell(t.id, train(t));
  EXPECT_GT(loop.best().value, std::exp(-6));
  EXPECT_LT(loop.best().value, std::exp(-1));
}

// ---- What was not asked.

TEST(TuningLoop, WhatIsToldFromOutsideCanBeBestAndTakesNoId) {
  TuningLoop loop({{"x", uniform(0, 1)}, {"n", choice(1, 2)}}, RandomSampling{.seed = 7});
  loop.tell({{"n", 2.0}, {"x", 1}}, 0.25);
  EXPECT_EQ(loop.best().id, TuningLoop::kNoId);
  EXPECT_EQ(to_json(loop.best().configuration), R"({"x":1.0,"n":2})");
  EXPECT_EQ(loop.ask(1)[0].id, 0);
  loop.tell(0, 0.5);
  EXPECT_EQ(loop.best().value, 0.25);
  loop.tell_failed({{"n", 1}, {"x", 0}});
  loop.tell({{"n", 1}, {"x", 0.5}}, kNan);
  EXPECT_EQ(loop.best().value, 0.25);
  EXPECT_EQ(loop.trials().size(), 4u);
}

TEST(TuningLoop, RefusesOutsideConfigurationsThatTheSpaceDoesNotHold) {
  TuningLoop loop({{"x", uniform(0, 1)}, {"n", choice(1, 2)}}, RandomSampling{.seed = 7});
  try {
    loop.tell({{"x", 2.0}, {"m", 1}}, 0.25);
    FAIL();
  } catch (const UsageError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("\"x\": expected uniform [0.0,1.0]; found 2.0"), std::string::npos);
    EXPECT_NE(message.find("\"n\" is missing"), std::string::npos);
    EXPECT_NE(message.find("\"m\" is no parameter"), std::string::npos);
  }
  EXPECT_TRUE(loop.trials().empty());
}

TEST(TuningLoop, AnOutsideResultLeavesTheSameAskedTrialOpen) {
  TuningLoop loop = grid_loop();
  const Trial trial = loop.ask(1)[0];
  loop.tell(trial.configuration, 5);
  loop.tell(trial.id, 4);
  EXPECT_EQ(loop.best().id, 0);
  EXPECT_FALSE(loop.exhausted());
  EXPECT_EQ(loop.ask(3).size(), 2u);
}

TEST(TuningLoop, GridPassesOverWhatWasTold) {
  TuningLoop loop = grid_loop();
  loop.tell({{"x", 3}}, 1);
  loop.tell({{"x", 3}}, 2);  // a repeat
  const std::vector<Trial> trials = loop.ask(3);
  ASSERT_EQ(trials.size(), 2u);
  EXPECT_EQ(to_json(trials[0].configuration), R"({"x":1})");
  EXPECT_EQ(to_json(trials[1].configuration), R"({"x":2})");
  EXPECT_EQ(trials[1].id, 1);
  EXPECT_TRUE(loop.exhausted());
}

TEST(TuningLoop, IsExhaustedWhenAllWasTold) {
  TuningLoop loop = grid_loop();
  for (int x : {1, 2, 3}) {
    EXPECT_FALSE(loop.exhausted());
    loop.tell({{"x", x}}, x);
  }
  EXPECT_TRUE(loop.exhausted());
  EXPECT_TRUE(loop.ask(1).empty());
}

// ---- Properties of every sampler.

struct Case {
  std::string name;
  SamplingAlgorithm algorithm;
  ParameterSpace space;
};

void PrintTo(const Case& tested, std::ostream* out) { *out << tested.name; }

ParameterSpace mixed_space() {
  return ParameterSpace(
      {{"lr", loguniform(-6, -1)},
       {"q", quniform(0, 1, 0.1)},
       {"layers", choice(1, 2.5, "many", true, Value())},
       {"kind", Choice{{{"plain", {}}, {{}, {{"depth", randint(7)}, {"w", normal(0, 1)}}}}}}});
}

ParameterSpace finite_space() {
  return ParameterSpace{{"a", choice(1, 2, 3)}, {"b", randint(4)}, {"c", quniform(0, 1, 0.5)}};
}

class EverySampler : public ::testing::TestWithParam<Case> {
 protected:
  static TuningLoop make() {
    return TuningLoop(GetParam().space, GetParam().algorithm, {.goal = Goal::maximize});
  }
  static double result(const Trial& trial) {
    return std::cos(static_cast<double>(to_json(trial.configuration).size() * 7 + trial.id % 5));
  }
  /// One step of a caller who keeps several trials open, sees failures, and knows things already.
  static void step(TuningLoop& loop, int number) {
    Rng rng(11, RngPurpose::kRandomSampling, static_cast<std::uint64_t>(number));
    const double kind = rng.next_unit();
    const std::vector<Trial> open = loop.pending();
    if (kind < 0.15) {
      std::vector<double> unit(static_cast<std::size_t>(loop.space().unit_dimensions()));
      for (double& u : unit) u = rng.next_unit();
      loop.tell(loop.space().from_unit(unit), rng.next_unit());
    } else if (kind < 0.5 || open.empty()) {
      (void)loop.ask(1 + number % 3);
    } else if (kind < 0.6) {
      loop.tell_failed(open.back().id);
    } else if (kind < 0.65) {
      loop.tell(open.front().id, kNan);
    } else {
      loop.tell(open.front().id, result(open.front()));
    }
  }
  static std::vector<std::string> next_answers(TuningLoop& loop, int first_step) {
    std::vector<std::string> answers;
    for (int i = 0; i < 12; ++i) {
      step(loop, first_step + i);
      const Trial& last = *loop.trials().back();
      answers.push_back(std::to_string(last.id) + ' ' + to_json(last.configuration));
    }
    answers.push_back(loop.has_best() ? to_json(loop.best().configuration) : "none");
    answers.push_back(loop.exhausted() ? "exhausted" : "not exhausted");
    return answers;
  }
};

TEST_P(EverySampler, NeverAsksWhatWasTold) {
  TuningLoop loop = make();
  TuningLoop twin = make();
  std::set<std::string> seen;
  // What the sampler would have asked first is what is told.
  for (const Trial& trial : twin.ask(10)) {
    loop.tell(trial.configuration, result(trial));
    EXPECT_TRUE(seen.insert(to_json(trial.configuration)).second);
  }
  for (int i = 0; i < 15; ++i) {
    for (const Trial& trial : loop.ask(2)) {
      EXPECT_TRUE(seen.insert(to_json(trial.configuration)).second) << to_json(trial.configuration);
      loop.tell(trial.id, result(trial));
    }
  }
  const auto size = GetParam().space.size();
  if (size) {
    EXPECT_EQ(seen.size(), *size);
    EXPECT_TRUE(loop.exhausted());
  } else {
    EXPECT_EQ(seen.size(), 40u);
  }
}

TEST_P(EverySampler, ALoadedLoopGoesOnAsTheSavedOneWould) {
  for (const int steps : {0, 1, 7, 40}) {
    TuningLoop loop = make();
    for (int i = 0; i < steps; ++i) step(loop, i);
    TuningLoop loaded = make();
    loaded.load(loop.save());
    EXPECT_EQ(loaded.save(), loop.save());
    EXPECT_EQ(loaded.pending().size(), loop.pending().size());
    EXPECT_EQ(next_answers(loaded, steps), next_answers(loop, steps)) << steps << " steps";
  }
}

TEST_P(EverySampler, TheJournalBringsASavedLoopUpToDate) {
  TuningLoop loop = make();
  for (int i = 0; i < 10; ++i) step(loop, i);
  std::string text = loop.save();
  loop.set_journal([&](std::string_view record, bool) { text += record; });
  for (int i = 10; i < 40; ++i) step(loop, i);
  TuningLoop loaded = make();
  loaded.load(text);
  EXPECT_EQ(loaded.save(), loop.save());
  EXPECT_EQ(next_answers(loaded, 40), next_answers(loop, 40));
}

TEST_P(EverySampler, ALostRecordThatIsRepeatableIsRepeatedByTheLoop) {
  TuningLoop loop = make();
  std::string text = loop.save();
  std::string kept = text;
  loop.set_journal([&](std::string_view record, bool repeatable) {
    text += record;
    if (!repeatable) kept = text;
  });
  for (int i = 0; i < 25; ++i) step(loop, i);
  (void)loop.ask(3);
  (void)loop.ask(1);
  TuningLoop loaded = make();
  loaded.load(kept);
  // In other portions than before.
  while (loaded.trials().size() < loop.trials().size()) ASSERT_EQ(loaded.ask(1).size(), 1u);
  for (std::size_t i = 0; i < loop.trials().size(); ++i) {
    EXPECT_EQ(loaded.trials()[i]->id, loop.trials()[i]->id);
    EXPECT_EQ(loaded.trials()[i]->configuration, loop.trials()[i]->configuration);
  }
}

INSTANTIATE_TEST_SUITE_P(
    TuningLoop,
    EverySampler,
    ::testing::Values(Case{"random", RandomSampling{.seed = 7}, mixed_space()},
                      Case{"random_finite", RandomSampling{.seed = 7}, finite_space()},
                      Case{"sobol", RandomSampling{.seed = 7, .sobol = true}, mixed_space()},
                      Case{
                          "sobol_finite", RandomSampling{.seed = 7, .sobol = true}, finite_space()},
                      Case{"grid", GridSampling{}, finite_space()},
                      Case{"bayesian", BayesianSampling{.seed = 7}, mixed_space()},
                      Case{"bayesian_finite", BayesianSampling{.seed = 7}, finite_space()}),
    [](const auto& tested) { return tested.param.name; });

// ---- Save and load.

/// A loop that was saved in a state worth keeping.
std::string saved_text() {
  TuningLoop loop({{"x", uniform(0, 1)}}, RandomSampling{.seed = 7});
  (void)loop.ask(3);
  loop.tell(1, 0.5);
  loop.tell({{"x", 0.25}}, std::numeric_limits<double>::infinity());
  loop.tell_failed(0);
  return loop.save();
}

std::string refusal(TuningLoop loop, std::string_view text) {
  try {
    loop.load(text);
  } catch (const std::exception& error) {
    EXPECT_TRUE(loop.trials().empty());
    return error.what();
  }
  return {};
}

TuningLoop unused(std::uint64_t seed = 7) {
  return TuningLoop({{"x", uniform(0, 1)}}, RandomSampling{.seed = seed});
}

TEST(TuningLoopText, NamesEverythingThatDiffers) {
  const TuningLoop other({{"x", uniform(0, 2)}, {"y", randint(3)}},
                         BayesianSampling{.seed = 8},
                         {.goal = Goal::maximize});
  TuningLoop loaded({{"x", uniform(0, 1)}}, RandomSampling{.seed = 7});
  EXPECT_EQ(refusal(std::move(loaded), other.save()),
            "the saved tuning loop is another one; it differs in\n"
            "  the sampler: saved bayesian, here random\n"
            "  the goal: saved maximize, here minimize\n"
            "  the seed: saved 8, here 7\n"
            "  the number of parameters: saved 2, here 1\n"
            "  parameter 1: saved "
            R"({"name":"x","expression":"uniform","values":[0.0,2.0]}, here )"
            R"({"name":"x","expression":"uniform","values":[0.0,1.0]})");
}

TEST(TuningLoopText, ADrawnSeedGivesWayToTheSavedOne) {
  TuningLoop loop({{"x", uniform(0, 1)}}, RandomSampling{});
  TuningLoop loaded({{"x", uniform(0, 1)}}, RandomSampling{});
  loaded.load(loop.save());
  EXPECT_EQ(loaded.seed(), loop.seed());
  EXPECT_EQ(loaded.ask(1)[0].configuration, loop.ask(1)[0].configuration);
}

TEST(TuningLoopText, OnlyAnUnusedLoopCanLoad) {
  TuningLoop loop = unused();
  (void)loop.ask(1);
  EXPECT_THROW(loop.load(saved_text()), UsageError);
  EXPECT_EQ(loop.trials().size(), 1u);
}

TEST(TuningLoopText, ValuesComeBackBitByBit) {
  TuningLoop loaded = unused();
  loaded.load(saved_text());
  EXPECT_EQ(loaded.trials()[1]->value, 0.5);
  EXPECT_EQ(loaded.trials()[3]->value, std::numeric_limits<double>::infinity());
  EXPECT_EQ(loaded.trials()[0]->outcome, Trial::Outcome::kFailed);
  EXPECT_EQ(loaded.pending().size(), 1u);
  EXPECT_EQ(loaded.best().value, 0.5);
}

TEST(TuningLoopText, OfEqualValuesTheFirstToldStaysBest) {
  TuningLoop loop = unused();
  (void)loop.ask(2);
  loop.tell(1, 4);
  loop.tell({{"x", 0.25}}, 4);
  loop.tell(0, 4);
  TuningLoop loaded = unused();
  loaded.load(loop.save());
  EXPECT_EQ(loaded.best().id, 1);
}

TEST(TuningLoopText, AnyDamagedByteIsNoticed) {
  const std::string text = saved_text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char bit : {1, 0x20}) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ bit);
      EXPECT_NE(refusal(unused(), damaged), "") << "byte " << i;
    }
  }
}

TEST(TuningLoopText, ATruncatedTextIsNoticedUnlessItEndsWithALine) {
  const std::string text = saved_text();
  for (std::size_t length = 0; length < text.size(); ++length) {
    const bool whole_lines = length > 0 && text[length - 1] == '\n';
    EXPECT_EQ(refusal(unused(), text.substr(0, length)).empty(), whole_lines) << length;
  }
}

TEST(TuningLoopText, RecordsThatMakeNoSenseAreRefused) {
  using tuning_text::to_line;
  const std::string text = saved_text();
  const Value::Map configuration{{"x", 0.5}};
  const std::vector<std::pair<Value, std::string>> records = {
      {Value::Map{{"tell", 9}, {"value", 1.0}}, "a trial that was never asked"},
      {Value::Map{{"tell", -1}, {"value", 1.0}}, "a trial that was never asked"},
      {Value::Map{{"tell", 1}, {"value", 1.0}}, "a trial that was told before"},
      {Value::Map{{"tell", 2}, {"value", "x"}}, "the value is no number"},
      {Value::Map{{"tell", Value::Map{{"x", 2.0}}}, {"value", 1.0}}, "expected uniform"},
      {Value::Map{{"ask", Value::List{1}}}, "a configuration that is no object"},
      {Value::Map{{"ask", Value::List{}}, {"next", -1}}, "the index of the next ask is none"},
      {Value::Map{{"best", 0}}, "the best trial is none that has a value"},
      {Value::Map{{"best", 4}}, "the best trial is none that has a value"},
      {Value::Map{{"forget", 0}}, "an unknown record"},
  };
  for (const auto& [record, why] : records) {
    const std::string message = refusal(unused(), text + to_line(record));
    EXPECT_NE(message.find(why), std::string::npos) << to_json(record) << ": " << message;
    EXPECT_NE(message.find("line "), std::string::npos) << message;
  }
}

TEST(TuningLoopText, OtherFilesAndVersionsAreRefused) {
  EXPECT_NE(refusal(unused(), "hello\n").find("another kind of file"), std::string::npos);
  EXPECT_NE(refusal(unused(), "").find("empty"), std::string::npos);
  const Value newer = Value::Map{{"format", "hdrive tuning loop"}, {"version", 2}};
  EXPECT_NE(refusal(unused(), tuning_text::to_line(newer)).find("reads version 1"),
            std::string::npos);
}

TEST(TuningLoop, AJournalThatFailsLeavesTheLoopAsItWas) {
  TuningLoop loop = unused();
  TuningLoop twin = unused();
  (void)loop.ask(2);
  (void)twin.ask(2);
  loop.set_journal([](std::string_view, bool) { throw std::runtime_error("disk full"); });
  EXPECT_THROW((void)loop.ask(2), std::runtime_error);
  EXPECT_THROW(loop.tell(0, 1), std::runtime_error);
  EXPECT_THROW(loop.tell({{"x", 0.5}}, 1), std::runtime_error);
  loop.set_journal({});
  EXPECT_EQ(loop.save(), twin.save());
}

}  // namespace
}  // namespace hd
