#include "samplers/bayesian_sampler.h"

#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "samplers/tuning_loop.h"

namespace hd {
namespace {

using Function = std::function<double(const Configuration&)>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Step {
  Configuration configuration;
  std::string reason;
};

/// A loop in which the outcome of every configuration is known at once.
struct Loop {
  explicit Loop(ParameterSpace space, std::uint64_t seed = 7) : sampler(std::move(space)) {
    request.seed = seed;
  }
  AskResult ask(int count = 1) {
    request.first_index = static_cast<int>(request.trials.size());
    request.count = count;
    AskResult result = sampler.ask(request);
    request.notes = result.notes;
    return result;
  }
  void add(const Configuration& configuration, Trial::Outcome outcome, double value) {
    Trial trial;
    trial.id = static_cast<int>(request.trials.size());
    trial.configuration = configuration;
    trial.outcome = outcome;
    trial.value = value;
    request.trials.push_back(std::make_shared<const Trial>(trial));
  }
  double run(int count, const Function& function) {
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < count; ++i) {
      const AskResult result = ask();
      if (result.configurations.empty()) break;
      const double value = function(result.configurations[0]);
      best = std::min(best, value);
      add(result.configurations[0], Trial::Outcome::kFinished, value);
    }
    return best;
  }
  BayesianSampler sampler;
  AskRequest request;
};

double number(const Configuration& c, const char* name) { return c.find(name)->as_number(); }

ParameterSpace square_space() { return {{"x", uniform(0, 1)}, {"y", uniform(0, 1)}}; }

double bowl(const Configuration& c) {
  return std::pow(number(c, "x") - 0.3, 2) + std::pow(number(c, "y") - 0.8, 2);
}

ParameterSpace mixed_space() {
  Choice nested;
  nested.options.push_back({{}, {{"momentum", uniform(0, 1)}, {"nesterov", choice(true, false)}}});
  nested.options.push_back({{}, {{"beta", loguniform(-5, -1)}, {"k", qlognormal(1, 1, 1)}}});
  nested.options.push_back({Value("none"), {}});
  return {{"optimizer", nested},
          {"kind", choice("a", "b", Value(), true)},
          {"batch", choice(16, 32, 64)},
          {"n", randint(1000)},
          {"u", quniform(0, 10, 0.5)},
          {"z", normal(0, 1)}};
}

TEST(BayesianSampler, FindsTheBottomOfABowl) {
  Loop loop(square_space());
  EXPECT_LT(loop.run(30, bowl), 1e-4);
}

TEST(BayesianSampler, FollowsTheGoal) {
  Loop loop(square_space());
  loop.request.goal = Goal::kMaximize;
  double best = -10;
  loop.run(30, [&](const Configuration& c) {
    best = std::max(best, -bowl(c));
    return -bowl(c);
  });
  EXPECT_GT(best, -1e-4);
}

TEST(BayesianSampler, GivesTheSameAnswerToTheSameRequestWhateverItAnsweredBefore) {
  Loop loop(mixed_space());
  Rng rng(1, RngPurpose::kTest, 0);
  for (int i = 0; i < 45; ++i) {
    const AskRequest before = loop.request;
    const AskResult kept = loop.ask(1 + i % 2);
    AskRequest again = before;
    again.first_index = loop.request.first_index;
    again.count = loop.request.count;
    const AskResult fresh = BayesianSampler(mixed_space()).ask(again);
    ASSERT_EQ(kept.configurations, fresh.configurations) << i;
    ASSERT_EQ(kept.reasons, fresh.reasons) << i;
    ASSERT_EQ(kept.notes, fresh.notes) << i;
    for (const Configuration& c : kept.configurations) {
      const auto outcome = static_cast<Trial::Outcome>(rng.next_below(4));
      loop.add(c, outcome, rng.next_unit() < 0.2 ? kNan : rng.next_unit());
    }
  }
}

TEST(BayesianSampler, StaysInsideTheSpaceAndNeverRepeats) {
  const ParameterSpace space = mixed_space();
  Loop loop(space, 3);
  std::set<std::string> seen;
  Rng rng(2, RngPurpose::kTest, 0);
  for (int i = 0; i < 60; ++i) {
    for (const Configuration& c : loop.ask(i == 0 ? 8 : 1).configurations) {
      ASSERT_TRUE(space.contains(c)) << to_json(c);
      ASSERT_TRUE(seen.insert(to_json(c)).second) << to_json(c);
      loop.add(c, Trial::Outcome::kFinished, rng.next_unit());
    }
  }
}

TEST(BayesianSampler, RunsAFiniteSpaceToExhaustion) {
  const ParameterSpace space{{"a", choice(1, 2, 3)}, {"b", randint(4)}, {"c", choice("x", "y")}};
  Loop loop(space);
  std::set<std::string> seen;
  while (true) {
    const AskResult result = loop.ask(5);
    for (const Configuration& c : result.configurations) {
      ASSERT_TRUE(seen.insert(to_json(c)).second);
      loop.add(c, Trial::Outcome::kFinished, number(c, "a") + number(c, "b"));
    }
    if (result.configurations.size() < 5) break;
  }
  EXPECT_EQ(seen.size(), 24U);
  EXPECT_TRUE(loop.ask(1).configurations.empty());
}

TEST(BayesianSampler, SpreadsABatchOut) {
  Loop loop(square_space());
  loop.run(6, bowl);
  const auto batch = loop.ask(8).configurations;
  ASSERT_EQ(batch.size(), 8U);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_GT(std::hypot(number(batch[i], "x") - number(batch[j], "x"),
                           number(batch[i], "y") - number(batch[j], "y")),
                1e-3);
    }
  }
}

