#include "samplers/sobol_sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "tests/samplers/sampler_support.h"

namespace hd {
namespace {

ParameterSpace cube(int dimensions) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < dimensions; ++i)
    parameters.push_back({"--x" + std::to_string(i), uniform(0, 1)});
  return ParameterSpace(std::move(parameters));
}

TEST(SobolDirections, GiveTheFirstPointsOfTheSequence) {
  // In binary order: 0, 1/2, 1/4, 3/4 in the first dimension; published values in the others.
  const double expected[3][4] = {{0, .5, .25, .75}, {0, .5, .75, .25}, {0, .5, .75, .25}};
  for (int dimension = 0; dimension < 3; ++dimension) {
    const SobolDirections directions = sobol_directions(dimension);
    for (std::uint32_t i = 0; i < 4; ++i) {
      EXPECT_EQ(sobol_coordinate(directions, i) * 0x1p-32, expected[dimension][i])
          << "dimension " << dimension << ", point " << i;
    }
  }
}

TEST(SobolDirections, EveryDimensionIsAPermutationOfTheStrata) {
  // Equivalent to direction numbers that form an upper triangular matrix with a unit diagonal.
  std::set<SobolDirections> different;
  for (int dimension = 0; dimension < kSobolDimensions; ++dimension) {
    const SobolDirections directions = sobol_directions(dimension);
    different.insert(directions);
    for (unsigned i = 0; i < kSobolBits; ++i) {
      EXPECT_EQ(std::countr_zero(directions[i]), static_cast<int>(kSobolBits - 1 - i))
          << "dimension " << dimension;
    }
  }
  EXPECT_EQ(different.size(), static_cast<std::size_t>(kSobolDimensions));
}

/// The smallest t for which the first 2^m points of the dimensions are a (t, m, 2)-net: every box
/// of volume 2^(t - m) with sides of powers of two holds exactly 2^t of them.
int net_quality(int first, int second, int m) {
  const SobolDirections a = sobol_directions(first);
  const SobolDirections b = sobol_directions(second);
  for (int t = 0; t < m; ++t) {
    bool even = true;
    for (int bits = 0; bits <= m - t && even; ++bits) {
      std::vector<int> boxes(std::size_t{1} << (m - t), 0);
      for (std::uint32_t i = 0; i < (1U << m); ++i) {
        const std::uint64_t row = std::uint64_t{sobol_coordinate(a, i)} >> (32 - bits);
        const std::uint64_t column = std::uint64_t{sobol_coordinate(b, i)} >> (32 - (m - t - bits));
        ++boxes[(row << (m - t - bits)) | column];
      }
      even = std::all_of(boxes.begin(), boxes.end(), [&](int count) { return count == (1 << t); });
    }
    if (even) return t;
  }
  return m;
}

TEST(SobolDirections, FirstTwoDimensionsFormAPerfectNet) {
  for (int m = 1; m <= 8; ++m) EXPECT_EQ(net_quality(0, 1, m), 0) << "m = " << m;
}

TEST(SobolDirections, PairsOfDimensionsAreNetsOfTheKnownQuality) {
  // Theory bounds t by the sum of the degrees of the two polynomials, less two.
  EXPECT_LE(net_quality(1, 2, 8), 1);
  EXPECT_LE(net_quality(2, 3, 8), 3);
  EXPECT_LE(net_quality(0, 4, 8), 2);
}

TEST(SobolSampler, ScramblingKeepsEveryStratumOfEveryDimension) {
  constexpr int kPoints = 256;
  const SobolSampler sampler(cube(kSobolDimensions));
  std::vector<std::set<int>> strata(kSobolDimensions);
  for (std::uint64_t n = 0; n < kPoints; ++n) {
    const std::vector<double> point = sampler.point(5, n);
    for (std::size_t i = 0; i < point.size(); ++i) {
      ASSERT_GE(point[i], 0);
      ASSERT_LT(point[i], 1);
      strata[i].insert(static_cast<int>(point[i] * kPoints));
    }
  }
  for (const auto& seen : strata) EXPECT_EQ(seen.size(), static_cast<std::size_t>(kPoints));
}

TEST(SobolSampler, ScramblingKeepsTheNetOfTheFirstTwoDimensions) {
  const SobolSampler sampler(cube(2));
  for (int bits = 0; bits <= 6; ++bits) {
    std::set<int> boxes;
    for (std::uint64_t n = 0; n < 64; ++n) {
      const std::vector<double> point = sampler.point(3, n);
      const int row = static_cast<int>(point[0] * (1 << bits));
      const int column = static_cast<int>(point[1] * (1 << (6 - bits)));
      boxes.insert((row << (6 - bits)) | column);
    }
    EXPECT_EQ(boxes.size(), 64u) << bits;
  }
}

TEST(SobolSampler, EachPointIsUniformOverSeeds) {
  const SobolSampler sampler(cube(3));
  constexpr int kSeeds = 2000;
  for (const std::uint64_t n : {0ULL, 5ULL}) {
    std::vector<int> counts(8, 0);
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const std::vector<double> point = sampler.point(seed, n);
      ++counts[static_cast<std::size_t>((point[0] < .5) + 2 * (point[1] < .5) +
                                        4 * (point[2] < .5))];
    }
    double chi_square = 0;
    for (const int count : counts) chi_square += std::pow(count - kSeeds / 8.0, 2) / (kSeeds / 8.0);
    EXPECT_LT(chi_square, 24.3) << "point " << n;  // 99.9 % point with 7 degrees of freedom
  }
}

TEST(SobolSampler, IntegratesBetterThanIndependentPoints) {
  // The integral of 12 (x - 1/2)(y - 1/2) + x over the square is 1/2.
  const SobolSampler sampler(cube(2));
  double sobol_error = 0;
  double random_error = 0;
  constexpr int kSeeds = 20;
  constexpr int kPoints = 256;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    double sobol = 0;
    double random = 0;
    Rng rng(seed, RngPurpose::kTest, 0);
    const auto f = [](double x, double y) { return 12 * (x - .5) * (y - .5) + x; };
    for (std::uint64_t n = 0; n < kPoints; ++n) {
      const std::vector<double> point = sampler.point(seed, n);
      sobol += f(point[0], point[1]) / kPoints;
      const double x = rng.next_unit();
      random += f(x, rng.next_unit()) / kPoints;
    }
    sobol_error += std::pow(sobol - .5, 2) / kSeeds;
    random_error += std::pow(random - .5, 2) / kSeeds;
  }
  EXPECT_LT(sobol_error, random_error / 50);
}

TEST(SobolSampler, BeyondItsDimensionsTakesRandomNumbersAndSaysSo) {
  const SobolSampler sampler(cube(kSobolDimensions + 3));
  const AskResult first = sampler.ask(request(0, 4, 1));
  EXPECT_EQ(first.configurations.size(), 4u);
  EXPECT_NE(first.warning.find("104 coordinates"), std::string::npos) << first.warning;
  EXPECT_TRUE(sampler.ask(request(4, 4, 1)).warning.empty());
  EXPECT_TRUE(SobolSampler(cube(kSobolDimensions)).ask(request(0, 1, 1)).warning.empty());
}

}  // namespace
}  // namespace hd
