#include "samplers/random_sampler.h"

#include <cmath>
#include <malloc.h>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "samplers/keyed_permutation.h"
#include "tests/samplers/sampler_support.h"

namespace hd {
namespace {

TEST(KeyedPermutation, VisitsEveryNumberOnce) {
  for (const std::uint64_t size : {1ULL, 2ULL, 3ULL, 16ULL, 17ULL, 1000ULL, 4097ULL}) {
    const KeyedPermutation order(9, size);
    std::set<std::uint64_t> seen;
    for (std::uint64_t place = 0; place < size; ++place) {
      const std::uint64_t number = order(place);
      ASSERT_LT(number, size);
      seen.insert(number);
    }
    EXPECT_EQ(seen.size(), size);
  }
}

TEST(KeyedPermutation, ServesTheLargestSize) {
  const std::uint64_t size = std::uint64_t{1} << 63;
  const KeyedPermutation order(1, size);
  std::set<std::uint64_t> seen;
  for (std::uint64_t place = 0; place < 1000; ++place) seen.insert(order(place));
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_LT(*seen.rbegin(), size);
}

TEST(KeyedPermutation, AllOrdersOfFourNumbersAreEquallyLikelyOverSeeds) {
  std::map<std::vector<std::uint64_t>, int> counts;
  constexpr int kSeeds = 4800;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const KeyedPermutation order(seed, 4);
    ++counts[{order(0), order(1), order(2), order(3)}];
  }
  ASSERT_EQ(counts.size(), 24u);
  double chi_square = 0;
  for (const auto& [order, count] : counts)
    chi_square += std::pow(count - kSeeds / 24.0, 2) / (kSeeds / 24.0);
  EXPECT_LT(chi_square, 49.7);  // 99.9 % point with 23 degrees of freedom
}

TEST(RandomSampler, FirstConfigurationOfAFiniteSpaceIsUniformOverSeeds) {
  const RandomSampler sampler({{"--a", choice(1, 2, 3)}, {"--b", randint(4)}});
  std::map<std::string, int> counts;
  constexpr int kSeeds = 2400;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
    ++counts[to_json(ask(sampler, 0, 1, seed).at(0))];
  ASSERT_EQ(counts.size(), 12u);
  double chi_square = 0;
  for (const auto& [text, count] : counts)
    chi_square += std::pow(count - kSeeds / 12.0, 2) / (kSeeds / 12.0);
  EXPECT_LT(chi_square, 31.3);  // 99.9 % point with 11 degrees of freedom
}

TEST(RandomSampler, DrawsAnUnevenSpaceByItsDistribution) {
  // P("a") = 3/4 for the first draw, over seeds; five standard deviations around it.
  const RandomSampler sampler({{"--x", choice("a", "a", "a", "b")}});
  int a = 0;
  constexpr int kSeeds = 4000;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    if (ask(sampler, 0, 1, seed).at(0).find("--x")->as_string() == "a") ++a;
  }
  EXPECT_NEAR(a, 0.75 * kSeeds, 5 * std::sqrt(kSeeds * 0.75 * 0.25));
}

TEST(RandomSampler, TenThousandUnevenConfigurationsOneByOneAreAllDifferent) {
  const RandomSampler sampler({{"--a", qloguniform(0, 6, 1)}, {"--b", qnormal(0, 30, 1)}});
  std::set<std::string> seen;
  for (int n = 0; n < 10000; ++n) {
    const auto one = ask(sampler, n, 1, 1);
    ASSERT_EQ(one.size(), 1u);
    seen.insert(to_json(one[0]));
  }
  EXPECT_EQ(seen.size(), 10000u);
}

TEST(RandomSampler, HoldsLessThanAHundredBytesOfAConfigurationThatMustNotRepeat) {
  constexpr int kCount = 20'000;
  const RandomSampler sampler({{"--a", qloguniform(0, 9, 1)},
                               {"--b", quniform(0, 5000, 1)},
                               {"--c", choice("a rather long text", "another rather long text")}});
  (void)ask(sampler, kCount, 1, 1);
  const std::size_t before = mallinfo2().uordblks;
  (void)ask(sampler, 2 * kCount, 1, 1);
  EXPECT_LE(mallinfo2().uordblks, before + std::size_t{100} * kCount);
}

TEST(RandomSampler, FindsTheUnlikelyConfigurationsOfAFiniteSpaceToo) {
  // The value 0 has a probability of about one in a million.
  const RandomSampler sampler({{"--x", quniform(0.499999, 1.2, 1)}});
  EXPECT_EQ(ask(sampler, 0, 5, 3).size(), 2u);
}

TEST(RandomSampler, AnInfiniteSpaceWithNothingLikelyLeftIsExhaustedWithAWarning) {
  const RandomSampler sampler({{"--x", qnormal(0, 1, 100)}});
  const AskResult result = sampler.ask(request(0, 5, 3));
  EXPECT_EQ(result.configurations.size(), 1u);
  EXPECT_NE(result.warning.find("exhausted after 1 child runs"), std::string::npos)
      << result.warning;
  EXPECT_TRUE(ask(sampler, 1, 5, 3).empty());
}

TEST(RandomSampler, ServesASpaceBeyondCounting) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 40; ++i) parameters.push_back({"--p" + std::to_string(i), randint(1000)});
  const RandomSampler sampler{ParameterSpace(parameters)};
  EXPECT_EQ(sampler.limit(), std::nullopt);
  EXPECT_EQ(ask(sampler, 0, 100, 3).size(), 100u);
}

}  // namespace
}  // namespace hd
