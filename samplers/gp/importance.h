#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/parameter_space.h"
#include "engine/core/result.h"
#include "engine/core/sampler.h"
#include "samplers/bayesian_sampler.h"

namespace hd::gp {

/// An estimate, and the interval that holds it with nine chances in ten.
struct Share {
  double value = 0, low = 0, high = 0;  ///< within [0, 1]
};

struct ParameterImportance {
  std::string name;
  double active_share = 1;  ///< of the configurations of random sampling; below 1 when nested
  Share first_order, total, total_where_active;  ///< variance_shares.h
};

struct Importance {
  std::vector<ParameterImportance> parameters;  ///< by falling total share, ties by the space
  int results = 0;                              ///< runs that ended with a finite value
  int other_runs = 0;    ///< failed, canceled or without a finite value: known to be poor only
  int modeled_runs = 0;  ///< how many of both the model was given
  /// How well each result is predicted from all the others: 1 - squared errors / variance, at most
  /// 1 and at most 0 for a model that knows nothing; and the correlation of the ranks.
  double explained = 0;
  double rank_correlation = 0;
};

struct ImportanceOptions {
  BayesianOptions model;  ///< how results are transformed, and what is believed beforehand
  int hyperparameter_draws = 8;
  int function_draws = 8;  ///< for each of those
  int base_points =
      1024;  ///< of variance_shares, for each draw of hyperparameters; four times for the mean
};

/// Fewest results that an importance is computed from.
inline constexpr int kLeastResults = 5;

/// Ranks the parameters of a space by their share in the variance of the results, as a Gaussian
/// process learns it from them, whatever proposed the configurations. Each share is that of the
/// model's mean; its interval comes from functions drawn from the model's posterior (L. Le Gratiet
/// et al., "A Bayesian approach for global sensitivity analysis of (multifidelity) computer codes",
/// 2014), and is stretched to the share where that lies outside. It covers what the model does not
/// know of the function, of its own hyperparameters, and the error of the estimator; not that the
/// model as such may be wrong, which `explained` tells of.
///
/// Trials of other spaces and running ones are passed over. The same input gives the same answer.
/// An error when the results are too few, or all the same, or no parameter has two values.
[[nodiscard]] Result<Importance> importance(const ParameterSpace& space,
                                            Goal goal,
                                            const std::vector<std::shared_ptr<const Trial>>& trials,
                                            std::uint64_t seed,
                                            const ImportanceOptions& options = {});

}  // namespace hd::gp
