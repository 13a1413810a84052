#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/parameter_space.h"
#include "engine/core/rng.h"

namespace hd {
namespace {

// Each expression against its closed form, on independent draws of a fixed seed. Continuous ones by
// Kolmogorov-Smirnov: D * sqrt(n) exceeds 1.95 with probability 0.001. Discrete ones by chi-square
// over the values expected at least ten times, the rest pooled, at the 99.9 % point.
constexpr int kDraws = 4000;

std::vector<double> draws(const ParameterExpression& expression) {
  const ParameterSpace space{{"x", expression}};
  std::vector<double> values;
  for (int n = 0; n < kDraws; ++n) {
    Rng rng(2024, RngPurpose::kTest, static_cast<std::uint64_t>(n));
    const double u = rng.next_unit();
    values.push_back(space.from_unit({&u, 1}).find("x")->as_number());
  }
  return values;
}

double normal_below(double z) { return 0.5 * std::erfc(-z / std::sqrt(2)); }

using Below = std::function<double(double)>;

Below uniform_below(double min, double max) {
  return [=](double x) { return std::clamp((x - min) / (max - min), 0.0, 1.0); };
}
Below log_uniform_below(double min, double max) {
  return [=](double x) {
    return x <= 0 ? 0 : std::clamp((std::log(x) - min) / (max - min), 0.0, 1.0);
  };
}
Below normal_below(double mu, double sigma) {
  return [=](double x) { return normal_below((x - mu) / sigma); };
}
Below log_normal_below(double mu, double sigma) {
  return [=](double x) { return x <= 0 ? 0 : normal_below((std::log(x) - mu) / sigma); };
}

struct Law {
  std::string name;
  ParameterExpression expression;
  Below below;  ///< before rounding
  double q = 0;
};

std::string name_of(const testing::TestParamInfo<Law>& test) { return test.param.name; }

class ContinuousExpression : public testing::TestWithParam<Law> {};

TEST_P(ContinuousExpression, FollowsItsClosedForm) {
  std::vector<double> values = draws(GetParam().expression);
  std::sort(values.begin(), values.end());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = GetParam().below(values[i]);
    distance = std::max({distance,
                         expected - static_cast<double>(i) / kDraws,
                         static_cast<double>(i + 1) / kDraws - expected});
  }
  EXPECT_LT(distance * std::sqrt(kDraws), 1.95);
}

INSTANTIATE_TEST_SUITE_P(
    Expressions,
    ContinuousExpression,
    testing::Values(Law{"Uniform", uniform(-3, 5), uniform_below(-3, 5)},
                    Law{"LogUniform", loguniform(-6, -1), log_uniform_below(-6, -1)},
                    Law{"Normal", normal(10, 2.5), normal_below(10, 2.5)},
                    Law{"LogNormal", lognormal(1, 0.75), log_normal_below(1, 0.75)}),
    name_of);

/// Chi-square of `values` against probabilities by value, and its degrees of freedom.
void expect_frequencies(const std::vector<double>& values,
                        const std::map<double, double>& probability) {
  std::map<double, int> counts;
  for (const double value : values) {
    ASSERT_TRUE(probability.count(value)) << value << " has probability zero";
    ++counts[value];
  }
  double chi_square = 0;
  double pooled_expected = 0;
  int pooled_count = 0;
  int cells = 0;
  const auto add = [&](double expected, int count) {
    chi_square += (count - expected) * (count - expected) / expected;
    ++cells;
  };
  for (const auto& [value, p] : probability) {
    const double expected = p * static_cast<double>(values.size());
    if (expected >= 10) {
      add(expected, counts[value]);
    } else {
      pooled_expected += expected;
      pooled_count += counts[value];
    }
  }
  if (pooled_expected >= 5) add(pooled_expected, pooled_count);
  ASSERT_GT(cells, 1);
  // Wilson and Hilferty's approximation of the 99.9 % point.
  const double freedom = cells - 1;
  const double spread = 2 / (9 * freedom);
  EXPECT_LT(chi_square, freedom * std::pow(1 - spread + 3.09 * std::sqrt(spread), 3));
}

class RoundedExpression : public testing::TestWithParam<Law> {};

TEST_P(RoundedExpression, FollowsItsClosedForm) {
  const Law& law = GetParam();
  std::map<double, double> probability;
  for (int k = -2000; k <= 2000; ++k) {
    const double p = law.below((k + 0.5) * law.q) - law.below((k - 0.5) * law.q);
    if (p > 0) probability[k * law.q] = p;
  }
  expect_frequencies(draws(law.expression), probability);
}

INSTANTIATE_TEST_SUITE_P(
    Expressions,
    RoundedExpression,
    testing::Values(Law{"QUniform", quniform(1, 10, 4), uniform_below(1, 10), 4},
                    Law{"QUniformFraction", quniform(-1, 2, 0.125), uniform_below(-1, 2), 0.125},
                    Law{"QLogUniform", qloguniform(0, 4, 2), log_uniform_below(0, 4), 2},
                    Law{"QNormal", qnormal(3, 6, 2), normal_below(3, 6), 2},
                    Law{"QLogNormal", qlognormal(1, 1, 1), log_normal_below(1, 1), 1}),
    name_of);

TEST(ChoiceExpression, OptionsAreEquallyLikely) {
  expect_frequencies(
      draws(choice(1, 2, 3, 4, 5, 6, 7)),
      {{1, 1 / 7.}, {2, 1 / 7.}, {3, 1 / 7.}, {4, 1 / 7.}, {5, 1 / 7.}, {6, 1 / 7.}, {7, 1 / 7.}});
}

TEST(RandIntExpression, IsUniformBelowItsUpperEnd) {
  std::map<double, double> probability;
  for (int i = 0; i < 12; ++i) probability[i] = 1 / 12.;
  expect_frequencies(draws(randint(12)), probability);
}

}  // namespace
}  // namespace hd
