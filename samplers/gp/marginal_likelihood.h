#pragma once
#include <Eigen/Core>

#include "samplers/gp/kernel.h"

namespace hd::gp {

/// What is believed of the hyperparameters before any data: densities over l, s² and σ² themselves.
/// The length-scale prior grows with the dimension, so that a space of many dimensions is not taken
/// for rough in all of them (C. Hvarfner et al., "Vanilla Bayesian optimization performs great in
/// high dimensions", ICML 2024).
struct Priors {
  double length_scale_location = 1.4142135623730951;  ///< + ln(D) / 2: of ln l, normal
  double length_scale_width = 1.7320508075688772;
  double noise_location = -4;  ///< of ln σ², normal
  double noise_width = 1;
  double signal_width = 1;      ///< of ln s², normal around 0
  double mean_width = 1;        ///< of m, normal around 0; targets are standardised
  double noise_floor = 1e-6;    ///< least σ²
  double least_length = 0.005;  ///< least l
  /// Greatest l. A parameter that did not matter where the results are may matter elsewhere, so
  /// none is ever taken to be without any effect.
  double greatest_length = 10;
};

/// Negative log posterior of the hyperparameters, up to a constant:
///   ½ (y-m)ᵀ K⁻¹ (y-m) + ½ ln|K| - ln p(θ),  θ = (ln l, ln s², ln σ², m),
/// with its gradient through dK: ½ tr((K⁻¹ - ααᵀ) dK). O(n³ + n² F) an evaluation.
class MarginalLikelihood {
 public:
  MarginalLikelihood(Eigen::MatrixXd x,
                     Eigen::VectorXd y,
                     FeatureGroups groups,
                     int dimensions,
                     const Priors& priors);

  /// Infinite where K cannot be factorised. `gradient` may be null.
  [[nodiscard]] double evaluate(const Eigen::VectorXd& theta, Eigen::VectorXd* gradient) const;

  [[nodiscard]] Eigen::VectorXd pack(const Hyperparameters& hyperparameters) const;
  [[nodiscard]] Hyperparameters unpack(const Eigen::VectorXd& theta) const;
  [[nodiscard]] Eigen::VectorXd lower() const;
  [[nodiscard]] Eigen::VectorXd upper() const;
  /// The start where nothing is known.
  [[nodiscard]] Hyperparameters default_start() const;

 private:
  [[nodiscard]] double negative_log_prior(const Eigen::VectorXd& theta,
                                          Eigen::VectorXd* gradient) const;
  Eigen::MatrixXd x_;
  Eigen::VectorXd y_;
  FeatureGroups groups_;
  int dimensions_;
  Priors priors_;
};

struct Fit {
  Hyperparameters hyperparameters;
  double negative_log_posterior = 0;
  int evaluations = 0;
  bool succeeded = false;  ///< false: no start could be factorised, the default start is returned
};

/// Most probable hyperparameters found from the given starts.
[[nodiscard]] Fit fit_hyperparameters(const MarginalLikelihood& likelihood,
                                      const std::vector<Hyperparameters>& starts,
                                      int max_evaluations);

}  // namespace hd::gp
