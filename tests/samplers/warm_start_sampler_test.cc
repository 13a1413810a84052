#include "samplers/warm_start_sampler.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "samplers/factory.h"
#include "tests/samplers/sampler_support.h"

namespace hd {
namespace {

using testing::ElementsAre;

ParameterSpace six() { return {{"--a", choice(1, 2, 3)}, {"--b", choice(false, true)}}; }

EarlierResult result(const Configuration& configuration, double value) {
  return {"HD_old_0", configuration, Trial::Outcome::kFinished, value};
}

std::unique_ptr<Sampler> warm(const ParameterSpace& space,
                              const SamplingAlgorithm& algorithm,
                              const WarmStart& warm_start) {
  return std::make_unique<WarmStartSampler>(make_sampler(space, algorithm), warm_start);
}

std::vector<std::string> texts(const std::vector<Configuration>& configurations) {
  std::vector<std::string> all;
  for (const Configuration& one : configurations) all.push_back(to_json(one));
  return all;
}

/// Of the grid of six(): the second and the fifth are known, the third is resumed.
WarmStart some_of_six() {
  WarmStart warm_start;
  warm_start.results = {result(six().at(1), 1), result(six().at(4), 2)};
  warm_start.children = {{"HD_old_2", 0, six().at(2)}};
  return warm_start;
}

TEST(WarmStartSampler, BeginsWithTheResumedChildRuns) {
  const auto sampler = warm(six(), GridSampling{}, some_of_six());
  const AskResult first = sampler->ask(request(0, 2, 1));
  EXPECT_EQ(texts(first.configurations), texts({six().at(2), six().at(0)}));
  EXPECT_THAT(
      first.reasons,
      ElementsAre("goes on from HD_old_2, with the same configuration", "grid point 1 of 6"));
}

TEST(WarmStartSampler, AGridPassesOverWhatIsKnownAndThenIsExhausted) {
  const auto sampler = warm(six(), GridSampling{}, some_of_six());
  EXPECT_EQ(texts(ask(*sampler, 0, 10, 1)),
            texts({six().at(2), six().at(0), six().at(3), six().at(5)}));
  EXPECT_EQ(sampler->limit(), 4U);
}

TEST(WarmStartSampler, SequencesDrawNothingThatIsKnown) {
  for (const bool sobol : {false, true}) {
    const auto sampler = warm(six(), RandomSampling{std::nullopt, sobol}, some_of_six());
    const std::vector<std::string> all = texts(ask(*sampler, 0, 10, 3));
    EXPECT_EQ(all.size(), 4U);
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 4U);
    for (const EarlierResult& one : some_of_six().results) {
      EXPECT_THAT(all, testing::Not(testing::Contains(to_json(one.configuration))));
    }
  }
}

TEST(WarmStartSampler, TheRestIsWhatTheSequenceWouldHaveGiven) {
  const ParameterSpace space{{"--lr", loguniform(-6, -1)}, {"--n", randint(4)}};
  const auto plain = make_sampler(space, RandomSampling{});
  const std::vector<Configuration> drawn = ask(*plain, 0, 6, 7);
  WarmStart warm_start;
  warm_start.results = {result(drawn[0], 1), result(drawn[3], 1)};
  const auto sampler = warm(space, RandomSampling{}, warm_start);
  EXPECT_EQ(texts(ask(*sampler, 0, 4, 7)), texts({drawn[1], drawn[2], drawn[4], drawn[5]}));
  EXPECT_EQ(sampler->limit(), std::nullopt);
}

TEST(WarmStartSampler, AnAnswerDoesNotDependOnTheAsksBefore) {
  for (const SamplingAlgorithm& algorithm :
       {SamplingAlgorithm(RandomSampling{}), SamplingAlgorithm(GridSampling{})}) {
    const std::vector<std::string> whole =
        texts(ask(*warm(six(), algorithm, some_of_six()), 0, 4, 5));
    for (int first = 0; first < 4; ++first) {
      const auto fresh = warm(six(), algorithm, some_of_six());
      EXPECT_THAT(texts(ask(*fresh, first, 1, 5)),
                  ElementsAre(whole[static_cast<std::size_t>(first)]));
      EXPECT_EQ(texts(ask(*fresh, 0, 4, 5)), whole);
      (void)ask(*fresh, 0, 4, 6);
      EXPECT_EQ(texts(ask(*fresh, 0, 4, 5)), whole);
    }
  }
}

TEST(WarmStartSampler, ARemarkIsMadeOnce) {
  std::vector<Parameter> many;
  for (int i = 0; i < 40; ++i) many.push_back({"--x" + std::to_string(i), uniform(0, 1)});
  const ParameterSpace space(many);
  const auto remark =
      make_sampler(space, RandomSampling{std::nullopt, true})->ask(request(0, 1, 1));
  const auto sampler = warm(space, RandomSampling{std::nullopt, true}, some_of_six());
  EXPECT_EQ(sampler->ask(request(0, 3, 1)).warning, remark.warning);
  const auto resumed = warm(space, RandomSampling{std::nullopt, true}, some_of_six());
  EXPECT_EQ(resumed->ask(request(3, 1, 1)).warning, "");
}

/// The distance of --x from 0.3, to be minimized, was measured at eleven places.
WarmStart measured(const ParameterSpace& space) {
  WarmStart warm_start;
  for (int i = 0; i <= 10; ++i) {
    const double unit = 0.05 + 0.09 * i;
    const Configuration configuration = space.from_unit(std::vector<double>{unit});
    warm_start.results.push_back(
        result(configuration, std::abs(configuration.find("--x")->as_number() - 0.3)));
  }
  return warm_start;
}

TEST(WarmStartSampler, BayesianSamplingKnowsTheEarlierResults) {
  const ParameterSpace space{{"--x", uniform(0, 1)}};
  const auto sampler = warm(space, BayesianSampling{}, measured(space));
  AskRequest first = request(0, 1, 1);
  first.goal = Goal::kMinimize;
  const AskResult answer = sampler->ask(first);
  ASSERT_EQ(answer.configurations.size(), 1U);
  EXPECT_NEAR(answer.configurations[0].find("--x")->as_number(), 0.3, 0.1);
  EXPECT_NE(answer.reasons[0].find("model of 11 results"), std::string::npos) << answer.reasons[0];
  EXPECT_NE(answer.reasons[0].find("knows 11 results of earlier"), std::string::npos);
  EXPECT_EQ(warm(space, BayesianSampling{}, measured(space))->ask(first).configurations,
            answer.configurations);
}

TEST(WarmStartSampler, BayesianSamplingSeesResumedChildRunsAsRunning) {
  const ParameterSpace space{{"--x", choice(1, 2, 3)}};
  WarmStart warm_start;
  warm_start.children = {{"HD_old_0", 0, space.at(0)}, {"HD_old_1", 0, space.at(1)}};
  const auto sampler = warm(space, BayesianSampling{}, warm_start);
  EXPECT_EQ(texts(ask(*sampler, 0, 5, 1)), texts({space.at(0), space.at(1), space.at(2)}));
  EXPECT_EQ(sampler->limit(), 3U);
}

}  // namespace
}  // namespace hd
