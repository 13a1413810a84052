#pragma once
#include <Eigen/Core>

#include "samplers/gp/gaussian_process.h"

namespace hd::gp {

// Expected improvement under minimisation: with z = (y* - μ) / σ,
//   EI = E max(0, y* - f) = σ h(z),  h(z) = φ(z) + z Φ(z).
// It is smaller than any double where z < -38, and its gradient with it; ln EI is not (S. Ament et
// al., "Unexpected improvements to expected improvement", NeurIPS 2023).

/// ln h(z) and its derivative Φ(z) / h(z). Finite for every finite z within ±1e150.
struct LogH {
  double value = 0;
  double slope = 0;
};
[[nodiscard]] LogH log_h(double z);

/// ln EI at the columns of `x` against the incumbent y*, and its derivatives by the features.
struct LogExpectedImprovement {
  Eigen::VectorXd value;
  Eigen::MatrixXd gradient;  ///< F × m; empty unless asked for
};
[[nodiscard]] LogExpectedImprovement log_expected_improvement(const GaussianProcess& model,
                                                              double incumbent,
                                                              const Eigen::MatrixXd& x,
                                                              bool with_gradient);

}  // namespace hd::gp
