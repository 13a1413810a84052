#include "engine/core/parameter_space.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/expression_law.h"
#include "engine/core/normal_quantile.h"

namespace hd {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargestUnit = 1 - 0x1p-53;

Choice nested(std::vector<ChoiceOption> options) { return Choice{std::move(options)}; }

Value value_at(const ParameterExpression& expression, double unit) {
  return *ParameterSpace{{"x", expression}}.from_unit({&unit, 1}).find("x");
}

std::vector<ParameterExpression> all_expressions() {
  return {choice(1, "b", true),
          randint(7),
          uniform(-1e308, 1e308),
          quniform(1, 10, 4),
          loguniform(-6, 709),
          qloguniform(-1, 3, 0.1),
          normal(0, 1e308),
          qnormal(0, 1e300, 1e-300),
          lognormal(0, 500),
          qlognormal(0, 500, 3)};
}

std::string rejection(const ParameterExpression& expression) {
  try {
    const ParameterSpace space{{"--lr", expression}};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

// ---- Normal quantile

TEST(NormalQuantile, InvertsTheDistributionFunction) {
  for (double p = 0x1p-52; p < 0.5; p *= 1.7) {
    const double z = normal_quantile(p);
    const double back = 0.5 * std::erfc(-z / std::sqrt(2.0));
    // The relative error of the probability is about |z| times the one of z, twice.
    EXPECT_NEAR(back / p, 1, 1e-15 * (4 + 2 * z * z)) << p;
  }
}

TEST(NormalQuantile, IsOddAndMonotoneAcrossItsPieces) {
  EXPECT_EQ(normal_quantile(0.5), 0);
  for (const double p : {0.25, 0.0625, 0x1p-20})
    EXPECT_EQ(normal_quantile(p), -normal_quantile(1 - p));
  double previous = normal_quantile(0);
  for (int i = 1; i < 4000; ++i) {
    const double z = normal_quantile(i / 4000.0);
    ASSERT_GT(z, previous);
    previous = z;
  }
}

TEST(NormalQuantile, IsNeverInfinite) {
  for (const double p : {-1.0, 0.0, 1.0, 2.0, 5e-324}) EXPECT_LT(std::abs(normal_quantile(p)), 8.5);
}

// ---- Values

TEST(Expressions, QuantilesAreFiniteAndBelongToTheSpace) {
  for (const ParameterExpression& expression : all_expressions()) {
    const ParameterSpace space{{"x", expression}};
    for (const double unit :
         {0.0, 5e-324, 0x1p-53, 0.1, 0.25, 0.5, 0.75, 0.999, kLargestUnit, 1.0}) {
      const Configuration configuration = space.from_unit({&unit, 1});
      const Value& value = *configuration.find("x");
      EXPECT_TRUE(space.contains(configuration))
          << expression_name(expression) << " at " << unit << ": " << to_json(value);
      if (value.is_number()) {
        EXPECT_TRUE(std::isfinite(value.as_number()))
            << expression_name(expression) << " at " << unit;
      }
    }
  }
}

TEST(Expressions, QuantilesAreTheClosedForms) {
  EXPECT_EQ(value_at(uniform(2, 4), 0.25), Value(2.5));
  EXPECT_EQ(value_at(uniform(2, 4), 0), Value(2.0));
  EXPECT_DOUBLE_EQ(value_at(loguniform(-6, -1), 0.5).as_number(), std::exp(-3.5));
  EXPECT_DOUBLE_EQ(value_at(loguniform(-6, -1), 0).as_number(), std::exp(-6));
  EXPECT_EQ(value_at(normal(3, 2), 0.5), Value(3.0));
  EXPECT_DOUBLE_EQ(value_at(normal(3, 2), 0.975).as_number(), 3 + 2 * 1.9599639845400545);
  EXPECT_DOUBLE_EQ(value_at(lognormal(1, 2), 0.5).as_number(), std::exp(1));
  EXPECT_EQ(value_at(randint(10), 0.59), Value(5));
  EXPECT_EQ(
      value_at(randint(std::numeric_limits<std::int64_t>::max()), kLargestUnit).as_integer() > 0,
      true);
  EXPECT_EQ(value_at(choice("a", "b"), 0.5), Value("b"));
}

TEST(Expressions, RoundingIsHalfToEven) {
  EXPECT_EQ(value_at(qnormal(2.5, 0, 1), 0.5), Value(2));
  EXPECT_EQ(value_at(qnormal(3.5, 0, 1), 0.5), Value(4));
  EXPECT_EQ(value_at(qnormal(-0.5, 0, 1), 0.5), Value(0));
  EXPECT_EQ(value_at(qnormal(0.25, 0, 0.5), 0.5), Value(0.0));
}

TEST(Expressions, IntegralStepsGiveIntegersAndFractionsCleanDecimals) {
  EXPECT_EQ(value_at(quniform(0, 100, 5), 0.5), Value(50));
  EXPECT_EQ(value_at(qlognormal(3, 0, 2.0), 0.5), Value(20));
  EXPECT_EQ(value_at(quniform(0, 1, 0.1), 0.3), Value(0.3));
  EXPECT_EQ(value_at(quniform(0, 1, 0.1), 0.99), Value(1.0));
  EXPECT_EQ(value_at(qnormal(-0.7, 0, 0.1), 0.5), Value(-0.7));
  EXPECT_EQ(value_at(quniform(1e18, 2e18, 1), 0).is_integer(), true);
  EXPECT_EQ(value_at(quniform(1e19, 2e19, 1), 0).is_double(), true);
}

TEST(Expressions, DecimalMultiplesAreTheNearestDoubles) {
  EXPECT_EQ(decimal_multiple(0.1, 3), 0.3);
  EXPECT_EQ(decimal_multiple(0.1, -3), -0.3);
  EXPECT_EQ(decimal_multiple(0.05, 7), 0.35);
  EXPECT_EQ(decimal_multiple(1e-5, 3), 3e-5);
  EXPECT_EQ(decimal_multiple(0.0025, 1001), 2.5025);
  EXPECT_EQ(decimal_multiple(1e-300, 3), 1e-300 * 3);
  EXPECT_EQ(decimal_multiple(2.5, 2), 5);
  EXPECT_EQ(decimal_multiple(1e300, 1e300), std::numeric_limits<double>::max());
}

TEST(Expressions, ValuesWithProbabilityZeroDoNotOccur) {
  // U(1, 3) / 2 lies between 0.5 and 1.5: both ends round to a value that nothing else gives.
  EXPECT_EQ(*distinct_values(quniform(1, 3, 2)), (std::vector<Value>{2}));
  EXPECT_EQ(value_at(quniform(1, 3, 2), 0), Value(2));
  EXPECT_EQ(*distinct_values(quniform(0.15, 0.35, 0.1)), (std::vector<Value>{0.2, 0.3}));
  EXPECT_EQ(*distinct_values(quniform(1, 10, 4)), (std::vector<Value>{0, 4, 8}));
}

TEST(Expressions, DistinctValuesAreListedWhereTheyEnd) {
  EXPECT_EQ(*distinct_values(choice("b", "a", "b")), (std::vector<Value>{"b", "a"}));
  EXPECT_EQ(*distinct_values(randint(3)), (std::vector<Value>{0, 1, 2}));
  EXPECT_EQ(*distinct_values(qloguniform(0, 1, 1)), (std::vector<Value>{1, 2, 3}));
  EXPECT_EQ(*distinct_values(uniform(2, 2)), (std::vector<Value>{2.0}));
  EXPECT_EQ(*distinct_values(qnormal(7, 0, 2)), (std::vector<Value>{8}));
  for (const ParameterExpression& endless :
       {ParameterExpression(uniform(0, 1)),
        ParameterExpression(normal(0, 1)),
        ParameterExpression(qnormal(0, 1, 1)),
        ParameterExpression(qlognormal(0, 1, 1)),
        ParameterExpression(randint(std::int64_t{1} << 40)),
        ParameterExpression(nested({{Value(), {{"y", choice(1)}}}}))}) {
    EXPECT_FALSE(distinct_values(endless).has_value()) << expression_name(endless);
  }
}

TEST(Expressions, NamesAreHyperDrives) {
  const std::vector<std::string> names = {"choice",
                                          "randint",
                                          "uniform",
                                          "quniform",
                                          "loguniform",
                                          "qloguniform",
                                          "normal",
                                          "qnormal",
                                          "lognormal",
                                          "qlognormal"};
  const auto all = all_expressions();
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(expression_name(all[i]), names[i]);
}

// ---- Spaces

TEST(ParameterSpace, CountsConfigurations) {
  EXPECT_EQ(ParameterSpace().size(), 1u);
  EXPECT_EQ((ParameterSpace{{"a", choice(1, 2, 3)}, {"b", randint(4)}}).size(), 12u);
  EXPECT_EQ((ParameterSpace{{"a", choice(1, 2, 1)}}).size(), 2u);
  EXPECT_EQ((ParameterSpace{{"a", choice(1, 1.0, true, "1", Value())}}).size(), 5u);
  EXPECT_EQ((ParameterSpace{{"a", choice(1)}, {"b", normal(0, 1)}}).size(), std::nullopt);
  EXPECT_EQ((ParameterSpace{{"a", randint(std::int64_t{1} << 62)}, {"b", randint(2)}}).size(),
            std::uint64_t{1} << 63);
  EXPECT_EQ((ParameterSpace{{"a", randint(std::int64_t{1} << 62)}, {"b", randint(3)}}).size(),
            std::nullopt);
  const ParameterSpace conditional{
      {"m", nested({{Value("none"), {}}, {Value(), {{"k", randint(4)}, {"l", choice(1, 2)}}}})},
      {"s", randint(2)}};
  EXPECT_EQ(conditional.size(), 18u);
  EXPECT_EQ(conditional.unit_dimensions(), 4);
}

TEST(ParameterSpace, KnowsWhenAllConfigurationsAreEquallyLikely) {
  EXPECT_TRUE((ParameterSpace{{"a", choice(1, 2)}, {"b", randint(4)}, {"c", uniform(1, 1)}})
                  .is_uniform_finite());
  EXPECT_FALSE((ParameterSpace{{"a", choice(1, 1, 2)}}).is_uniform_finite());
  EXPECT_FALSE((ParameterSpace{{"a", quniform(0, 4, 1)}}).is_uniform_finite());
  EXPECT_FALSE((ParameterSpace{{"a", nested({{Value(1), {}}, {Value(), {{"b", randint(2)}}}})}})
                   .is_uniform_finite());
  EXPECT_FALSE((ParameterSpace{{"a", uniform(0, 1)}}).is_uniform_finite());
}

TEST(ParameterSpace, InactiveMembersKeepTheirCoordinates) {
  const ParameterSpace space{
      {"m", nested({{Value(), {{"k", uniform(0, 1)}}}, {Value(), {{"l", uniform(0, 1)}}}})},
      {"s", uniform(0, 1)}};
  const std::vector<double> first = {0.1, 0.25, 0.5, 0.75};
  const std::vector<double> second = {0.9, 0.25, 0.5, 0.75};
  EXPECT_EQ(to_json(space.from_unit(first)), R"({"k":0.25,"s":0.75})");
  EXPECT_EQ(to_json(space.from_unit(second)), R"({"l":0.5,"s":0.75})");
  EXPECT_THROW((void)space.from_unit({first.data(), 3}), std::invalid_argument);
}

TEST(ParameterSpace, EveryIndexIsADifferentMember) {
  const ParameterSpace space{
      {"m",
       nested({{Value("none"), {}},
               {Value(),
                {{"k", randint(3)},
                 {"deep", nested({{Value(1), {}}, {Value(), {{"d", choice(5, 6)}}}})}}}})},
      {"s", quniform(0, 1, 0.5)}};
  ASSERT_EQ(space.size(), 30u);
  std::vector<std::string> seen;
  for (std::uint64_t i = 0; i < 30; ++i) {
    const Configuration configuration = space.at(i);
    EXPECT_TRUE(space.contains(configuration)) << to_json(configuration);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), to_json(configuration)), 0);
    seen.push_back(to_json(configuration));
  }
}

