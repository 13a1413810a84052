#include "samplers/grid_sampler.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/samplers/sampler_support.h"

namespace hd {
namespace {

std::vector<std::string> texts(const std::vector<Configuration>& configurations) {
  std::vector<std::string> all;
  for (const Configuration& configuration : configurations) all.push_back(to_json(configuration));
  return all;
}

std::string message_for(const ParameterSpace& space) {
  try {
    const GridSampler sampler(space);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(GridSampler, GoesInRowMajorOrderOfTheFile) {
  const GridSampler sampler(
      {{"--a", choice("x", "y")}, {"--b", randint(2)}, {"--c", quniform(0.3, 1, 0.5)}});
  EXPECT_EQ(sampler.limit(), 8u);
  EXPECT_EQ(texts(ask(sampler, 0, 99, 0)),
            (std::vector<std::string>{R"({"--a":"x","--b":0,"--c":0.5})",
                                      R"({"--a":"x","--b":0,"--c":1.0})",
                                      R"({"--a":"x","--b":1,"--c":0.5})",
                                      R"({"--a":"x","--b":1,"--c":1.0})",
                                      R"({"--a":"y","--b":0,"--c":0.5})",
                                      R"({"--a":"y","--b":0,"--c":1.0})",
                                      R"({"--a":"y","--b":1,"--c":0.5})",
                                      R"({"--a":"y","--b":1,"--c":1.0})"}));
}

TEST(GridSampler, ListsNestedOptionsOneAfterTheOther) {
  const GridSampler sampler(
      {{"--m", nested({{Value("plain"), {}}, {Value(), {{"--k", randint(2)}}}})},
       {"--s", choice(1, 2)}});
  EXPECT_EQ(texts(ask(sampler, 0, 99, 0)),
            (std::vector<std::string>{R"({"--m":"plain","--s":1})",
                                      R"({"--m":"plain","--s":2})",
                                      R"({"--k":0,"--s":1})",
                                      R"({"--k":0,"--s":2})",
                                      R"({"--k":1,"--s":1})",
                                      R"({"--k":1,"--s":2})"}));
}

TEST(GridSampler, RepeatedOptionsAreListedOnce) {
  const GridSampler sampler({{"--a", choice(1, 1, 2, 1)}});
  EXPECT_EQ(texts(ask(sampler, 0, 99, 0)),
            (std::vector<std::string>{R"({"--a":1})", R"({"--a":2})"}));
}

TEST(GridSampler, SaysWhyAnExpressionCannotBeListed) {
  const std::string message =
      message_for({{"--ok", choice(1)},
                   {"--lr", loguniform(-6, -1)},
                   {"--n", qnormal(0, 1, 1)},
                   {"--m", nested({{Value(), {{"--deep", uniform(0, 1)}}}})}});
  EXPECT_EQ(message.find("--ok"), std::string::npos) << message;
  EXPECT_NE(message.find("\"--lr\": loguniform is continuous"), std::string::npos) << message;
  EXPECT_NE(message.find("\"--n\": qnormal has no bounds"), std::string::npos) << message;
  EXPECT_NE(message.find("\"--deep\" cannot be listed: uniform is continuous"), std::string::npos)
      << message;
  EXPECT_NE(message_for({{"--q", quniform(0, 1, 1e-300)}}).find("too many values"),
            std::string::npos);
}

TEST(GridSampler, TakesTheFirstPointsOfAGridBeyondCounting) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 40; ++i) parameters.push_back({"--p" + std::to_string(i), randint(1000)});
  const GridSampler sampler{ParameterSpace(parameters)};
  const auto points = ask(sampler, 0, 1001, 0);
  ASSERT_EQ(points.size(), 1001u);
  EXPECT_EQ(points[999].find("--p39")->as_integer(), 999);
  EXPECT_EQ(points[1000].find("--p38")->as_integer(), 1);
  EXPECT_EQ(points[1000].find("--p39")->as_integer(), 0);
}

}  // namespace
}  // namespace hd
