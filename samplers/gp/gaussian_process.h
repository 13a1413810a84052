#pragma once
#include <memory>
#include <span>
#include <vector>

#include <Eigen/Core>

#include "samplers/gp/dense_cholesky.h"
#include "samplers/gp/kernel.h"

namespace hd::gp {

/// What is known of the target at one input.
struct Target {
  enum class Kind {
    kExact,    ///< it is `value`
    kAtLeast,  ///< at least `value`: a run that a policy canceled
    kAtMost,   ///< at most `value`: a run that goes on and has reached this much
    kUnknown,  ///< a run that has told nothing yet
  };
  Kind kind = Kind::kExact;
  double value = 0;
};

/// Posterior of a Gaussian process with fixed hyperparameters. Notation: kernel.h.
///
/// Targets that are not exact are filled in one after another by the mean that the rows before them
/// predict, moved to the bound where it is beyond. A run of which nothing is known thus leaves the
/// mean everywhere as it was and takes away the variance around it.
class GaussianProcess {
 public:
  GaussianProcess(FeatureGroups groups, Hyperparameters hyperparameters);

  [[nodiscard]] const Hyperparameters& hyperparameters() const { return hyperparameters_; }
  [[nodiscard]] Eigen::Index rows() const { return cholesky_->rows(); }
  /// How many of the rows needed more noise than the model's to be factorised.
  [[nodiscard]] Eigen::Index jittered_rows() const;

  /// Makes `x` (F × n) the inputs. The first `block` rows are factorised at once, the others
  /// appended one by one; whatever leads `x` and was there before is kept. So the factor is a
  /// function of (hyperparameters, block, x) alone.
  void set_inputs(const Eigen::MatrixXd& x, Eigen::Index block);
  void append_input(const Eigen::VectorXd& x);

  /// One target per row. Call after the inputs changed; rows appended later are unknown.
  void set_targets(std::span<const Target> targets);
  /// Targets with the missing ones filled in.
  [[nodiscard]] const Eigen::VectorXd& targets() const { return y_; }
  /// Posterior mean of the noise-free function at every row that has a target.
  [[nodiscard]] Eigen::VectorXd fitted_means() const;

  /// Posterior of the noise-free function at the columns of `x`.
  struct Prediction {
    Eigen::VectorXd mean, variance;
    /// F × m: derivatives by the features of each point; empty unless asked for.
    Eigen::MatrixXd mean_gradient, variance_gradient;
  };
  [[nodiscard]] Prediction predict(const Eigen::MatrixXd& x, bool with_gradient) const;

 private:
  void factorize_block(Eigen::Index rows);
  void append_row(Eigen::Index row);

  FeatureGroups groups_;
  Hyperparameters hyperparameters_;
  double signal_, noise_;
  std::unique_ptr<DenseCholesky> cholesky_;
  Eigen::MatrixXd x_;  ///< F × n
  Eigen::MatrixXd z_;  ///< F × n, scaled
  Eigen::Index block_ = -1;
  Eigen::VectorXd y_, alpha_;  ///< as long as there are targets; α of later rows is zero
  bool jittered_block_ = false;
  std::vector<Eigen::Index> jittered_;  ///< rows after the block, rising
};

}  // namespace hd::gp
