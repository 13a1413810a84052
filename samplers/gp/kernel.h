#pragma once
#include <vector>

#include <Eigen/Core>

namespace hd::gp {

// Notation of this folder
//   D            dimensions of the space (one per parameter, nested ones included)
//   F            features: coordinates of the Euclidean space in which the kernel measures; g(f) is
//                the dimension that feature f belongs to (encoding.h)
//   X   F × n    training inputs, one column per observation; y their targets, minimised
//   l   D        length scales; z_f = x_f / l_g(f) are scaled features
//   s², σ²       signal and noise variance;  m  constant mean
//   K   n × n    s² M + σ² I with M_ij = k(r²_ij), r²_ij = Σ_f (z_fi - z_fj)²
//   α = K⁻¹ (y - m)

/// Which dimension each feature belongs to.
using FeatureGroups = std::vector<int>;

struct Hyperparameters {
  Eigen::VectorXd log_length_scales;  ///< ln l
  double log_signal = 0;              ///< ln s²
  double log_noise = -4;              ///< ln σ²
  double mean = 0;                    ///< m

  friend bool operator==(const Hyperparameters& a, const Hyperparameters& b) {
    return a.log_length_scales.size() == b.log_length_scales.size() &&
           a.log_length_scales == b.log_length_scales && a.log_signal == b.log_signal &&
           a.log_noise == b.log_noise && a.mean == b.mean;
  }
};

/// Matérn-5/2: k(r²) = (1 + a r + a² r² / 3) exp(-a r) with a = √5.
[[nodiscard]] Eigen::ArrayXXd matern52(const Eigen::ArrayXXd& squared_distances);

/// k(r²), and with it -2 dk/d(r²) = (5/3) (1 + a r) exp(-a r), for the price of one exponential.
struct MaternWithSlope {
  Eigen::ArrayXXd value, slope;
};
[[nodiscard]] MaternWithSlope matern52_with_slope(const Eigen::ArrayXXd& squared_distances);

/// Z: features divided by the length scale of their dimension.
[[nodiscard]] Eigen::MatrixXd scale_features(const Eigen::MatrixXd& x,
                                             const FeatureGroups& groups,
                                             const Eigen::VectorXd& log_length_scales);

/// r²_ij between the columns of `a` and those of `b`, never negative.
[[nodiscard]] Eigen::MatrixXd squared_distances(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);

}  // namespace hd::gp
