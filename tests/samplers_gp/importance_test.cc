#include "samplers/gp/importance.h"

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numbers>

#include <gtest/gtest.h>

#include "samplers/gp/gaussian_process.h"
#include "samplers/gp/output_transform.h"
#include "samplers/gp/posterior_draws.h"
#include "samplers/gp/variance_shares.h"
#include "samplers/random_sampler.h"

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using Trials = std::vector<std::shared_ptr<const Trial>>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The estimators alone, on functions whose shares are known.

VarianceShares shares_of(const ParameterSpace& space,
                         const std::function<double(const Point&)>& function) {
  const Encoding encoding(space);
  return variance_shares(
      encoding,
      [&](const std::vector<Point>& points) {
        MatrixXd values(static_cast<Index>(points.size()), 1);
        for (std::size_t i = 0; i < points.size(); ++i) {
          values(static_cast<Index>(i), 0) = function(points[i]);
        }
        return values;
      },
      4096,
      11);
}

ParameterSpace cube(int dimensions) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < dimensions; ++i) {
    parameters.push_back({"x" + std::to_string(i + 1), uniform(0, 1)});
  }
  return ParameterSpace(std::move(parameters));
}

// f = 2 x1 + x2: V = (4 + 1) / 12.
TEST(VarianceShares, OfAnAdditiveFunctionAreTheSquaresOfItsSlopes) {
  const auto shares = shares_of(cube(3), [](const Point& x) { return 2 * x[0] + x[1]; });
  EXPECT_NEAR(shares.variance[0], 5.0 / 12, 0.002);
  const double expected[] = {0.8, 0.2, 0};
  for (Index d = 0; d < 3; ++d) {
    EXPECT_NEAR(shares.first_order(d, 0), expected[d], 0.02) << d;
    EXPECT_NEAR(shares.total(d, 0), expected[d], 0.02) << d;
  }
  EXPECT_EQ(shares.total(2, 0), 0);
}

double ishigami(double u1, double u2, double u3) {
  const auto angle = [](double u) { return std::numbers::pi * (2 * u - 1); };
  return std::sin(angle(u1)) + 7 * std::pow(std::sin(angle(u2)), 2) +
         0.1 * std::pow(angle(u3), 4) * std::sin(angle(u1));
}

// T. Ishigami and T. Homma (1990): a = 7, b = 0.1.
struct IshigamiShares {
  double first[3], total[3];
};
IshigamiShares ishigami_shares() {
  const double pi4 = std::pow(std::numbers::pi, 4);
  const double v1 = std::pow(1 + 0.1 * pi4 / 5, 2) / 2;
  const double v2 = 49.0 / 8;
  const double v13 = 0.01 * pi4 * pi4 * (1.0 / 18 - 1.0 / 50);
  const double v = v1 + v2 + v13;
  return {{v1 / v, v2 / v, 0}, {(v1 + v13) / v, v2 / v, v13 / v}};
}

TEST(VarianceShares, OfTheIshigamiFunctionAreItsClosedForm) {
  const auto shares = shares_of(cube(3), [](const Point& x) { return ishigami(x[0], x[1], x[2]); });
  const IshigamiShares expected = ishigami_shares();
  for (Index d = 0; d < 3; ++d) {
    EXPECT_NEAR(shares.first_order(d, 0), expected.first[d], 0.03) << d;
    EXPECT_NEAR(shares.total(d, 0), expected.total[d], 0.03) << d;
  }
}

TEST(VarianceShares, OfAPureInteractionAreInTheTotalOnly) {
  const auto shares =
      shares_of(cube(2), [](const Point& x) { return (x[0] - 0.5) * (x[1] - 0.5); });
  for (Index d = 0; d < 2; ++d) {
    EXPECT_NEAR(shares.first_order(d, 0), 0, 0.03);
    EXPECT_NEAR(shares.total(d, 0), 1, 0.03);
  }
}

// f = 1 for one of four options: V = 3/16.
TEST(VarianceShares, OfALabelComeFromItsOptions) {
  const ParameterSpace space{{"label", choice("a", "b", "c", "d")}, {"x", uniform(0, 1)}};
  const auto shares = shares_of(space, [](const Point& x) { return x[0] == 2 ? 1 : 0; });
  EXPECT_NEAR(shares.variance[0], 3.0 / 16, 0.002);
  EXPECT_NEAR(shares.first_order(0, 0), 1, 0.03);
  EXPECT_NEAR(shares.total(0, 0), 1, 0.03);
  EXPECT_EQ(shares.total(1, 0), 0);
}