TEST(ParameterSpace, ContainsOnlyCompleteAssignments) {
  const ParameterSpace space{{"a", choice(1, "x")}, {"b", uniform(0, 1)}};
  EXPECT_TRUE(space.contains(Configuration({{"a", 1}, {"b", 0.5}})));
  EXPECT_TRUE(space.contains(Configuration({{"b", 0.5}, {"a", "x"}})));
  EXPECT_TRUE(space.contains(Configuration({{"a", 1}, {"b", 1}})));
  EXPECT_FALSE(space.contains(Configuration({{"a", 1}})));
  EXPECT_FALSE(space.contains(Configuration({{"a", 1.0}, {"b", 0.5}})));
  EXPECT_FALSE(space.contains(Configuration({{"a", 2}, {"b", 0.5}})));
  EXPECT_FALSE(space.contains(Configuration({{"a", 1}, {"b", 1.5}})));
  EXPECT_FALSE(space.contains(Configuration({{"a", 1}, {"b", "0.5"}})));
  EXPECT_FALSE(space.contains(Configuration({{"a", 1}, {"b", 0.5}, {"c", 1}})));
  EXPECT_FALSE(space.contains(Configuration({{"a", 1}, {"a", 1}, {"b", 0.5}})));
  EXPECT_FALSE(space.contains(Configuration({{"a", 1}, {"b", kInfinity}})));
}

