#include "samplers/gp/kernel.h"

#include <cmath>

namespace hd::gp {
namespace {

const double kRoot5 = std::sqrt(5.0);

}  // namespace

Eigen::ArrayXXd matern52(const Eigen::ArrayXXd& squared_distances) {
  const Eigen::ArrayXXd ar = kRoot5 * squared_distances.sqrt();
  return (1 + ar + ar.square() / 3) * (-ar).exp();
}

MaternWithSlope matern52_with_slope(const Eigen::ArrayXXd& squared_distances) {
  MaternWithSlope m;
  const Eigen::ArrayXXd ar = kRoot5 * squared_distances.sqrt();
  m.slope = (-ar).exp();
  m.value = (1 + ar + ar.square() / 3) * m.slope;
  m.slope *= (5.0 / 3) * (1 + ar);
  return m;
}

Eigen::MatrixXd scale_features(const Eigen::MatrixXd& x,
                               const FeatureGroups& groups,
                               const Eigen::VectorXd& log_length_scales) {
  Eigen::VectorXd factors(x.rows());
  for (Eigen::Index f = 0; f < x.rows(); ++f) {
    factors[f] = std::exp(-log_length_scales[groups[static_cast<std::size_t>(f)]]);
  }
  return factors.asDiagonal() * x;
}

Eigen::MatrixXd squared_distances(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  // |a|² + |b|² - 2 aᵀb is a matrix product, so nearly free. Its cancellation error of about
  // 1e-16 |z|² moves k, which is flat at zero, by as little.
  Eigen::MatrixXd r2(a.cols(), b.cols());
  r2.noalias() = -2 * a.transpose() * b;
  const Eigen::VectorXd a2 = a.colwise().squaredNorm();
  const Eigen::RowVectorXd b2 = b.colwise().squaredNorm();
  r2.colwise() += a2;
  r2.rowwise() += b2;
  return r2.cwiseMax(0);
}

}  // namespace hd::gp
