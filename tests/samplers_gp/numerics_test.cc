#include <cmath>
#include <functional>
#include <limits>

#include <Eigen/Dense>
#include <gtest/gtest.h>

#include "engine/core/rng.h"
#include "samplers/gp/acquisition.h"
#include "samplers/gp/dense_cholesky.h"
#include "samplers/gp/gaussian_process.h"
#include "samplers/gp/kernel.h"
#include "samplers/gp/lbfgs.h"
#include "samplers/gp/marginal_likelihood.h"

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd random_matrix(Index rows, Index cols, std::uint64_t seed) {
  Rng rng(seed, RngPurpose::kTest, 0);
  MatrixXd m(rows, cols);
  for (Index j = 0; j < cols; ++j) {
    for (Index i = 0; i < rows; ++i) m(i, j) = rng.next_unit();
  }
  return m;
}

FeatureGroups one_each(Index features) {
  FeatureGroups groups;
  for (Index f = 0; f < features; ++f) groups.push_back(static_cast<int>(f));
  return groups;
}

Hyperparameters hyperparameters(Index axes) {
  Hyperparameters h;
  h.log_length_scales = VectorXd::LinSpaced(axes, -1.0, 0.5);
  h.log_signal = 0.3;
  h.log_noise = -3;
  h.mean = 0.2;
  return h;
}

/// Largest difference between the gradient and central differences.
double gradient_error(const std::function<double(const VectorXd&)>& f,
                      const VectorXd& at,
                      const VectorXd& gradient) {
  double worst = 0;
  for (Index i = 0; i < at.size(); ++i) {
    const double step = 1e-5;
    VectorXd up = at, down = at;
    up[i] += step;
    down[i] -= step;
    const double difference = (f(up) - f(down)) / (2 * step);
    worst = std::max(worst, std::abs(difference - gradient[i]) / (1 + std::abs(difference)));
  }
  return worst;
}

GaussianProcess example_model(Index features, Index n) {
  GaussianProcess model(one_each(features), hyperparameters(features));
  const MatrixXd x = random_matrix(features, n, 3);
  std::vector<Target> targets;
  for (Index i = 0; i < n; ++i) {
    targets.push_back({Target::Kind::kExact, std::sin(5 * x(0, i)) + x.col(i).sum()});
  }
  model.set_inputs(x, n);
  model.set_targets(targets);
  return model;
}

TEST(Matern52, SlopeIsItsDerivative) {
  for (const double r2 : {1e-3, 0.01, 0.3, 1.0, 4.0, 30.0}) {
    const double step = 1e-6 * r2;
    const Eigen::ArrayXXd up = Eigen::ArrayXXd::Constant(1, 1, r2 + step);
    const Eigen::ArrayXXd down = Eigen::ArrayXXd::Constant(1, 1, r2 - step);
    const Eigen::ArrayXXd at = Eigen::ArrayXXd::Constant(1, 1, r2);
    const double slope = -2 * (matern52(up)(0, 0) - matern52(down)(0, 0)) / (2 * step);
    EXPECT_NEAR(matern52_with_slope(at).slope(0, 0), slope, 1e-5 * (1 + std::abs(slope))) << r2;
  }
}

TEST(Matern52, IsTheSameWithAndWithoutItsSlope) {
  const Eigen::ArrayXXd r2 = 9 * random_matrix(4, 5, 19).array();
  EXPECT_LT((matern52(r2) - matern52_with_slope(r2).value).abs().maxCoeff(), 1e-15);
}

TEST(Matern52, IsOneAtZero) { EXPECT_DOUBLE_EQ(matern52(Eigen::ArrayXXd::Zero(1, 1))(0, 0), 1); }