TEST(ParameterSpace, ContainsOnlyMultiplesOfQ) {
  const ParameterSpace space{{"n", quniform(0, 10, 2)}, {"r", quniform(0, 1, 0.1)}};
  EXPECT_TRUE(space.contains(Configuration({{"n", 4}, {"r", 0.3}})));
  EXPECT_FALSE(space.contains(Configuration({{"n", 4.0}, {"r", 0.3}})));
  EXPECT_FALSE(space.contains(Configuration({{"n", 5}, {"r", 0.3}})));
  EXPECT_FALSE(space.contains(Configuration({{"n", 12}, {"r", 0.3}})));
  EXPECT_FALSE(space.contains(Configuration({{"n", 4}, {"r", 0.35}})));
}

TEST(ParameterSpace, ContainsMembersOfOneOptionOnly) {
  const ParameterSpace space{{"m",
                              nested({{Value("none"), {}},
                                      {Value(), {{"m", randint(3)}, {"k", randint(3)}}},
                                      {Value(), {{"k", randint(9)}}}})}};
  EXPECT_TRUE(
      space.contains(Configuration(std::vector<Configuration::Entry>{{"m", Value("none")}})));
  EXPECT_TRUE(space.contains(Configuration({{"m", 2}, {"k", 2}})));
  EXPECT_TRUE(space.contains(Configuration({{"k", 8}})));
  EXPECT_FALSE(space.contains(Configuration({{"m", 2}, {"k", 8}})));
  EXPECT_FALSE(space.contains(Configuration({{std::string("m"), Value("none")}, {"k", 8}})));
  EXPECT_FALSE(space.contains(Configuration()));
}

