#include "engine/core/adopt_configuration.h"

#include <limits>

#include <gtest/gtest.h>

#include "engine/core/json_reader.h"
#include "engine/core/rng.h"

namespace hd {
namespace {

/// What becomes of a JSON object: the configuration as JSON, or the mistakes.
std::string adopted(const ParameterSpace& space, std::string_view json) {
  const Value value = read_json(json).value();
  const auto result = adopt_configuration(space, Configuration(value.as_map()));
  if (!result) return result.error().message;
  EXPECT_TRUE(space.contains(*result)) << to_json(*result);
  return to_json(*result);
}

ParameterSpace conditional() {
  return ParameterSpace(
      {{"kind",
        Choice{{{"none", {}},
                {{}, {{"kernel", choice("rbf")}, {"gamma", uniform(0, 1)}}},
                {{},
                 {{"kernel", choice("poly")}, {"gamma", uniform(0, 1)}, {"degree", randint(5)}}}}}},
       {"c", uniform(0, 1)}});
}

TEST(AdoptConfiguration, TakesTheOrderAndTheTypesOfTheSpace) {
  const ParameterSpace space{{"x", uniform(0, 2)},
                             {"n", randint(5)},
                             {"q", quniform(0, 10, 2)},
                             {"h", quniform(0, 1, 0.5)},
                             {"batch", choice(16, 32)}};
  EXPECT_EQ(adopted(space, R"({"batch":32.0,"h":1,"q":4.0,"n":3.0,"x":1})"),
            R"({"x":1.0,"n":3,"q":4,"h":1.0,"batch":32})");
}

TEST(AdoptConfiguration, EveryDrawnConfigurationComesBackFromItsJson) {
  const ParameterSpace space{{"a", uniform(-1, 1)},
                             {"b", quniform(0, 1, 0.1)},
                             {"c", loguniform(-9, 2)},
                             {"d", qloguniform(0, 5, 3)},
                             {"e", normal(0, 1)},
                             {"f", qnormal(0, 10, 0.25)},
                             {"g", lognormal(0, 1)},
                             {"h", qlognormal(0, 3, 1)},
                             {"i", randint(1000)},
                             {"j", choice(1, 1.0, "1", true, Value(), 0.1)}};
  for (std::uint64_t n = 0; n < 300; ++n) {
    Rng rng(7, RngPurpose::kRandomSampling, n);
    std::vector<double> unit(static_cast<std::size_t>(space.unit_dimensions()));
    for (double& u : unit) u = rng.next_unit();
    const Configuration drawn = space.from_unit(unit);
    const Value json = read_json(to_json(drawn)).value();
    const auto result = adopt_configuration(space, Configuration(json.as_map()));
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(*result, drawn);
  }
}

TEST(AdoptConfiguration, ForgivesRoundingOfOtherPrograms) {
  const ParameterSpace space{{"step", quniform(0, 1, 0.1)}, {"lr", loguniform(-6, -1)}};
  EXPECT_EQ(adopted(space, R"({"step":0.30000000000000004,"lr":0.367879441171442334})"),
            R"({"step":0.3,"lr":0.36787944117144233})");
  EXPECT_EQ(adopted(space, R"({"step":0.31,"lr":0.4})"),
            R"("step": expected quniform [0.0,1.0,0.1]; found 0.31; )"
            R"("lr": expected loguniform [-6.0,-1.0]; found 0.4)");
}

TEST(AdoptConfiguration, RecognisesOptionsThatJsonCannotHold) {
  const double infinity = std::numeric_limits<double>::infinity();
  const ParameterSpace space{
      {"clip", choice(1.0, infinity)},
      {"layers", Choice{{{Value::List{64, 1.0}, {}}, {Value::Map{{"a", 1}, {"b", 2}}, {}}}}}};
  EXPECT_EQ(adopted(space, R"({"clip":"Infinity","layers":[64.0,1]})"),
            R"({"clip":"Infinity","layers":[64,1.0]})");
  EXPECT_EQ(adopted(space, R"({"clip":1,"layers":{"b":2,"a":1}})"),
            R"({"clip":1.0,"layers":{"a":1,"b":2}})");
}

TEST(AdoptConfiguration, AnOptionOfTheSameTypeWins) {
  const ParameterSpace space{{"x", choice(1, 1.0)}};
  EXPECT_EQ(adopted(space, R"({"x":1.0})"), R"({"x":1.0})");
  EXPECT_EQ(adopted(space, R"({"x":1})"), R"({"x":1})");
}

TEST(AdoptConfiguration, TellsAllMistakesAtOnce) {
  const ParameterSpace space{{"x", uniform(0, 1)}, {"n", randint(5)}, {"b", choice(16, 32)}};
  EXPECT_EQ(adopted(space, R"({"x":2,"b":17,"y":1})"),
            R"("x": expected uniform [0.0,1.0]; found 2; "n" is missing; expected randint [5]; )"
            R"("b": expected choice [16,32]; found 17; )"
            R"("y" is no parameter of the space, or not one beside the other values)");
  EXPECT_EQ(adopted(space, R"({"x":"NaN","n":5,"b":true})"),
            R"("x": expected uniform [0.0,1.0]; found "NaN"; "n": expected randint [5]; found 5; )"
            R"("b": expected choice [16,32]; found true)");
  EXPECT_EQ(adopted(space, R"({"x":0,"x":1,"n":1.5,"b":16})"),
            R"("x" is given twice; "n": expected randint [5]; found 1.5)");
}

TEST(AdoptConfiguration, FindsTheOptionThatConditionalParametersBelongTo) {
  const ParameterSpace space = conditional();
  EXPECT_EQ(adopted(space, R"({"c":1,"kind":"none"})"), R"({"kind":"none","c":1.0})");
  EXPECT_EQ(adopted(space, R"({"c":1,"gamma":0.5,"kernel":"rbf"})"),
            R"({"kernel":"rbf","gamma":0.5,"c":1.0})");
  EXPECT_EQ(adopted(space, R"({"c":1,"degree":2,"gamma":0.5,"kernel":"poly"})"),
            R"({"kernel":"poly","gamma":0.5,"degree":2,"c":1.0})");
  EXPECT_EQ(adopted(space, R"({"c":1,"degree":9,"gamma":0.5,"kernel":"poly"})"),
            R"("degree": expected randint [5]; found 9)");
  EXPECT_EQ(adopted(space, R"({"c":1,"degree":2,"kind":"none"})"),
            R"("degree" is no parameter of the space, or not one beside the other values)");
  EXPECT_EQ(adopted(space, R"({"c":1})"),
            R"("kind" is missing; expected choice ["none",{...},{...}])");
}

TEST(AdoptConfiguration, MessagesStayShort) {
  const ParameterSpace space{{"x", uniform(0, 1)}};
  std::vector<Configuration::Entry> entries;
  for (int i = 0; i < 1000; ++i) entries.emplace_back("p" + std::to_string(i), i);
  entries.emplace_back("x", std::string(100'000, 'a'));
  const auto result = adopt_configuration(space, Configuration(entries));
  ASSERT_FALSE(result);
  EXPECT_LT(result.error().message.size(), 3000u);
  EXPECT_NE(result.error().message.find("981 more mistakes"), std::string::npos);
}

}  // namespace
}  // namespace hd