TEST(SquaredDistances, MatchTheSumOfSquaresAndAreNeverNegative) {
  const MatrixXd a = random_matrix(4, 6, 1);
  const MatrixXd b = random_matrix(4, 5, 2);
  const MatrixXd r2 = squared_distances(a, b);
  for (Index i = 0; i < 6; ++i) {
    for (Index j = 0; j < 5; ++j) {
      EXPECT_NEAR(r2(i, j), (a.col(i) - b.col(j)).squaredNorm(), 1e-14);
    }
  }
  EXPECT_GE(squared_distances(1e3 * a, 1e3 * a).minCoeff(), 0);
}

TEST(DenseCholesky, AppendedRowsMatchTheFullFactor) {
  const MatrixXd m = random_matrix(12, 12, 5);
  const MatrixXd a = m * m.transpose() + MatrixXd::Identity(12, 12);
  const auto full = DenseCholesky::create();
  ASSERT_TRUE(full->factorize(a));
  const auto grown = DenseCholesky::create();
  ASSERT_TRUE(grown->factorize(a.topLeftCorner(3, 3)));
  for (Index i = 3; i < 12; ++i) ASSERT_TRUE(grown->append(a.row(i).head(i).transpose(), a(i, i)));
  MatrixXd b = random_matrix(12, 2, 6);
  MatrixXd c = b;
  full->solve_lower(b);
  grown->solve_lower(c);
  EXPECT_LT((b - c).norm(), 1e-12);
  full->solve_upper(b);
  grown->solve_upper(c);
  EXPECT_LT((b - c).norm(), 1e-12);
  EXPECT_NEAR(full->log_determinant(), grown->log_determinant(), 1e-12);
  EXPECT_LT((full->inverse() * a - MatrixXd::Identity(12, 12)).norm(), 1e-10);
}

TEST(DenseCholesky, SolvesRowByRowLikeAtOnce) {
  const MatrixXd m = random_matrix(9, 9, 7);
  const MatrixXd a = m * m.transpose() + MatrixXd::Identity(9, 9);
  const auto cholesky = DenseCholesky::create();
  ASSERT_TRUE(cholesky->factorize(a));
  MatrixXd at_once = random_matrix(9, 1, 8);
  VectorXd in_parts = at_once.col(0);
  cholesky->solve_lower(at_once);
  cholesky->solve_lower_rows(in_parts, 0, 4);
  cholesky->solve_lower_rows(in_parts, 4, 5);
  cholesky->solve_lower_rows(in_parts, 5, 9);
  EXPECT_LT((at_once.col(0) - in_parts).norm(), 1e-13);
}

TEST(DenseCholesky, InvertsMatricesLargerThanItsBlocks) {
  for (const Index n : {1, 64, 65, 200}) {
    const MatrixXd m = random_matrix(n, n, 20);
    const MatrixXd a = m * m.transpose() + MatrixXd::Identity(n, n);
    const auto cholesky = DenseCholesky::create();
    ASSERT_TRUE(cholesky->factorize(a));
    EXPECT_LT((cholesky->inverse() * a - MatrixXd::Identity(n, n)).norm(), 1e-8) << n;
  }
}

TEST(DenseCholesky, RefusesWhatIsNotPositiveDefiniteAndStaysUnchanged) {
  const auto cholesky = DenseCholesky::create();
  ASSERT_TRUE(cholesky->factorize(MatrixXd::Identity(2, 2)));
  EXPECT_FALSE(cholesky->append(VectorXd::Ones(2), 2.0));
  EXPECT_EQ(cholesky->rows(), 2);
  EXPECT_FALSE(cholesky->factorize(-MatrixXd::Identity(2, 2)));
  EXPECT_EQ(cholesky->rows(), 0);
  MatrixXd bad = MatrixXd::Identity(2, 2);
  bad(1, 0) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(cholesky->factorize(bad));
}

