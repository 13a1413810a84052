#include "samplers/gp/posterior_draws.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/core/normal_quantile.h"

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Each feature adds about s² / features to the variance of a prior draw's own error.
constexpr Index kFeatures = 512;
constexpr double kTwoPi = 6.283185307179586;
/// Noise added where a factorisation fails, as shares of s²: tried in this order.
constexpr double kJitters[] = {0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0};

double next_normal(Rng& rng) { return normal_quantile(rng.next_unit()); }

MatrixXd normals(Index rows, Index cols, Rng& rng) {
  MatrixXd m(rows, cols);
  for (Index j = 0; j < cols; ++j) {
    for (Index i = 0; i < rows; ++i) m(i, j) = next_normal(rng);
  }
  return m;
}

/// From the spectral density of the Matérn-5/2 kernel: Student's t with 2ν = 5 degrees of freedom.
MatrixXd matern52_frequencies(Index rows, Index cols, Rng& rng) {
  constexpr int kDegrees = 5;
  MatrixXd frequencies = normals(rows, cols, rng);
  for (Index j = 0; j < cols; ++j) {
    double chi_squared = 0;
    for (int i = 0; i < kDegrees; ++i) chi_squared += std::pow(next_normal(rng), 2);
    frequencies.col(j) *= std::sqrt(kDegrees / chi_squared);
  }
  return frequencies;
}

}  // namespace

std::unique_ptr<DenseCholesky> factorize_kernel(const MatrixXd& x,
                                                const FeatureGroups& groups,
                                                const Hyperparameters& h) {
  const double signal = std::exp(h.log_signal);
  const double noise = std::exp(h.log_noise);
  const MatrixXd z = scale_features(x, groups, h.log_length_scales);
  MatrixXd k = signal * matern52(squared_distances(z, z).array()).matrix();
  auto cholesky = DenseCholesky::create();
  for (const double jitter : kJitters) {
    k.diagonal().setConstant(signal * (1 + jitter) + noise);
    if (cholesky->factorize(k)) return cholesky;
  }
  throw std::runtime_error("a kernel matrix of " + std::to_string(x.cols()) +
                           " rows could not be factorised");
}

VectorXd leave_one_out_means(const MatrixXd& x,
                             const VectorXd& y,
                             const FeatureGroups& groups,
                             const Hyperparameters& h) {
  const MatrixXd inverse = factorize_kernel(x, groups, h)->inverse();
  const VectorXd alpha = inverse * (y.array() - h.mean).matrix();
  return y - alpha.cwiseQuotient(inverse.diagonal());
}

PosteriorDraws::PosteriorDraws(const MatrixXd& x,
                               FeatureGroups groups,
                               Hyperparameters hyperparameters)
    : groups_(std::move(groups)),
      hyperparameters_(std::move(hyperparameters)),
      z_(scale_features(x, groups_, hyperparameters_.log_length_scales)),
      frequencies_(x.rows(), 0),
      weights_(0, 1) {}

PosteriorDraws::PosteriorDraws(const MatrixXd& x,
                               const VectorXd& y,
                               FeatureGroups groups,
                               Hyperparameters hyperparameters,
                               int count,
                               Rng& rng)
    : PosteriorDraws(x, std::move(groups), std::move(hyperparameters)) {
  frequencies_ = matern52_frequencies(x.rows(), kFeatures, rng);
  weights_ = normals(kFeatures, count, rng);
  phases_.resize(kFeatures);
  for (double& phase : phases_) phase = kTwoPi * rng.next_unit();
  MatrixXd noisy = -std::exp(hyperparameters_.log_noise / 2) * normals(x.cols(), count, rng);
  noisy.colwise() += y;
  condition(x, noisy);
}

PosteriorDraws PosteriorDraws::mean(const MatrixXd& x,
                                    const VectorXd& y,
                                    FeatureGroups groups,
                                    Hyperparameters hyperparameters) {
  PosteriorDraws posterior(x, std::move(groups), std::move(hyperparameters));
  posterior.condition(x, y);
  return posterior;
}

void PosteriorDraws::condition(const MatrixXd& x, const MatrixXd& y) {
  alpha_ = y - fourier_features(z_) * weights_;
  alpha_.array() -= hyperparameters_.mean;
  const auto cholesky = factorize_kernel(x, groups_, hyperparameters_);
  cholesky->solve_lower(alpha_);
  cholesky->solve_upper(alpha_);
}

MatrixXd PosteriorDraws::fourier_features(const MatrixXd& z) const {
  MatrixXd angles = z.transpose() * frequencies_;
  angles.rowwise() += phases_.transpose();
  const double scale = std::sqrt(2 * std::exp(hyperparameters_.log_signal) / kFeatures);
  return scale * angles.array().cos().matrix();
}

MatrixXd PosteriorDraws::evaluate(const MatrixXd& x) const {
  const MatrixXd z = scale_features(x, groups_, hyperparameters_.log_length_scales);
  const MatrixXd k =
      std::exp(hyperparameters_.log_signal) * matern52(squared_distances(z, z_).array()).matrix();
  MatrixXd values = fourier_features(z) * weights_ + k * alpha_;
  values.array() += hyperparameters_.mean;
  return values;
}

}  // namespace hd::gp
