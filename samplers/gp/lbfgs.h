#pragma once
#include <deque>
#include <utility>

#include <Eigen/Core>

namespace hd::gp {

/// Minimises a smooth function in a box: limited-memory BFGS on the coordinates that are free to
/// move, the step projected onto the box, sufficient decrease by backtracking (D. P. Bertsekas,
/// "Projected Newton methods for optimization problems with simple constraints", 1982).
///
/// Reverse communication: evaluate the function at `trial()`, give value and gradient to `advance`,
/// repeat until `done()`. So many minimisations can share one batched evaluation.
class Lbfgs {
 public:
  struct Options {
    int max_evaluations = 50;
    /// Ends when no coordinate's projected gradient exceeds this.
    double gradient_tolerance = 1e-5;
    /// Ends when a step improves by less than this, absolutely.
    double value_tolerance = 1e-9;
    /// Length of the first step, before the curvature is known.
    double first_step = 0.1;
  };

  Lbfgs(const Eigen::VectorXd& start,
        Eigen::VectorXd lower,
        Eigen::VectorXd upper,
        const Options& options);

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const Eigen::VectorXd& trial() const { return trial_; }
  /// A value that is not finite counts as too long a step.
  void advance(double value, const Eigen::VectorXd& gradient);

  /// The best point so far, and the value there (infinite before a finite one was seen).
  [[nodiscard]] const Eigen::VectorXd& best() const { return x_; }
  [[nodiscard]] double best_value() const { return value_; }

 private:
  [[nodiscard]] Eigen::VectorXd project(const Eigen::VectorXd& x) const;
  [[nodiscard]] bool is_held(Eigen::Index i) const;
  void accept(double value, const Eigen::VectorXd& gradient);
  void start_search();
  void backtrack(bool finite, double value);

  Options options_;
  Eigen::VectorXd lower_, upper_, x_, gradient_, direction_, trial_;
  std::deque<std::pair<Eigen::VectorXd, Eigen::VectorXd>> pairs_;  ///< (step, gradient change)
  double value_ = 0;
  double step_ = 1;
  int evaluations_ = 0;
  bool started_ = false;
  bool done_ = false;
};

}  // namespace hd::gp
