#include "samplers/tuning_loop.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/error.h"

namespace hd {
namespace {

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

}  // namespace
}  // namespace hd
