#include "samplers/gp/length_scales.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

namespace hd::gp {
namespace {

std::map<std::string, LengthScale> by_name(const ParameterSpace& space, double share) {
  const Encoding encoding(space);
  Hyperparameters hyperparameters;
  hyperparameters.log_length_scales = Eigen::VectorXd::Constant(encoding.axes(), std::log(share));
  std::map<std::string, LengthScale> scales;
  for (const LengthScale& scale : length_scales(encoding, hyperparameters)) {
    scales.emplace(scale.name, scale);
  }
  return scales;
}

TEST(LengthScales, AreInTheUnitsOfTheParameter) {
  const auto scales = by_name({{"linear", uniform(-2, 6)},
                               {"log", loguniform(std::log(1e-4), std::log(1))},
                               {"integer", randint(101)},
                               {"stepped", quniform(0, 20, 0.5)},
                               {"numbers", choice(16, 32, 64)},
                               {"labels", choice("a", "b", "c")},
                               {"fixed", choice("only")}},
                              0.25);
  ASSERT_EQ(scales.size(), 6U);
  EXPECT_NEAR(scales.at("linear").value, 2, 1e-12);
  EXPECT_NEAR(scales.at("log").value, 10, 1e-9);
  EXPECT_EQ(scales.at("log").unit, LengthScale::Unit::kFactor);
  EXPECT_NEAR(scales.at("integer").value, 25, 1e-9);
  EXPECT_NEAR(scales.at("stepped").value, 5, 1e-9);
  EXPECT_NEAR(scales.at("numbers").value, 0.5, 1e-12);
  EXPECT_EQ(scales.at("numbers").unit, LengthScale::Unit::kPlaces);
  EXPECT_EQ(scales.at("labels").unit, LengthScale::Unit::kLabel);
  EXPECT_TRUE(std::isnan(scales.at("labels").value));
}

// A small difference around the median of a normal law spans this share of its distribution.
TEST(LengthScales, OfNormalLawsHoldAroundTheMedian) {
  const double share = 1e-3;
  const ParameterSpace space{{"normal", normal(3, 2)}, {"lognormal", lognormal(0, 2)}};
  const auto scales = by_name(space, share);
  const auto law = law_of(normal(3, 2));
  const double span =
      law->quantile(0.5 + share / 2).as_number() - law->quantile(0.5 - share / 2).as_number();
  EXPECT_NEAR(scales.at("normal").value, span, 1e-6 * span);
  EXPECT_NEAR(scales.at("lognormal").value, std::exp(span), 1e-6);
}

TEST(LengthScales, TheShortestComesFirst) {
  const Encoding encoding(ParameterSpace{{"a", uniform(0, 1)}, {"b", uniform(0, 1000)}});
  Hyperparameters hyperparameters;
  hyperparameters.log_length_scales = Eigen::Vector2d(std::log(8), std::log(0.3));
  const auto scales = length_scales(encoding, hyperparameters);
  EXPECT_EQ(scales[0].name, "b");
  EXPECT_EQ(describe(scales[0]), "b 300");
  EXPECT_EQ(describe(scales[1]), "a hardly matters");
}

// Half way between "the same" and "unrelated": k(1) = (1 + √5 + 5/3) exp(-√5).
TEST(LengthScales, TellTheCorrelationAcrossTheRange) {
  const double k1 = (1 + std::sqrt(5.0) + 5.0 / 3) * std::exp(-std::sqrt(5.0));
  EXPECT_NEAR(by_name({{"x", uniform(0, 7)}}, 1).at("x").correlation_across, k1, 1e-12);
  EXPECT_EQ(describe(by_name({{"x", choice("a", "b")}}, 1).at("x")),
            "options of x correlate 0.524");
}

TEST(DisplayName, TellsParametersOfOneNameApart) {
  Choice nested;
  nested.options.push_back({{}, {{"lr", uniform(0, 1)}, {"momentum", uniform(0, 1)}}});
  nested.options.push_back({{}, {{"lr", uniform(0, 1)}}});
  const Encoding encoding(ParameterSpace{{"optimizer", nested}});
  EXPECT_EQ(display_name(encoding, 0), "optimizer");
  EXPECT_EQ(display_name(encoding, 1), "lr (option 1 of optimizer)");
  EXPECT_EQ(display_name(encoding, 2), "momentum");
  EXPECT_EQ(display_name(encoding, 3), "lr (option 2 of optimizer)");
}

}  // namespace
}  // namespace hd::gp
