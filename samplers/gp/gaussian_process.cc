#include "samplers/gp/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Noise added where a factorisation fails, as shares of s²: tried in this order. The last one
/// makes any kernel matrix of a few thousand rows positive definite.
constexpr double kJitters[] = {1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0};

/// Variance below which rounding has the last word, as a share of s².
constexpr double kLeastVarianceShare = 1e-14;

}  // namespace

GaussianProcess::GaussianProcess(FeatureGroups groups, Hyperparameters hyperparameters)
    : groups_(std::move(groups)),
      hyperparameters_(std::move(hyperparameters)),
      signal_(std::exp(hyperparameters_.log_signal)),
      noise_(std::exp(hyperparameters_.log_noise)),
      cholesky_(DenseCholesky::create()) {}

void GaussianProcess::set_inputs(const MatrixXd& x, Index block) {
  const Index wanted_block = std::min(block, x.cols());
  Index same = 0;
  const Index shared = std::min(rows(), x.cols());
  while (same < shared && x_.col(same) == x.col(same)) ++same;
  const bool keep = wanted_block == block_ && same >= block_;
  x_ = x;
  z_ = scale_features(x_, groups_, hyperparameters_.log_length_scales);
  if (keep) {
    cholesky_->truncate(same);
    while (!jittered_.empty() && jittered_.back() >= same) jittered_.pop_back();
  } else {
    factorize_block(wanted_block);
  }
  for (Index i = rows(); i < x_.cols(); ++i) append_row(i);
}

void GaussianProcess::factorize_block(Index rows) {
  block_ = rows;
  jittered_block_ = false;
  jittered_.clear();
  cholesky_->truncate(0);
  if (rows == 0) return;
  const MatrixXd z = z_.leftCols(rows);
  MatrixXd k = signal_ * matern52(squared_distances(z, z).array()).matrix();
  k.diagonal().setConstant(signal_ + noise_);
  if (cholesky_->factorize(k)) return;
  jittered_block_ = true;
  for (const double jitter : kJitters) {
    k.diagonal().setConstant(signal_ * (1 + jitter) + noise_);
    if (cholesky_->factorize(k)) return;
  }
  throw std::runtime_error("a kernel matrix of " + std::to_string(rows) +
                           " rows could not be factorised");
}

void GaussianProcess::append_row(Index row) {
  const MatrixXd before = z_.leftCols(row);
  const MatrixXd own = z_.col(row);
  const VectorXd k = signal_ * matern52(squared_distances(before, own).array()).matrix();
  if (cholesky_->append(k, signal_ + noise_)) return;
  jittered_.push_back(row);
  for (const double jitter : kJitters) {
    if (cholesky_->append(k, signal_ * (1 + jitter) + noise_)) return;
  }
  throw std::runtime_error("row " + std::to_string(row) +
                           " could not be appended to a kernel matrix");
}

Index GaussianProcess::jittered_rows() const {
  return (jittered_block_ ? block_ : 0) + static_cast<Index>(jittered_.size());
}

void GaussianProcess::append_input(const VectorXd& x) {
  const Index row = x_.cols();
  x_.conservativeResize(x.size(), row + 1);
  x_.col(row) = x;
  z_.conservativeResize(x.size(), row + 1);
  z_.col(row) = scale_features(x, groups_, hyperparameters_.log_length_scales);
  append_row(row);
}

void GaussianProcess::set_targets(std::span<const Target> targets) {
  const double m = hyperparameters_.mean;
  const auto n = static_cast<Index>(targets.size());
  y_.setZero(n);
  VectorXd white = VectorXd::Zero(n);  // L⁻¹ (y - m)
  Index solved = 0;
  for (Index i = 0; i < n; ++i) {
    const Target& target = targets[static_cast<std::size_t>(i)];
    if (target.kind == Target::Kind::kExact) {
      y_[i] = target.value;
      white[i] = target.value - m;
      continue;
    }
    cholesky_->solve_lower_rows(white, solved, i + 1);  // with zero for row i
    const double predicted = m - white[i] * cholesky_->pivot(i);
    y_[i] = predicted;
    if (target.kind == Target::Kind::kAtLeast) y_[i] = std::max(predicted, target.value);
    if (target.kind == Target::Kind::kAtMost) y_[i] = std::min(predicted, target.value);
    white[i] = (y_[i] - predicted) / cholesky_->pivot(i);
    solved = i + 1;
  }
  cholesky_->solve_lower_rows(white, solved, n);
  MatrixXd alpha = MatrixXd::Zero(rows(), 1);
  alpha.col(0).head(n) = white;
  cholesky_->solve_upper(alpha);
  alpha_ = alpha.col(0).head(n);
}

VectorXd GaussianProcess::fitted_means() const {
  // K_f α = (K - σ² I) α = (y - m) - σ² α.
  return y_ - noise_ * alpha_;
}

GaussianProcess::Prediction GaussianProcess::predict(const MatrixXd& x, bool with_gradient) const {
  const Index n = rows();
  const Index m = x.cols();
  const MatrixXd z = scale_features(x, groups_, hyperparameters_.log_length_scales);
  const MatrixXd r2 = squared_distances(z_, z);
  MatrixXd k, c;  // c_i = -2 s² dk/d(r²)
  if (with_gradient) {
    const MaternWithSlope matern = matern52_with_slope(r2.array());
    k = signal_ * matern.value.matrix();
    c = signal_ * matern.slope.matrix();
  } else {
    k = signal_ * matern52(r2.array()).matrix();
  }
  VectorXd alpha = VectorXd::Zero(n);
  alpha.head(alpha_.size()) = alpha_;

  Prediction p;
  p.mean = (k.transpose() * alpha).array() + hyperparameters_.mean;
  cholesky_->solve_lower(k);
  p.variance =
      (signal_ - k.colwise().squaredNorm().transpose().array()).max(signal_ * kLeastVarianceShare);
  if (!with_gradient) return p;
  cholesky_->solve_upper(k);  // V = K⁻¹ k*
  // dk_i/dz_f = -c_i (z_f - z_fi); mean: Σ α_i dk_i, variance: -2 Σ v_i dk_i.
  const MatrixXd by_mean = c.array().colwise() * alpha.array();
  const MatrixXd by_variance = c.cwiseProduct(k);
  p.mean_gradient = z_ * by_mean;
  p.variance_gradient = z_ * by_variance;
  for (Index j = 0; j < m; ++j) {
    p.mean_gradient.col(j) -= by_mean.col(j).sum() * z.col(j);
    p.variance_gradient.col(j) -= by_variance.col(j).sum() * z.col(j);
  }
  p.variance_gradient *= -2;
  // d/dx_f = d/dz_f / l.
  p.mean_gradient = scale_features(p.mean_gradient, groups_, hyperparameters_.log_length_scales);
  p.variance_gradient =
      scale_features(p.variance_gradient, groups_, hyperparameters_.log_length_scales);
  return p;
}

}  // namespace hd::gp