TEST(ParameterSpace, RejectsExpressionsThatBreakTheRules) {
  EXPECT_EQ(rejection(Choice{}),
            "parameter \"--lr\": choice needs at least one option; found none");
  EXPECT_EQ(rejection(randint(0)), "parameter \"--lr\": randint needs upper >= 1; found 0");
  EXPECT_EQ(rejection(uniform(2, 1)),
            "parameter \"--lr\": uniform needs min <= max; found min 2 and max 1");
  EXPECT_NE(rejection(loguniform(0, 1000)).find("natural logarithms"), std::string::npos);
  EXPECT_NE(rejection(lognormal(1000, 1)).find("natural logarithms"), std::string::npos);
  EXPECT_NE(rejection(normal(0, -1)).find("sigma >= 0"), std::string::npos);
  EXPECT_NE(rejection(quniform(0, 1, 0)).find("q > 0"), std::string::npos);
  EXPECT_NE(rejection(qlognormal(0, 1, kInfinity)).find("finite q"), std::string::npos);
  EXPECT_NE(rejection(uniform(0, kInfinity)).find("finite number"), std::string::npos);
  EXPECT_NE(rejection(normal(std::nan(""), 1)).find("finite number"), std::string::npos);
  EXPECT_EQ(rejection(uniform(1, 1)), "accepted");
  EXPECT_EQ(rejection(normal(1, 0)), "accepted");
  EXPECT_NE(rejection(nested({{Value(), {{"--deep", randint(0)}}}})).find("\"--deep\""),
            std::string::npos);
}

TEST(ParameterSpace, RejectsNamesThatWouldMeet) {
  const auto make = [](std::vector<Parameter> parameters) {
    return ParameterSpace(std::move(parameters));
  };
  EXPECT_THROW(make({{"a", randint(2)}, {"a", randint(2)}}), std::invalid_argument);
  EXPECT_THROW(make({{"a", randint(2)}, {"m", nested({{Value(), {{"a", randint(2)}}}})}}),
               std::invalid_argument);
  EXPECT_THROW(make({{"", randint(2)}}), std::invalid_argument);
  // Different options of one choice are never active together.
  EXPECT_NO_THROW(
      make({{"m", nested({{Value(), {{"a", randint(2)}}}, {Value(), {{"a", randint(3)}}}})}}));
}

}  // namespace
}  // namespace hd
