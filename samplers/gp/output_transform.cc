#include "samplers/gp/output_transform.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "engine/core/normal_quantile.h"

namespace hd::gp {
namespace {

/// How far below the worst value a failure is placed, in standard deviations.
constexpr double kFailureMargin = 0.5;
constexpr double kLogOffset = 1.5;  // of Vizier's log warp

struct Group {
  double value = 0;
  std::size_t first = 0;  ///< rank of its first member
  std::size_t count = 0;
};

std::vector<Group> group(const std::vector<double>& sorted) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (groups.empty() || groups.back().value != sorted[i]) groups.push_back({sorted[i], i, 0});
    ++groups.back().count;
  }
  return groups;
}

/// Replaces the values above the median by normal quantiles of their ranks, in the scale of the
/// better half.
void warp_half_rank(const std::vector<Group>& groups, std::size_t n, std::vector<double>& targets) {
  std::size_t g = 0;
  while (groups[g].first + groups[g].count <= n / 2) ++g;
  const double median = groups[g].value;
  double sum = 0;
  std::size_t better = 0;
  for (std::size_t i = 0; i <= g; ++i) {
    sum += static_cast<double>(groups[i].count) * std::pow(median - groups[i].value, 2);
    better += groups[i].count;
  }
  double scale = std::sqrt(sum / static_cast<double>(better));
  if (!(scale > 0)) scale = (groups.back().value - median) / 3;  // the median is the best value
  for (std::size_t i = g + 1; i < groups.size(); ++i) {
    const double middle =
        static_cast<double>(groups[i].first) + 0.5 * static_cast<double>(groups[i].count);
    targets[i] = median + scale * normal_quantile(middle / static_cast<double>(n));
  }
}

void warp_log(std::vector<double>& targets) {
  const double low = targets.front();
  const double width = targets.back() - low;
  if (!(width > 0)) return;
  for (double& t : targets) t = std::log1p((kLogOffset - 1) * (t - low) / width);
}

/// A warp may map two values so close together that rounding makes them one.
void make_rising(std::vector<double>& targets) {
  for (std::size_t i = 1; i < targets.size(); ++i) {
    const double least = std::nextafter(targets[i - 1], std::numeric_limits<double>::infinity());
    targets[i] = std::max(targets[i], least);
  }
}

double slope(double x0, double x1, double y0, double y1) {
  const double s = (y1 - y0) / (x1 - x0);
  return std::isfinite(s) && s > 0 ? s : 1;
}

double interpolate(const std::vector<double>& x,
                   const std::vector<double>& y,
                   double low_slope,
                   double high_slope,
                   double at) {
  if (x.empty()) return at;
  if (at <= x.front()) return y.front() + low_slope * (at - x.front());
  if (at >= x.back()) return y.back() + high_slope * (at - x.back());
  const auto i = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), at) - x.begin());
  const double share = (at - x[i - 1]) / (x[i] - x[i - 1]);
  return y[i - 1] + share * (y[i] - y[i - 1]);
}

}  // namespace

OutputTransform::OutputTransform(std::span<const double> values, OutputWarp warp) {
  if (values.empty()) return;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double largest = std::max(std::abs(sorted.front()), std::abs(sorted.back()));
  if (largest > 0) unit_ = std::ldexp(1.0, std::ilogb(largest));
  for (double& v : sorted) v /= unit_;

  const std::vector<Group> groups = group(sorted);
  for (const Group& g : groups) values_.push_back(g.value);
  targets_ = values_;
  const auto n = sorted.size();
  if (warp != OutputWarp::kNone) warp_half_rank(groups, n, targets_);
  if (warp == OutputWarp::kHalfRankLog) warp_log(targets_);

  double mean = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    mean += targets_[i] * static_cast<double>(groups[i].count) / static_cast<double>(n);
  }
  double variance = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    variance += std::pow(targets_[i] - mean, 2) * static_cast<double>(groups[i].count) /
                static_cast<double>(n);
  }
  // Below this the differences are what rounding left of a constant.
  const double deviation = std::sqrt(variance);
  const double least = 1e-14 * std::max(std::abs(values_.front()), std::abs(values_.back()));
  const double divisor = deviation > least ? deviation : 1;
  for (double& t : targets_) t = (t - mean) / divisor;
  make_rising(targets_);

  failed_target_ = targets_.back() + kFailureMargin;
  if (targets_.size() > 1) {
    const std::size_t last = targets_.size() - 1;
    // Over a third of the values: two close neighbours say little about the scale.
    const std::size_t near = std::max<std::size_t>(1, last / 3);
    low_slope_ = slope(values_[0], values_[near], targets_[0], targets_[near]);
    high_slope_ = slope(values_[last - near], values_[last], targets_[last - near], targets_[last]);
  }
}

double OutputTransform::to_target(double value) const {
  return interpolate(values_, targets_, low_slope_, high_slope_, value / unit_);
}

double OutputTransform::to_value(double target) const {
  return unit_ * interpolate(targets_, values_, 1 / low_slope_, 1 / high_slope_, target);
}

}  // namespace hd::gp
