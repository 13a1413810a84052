#include "engine/config/expressions.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "tests/config/reading.h"

namespace hd {
namespace {

using testing::read;
using testing::said;
using testing::with_expression;
using testing::with_space;

ParameterExpression expression(const std::string& name, const std::string& values) {
  return read(with_expression(name, values)).parameter_space.parameters().at(0).expression;
}

TEST(Expressions, ReadsAllTen) {
  EXPECT_EQ(expression("choice", "[1, 2]"), ParameterExpression(choice(1, 2)));
  EXPECT_EQ(expression("randint", "[10]"), ParameterExpression(randint(10)));
  EXPECT_EQ(expression("uniform", "[0, 1e-4]"), ParameterExpression(uniform(0, 1e-4)));
  EXPECT_EQ(expression("quniform", "[0, 1, 0.05]"), ParameterExpression(quniform(0, 1, 0.05)));
  EXPECT_EQ(expression("loguniform", "[-6, -1]"), ParameterExpression(loguniform(-6, -1)));
  EXPECT_EQ(expression("qloguniform", "[0, 3, 2.0]"), ParameterExpression(qloguniform(0, 3, 2)));
  EXPECT_EQ(expression("normal", "[10, 3]"), ParameterExpression(normal(10, 3)));
  EXPECT_EQ(expression("qnormal", "[10, 3, 1]"), ParameterExpression(qnormal(10, 3, 1)));
  EXPECT_EQ(expression("lognormal", "[0, 1]"), ParameterExpression(lognormal(0, 1)));
  EXPECT_EQ(expression("qlognormal", "[0, 1, 1]"), ParameterExpression(qlognormal(0, 1, 1)));
  EXPECT_EQ(expression("loguniform", "[2, 2]"), ParameterExpression(loguniform(2, 2)));
}

TEST(Expressions, ChoiceTakesAnyValues) {
  const auto options =
      std::get<Choice>(expression("choice", "[1, 1.0, a, '1', true, null, [1, x], yes]")).options;
  Value::List values;
  for (const ChoiceOption& option : options) {
    EXPECT_TRUE(option.members.empty());
    values.push_back(option.value);
  }
  EXPECT_EQ(to_json(values), R"([1,1.0,"a","1",true,null,[1,"x"],true])");
}

TEST(Expressions, ASingleListOfOptionsIsSpread) {
  EXPECT_EQ(expression("choice", "[[16, 32]]"), expression("choice", "[16, 32]"));
  EXPECT_EQ(std::get<Choice>(expression("choice", "[[1, 2], [3]]")).options.size(), 2U);
  EXPECT_EQ(std::get<Choice>(expression("choice", "[[[1, 2]]]")).options.size(), 1U);
}

TEST(Expressions, WireStyleListsAreValues) {
  const auto options = std::get<Choice>(expression("choice", "[[uniform, [0, 1]], 2]")).options;
  EXPECT_EQ(to_json(options[0].value), R"(["uniform",[0,1]])");
}

struct Bad {
  const char* name;
  const char* values;
  const char* said;
};

TEST(Expressions, TellWhatIsWrong) {
  const Bad kBad[] = {
      {"choice", "[]", "values: choice takes at least one option; found []"},
      {"choice", "[[]]", "values: choice takes at least one option; found []"},
      {"choice", "5", "values: expected a list; found 5"},
      {"choice",
       "[{}]",
       "values[0]: an option that is a map names at least one parameter; found {}"},
      {"randint", "[0]", "values: randint takes [upper], an integer from 1 to 2^53; found 0"},
      {"randint", "[1.5]", "values: randint takes [upper], an integer from 1 to 2^53; found 1.5"},
      {"randint", "[1, 2]", "values: randint takes [upper]; found [1, 2] (2 values)"},
      {"uniform", "[1]", "values: uniform takes [min, max]; found [1] (1 value)"},
      {"uniform", "[1, 1]", "values: uniform needs min < max; both are 1"},
      {"uniform",
       "[0, .nan]",
       "values[1]: uniform takes [min, max]; max must be a finite number, found .nan"},
      {"uniform",
       "[-.inf, 0]",
       "values[0]: uniform takes [min, max]; min must be a finite number, found -.inf"},
      {"uniform",
       "[0, '1']",
       "values[1]: uniform takes [min, max]; max must be a finite number, found \"1\" (remove the "
       "quotes)"},
      {"uniform",
       "[true, 2]",
       "values[0]: uniform takes [min, max]; min must be a finite number, found true"},
      {"uniform",
       "[0, [1]]",
       "values[1]: uniform takes [min, max]; max must be a finite number, found [1]"},
      {"uniform", "[-1e308, 1e308]", "values: uniform spans more than the range of numbers"},
      {"quniform", "[0, 1, 0]", "values: quniform needs a step q > 0; found 0"},
      {"quniform", "[0, 1, -1]", "values: quniform needs a step q > 0; found -1"},
      {"quniform",
       "[0, 1e300, 1e-300]",
       "values: quniform has a step q too small for its range: 1e-300"},
      {"quniform", "[0, 1]", "values: quniform takes [min, max, q]; found [0, 1] (2 values)"},
      {"loguniform",
       "[1e-4]",
       "values: loguniform takes [min, max] as natural-log bounds; found [1e-4] (1 value)"},
      {"loguniform",
       "[1, 1000]",
       "values: loguniform draws exp of up to 1000, which is larger than any number; its arguments "
       "are natural logarithms"},
      {"normal", "[0, -1]", "values: normal needs sigma >= 0; found -1"},
      {"lognormal",
       "[0, 100]",
       "values: lognormal draws exp of up to 900, which is larger than any number; its arguments "
       "are "
       "natural logarithms"},
      {"qnormal", "[0, 1]", "values: qnormal takes [mu, sigma, q]; found [0, 1] (2 values)"},
      {"Uniform",
       "[0, 1]",
       "expression: expected one of the expressions choice, randint, uniform, quniform, "
       "loguniform, "
       "qloguniform, normal, qnormal, lognormal or qlognormal; found Uniform (did you mean "
       "'uniform'?)"},
  };
  for (const Bad& bad : kBad) {
    const std::string text = said(with_expression(bad.name, bad.values));
    EXPECT_NE(text.find(std::string(": sampling.parameter_space[0].") + bad.said + "\n"),
              std::string::npos)
        << bad.name << " " << bad.values << "\n"
        << text;
    EXPECT_EQ(text.rfind("hdconfig.yml:4:", 0), 0U) << text;
  }
}

TEST(Expressions, SwapsReversedBoundsWithAWarning) {
  EXPECT_EQ(
      said(with_expression("uniform", "[0.01, 0.001]")),
      "hdconfig.yml:4:48: warning: sampling.parameter_space[0].values: min is larger than max; "
      "read as min 0.001 and max 0.01\n");
  EXPECT_EQ(expression("uniform", "[0.01, 0.001]"), ParameterExpression(uniform(0.001, 0.01)));
  EXPECT_EQ(expression("qloguniform", "[3, 1, 1]"), ParameterExpression(qloguniform(1, 3, 1)));
}

TEST(Expressions, WarnsOfLogBoundsThatLookLikeValues) {
  const std::string text = said(with_expression("loguniform", "[0.0001, 0.1]"));
  EXPECT_NE(text.find("for values from 0.0001 to 0.1 write [-9.21034, -2.30259]"),
            std::string::npos)
      << text;
}

TEST(Expressions, NestedOptionsAreConditionalParameters) {
  const std::string space = R"(    - name: model
      expression: choice
      values:
        - svm
        - kind: forest
          depth: {expression: randint, values: [9]}
        - {rate: {type: uniform, min_value: 0, max_value: 1}, extra: {a: 1}}
)";
  EXPECT_EQ(said(with_space(space)), "");
  const HyperDriveConfig config = read(with_space(space));
  const auto& options = std::get<Choice>(config.parameter_space.parameters()[0].expression).options;
  ASSERT_EQ(options.size(), 3U);
  EXPECT_EQ(options[0].value, Value("svm"));
  ASSERT_EQ(options[1].members.size(), 2U);
  EXPECT_EQ(options[1].members[0].expression, ParameterExpression(choice("forest")));
  EXPECT_EQ(options[1].members[1].expression, ParameterExpression(randint(9)));
  EXPECT_EQ(options[2].members[0].expression, ParameterExpression(uniform(0, 1)));
  EXPECT_TRUE(std::get<Choice>(options[2].members[1].expression).options[0].value.is_map());
}

TEST(Expressions, NestedMistakesNameTheirPlace) {
  EXPECT_EQ(
      said(with_expression("choice", "[{x: {expression: uniform, values: [1]}}]")),
      "hdconfig.yml:4:82: sampling.parameter_space[0].values[0].x.values: uniform takes [min, "
      "max]; found [1] (1 value)\n");
  EXPECT_EQ(
      said(with_space("    - {name: x, expression: choice, values: [{y: 1}]}\n"
                      "    - {name: y, expression: choice, values: [1]}\n")),
      "hdconfig.yml:5:14: sampling.parameter_space[1].name: the parameter 'y' is named twice; "
      "the first is on line 4\n");
}

TEST(Expressions, OptionsOfOneChoiceMayShareNames) {
  EXPECT_EQ(said(with_expression("choice", "[{x: 1, y: 1}, {x: 2, z: 1}]")), "");
}

TEST(Expressions, GridTakesFiniteExpressionsOnly) {
  for (const char* good : {"randint, values: [4]",
                           "quniform, values: [1, 10, 0.5]",
                           "qloguniform, values: [0, 3, 1]",
                           "choice, values: [{x: 1}, 2]"}) {
    EXPECT_EQ(said(with_space("    - {name: a, expression: " + std::string(good) + "}\n", "Grid")),
              "")
        << good;
  }
  const std::string why =
      "Grid sampling tries every value, so it takes choice, randint, quniform and qloguniform; ";
  EXPECT_EQ(said(with_expression("uniform", "[0, 1]", "grid")),
            "hdconfig.yml:4:48: sampling.parameter_space[0].values: " + why +
                "uniform has no end of values: give it a range with a step, or choose Random "
                "sampling\n");
  EXPECT_NE(said(with_expression("qnormal", "[0, 1, 1]", "grid")).find(why + "qnormal"),
            std::string::npos);
  EXPECT_NE(said(with_expression("choice", "[{x: {type: normal, mu: 0, sigma: 1}}]", "grid"))
                .find("values[0].x: " + why + "normal"),
            std::string::npos);
  EXPECT_NE(said(with_expression("quniform", "[0, 1e9, 1e-9]", "grid")).find("this has 1e+18"),
            std::string::npos);
}

TEST(Expressions, BayesianTakesAllAndAdvises) {
  EXPECT_EQ(
      said(with_expression("normal", "[0, 1]", "bayesian") + "max_concurrent_runs: 21\n"),
      "hdconfig.yml:2:9: warning: max_total_runs: Bayesian sampling is advised to have at "
      "least 20 runs for each hyperparameter: 20 here; found 4\n"
      "hdconfig.yml:2:9: warning: max_concurrent_runs: Bayesian sampling learns from finished "
      "runs, so fewer at once converge better; at most 20 are advised; found 21\n");
}

// Each nested parameter has to be learned too; one value is nothing to learn.
TEST(Expressions, BayesianAdviceCountsNestedParameters) {
  const std::string nested =
      "[{lr: {type: uniform, min_value: 0, max_value: 1}, m: {type: uniform, min_value: 0, "
      "max_value: 1}},"
      " {lr: {type: uniform, min_value: 0, max_value: 1}, fixed: {type: choice, values: [1]}}]";
  EXPECT_NE(said(with_expression("choice", nested, "bayesian")).find(": 80 here; found 4"),
            std::string::npos)
      << said(with_expression("choice", nested, "bayesian"));
}

TEST(Expressions, BayesianAdviceAsksForNoMoreRunsThanConfigurations) {
  EXPECT_EQ(said(with_expression("choice", "[1, 2, 3, 4]", "bayesian")), "");
  EXPECT_NE(said(with_expression("choice", "[1, 2, 3, 4, 5]", "bayesian")).find(": 5 here"),
            std::string::npos);
}

}  // namespace
}  // namespace hd
