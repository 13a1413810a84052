#include "samplers/gp/marginal_likelihood.h"

#include <cmath>
#include <limits>
#include <utility>

#include "samplers/gp/dense_cholesky.h"
#include "samplers/gp/lbfgs.h"

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kGreatestNoise = 10;
constexpr double kSignalRange = 1e3;

double square(double x) { return x * x; }

}  // namespace

MarginalLikelihood::MarginalLikelihood(
    MatrixXd x, VectorXd y, FeatureGroups groups, int dimensions, const Priors& priors)
    : x_(std::move(x)),
      y_(std::move(y)),
      groups_(std::move(groups)),
      dimensions_(dimensions),
      priors_(priors) {}

VectorXd MarginalLikelihood::pack(const Hyperparameters& h) const {
  VectorXd theta(dimensions_ + 3);
  theta << h.log_length_scales, h.log_signal, h.log_noise, h.mean;
  return theta;
}

Hyperparameters MarginalLikelihood::unpack(const VectorXd& theta) const {
  return {
      theta.head(dimensions_), theta[dimensions_], theta[dimensions_ + 1], theta[dimensions_ + 2]};
}

VectorXd MarginalLikelihood::lower() const {
  VectorXd bounds = VectorXd::Constant(dimensions_ + 3, std::log(priors_.least_length));
  bounds.tail(3) << -std::log(kSignalRange), std::log(priors_.noise_floor), -10;
  return bounds;
}

VectorXd MarginalLikelihood::upper() const {
  VectorXd bounds = VectorXd::Constant(dimensions_ + 3, std::log(priors_.greatest_length));
  bounds.tail(3) << std::log(kSignalRange), std::log(kGreatestNoise), 10;
  return bounds;
}

Hyperparameters MarginalLikelihood::default_start() const {
  // Between mode and median of the length-scale prior: where the likelihood is neither flat nor
  // that of pure noise.
  return {VectorXd::Constant(dimensions_, std::log(0.5) + 0.5 * std::log(dimensions_)), 0, -5, 0};
}

double MarginalLikelihood::negative_log_prior(const VectorXd& theta, VectorXd* gradient) const {
  double value = 0;
  const auto log_normal = [&](Index i, double location, double width) {
    // A density over exp(theta), hence the extra ln: -ln p(l) = u + (u - location)² / (2 width²).
    value += theta[i] + square(theta[i] - location) / (2 * width * width);
    if (gradient != nullptr) (*gradient)[i] += 1 + (theta[i] - location) / (width * width);
  };
  const double location = priors_.length_scale_location + 0.5 * std::log(dimensions_);
  for (Index d = 0; d < dimensions_; ++d) log_normal(d, location, priors_.length_scale_width);
  log_normal(dimensions_ + 1, priors_.noise_location, priors_.noise_width);
  const auto normal = [&](Index i, double width) {
    value += square(theta[i]) / (2 * width * width);
    if (gradient != nullptr) (*gradient)[i] += theta[i] / (width * width);
  };
  normal(dimensions_, priors_.signal_width);
  normal(dimensions_ + 2, priors_.mean_width);
  return value;
}

double MarginalLikelihood::evaluate(const VectorXd& theta, VectorXd* gradient) const {
  const Hyperparameters h = unpack(theta);
  const double signal = std::exp(h.log_signal);
  const double noise = std::exp(h.log_noise);
  const MatrixXd z = scale_features(x_, groups_, h.log_length_scales);
  const MaternWithSlope matern = matern52_with_slope(squared_distances(z, z).array());
  const auto m = matern.value.matrix();
  MatrixXd k = signal * m;
  // The diagonal is set, not computed: rounding in r² must not make k(x, x) differ from s².
  k.diagonal().setConstant(signal + noise);

  const auto cholesky = DenseCholesky::create();
  if (!cholesky->factorize(k)) return kInfinity;
  const VectorXd residual = y_.array() - h.mean;
  MatrixXd solved = residual;
  cholesky->solve_lower(solved);
  double value = 0.5 * solved.squaredNorm() + 0.5 * cholesky->log_determinant();
  if (gradient != nullptr) {
    cholesky->solve_upper(solved);
    const VectorXd alpha = solved.col(0);
    MatrixXd g = cholesky->inverse();
    g.noalias() -= alpha * alpha.transpose();
    gradient->setZero(theta.size());
    // dK/d ln l_d = s² c(r²) Σ_{f in d} (z_fi - z_fj)², c = -2 dk/d(r²). With W = ½ G ∘ s² c,
    // Σ_ij W_ij (z_i - z_j)² = 2 Σ_i z_i² (W 1)_i - 2 zᵀ W z: a matrix product for all features.
    const MatrixXd w = 0.5 * signal * g.cwiseProduct(matern.slope.matrix());
    const VectorXd row_sums = w.rowwise().sum();
    const MatrixXd zw = z * w;
    for (Index f = 0; f < z.rows(); ++f) {
      const double sum = 2 * z.row(f).array().square().matrix().dot(row_sums.transpose()) -
                         2 * zw.row(f).dot(z.row(f));
      (*gradient)[groups_[static_cast<std::size_t>(f)]] += sum;
    }
    const double trace = g.trace();
    // dK/d ln s² = s² M = K - σ² I off the diagonal, s² on it.
    double with_m = g.cwiseProduct(m).sum();
    with_m += (1 - m.diagonal().array()).matrix().dot(g.diagonal());
    (*gradient)[dimensions_] += 0.5 * signal * with_m;
    (*gradient)[dimensions_ + 1] += 0.5 * noise * trace;
    (*gradient)[dimensions_ + 2] -= alpha.sum();
  }
  value += negative_log_prior(theta, gradient);
  return value;
}

Fit fit_hyperparameters(const MarginalLikelihood& likelihood,
                        const std::vector<Hyperparameters>& starts,
                        int max_evaluations) {
  Fit fit;
  fit.hyperparameters = likelihood.default_start();
  fit.negative_log_posterior = kInfinity;
  Lbfgs::Options options;
  options.max_evaluations = max_evaluations;
  options.gradient_tolerance = 1e-2;
  options.value_tolerance = 1e-2;  // nats; the posterior of hyperparameters is wider by far
  options.first_step = 0.5;
  VectorXd gradient;
  for (const Hyperparameters& start : starts) {
    Lbfgs search(likelihood.pack(start), likelihood.lower(), likelihood.upper(), options);
    while (!search.done()) {
      const double value = likelihood.evaluate(search.trial(), &gradient);
      if (!std::isfinite(value)) gradient.setZero(search.trial().size());
      search.advance(value, gradient);
      ++fit.evaluations;
    }
    if (search.best_value() < fit.negative_log_posterior) {
      fit.negative_log_posterior = search.best_value();
      fit.hyperparameters = likelihood.unpack(search.best());
      fit.succeeded = true;
    }
  }
  return fit;
}

}  // namespace hd::gp
