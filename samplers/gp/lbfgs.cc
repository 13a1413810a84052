#include "samplers/gp/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr std::size_t kMemory = 10;
constexpr double kSufficientDecrease = 1e-4;
constexpr double kShortestStep = 1e-10;

}  // namespace

Lbfgs::Lbfgs(const VectorXd& start, VectorXd lower, VectorXd upper, const Options& options)
    : options_(options),
      lower_(std::move(lower)),
      upper_(std::move(upper)),
      value_(std::numeric_limits<double>::infinity()) {
  x_ = project(start);
  trial_ = x_;
  done_ = x_.size() == 0;
}

VectorXd Lbfgs::project(const VectorXd& x) const { return x.cwiseMax(lower_).cwiseMin(upper_); }

bool Lbfgs::is_held(Index i) const {
  return (x_[i] <= lower_[i] && gradient_[i] > 0) || (x_[i] >= upper_[i] && gradient_[i] < 0);
}

void Lbfgs::advance(double value, const VectorXd& gradient) {
  ++evaluations_;
  const bool finite = std::isfinite(value) && gradient.allFinite();
  if (!started_) {
    if (!finite) {
      done_ = true;
      return;
    }
    started_ = true;
    value_ = value;
    gradient_ = gradient;
    start_search();
  } else if (finite && value <= value_ + kSufficientDecrease * gradient_.dot(trial_ - x_)) {
    accept(value, gradient);
  } else {
    backtrack(finite, value);
  }
  if (evaluations_ >= options_.max_evaluations) done_ = true;
}

void Lbfgs::accept(double value, const VectorXd& gradient) {
  VectorXd moved = trial_ - x_;
  VectorXd change = gradient - gradient_;
  const bool little = value_ - value < options_.value_tolerance;
  // Without positive curvature along the step the approximation would lose definiteness.
  if (moved.dot(change) > 1e-12 * moved.norm() * change.norm()) {
    pairs_.emplace_back(std::move(moved), std::move(change));
    if (pairs_.size() > kMemory) pairs_.pop_front();
  }
  x_ = trial_;
  value_ = value;
  gradient_ = gradient;
  if (little) {
    done_ = true;
  } else {
    start_search();
  }
}

void Lbfgs::start_search() {
  VectorXd q = gradient_;
  double largest = 0;
  for (Index i = 0; i < q.size(); ++i) {
    if (is_held(i)) q[i] = 0;
    largest = std::max(largest, std::abs(q[i]));
  }
  if (largest <= options_.gradient_tolerance) {
    done_ = true;
    return;
  }
  // Two-loop recursion over the free coordinates; pairs without curvature there are passed over.
  std::vector<double> weights(pairs_.size(), 0);
  const auto free_part = [&](VectorXd v) {
    for (Index i = 0; i < v.size(); ++i) {
      if (is_held(i)) v[i] = 0;
    }
    return v;
  };
  double scale = 0;
  for (std::size_t k = pairs_.size(); k-- > 0;) {
    const VectorXd s = free_part(pairs_[k].first);
    const VectorXd y = free_part(pairs_[k].second);
    const double curvature = s.dot(y);
    if (curvature <= 1e-14) continue;
    if (scale == 0) scale = curvature / y.squaredNorm();
    weights[k] = s.dot(q) / curvature;
    q -= weights[k] * y;
  }
  q *= scale > 0 ? scale : options_.first_step / largest;
  for (std::size_t k = 0; k < pairs_.size(); ++k) {
    const VectorXd s = free_part(pairs_[k].first);
    const VectorXd y = free_part(pairs_[k].second);
    const double curvature = s.dot(y);
    if (curvature <= 1e-14) continue;
    q += (weights[k] - y.dot(q) / curvature) * s;
  }
  direction_ = -free_part(q);
  if (!(direction_.dot(gradient_) < 0)) {
    pairs_.clear();
    direction_ = -free_part(gradient_) * (options_.first_step / largest);
  }
  step_ = 1;
  trial_ = project(x_ + direction_);
  if (!(gradient_.dot(trial_ - x_) < 0)) done_ = true;
}

void Lbfgs::backtrack(bool finite, double value) {
  double share = 0.2;
  if (finite) {
    // The minimum of the parabola through both values and the slope.
    const double slope = gradient_.dot(trial_ - x_);
    const double bend = value - value_ - slope;
    if (bend > 0) share = std::clamp(-slope / (2 * bend), 0.1, 0.5);
  }
  step_ *= share;
  if (step_ < kShortestStep) {
    done_ = true;
    return;
  }
  trial_ = project(x_ + step_ * direction_);
}

}  // namespace hd::gp
