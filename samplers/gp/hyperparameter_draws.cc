#include "samplers/gp/hyperparameter_draws.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Eigenvalues>

#include "engine/core/normal_quantile.h"

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kCandidatesPerDraw = 4;
constexpr double kStep = 1e-2;  // all hyperparameters are logarithms or of unit scale
/// Least curvature: no direction is taken to be wider than a prior's standard deviation of 2.
constexpr double kLeastCurvature = 0.25;

/// Of the negative log posterior, by central differences of its gradient.
MatrixXd hessian(const MarginalLikelihood& likelihood, const VectorXd& theta) {
  MatrixXd h(theta.size(), theta.size());
  VectorXd above, below;
  for (Index i = 0; i < theta.size(); ++i) {
    VectorXd up = theta, down = theta;
    up[i] += kStep;
    down[i] -= kStep;
    const double up_value = likelihood.evaluate(up, &above);
    const double down_value = likelihood.evaluate(down, &below);
    if (std::isfinite(up_value) && std::isfinite(down_value)) {
      h.col(i) = (above - below) / (2 * kStep);
    } else {
      h.col(i) = kLeastCurvature * VectorXd::Unit(theta.size(), i);
    }
  }
  return (h + h.transpose()) / 2;
}

/// Indices chosen in proportion to the weights, by one random number.
std::vector<std::size_t> resample(std::vector<double> weights, int count, double unit) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  const double size = static_cast<double>(weights.size());
  const double limit = sum / size * std::sqrt(size);
  sum = 0;
  for (double& weight : weights) sum += weight = std::min(weight, limit);
  std::vector<std::size_t> chosen;
  double cumulative = weights.empty() ? 0 : weights[0];
  std::size_t i = 0;
  for (int place = 0; place < count && sum > 0; ++place) {
    const double at = (place + unit) / count * sum;
    while (cumulative < at && i + 1 < weights.size()) cumulative += weights[++i];
    chosen.push_back(i);
  }
  return chosen;
}

}  // namespace

std::vector<Hyperparameters> draw_hyperparameters(const MarginalLikelihood& likelihood,
                                                  const Hyperparameters& mode,
                                                  int count,
                                                  Rng& rng) {
  const VectorXd center = likelihood.pack(mode);
  const double least = likelihood.evaluate(center, nullptr);
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(hessian(likelihood, center));
  const VectorXd widths = solver.eigenvalues().cwiseMax(kLeastCurvature).cwiseSqrt().cwiseInverse();
  std::vector<VectorXd> candidates;
  std::vector<double> weights;
  for (int i = 0; i < count * kCandidatesPerDraw; ++i) {
    VectorXd normal(center.size());
    for (double& x : normal) x = normal_quantile(rng.next_unit());
    const VectorXd theta = center + solver.eigenvectors() * widths.cwiseProduct(normal);
    candidates.push_back(theta.cwiseMax(likelihood.lower()).cwiseMin(likelihood.upper()));
    const double value = likelihood.evaluate(candidates.back(), nullptr);
    const double exponent = least - value + normal.squaredNorm() / 2;
    // Beyond the limit the approximation is wrong by so much that the cut-off decides anyway.
    weights.push_back(std::isfinite(value) ? std::exp(std::min(exponent, 300.0)) : 0);
  }
  std::vector<Hyperparameters> draws;
  for (const std::size_t i : resample(std::move(weights), count, rng.next_unit())) {
    draws.push_back(likelihood.unpack(candidates[i]));
  }
  if (draws.empty()) draws.assign(static_cast<std::size_t>(count), mode);
  return draws;
}

}  // namespace hd::gp
