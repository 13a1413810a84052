#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "samplers/factory.h"
#include "tests/samplers/sampler_support.h"

namespace hd {
namespace {

struct ContractCase {
  std::string name;
  ParameterSpace space;
  SamplingAlgorithm algorithm;
};

ParameterSpace uniform_finite() {
  return {{"--batch", choice(16, 32, 64)}, {"--depth", randint(5)}, {"--on", choice(true, false)}};
}

ParameterSpace uneven_finite() {
  return {{"--units", qloguniform(0, 3, 1)},
          {"--rate", quniform(0, 0.5, 0.1)},
          {"--same", choice("a", "a", "b")}};
}

ParameterSpace nested_finite() {
  return {{"--model",
           nested({{Value("linear"), {}},
                   {Value(), {{"--trees", randint(4)}, {"--kind", choice("x", "y")}}},
                   {Value(), {{"--layers", choice(1, 2, 3)}}}})},
          {"--fold", randint(3)}};
}

ParameterSpace all_ten() {
  return {{"--a", choice("x", 1, 2.5, Value::List{1, 2})},
          {"--b", randint(100)},
          {"--c", uniform(-1, 1)},
          {"--d", quniform(0, 10, 0.5)},
          {"--e", loguniform(-6, -1)},
          {"--f", qloguniform(0, 5, 2)},
          {"--g", normal(0, 2)},
          {"--h", qnormal(10, 3, 1)},
          {"--i", lognormal(0, 1)},
          {"--j", qlognormal(1, 1, 0.25)}};
}

ParameterSpace unbounded_discrete() { return {{"--n", qnormal(0, 50, 1)}}; }

/// Half of all draws are the same single configuration.
ParameterSpace half_discrete() {
  return {{"--opt", nested({{Value("none"), {}}, {Value(), {{"--lr", loguniform(-6, -1)}}}})}};
}

std::vector<ContractCase> cases() {
  std::vector<ContractCase> all;
  const auto add = [&](const char* name, const ParameterSpace& space, bool grid) {
    all.push_back({std::string("Random") + name, space, RandomSampling{}});
    all.push_back({std::string("Sobol") + name, space, RandomSampling{std::nullopt, true}});
    if (grid) all.push_back({std::string("Grid") + name, space, GridSampling{}});
  };
  add("UniformFinite", uniform_finite(), true);
  add("UnevenFinite", uneven_finite(), true);
  add("NestedFinite", nested_finite(), true);
  add("SingleValue", {{"--x", choice(1)}}, true);
  add("NoParameters", {}, true);
  add("AllTen", all_ten(), false);
  add("UnboundedDiscrete", unbounded_discrete(), false);
  add("HalfDiscrete", half_discrete(), false);
  return all;
}

class SamplerContract : public testing::TestWithParam<ContractCase> {
 protected:
  SamplerContract() : sampler_(make_sampler(GetParam().space, GetParam().algorithm)) {}

  /// How many configurations 60 asked ones come to.
  [[nodiscard]] std::size_t expected(std::size_t count) const {
    const auto size = GetParam().space.size();
    return size ? std::min<std::size_t>(count, *size) : count;
  }

  std::unique_ptr<Sampler> sampler_;
};

TEST_P(SamplerContract, GivesConfigurationsOfTheSpace) {
  for (const Configuration& configuration : ask(*sampler_, 0, 60, 1)) {
    EXPECT_TRUE(GetParam().space.contains(configuration)) << to_json(configuration);
  }
}

TEST_P(SamplerContract, GivesAsManyAsAskedOrAllThereAre) {
  EXPECT_EQ(ask(*sampler_, 0, 60, 1).size(), expected(60));
  EXPECT_EQ(ask(*sampler_, 0, 1, 1).size(), 1u);
  EXPECT_EQ(ask(*sampler_, 0, 0, 1).size(), 0u);
}

TEST_P(SamplerContract, GivesTheSameAnswerToTheSameRequest) {
  const auto first = ask(*sampler_, 0, 20, 7);
  (void)ask(*sampler_, 0, 20, 8);
  (void)ask(*sampler_, 5, 3, 7);
  EXPECT_EQ(ask(*sampler_, 0, 20, 7), first);
  EXPECT_EQ(ask(*make_sampler(GetParam().space, GetParam().algorithm), 0, 20, 7), first);
}

TEST_P(SamplerContract, ABatchIsTheSameAsSingleAsks) {
  const auto batch = ask(*sampler_, 0, 40, 3);
  std::vector<Configuration> singles;
  const auto fresh = make_sampler(GetParam().space, GetParam().algorithm);
  for (int i = 0; i < 40; ++i) {
    for (Configuration& one : ask(*fresh, i, 1, 3)) singles.push_back(std::move(one));
  }
  EXPECT_EQ(singles, batch);
}

TEST_P(SamplerContract, AConfigurationDoesNotDependOnTheOnesAskedBefore) {
  const auto batch = ask(*sampler_, 0, 40, 3);
  for (const int n : {39, 12, 0}) {
    const auto one = ask(*make_sampler(GetParam().space, GetParam().algorithm), n, 1, 3);
    if (static_cast<std::size_t>(n) < batch.size()) {
      ASSERT_EQ(one.size(), 1u);
      EXPECT_EQ(one[0], batch[static_cast<std::size_t>(n)]);
    } else {
      EXPECT_TRUE(one.empty());
    }
  }
}

TEST_P(SamplerContract, NeverRepeatsAConfiguration) {
  std::set<std::string> seen;
  for (const Configuration& configuration : ask(*sampler_, 0, 150, 5)) {
    EXPECT_TRUE(seen.insert(to_json(configuration)).second) << to_json(configuration);
  }
}

TEST_P(SamplerContract, AFiniteSpaceIsCoveredAndThenExhausted) {
  const auto size = GetParam().space.size();
  EXPECT_EQ(sampler_->limit(), size);
  if (!size) return;
  std::set<std::string> seen;
  const int all = static_cast<int>(*size);
  for (const Configuration& c : ask(*sampler_, 0, all + 5, 11)) seen.insert(to_json(c));
  EXPECT_EQ(seen.size(), *size);
  EXPECT_TRUE(ask(*sampler_, all, 3, 11).empty());
}

TEST_P(SamplerContract, SaysOfEveryConfigurationHowItWasFound) {
  const AskResult result = sampler_->ask(request(0, 10, 1));
  ASSERT_EQ(result.reasons.size(), result.configurations.size());
  for (const std::string& reason : result.reasons) EXPECT_FALSE(reason.empty());
}

TEST_P(SamplerContract, SeedsDiffer) {
  if (std::holds_alternative<GridSampling>(GetParam().algorithm)) return;
  if (GetParam().space.size() == 1) return;
  EXPECT_NE(ask(*sampler_, 0, 20, 1), ask(*sampler_, 0, 20, 2));
}

INSTANTIATE_TEST_SUITE_P(AllSamplers,
                         SamplerContract,
                         testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace hd