TEST(Lbfgs, FindsTheMinimumOfRosenbrockInABox) {
  for (const double upper : {2.0, 0.5}) {
    Lbfgs::Options options;
    options.max_evaluations = 500;
    options.value_tolerance = 0;
    Lbfgs search(VectorXd::Constant(2, -1),
                 VectorXd::Constant(2, -2),
                 VectorXd::Constant(2, upper),
                 options);
    while (!search.done()) {
      const double x = search.trial()[0], y = search.trial()[1];
      VectorXd g(2);
      g << -400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x);
      search.advance(100 * std::pow(y - x * x, 2) + std::pow(1 - x, 2), g);
    }
    const double best = std::min(1.0, upper);
    EXPECT_NEAR(search.best()[0], upper < 1 ? upper : 1, 1e-3);
    EXPECT_NEAR(search.best()[1], best * best, 1e-3);
  }
}

TEST(Lbfgs, EndsWhereTheStartIsNotFinite) {
  Lbfgs search(VectorXd::Zero(1), VectorXd::Zero(1), VectorXd::Ones(1), {});
  search.advance(std::numeric_limits<double>::quiet_NaN(), VectorXd::Zero(1));
  EXPECT_TRUE(search.done());
}

TEST(MarginalLikelihood, GradientMatchesFiniteDifferences) {
  for (const Index d : {1, 3, 8}) {
    const MatrixXd x = random_matrix(d + 2, 15, 11);
    VectorXd y = (4 * x.row(0)).array().sin().matrix().transpose();
    FeatureGroups groups = one_each(d);
    groups.push_back(static_cast<int>(d) - 1);  // a category has several features
    groups.push_back(static_cast<int>(d) - 1);
    const MarginalLikelihood likelihood(x, y, groups, static_cast<int>(d), {});
    const VectorXd theta = likelihood.pack(hyperparameters(d));
    VectorXd gradient;
    const double value = likelihood.evaluate(theta, &gradient);
    EXPECT_DOUBLE_EQ(value, likelihood.evaluate(theta, nullptr));
    EXPECT_LT(
        gradient_error(
            [&](const VectorXd& t) { return likelihood.evaluate(t, nullptr); }, theta, gradient),
        1e-6)
        << d;
  }
}

TEST(MarginalLikelihood, MatchesTheClosedFormOfOneObservation) {
  const MarginalLikelihood likelihood(
      MatrixXd::Constant(1, 1, 0.5), VectorXd::Constant(1, 2.0), {0}, 1, {});
  Hyperparameters a = hyperparameters(1);
  Hyperparameters b = a;
  b.mean = 1.2;  // only data term and mean prior differ
  const double k = std::exp(a.log_signal) + std::exp(a.log_noise);
  const double expected =
      0.5 * (std::pow(2.0 - 1.2, 2) - std::pow(2.0 - 0.2, 2)) / k + 0.5 * (1.2 * 1.2 - 0.2 * 0.2);
  EXPECT_NEAR(likelihood.evaluate(likelihood.pack(b), nullptr) -
                  likelihood.evaluate(likelihood.pack(a), nullptr),
              expected,
              1e-12);
}

TEST(MarginalLikelihood, FitTellsRelevantDimensionsFromIrrelevantOnes) {
  const MatrixXd x = random_matrix(3, 60, 12);
  const VectorXd y = (6 * x.row(0)).array().sin().matrix().transpose();
  const MarginalLikelihood likelihood(x, y, one_each(3), 3, {});
  const Fit fit = fit_hyperparameters(likelihood, {likelihood.default_start()}, 100);
  ASSERT_TRUE(fit.succeeded);
  const VectorXd& l = fit.hyperparameters.log_length_scales;
  EXPECT_LT(l[0] + 1, l[1]);
  EXPECT_LT(l[0] + 1, l[2]);
}

