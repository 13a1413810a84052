#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include <Eigen/Core>

#include "samplers/gp/encoding.h"

namespace hd::gp {

/// What each parameter contributes to the variance of a function over the space, under the
/// distribution of random sampling (I. M. Sobol, 1993). With V the variance of f and x_i one
/// parameter:
///   first order  V[E[f | x_i]] / V        what x_i does by itself
///   total        E[V[f | all but x_i]] / V  what it does by itself and together with others
/// A nested parameter counts as one that does nothing while its option is not chosen, so that all
/// shares are of the same V. Its total where active is E[V[f | all but x_i]] / V, both taken over
/// the configurations in which it is active.
///
/// One row a dimension, one column a function; zero for a dimension with one value only, and where
/// the variance is zero. Estimates, so they may leave [0, 1] by their error.
struct VarianceShares {
  Eigen::MatrixXd first_order, total, total_where_active;
  Eigen::VectorXd variance;  ///< V of each function
};

/// Values of some functions: one row a point, one column a function.
using Functions = std::function<Eigen::MatrixXd(const std::vector<Point>& points)>;

/// Compares each of `base_points` scrambled Sobol points with the same point after one coordinate
/// changed: (D + 2) base_points evaluations at most. First order as A. Saltelli et al. (2010),
/// total as M. J. W. Jansen (1999). `seed` chooses the scrambling.
[[nodiscard]] VarianceShares variance_shares(const Encoding& encoding,
                                             const Functions& functions,
                                             int base_points,
                                             std::uint64_t seed);

}  // namespace hd::gp