TEST(BayesianSampler, AsksAHundredWhileNoneHasEnded) {
  Loop loop(mixed_space());
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const AskResult result = loop.ask();
    ASSERT_EQ(result.configurations.size(), 1U);
    ASSERT_TRUE(seen.insert(to_json(result.configurations[0])).second);
    loop.add(result.configurations[0], Trial::Outcome::kPending, kNan);
  }
}

TEST(BayesianSampler, LeavesTheCornerWhereEverythingFails) {
  Loop loop(square_space());
  int failures = 0;
  for (int i = 0; i < 40; ++i) {
    const Configuration c = loop.ask().configurations.at(0);
    const bool fails = number(c, "x") < 0.5;
    if (fails && i >= 20) ++failures;
    loop.add(
        c, fails ? Trial::Outcome::kFailed : Trial::Outcome::kFinished, fails ? kNan : bowl(c));
  }
  EXPECT_LE(failures, 8);
}

TEST(BayesianSampler, LearnsFromCensoredRuns) {
  Loop loop(square_space());
  int good = 0;
  for (int i = 0; i < 40; ++i) {
    const Configuration c = loop.ask().configurations.at(0);
    const double value = bowl(c);
    const bool poor = value > 0.2;
    loop.add(c, poor ? Trial::Outcome::kCensored : Trial::Outcome::kFinished, poor ? 0.2 : value);
    if (!poor && i >= 20) ++good;
  }
  EXPECT_GE(good, 12);
}

TEST(BayesianSampler, AnswersWhateverTheValues) {
  const std::vector<std::vector<double>> cases{
      {kNan, kNan, kNan, kNan, kNan},
      {1, 1, 1, 1, 1},
      {1e300, -1e300, 1e-300, 0, 5},
      {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 1, 2, 3},
      {1.7e308, -1.7e308, 1.7e308, 0, 0}};
  for (const auto& values : cases) {
    Loop loop(square_space());
    for (std::size_t i = 0; i < 30; ++i) {
      const AskResult result = loop.ask();
      ASSERT_EQ(result.configurations.size(), 1U);
      loop.add(result.configurations[0], Trial::Outcome::kFinished, values[i % values.size()]);
    }
  }
}

TEST(BayesianSampler, AnswersInSixtyDimensions) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 60; ++i) parameters.push_back({std::to_string(i), uniform(0, 1)});
  Loop loop{ParameterSpace(parameters)};
  const double best = loop.run(25, [](const Configuration& c) {
    double sum = 0;
    for (const auto& [name, value] : c.entries()) sum += std::pow(value.as_number() - 0.4, 2);
    return sum;
  });
  EXPECT_LT(best, 60 * 0.1);
}

TEST(BayesianSampler, IgnoresNotesAndTrialsItCannotUse) {
  Loop loop(square_space());
  loop.run(8, bowl);
  Configuration other;
  other.set("elsewhere", 3);
  loop.add(other, Trial::Outcome::kFinished, -100);
  for (const char* notes :
       {"", "gp1", "gp1 5 nan", "gp1 8 0 0 0 1e999 0", "gp1 8 99 0 0 0 0", "{}"}) {
    loop.request.notes = notes;
    EXPECT_EQ(loop.ask().configurations.size(), 1U) << notes;
  }
}