TEST(GaussianProcess, MatchesTheClosedFormOfOneObservation) {
  const Hyperparameters h = hyperparameters(1);
  GaussianProcess model({0}, h);
  model.set_inputs(MatrixXd::Constant(1, 1, 0.5), 1);
  const Target target{Target::Kind::kExact, 1.7};
  model.set_targets({&target, 1});
  const double s = std::exp(h.log_signal), noise = std::exp(h.log_noise);
  const double r = 0.3 / std::exp(h.log_length_scales[0]), a = std::sqrt(5.0);
  const double k = s * (1 + a * r + 5 * r * r / 3) * std::exp(-a * r);
  const auto p = model.predict(MatrixXd::Constant(1, 1, 0.8), false);
  EXPECT_NEAR(p.mean[0], h.mean + k * (1.7 - h.mean) / (s + noise), 1e-12);
  EXPECT_NEAR(p.variance[0], s - k * k / (s + noise), 1e-12);
  EXPECT_NEAR(model.fitted_means()[0], h.mean + s * (1.7 - h.mean) / (s + noise), 1e-12);
}

TEST(GaussianProcess, MatchesTheClosedFormOfTwoObservations) {
  const Hyperparameters h = hyperparameters(1);
  GaussianProcess model({0}, h);
  MatrixXd x(1, 2);
  x << 0.2, 0.6;
  model.set_inputs(x, 1);
  const std::vector<Target> targets{{Target::Kind::kExact, -1.0}, {Target::Kind::kExact, 2.0}};
  model.set_targets(targets);
  const double s = std::exp(h.log_signal), noise = std::exp(h.log_noise), a = std::sqrt(5.0);
  const auto k = [&](double distance) {
    const double r = std::abs(distance) / std::exp(h.log_length_scales[0]);
    return s * (1 + a * r + 5 * r * r / 3) * std::exp(-a * r);
  };
  const double diagonal = s + noise, off = k(0.4), k1 = k(0.1), k2 = k(0.3);
  const double determinant = diagonal * diagonal - off * off;
  const double w1 = (diagonal * k1 - off * k2) / determinant;
  const double w2 = (diagonal * k2 - off * k1) / determinant;
  const auto p = model.predict(MatrixXd::Constant(1, 1, 0.3), false);
  EXPECT_NEAR(p.mean[0], h.mean + w1 * (-1.0 - h.mean) + w2 * (2.0 - h.mean), 1e-12);
  EXPECT_NEAR(p.variance[0], s - w1 * k1 - w2 * k2, 1e-12);
}

TEST(GaussianProcess, PredictionGradientsMatchFiniteDifferences) {
  const GaussianProcess model = example_model(4, 20);
  const VectorXd at = random_matrix(4, 1, 13);
  const auto p = model.predict(at, true);
  EXPECT_LT(gradient_error([&](const VectorXd& x) { return model.predict(x, false).mean[0]; },
                           at,
                           p.mean_gradient.col(0)),
            1e-7);
  EXPECT_LT(gradient_error([&](const VectorXd& x) { return model.predict(x, false).variance[0]; },
                           at,
                           p.variance_gradient.col(0)),
            1e-7);
}

TEST(GaussianProcess, AKeptFactorGivesTheSameBitsAsANewOne) {
  const Index n = 40;
  const MatrixXd x = random_matrix(5, n, 14);
  GaussianProcess kept(one_each(5), hyperparameters(5));
  for (const Index rows : {12, 25, 40}) kept.set_inputs(x.leftCols(rows), 10);
  kept.append_input(VectorXd::Constant(5, 0.3));
  kept.set_inputs(x, 10);
  GaussianProcess fresh(one_each(5), hyperparameters(5));
  fresh.set_inputs(x, 10);
  std::vector<Target> targets(static_cast<std::size_t>(n), {Target::Kind::kExact, 1});
  targets[7].value = -2;
  kept.set_targets(targets);
  fresh.set_targets(targets);
  const MatrixXd probe = random_matrix(5, 30, 15);
  const auto a = kept.predict(probe, true);
  const auto b = fresh.predict(probe, true);
  EXPECT_TRUE(a.mean == b.mean);
  EXPECT_TRUE(a.variance == b.variance);
  EXPECT_TRUE(a.variance_gradient == b.variance_gradient);
}

