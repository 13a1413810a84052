#pragma once
#include <memory>

#include <Eigen/Core>

#include "engine/core/rng.h"
#include "samplers/gp/dense_cholesky.h"
#include "samplers/gp/kernel.h"

namespace hd::gp {

/// Factor of K = s² M + σ² I for the columns of `x`. Where K is not positive definite to working
/// precision it gets more noise, up to s²; throws std::runtime_error when even that fails.
[[nodiscard]] std::unique_ptr<DenseCholesky> factorize_kernel(const Eigen::MatrixXd& x,
                                                              const FeatureGroups& groups,
                                                              const Hyperparameters& h);

/// What the model predicts for each observation from all the others, its hyperparameters being
/// those fitted to all: y_i - α_i / (K⁻¹)_ii (Rasmussen and Williams, 2006, eq. 5.12).
[[nodiscard]] Eigen::VectorXd leave_one_out_means(const Eigen::MatrixXd& x,
                                                  const Eigen::VectorXd& y,
                                                  const FeatureGroups& groups,
                                                  const Hyperparameters& h);

/// Noise-free functions drawn from the posterior of a Gaussian process, each of which can be
/// evaluated anywhere. A draw of the prior, made of random Fourier features φ, is bent to the
/// observations (J. T. Wilson et al., "Efficiently sampling functions from Gaussian process
/// posteriors", ICML 2020):
///   f(x) = m + φ(x)ᵀ w + k(x, X) K⁻¹ (y - m - φ(X)ᵀ w - ε),  w ~ N(0, I), ε ~ N(0, σ² I).
class PosteriorDraws {
 public:
  /// `x` F × n, `y` n.
  PosteriorDraws(const Eigen::MatrixXd& x,
                 const Eigen::VectorXd& y,
                 FeatureGroups groups,
                 Hyperparameters hyperparameters,
                 int count,
                 Rng& rng);

  /// The posterior mean, as the only column.
  [[nodiscard]] static PosteriorDraws mean(const Eigen::MatrixXd& x,
                                           const Eigen::VectorXd& y,
                                           FeatureGroups groups,
                                           Hyperparameters hyperparameters);

  /// At the columns of `x`: one row a point, one column a draw.
  [[nodiscard]] Eigen::MatrixXd evaluate(const Eigen::MatrixXd& x) const;

 private:
  /// Without prior draws: no features, no weights.
  PosteriorDraws(const Eigen::MatrixXd& x, FeatureGroups groups, Hyperparameters hyperparameters);
  /// Bends the prior draws to y - ε, one column a draw.
  void condition(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y);
  /// Of scaled inputs: points × features.
  [[nodiscard]] Eigen::MatrixXd fourier_features(const Eigen::MatrixXd& z) const;

  FeatureGroups groups_;
  Hyperparameters hyperparameters_;
  Eigen::MatrixXd z_;            ///< F × n, scaled
  Eigen::MatrixXd frequencies_;  ///< F × features
  Eigen::VectorXd phases_;
  Eigen::MatrixXd weights_;  ///< features × draws
  Eigen::MatrixXd alpha_;    ///< n × draws
};

}  // namespace hd::gp