ParameterSpace nested_space() {
  Choice nested;
  nested.options.push_back({{}, {{"inner", uniform(0, 1)}}});
  nested.options.push_back({Value("none"), {}});
  return {{"outer", nested}, {"x", uniform(0, 1)}};
}

// f = c inner where active (half of the space), x everywhere: V[f | active] = c²/12 + 1/12;
// E[V[f | all but inner]] = c²/24; V = c²/24 + 1/12 + V[E[f | outer]], the last (c/2)²/4.
TEST(VarianceShares, OfANestedParameterAreOfTheWholeAndOfWhereItIsActive) {
  const double c = 2;
  const auto shares = shares_of(
      nested_space(), [&](const Point& x) { return x[2] + (x[1] == kInactive ? 0 : c * x[1]); });
  const double v = c * c / 24 + 1.0 / 12 + c * c / 16;
  EXPECT_NEAR(shares.variance[0], v, 0.01);
  EXPECT_NEAR(shares.total(1, 0), c * c / 24 / v, 0.02);
  EXPECT_NEAR(shares.total_where_active(1, 0), c * c / (c * c + 1), 0.02);
  // inner alone moves the mean over outer by half: V[E[f | inner]] = (c/2)²/12.
  EXPECT_NEAR(shares.first_order(1, 0), c * c / 48 / v, 0.02);
  EXPECT_NEAR(shares.first_order(0, 0), c * c / 16 / v, 0.02);
  EXPECT_NEAR(shares.total(2, 0), 1.0 / 12 / v, 0.02);
}

TEST(VarianceShares, OfAConstantAreZero) {
  const auto shares = shares_of(cube(2), [](const Point&) { return 3; });
  EXPECT_EQ(shares.total.maxCoeff(), 0);
  EXPECT_EQ(shares.first_order.maxCoeff(), 0);
}

// The parts of the model that only the importance uses.

MatrixXd line(Index n) { return Eigen::RowVectorXd::LinSpaced(n, 0, 1); }

Hyperparameters smooth(double log_noise) {
  Hyperparameters h;
  h.log_length_scales = VectorXd::Constant(1, std::log(0.3));
  h.log_noise = log_noise;
  return h;
}

TEST(LeaveOneOut, IsThePredictionOfAModelWithoutTheObservation) {
  const MatrixXd x = line(7);
  const VectorXd y = (6 * x.row(0).transpose()).array().sin();
  const Hyperparameters h = smooth(-3);
  const VectorXd means = leave_one_out_means(x, y, {0}, h);
  for (Index left = 0; left < x.cols(); ++left) {
    MatrixXd others(1, x.cols() - 1);
    std::vector<Target> targets;
    for (Index i = 0; i < x.cols(); ++i) {
      if (i == left) continue;
      others(0, static_cast<Index>(targets.size())) = x(0, i);
      targets.push_back({Target::Kind::kExact, y[i]});
    }
    GaussianProcess model({0}, h);
    model.set_inputs(others, others.cols());
    model.set_targets(targets);
    EXPECT_NEAR(means[left], model.predict(x.col(left), false).mean[0], 1e-9) << left;
  }
}

TEST(PosteriorDraws, HaveTheMomentsOfThePosterior) {
  const MatrixXd x = line(4);
  const VectorXd y = Eigen::Vector4d(0.5, -1, 0.2, 1);
  const Hyperparameters h = smooth(-4);
  GaussianProcess model({0}, h);
  model.set_inputs(x, 4);
  std::vector<Target> targets;
  for (const double value : y) targets.push_back({Target::Kind::kExact, value});
  model.set_targets(targets);
  const MatrixXd at = Eigen::RowVector4d(0.1, 0.5, 1.0, 1.6);
  const auto expected = model.predict(at, false);
  Rng rng(5, RngPurpose::kTest, 0);
  VectorXd sum = VectorXd::Zero(4), squares = VectorXd::Zero(4);
  constexpr int kSets = 40, kDraws = 50;  // each set has its own frequencies
  for (int i = 0; i < kSets; ++i) {
    const MatrixXd values = PosteriorDraws(x, y, {0}, h, kDraws, rng).evaluate(at);
    sum += values.rowwise().sum();
    squares += values.array().square().matrix().rowwise().sum();
  }
  const VectorXd mean = sum / (kSets * kDraws);
  const VectorXd variance = squares / (kSets * kDraws) - mean.cwiseAbs2();
  for (Index i = 0; i < 4; ++i) {
    const double deviation = std::sqrt(expected.variance[i]);
    EXPECT_NEAR(mean[i], expected.mean[i], 0.12 * deviation + 1e-6) << i;
    EXPECT_NEAR(std::sqrt(variance[i]), deviation, 0.1 * deviation) << i;
  }
}