TEST(GaussianProcess, ARunThatToldNothingChangesVarianceOnly) {
  GaussianProcess model = example_model(3, 15);
  const MatrixXd probe = random_matrix(3, 8, 16);
  const auto before = model.predict(probe, false);
  model.append_input(probe.col(0));
  const auto after = model.predict(probe, false);
  EXPECT_LT((before.mean - after.mean).norm(), 1e-12);
  EXPECT_LT(after.variance[0], 0.5 * before.variance[0]);
}

TEST(GaussianProcess, BoundsMoveTargetsOnlyWhereTheyMustHold) {
  MatrixXd x(1, 3);
  x << 0.1, 0.5, 0.9;
  GaussianProcess model({0}, hyperparameters(1));
  model.set_inputs(x, 3);
  const std::vector<Target> targets{
      {Target::Kind::kExact, 1.0}, {Target::Kind::kAtLeast, 5.0}, {Target::Kind::kAtLeast, -5.0}};
  model.set_targets(targets);
  EXPECT_DOUBLE_EQ(model.targets()[1], 5.0);
  EXPECT_GT(model.targets()[2], -5.0);
}

TEST(GaussianProcess, RepeatedInputsAreFactorisedWithMoreNoise) {
  Hyperparameters h = hyperparameters(2);
  h.log_noise = -40;
  GaussianProcess model(one_each(2), h);
  model.set_inputs(MatrixXd::Constant(2, 30, 0.4), 10);
  EXPECT_EQ(model.rows(), 30);
  EXPECT_GT(model.jittered_rows(), 0);
  std::vector<Target> targets(30, {Target::Kind::kExact, 1.0});
  model.set_targets(targets);
  EXPECT_TRUE(model.predict(random_matrix(2, 5, 17), true).mean.allFinite());
}

TEST(LogH, IsFiniteMonotoneAndSmoothOverTwoHundredMagnitudes) {
  double previous = std::numeric_limits<double>::infinity();
  for (int e = -100; e <= 100; ++e) {
    const LogH h = log_h(-std::pow(10.0, e));
    ASSERT_TRUE(std::isfinite(h.value) || e > 153) << e;
    ASSERT_TRUE(std::isfinite(h.slope) && h.slope > 0) << e;
    ASSERT_LE(h.value, previous) << e;
    previous = h.value;
  }
  for (int e = -100; e <= 100; ++e) ASSERT_TRUE(std::isfinite(log_h(std::pow(10.0, e)).value)) << e;
}

TEST(LogH, MatchesTheDefinitionAndIsContinuousWhereTheFormChanges) {
  const auto definition = [](double z) {
    return std::log(std::exp(-0.5 * z * z) / std::sqrt(2 * M_PI) +
                    z * 0.5 * std::erfc(-z / std::sqrt(2.0)));
  };
  for (const double z : {-5.0, -3.5, -3.0001, -2.9999, -1.0, 0.0, 2.0, 10.0}) {
    EXPECT_NEAR(log_h(z).value, definition(z), 1e-9 * (1 + std::abs(definition(z)))) << z;
    const double step = 1e-5;
    EXPECT_NEAR(log_h(z).slope, (log_h(z + step).value - log_h(z - step).value) / (2 * step), 1e-6)
        << z;
  }
}

TEST(LogExpectedImprovement, GradientMatchesFiniteDifferences) {
  const GaussianProcess model = example_model(4, 20);
  for (const double incumbent : {3.0, 0.0, -20.0}) {  // likely, unlikely, all but impossible
    const VectorXd at = random_matrix(4, 1, 18);
    const auto value = log_expected_improvement(model, incumbent, at, true);
    EXPECT_LT(gradient_error(
                  [&](const VectorXd& x) {
                    return log_expected_improvement(model, incumbent, x, false).value[0];
                  },
                  at,
                  value.gradient.col(0)),
              1e-5)
        << incumbent;
  }
}

}  // namespace
}  // namespace hd::gp
