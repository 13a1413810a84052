#pragma once
#include <span>
#include <vector>

namespace hd::gp {

/// How reported values become targets that a Gaussian process can fit: centred, of unit deviation,
/// lower is better. Always strictly increasing over the values it was made from.
enum class OutputWarp {
  kNone,      ///< standardised only
  kHalfRank,  ///< the worse half keeps its order, not its distances: outliers and cliffs lose their
              ///< power over the fit (as in Google Vizier's output warping)
  kHalfRankLog,  ///< then stretched towards the best values
};

class OutputTransform {
 public:
  /// `values`: finite, oriented so that lower is better. Any number of them, also none.
  OutputTransform(std::span<const double> values, OutputWarp warp);

  /// Between two known values linear, beyond them continued with the slope at the edge.
  [[nodiscard]] double to_target(double value) const;
  [[nodiscard]] double to_value(double target) const;

  /// The target of a run that gave no usable value: worse than every known one.
  [[nodiscard]] double failed_target() const { return failed_target_; }

 private:
  double unit_ = 1;  ///< values are divided by this power of two first, so that nothing overflows
  std::vector<double> values_;   ///< distinct, rising, in units
  std::vector<double> targets_;  ///< rising
  double low_slope_ = 1, high_slope_ = 1;
  double failed_target_ = 0;
};

}  // namespace hd::gp