// The whole, from trials.

using Function = std::function<double(const Configuration&)>;

Trials random_trials(const ParameterSpace& space, int count, const Function& function) {
  const RandomSampler sampler(space);
  AskRequest request;
  request.count = count;
  request.seed = 3;
  Trials trials;
  for (const Configuration& configuration : sampler.ask(request).configurations) {
    Trial trial;
    trial.id = static_cast<int>(trials.size());
    trial.configuration = configuration;
    trial.outcome = Trial::Outcome::kFinished;
    trial.value = function(configuration);
    trials.push_back(std::make_shared<const Trial>(trial));
  }
  return trials;
}

double number(const Configuration& c, const char* name) { return c.find(name)->as_number(); }

/// On the results as they are, so that closed forms hold.
ImportanceOptions plain() {
  ImportanceOptions options;
  options.model.warp = static_cast<int>(OutputWarp::kNone);
  return options;
}

std::map<std::string, ParameterImportance> by_name(const Importance& importance) {
  std::map<std::string, ParameterImportance> map;
  for (const ParameterImportance& one : importance.parameters) map.emplace(one.name, one);
  return map;
}

TEST(Importance, OfAnAdditiveFunctionAreTheSquaresOfItsSlopes) {
  const auto trials = random_trials(cube(3), 40, [](const Configuration& c) {
    return 10 + 2 * number(c, "x1") + number(c, "x2");
  });
  const auto result = importance(cube(3), Goal::kMinimize, trials, 1, plain());
  ASSERT_TRUE(result);
  EXPECT_EQ(result->results, 40);
  EXPECT_GT(result->explained, 0.99);
  EXPECT_GT(result->rank_correlation, 0.99);
  ASSERT_EQ(result->parameters.size(), 3U);
  EXPECT_EQ(result->parameters[0].name, "x1");
  EXPECT_EQ(result->parameters[2].name, "x3");
  const auto shares = by_name(*result);
  EXPECT_NEAR(shares.at("x1").total.value, 0.8, 0.03);
  EXPECT_NEAR(shares.at("x1").first_order.value, 0.8, 0.04);
  EXPECT_NEAR(shares.at("x2").total.value, 0.2, 0.03);
  EXPECT_LT(shares.at("x3").total.value, 0.01);
}

TEST(Importance, OfTheIshigamiFunctionComeOutFromEnoughResults) {
  const auto trials = random_trials(cube(3), 250, [](const Configuration& c) {
    return ishigami(number(c, "x1"), number(c, "x2"), number(c, "x3"));
  });
  const auto result = importance(cube(3), Goal::kMaximize, trials, 1, plain());
  ASSERT_TRUE(result);
  const auto shares = by_name(*result);
  const IshigamiShares expected = ishigami_shares();
  int d = 0;
  for (const char* name : {"x1", "x2", "x3"}) {
    EXPECT_NEAR(shares.at(name).first_order.value, expected.first[d], 0.07) << name;
    EXPECT_NEAR(shares.at(name).total.value, expected.total[d], 0.07) << name;
    ++d;
  }
}

TEST(Importance, OfAPureInteractionIsInTheTotalOnly) {
  const auto trials = random_trials(cube(3), 80, [](const Configuration& c) {
    return (number(c, "x1") - 0.5) * (number(c, "x2") - 0.5);
  });
  const auto result = importance(cube(3), Goal::kMinimize, trials, 1, plain());
  ASSERT_TRUE(result);
  const auto shares = by_name(*result);
  for (const char* name : {"x1", "x2"}) {
    EXPECT_GT(shares.at(name).total.value, 0.8) << name;
    EXPECT_LT(shares.at(name).first_order.value, 0.2) << name;
  }
  EXPECT_LT(shares.at("x3").total.value, 0.1);
}

