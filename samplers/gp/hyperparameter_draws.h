#pragma once
#include <vector>

#include "engine/core/rng.h"
#include "samplers/gp/marginal_likelihood.h"

namespace hd::gp {

/// `count` draws from the posterior of the hyperparameters, approximately: candidates from the
/// normal distribution that fits its mode (Laplace's approximation), chosen by how much more or
/// less probable they really are. Weights are cut off at √candidates times their mean, so that no
/// single candidate takes all places (E. L. Ionides, 2008). The mode alone when no candidate can be
/// evaluated. Costs two gradients for each hyperparameter and four values for each draw.
[[nodiscard]] std::vector<Hyperparameters> draw_hyperparameters(
    const MarginalLikelihood& likelihood, const Hyperparameters& mode, int count, Rng& rng);

}  // namespace hd::gp
