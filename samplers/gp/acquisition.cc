#include "samplers/gp/acquisition.h"

#include <algorithm>
#include <cmath>

namespace hd::gp {
namespace {

using Eigen::Index;

constexpr double kLogRoot2Pi = 0.91893853320467274178;
constexpr double kRootHalf = 0.70710678118654752440;

/// C(t) in the continued fraction of Mills' ratio, Φ(-t) / φ(t) = 1 / (t + C), C = 1/(t + 2/(t +
/// …)). Sixty terms give full precision from t = 3 on.
double mills_tail(double t) {
  double c = 0;
  for (int k = 60; k >= 1; --k) c = k / (t + c);
  return c;
}

}  // namespace

LogH log_h(double z) {
  // h = φ(t) (1 - t Φ(-t)/φ(t)) = φ(t) C / (t + C) with t = -z: no difference of near-equal
  // numbers.
  constexpr double kTail = -3;
  if (z < kTail) {
    const double t = -z;
    const double c = mills_tail(t);
    return {-0.5 * t * t - kLogRoot2Pi + std::log(c) - std::log(t + c), 1 / c};
  }
  const double density = std::exp(-0.5 * z * z - kLogRoot2Pi);
  const double below = 0.5 * std::erfc(-z * kRootHalf);
  const double h = density + z * below;
  return {std::log(h), below / h};
}

LogExpectedImprovement log_expected_improvement(const GaussianProcess& model,
                                                double incumbent,
                                                const Eigen::MatrixXd& x,
                                                bool with_gradient) {
  const GaussianProcess::Prediction p = model.predict(x, with_gradient);
  LogExpectedImprovement result;
  result.value.resize(x.cols());
  if (with_gradient) result.gradient.resize(x.rows(), x.cols());
  for (Index j = 0; j < x.cols(); ++j) {
    const double sigma = std::sqrt(p.variance[j]);
    const double z = (incumbent - p.mean[j]) / sigma;
    const LogH h = log_h(z);
    result.value[j] = std::log(sigma) + h.value;
    if (!with_gradient) continue;
    // d ln EI = dσ/σ + h'/h dz,  dz = -(dμ + z dσ)/σ,  dσ = dσ²/(2σ).
    result.gradient.col(j) = (1 - h.slope * z) / (2 * p.variance[j]) * p.variance_gradient.col(j) -
                             h.slope / sigma * p.mean_gradient.col(j);
  }
  return result;
}

}  // namespace hd::gp