TEST(Importance, HandlesLabelsAndNestedParameters) {
  const ParameterSpace space{{"outer", nested_space().parameters()[0].expression},
                             {"label", choice("a", "b", "c")},
                             {"fixed", choice(7)}};
  const auto trials = random_trials(space, 60, [](const Configuration& c) {
    const Value* inner = c.find("inner");
    return (inner == nullptr ? 0 : 2 * inner->as_number()) +
           (c.find("label")->as_string() == "b" ? 1 : 0);
  });
  const auto result = importance(space, Goal::kMinimize, trials, 1, plain());
  ASSERT_TRUE(result);
  const auto shares = by_name(*result);
  ASSERT_EQ(shares.size(), 3U);  // one value only: nothing to rank
  // V = 4/24 (inner) + 4/16 (outer) + 2/9 (label).
  const double v = 4.0 / 24 + 4.0 / 16 + 2.0 / 9;
  EXPECT_NEAR(shares.at("label").total.value, 2.0 / 9 / v, 0.06);
  EXPECT_NEAR(shares.at("inner").total.value, 4.0 / 24 / v, 0.06);
  EXPECT_NEAR(shares.at("inner").total_where_active.value, 12.0 / 36 / (12.0 / 36 + 2.0 / 9), 0.08);
  EXPECT_EQ(shares.at("inner").active_share, 0.5);
  EXPECT_EQ(shares.at("label").active_share, 1);
}

TEST(Importance, OfNoiseIsNotBelieved) {
  Rng rng(4, RngPurpose::kTest, 0);
  const auto trials =
      random_trials(cube(4), 40, [&](const Configuration&) { return rng.next_unit(); });
  const auto result = importance(cube(4), Goal::kMinimize, trials, 1);
  ASSERT_TRUE(result);
  EXPECT_LT(result->explained, 0.3);
}

TEST(Importance, IsTheSameForTheSameInputAndStaysWithinZeroAndOne) {
  Rng rng(9, RngPurpose::kTest, 0);
  const ParameterSpace space{{"outer", nested_space().parameters()[0].expression},
                             {"lr", loguniform(-9, 0)},
                             {"label", choice("a", "b", Value())},
                             {"n", randint(5)},
                             {"z", qnormal(0, 1, 0.5)}};
  Trials trials = random_trials(space, 30, [&](const Configuration& c) {
    return std::log(number(c, "lr")) * number(c, "n") + rng.next_unit();
  });
  const auto set = [&](std::size_t i, Trial::Outcome outcome, double value) {
    Trial changed = *trials[i];
    changed.outcome = outcome;
    changed.value = value;
    trials[i] = std::make_shared<const Trial>(changed);
  };
  set(3, Trial::Outcome::kFailed, kNan);
  set(4, Trial::Outcome::kCensored, -1);
  set(5, Trial::Outcome::kCensored, kNan);
  set(6, Trial::Outcome::kPending, kNan);
  set(7, Trial::Outcome::kFinished, std::numeric_limits<double>::infinity());
  const auto first = importance(space, Goal::kMinimize, trials, 1);
  const auto again = importance(space, Goal::kMinimize, trials, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->results, 25);
  EXPECT_EQ(first->other_runs, 4);
  ASSERT_EQ(first->parameters.size(), 6U);
  for (std::size_t i = 0; i < first->parameters.size(); ++i) {
    const ParameterImportance& one = first->parameters[i];
    const ParameterImportance& other = again->parameters[i];
    EXPECT_EQ(one.name, other.name);
    EXPECT_EQ(one.total.value, other.total.value);
    EXPECT_EQ(one.first_order.high, other.first_order.high);
    if (i > 0) {
      EXPECT_LE(one.total.value, first->parameters[i - 1].total.value);
    }
    for (const Share& share : {one.first_order, one.total, one.total_where_active}) {
      EXPECT_LE(0, share.low);
      EXPECT_LE(share.low, share.value);
      EXPECT_LE(share.value, share.high);
      EXPECT_LE(share.high, 1);
    }
    EXPECT_LE(one.first_order.value, one.total.value);
  }
}

TEST(Importance, SaysWhyThereIsNone) {
  const auto one = [](const Configuration& c) { return number(c, "x1"); };
  const auto why = [](const Result<Importance>& result) {
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(why(importance(cube(1), Goal::kMinimize, random_trials(cube(1), 4, one), 1)),
            "needs at least 5 runs that ended with a finite result; found 4");
  const auto nothing = [](const Configuration&) { return kNan; };
  EXPECT_EQ(why(importance(cube(1), Goal::kMinimize, random_trials(cube(1), 9, nothing), 1)),
            "needs at least 5 runs that ended with a finite result; found 0");
  const auto constant = [](const Configuration&) { return 2.5; };
  EXPECT_EQ(why(importance(cube(1), Goal::kMinimize, random_trials(cube(1), 9, constant), 1)),
            "all 9 results are the same");
  const ParameterSpace fixed{{"x", choice(1)}};
  EXPECT_EQ(why(importance(fixed, Goal::kMinimize, {}, 1)), "no parameter has more than one value");
}

}  // namespace
}  // namespace hd::gp
