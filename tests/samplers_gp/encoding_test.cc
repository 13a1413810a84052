#include "samplers/gp/encoding.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "samplers/gp/output_transform.h"

namespace hd::gp {
namespace {

ParameterSpace every_expression() {
  Choice nested;
  nested.options.push_back({{}, {{"momentum", uniform(0, 1)}, {"nesterov", choice(true, false)}}});
  nested.options.push_back({{}, {{"beta", loguniform(-5, -1)}}});
  nested.options.push_back({Value("none"), {}});
  return {{"optimizer", nested},
          {"kind", choice("a", "b", "c")},
          {"mixed", choice(Value(), true, "x", 3)},
          {"batch", choice(128, 32, 64)},
          {"n", randint(7)},
          {"many", randint(100000)},
          {"u", uniform(-3, 5)},
          {"qu", quniform(0.3, 2.6, 0.5)},
          {"lu", loguniform(-10, 2)},
          {"qlu", qloguniform(0, 6, 2)},
          {"no", normal(10, 3)},
          {"qno", qnormal(10, 3, 2)},
          {"ln", lognormal(0, 1)},
          {"qln", qlognormal(2, 1, 1)},
          {"fixed", choice(5)}};
}

TEST(Encoding, RoundTripsEveryConfiguration) {
  const Encoding encoding(every_expression());
  Rng rng(1, RngPurpose::kTest, 0);
  std::vector<double> unit(static_cast<std::size_t>(encoding.space().unit_dimensions()));
  for (int i = 0; i < 500; ++i) {
    for (double& u : unit) u = rng.next_unit();
    const Configuration drawn = encoding.space().from_unit(unit);
    const auto point = encoding.encode(drawn);
    ASSERT_TRUE(point.has_value()) << to_json(drawn);
    const Configuration back = encoding.decode(*point);
    ASSERT_TRUE(encoding.space().contains(back)) << to_json(back);
    ASSERT_EQ(drawn.entries().size(), back.entries().size());
    for (const auto& [name, value] : drawn.entries()) {
      const Value* again = back.find(name);
      ASSERT_NE(again, nullptr) << name;
      if (value.is_double()) {
        EXPECT_NEAR(again->as_number(), value.as_number(), 1e-6 * (1 + std::abs(value.as_number())))
            << name;
      } else {
        EXPECT_EQ(*again, value) << name << ' ' << to_json(drawn);
      }
    }
  }
}

TEST(Encoding, AnyPointDecodesIntoTheSpace) {
  const Encoding encoding(every_expression());
  Rng rng(2, RngPurpose::kTest, 0);
  for (int i = 0; i < 300; ++i) {
    Point point(static_cast<Eigen::Index>(encoding.dimensions().size()));
    for (double& x : point) x = 3 * rng.next_unit() - 1;
    const Configuration configuration = encoding.decode(encoding.snap(point));
    ASSERT_TRUE(encoding.space().contains(configuration)) << to_json(configuration);
  }
}

TEST(Encoding, OrdersNumbersAndKeepsLabelsEquallyFar) {
  const Encoding encoding({{"batch", choice(128, 32, 64)}, {"kind", choice("a", "b", "c")}});
  const auto features = [&](int batch, const char* kind) {
    Configuration c;
    c.set("batch", batch);
    c.set("kind", kind);
    return encoding.features(*encoding.encode(c));
  };
  const auto distance = [&](auto a, auto b) { return (a - b).squaredNorm(); };
  EXPECT_LT(distance(features(32, "a"), features(64, "a")),
            distance(features(32, "a"), features(128, "a")));
  EXPECT_NEAR(distance(features(32, "a"), features(32, "b")), 1, 1e-12);
  EXPECT_NEAR(distance(features(32, "c"), features(32, "b")), 1, 1e-12);
}

TEST(Encoding, InactiveParametersDoNotSeparateConfigurations) {
  Choice nested;
  nested.options.push_back({{}, {{"momentum", uniform(0, 1)}}});
  nested.options.push_back({Value("none"), {}});
  const Encoding encoding({{"optimizer", nested}});
  Point a(2), b(2);
  a << 1, 0.1;
  b << 1, 0.9;
  EXPECT_EQ(encoding.features(encoding.snap(a)), encoding.features(encoding.snap(b)));
  EXPECT_EQ(encoding.snap(a)[1], kInactive);
}

TEST(Encoding, RefusesConfigurationsOfAnotherSpace) {
  const Encoding encoding({{"a", uniform(0, 1)}});
  Configuration other;
  other.set("b", 0.5);
  EXPECT_FALSE(encoding.encode(other).has_value());
  Configuration text;
  text.set("a", "x");
  EXPECT_FALSE(encoding.encode(text).has_value());
  Configuration beyond;
  beyond.set("a", 7.0);
  ASSERT_TRUE(encoding.encode(beyond).has_value());
  EXPECT_EQ((*encoding.encode(beyond))[0], 1);
}

TEST(OutputTransform, KeepsTheOrderUnderEveryWarp) {
  const std::vector<double> values{3, 1, 4, 1, 5, 9, 2, 6, 1e6, -2};
  for (const OutputWarp warp :
       {OutputWarp::kNone, OutputWarp::kHalfRank, OutputWarp::kHalfRankLog}) {
    const OutputTransform transform(values, warp);
    for (const double a : values) {
      for (const double b : values) {
        EXPECT_EQ(a < b, transform.to_target(a) < transform.to_target(b)) << a << ' ' << b;
      }
      EXPECT_NEAR(transform.to_value(transform.to_target(a)), a, 1e-6 * (1 + std::abs(a)));
    }
    EXPECT_GT(transform.failed_target(), transform.to_target(1e6));
    EXPECT_LT(transform.to_target(-3), transform.to_target(-2));
  }
}

TEST(OutputTransform, TamesOutliers) {
  const OutputTransform transform(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 1e9},
                                  OutputWarp::kHalfRank);
  EXPECT_GT(transform.to_target(4) - transform.to_target(1), 0.5);
}

TEST(OutputTransform, SurvivesExtremes) {
  const double huge = 1e300;
  for (const std::vector<double>& values : {std::vector<double>{},
                                            std::vector<double>{5},
                                            std::vector<double>{5, 5, 5},
                                            std::vector<double>{-huge, huge},
                                            std::vector<double>{huge, huge, 0},
                                            std::vector<double>{1e-300, 2e-300},
                                            std::vector<double>{-1.7e308, 1.7e308, 0, 1},
                                            std::vector<double>{0, 0, 0, 1}}) {
    for (const OutputWarp warp :
         {OutputWarp::kNone, OutputWarp::kHalfRank, OutputWarp::kHalfRankLog}) {
      const OutputTransform transform(values, warp);
      for (const double v : values) {
        EXPECT_TRUE(std::isfinite(transform.to_target(v)));
        EXPECT_TRUE(std::isfinite(transform.to_value(transform.to_target(v))));
      }
      EXPECT_TRUE(std::isfinite(transform.failed_target()));
    }
  }
}

}  // namespace
}  // namespace hd::gp