TEST(BayesianSampler, SurvivesRepeatedConfigurations) {
  Loop loop(square_space());
  loop.run(6, bowl);
  const Configuration first = loop.request.trials[0]->configuration;
  for (int i = 0; i < 20; ++i) loop.add(first, Trial::Outcome::kFinished, 0.5 + 1e-9 * i);
  EXPECT_EQ(loop.ask().configurations.size(), 1U);
}

TEST(BayesianSampler, GivesAReasonForEveryConfiguration) {
  Loop loop(square_space());
  const AskResult start = loop.ask(3);
  ASSERT_EQ(start.reasons.size(), 3U);
  EXPECT_NE(start.reasons[0].find("start-up"), std::string::npos);
  for (const Configuration& c : start.configurations) {
    loop.add(c, Trial::Outcome::kFinished, bowl(c));
  }
  loop.run(9, bowl);
  loop.add(loop.ask().configurations[0], Trial::Outcome::kPending, kNan);
  const AskResult model = loop.ask();
  EXPECT_NE(model.reasons[0].find("model of 12 results and 1 running"), std::string::npos)
      << model.reasons[0];
  EXPECT_NE(model.reasons[0].find("length scales"), std::string::npos);
}

TEST(BayesianSampler, GivesTheNumbersOfEveryReason) {
  Loop loop(square_space());
  const AskResult start = loop.ask(3);
  ASSERT_EQ(start.details.size(), 3U);
  EXPECT_EQ(start.details[1].find("source")->as_string(), "startUp");
  loop.run(12, bowl);
  loop.add(loop.ask().configurations[0], Trial::Outcome::kPending, kNan);
  const AskResult asked = loop.ask(2);
  for (std::size_t i = 0; i < 2; ++i) {
    const Value& details = asked.details.at(i);
    EXPECT_EQ(details.find("source")->as_string(), "model");
    EXPECT_EQ(details.find("results")->as_integer(), 12);
    EXPECT_EQ(details.find("running")->as_integer(), 1 + static_cast<std::int64_t>(i));
    const double mean = details.find("mean")->as_number();
    EXPECT_LE(details.find("low")->as_number(), mean);
    EXPECT_GE(details.find("high")->as_number(), mean);
    EXPECT_GT(details.find("standardDeviation")->as_number(), 0);
    EXPECT_TRUE(std::isfinite(details.find("acquisition")->find("value")->as_number()));
    EXPECT_EQ(details.find("lengthScales")->as_list().size(), 2U);
  }
}

TEST(BayesianSampler, KnowsTheStartUpPointsOfItsOwnBatch) {
  Loop loop(square_space());
  loop.run(2, bowl);
  const AskResult asked = loop.ask(6);
  int of_the_model = 0;
  for (std::size_t i = 0; i < asked.details.size(); ++i) {
    const Value& details = asked.details[i];
    if (details.find("source")->as_string() != "model") continue;
    ++of_the_model;
    EXPECT_EQ(details.find("results")->as_integer(), 2);
    EXPECT_EQ(details.find("running")->as_integer(), static_cast<std::int64_t>(i));
  }
  EXPECT_GT(of_the_model, 0);
  EXPECT_LT(of_the_model, 6) << "the batch was to begin with start-up points";
}

TEST(BayesianSampler, ServesSpacesWithOneOrNoFreeParameter) {
  Loop fixed(ParameterSpace{{"a", choice(5)}});
  EXPECT_EQ(fixed.run(3, [](const Configuration&) { return 1.0; }), 1.0);
  EXPECT_EQ(fixed.request.trials.size(), 1U);
  Loop one(ParameterSpace{{"a", uniform(0, 1)}});
  EXPECT_LT(one.run(15, [](const Configuration& c) { return std::abs(number(c, "a") - 0.37); }),
            0.01);
}

TEST(BayesianSampler, DrivesATuningLoop) {
  TuningLoop loop(square_space(), BayesianSampling{.seed = 7});
  for (int i = 0; i < 25; ++i) {
    for (const Trial& trial : loop.ask(1)) loop.tell(trial.id, bowl(trial.configuration));
  }
  EXPECT_LT(loop.best().value, 1e-3);
}

}  // namespace
}  // namespace hd
