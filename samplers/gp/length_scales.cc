#include "samplers/gp/length_scales.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace hd::gp {
namespace {

/// Above this the two ends of the range are as good as the same.
constexpr double kHardlyMatters = 0.95;
/// √(2π): the slope of a standard normal's quantile at the median.
constexpr double kMedianSlope = 2.5066282746310002;

/// Three digits: a length scale is an estimate, and a rough one.
std::string rounded(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", number);
  return text;
}

double correlation(double distance) {
  return matern52(Eigen::ArrayXXd::Constant(1, 1, distance * distance))(0, 0);
}

/// `share` of the range of `dimension` in the user's terms.
void set_value(const Dimension& dimension, double share, LengthScale& scale) {
  using Unit = LengthScale::Unit;
  using Shape = ExpressionLaw::Shape;
  if (dimension.kind == Dimension::Kind::kCategorical) {
    scale.unit = Unit::kLabel;
    scale.value = std::numeric_limits<double>::quiet_NaN();
  } else if (dimension.options > 0) {
    scale.unit = Unit::kPlaces;
    scale.value = share * (dimension.options - 1);
  } else if (!dimension.law) {
    scale.unit = Unit::kOwn;
    scale.value = share * static_cast<double>(dimension.upper - 1);
  } else {
    const ExpressionLaw& law = *dimension.law;
    const bool is_log = law.shape == Shape::kLogUniform || law.shape == Shape::kLogNormal;
    const bool is_range = law.shape == Shape::kUniform || law.shape == Shape::kLogUniform;
    const double difference =
        is_range ? share * law.b - share * law.a : share * law.b * kMedianSlope;
    scale.unit = is_log ? Unit::kFactor : Unit::kOwn;
    scale.value = is_log ? std::exp(difference) : difference;
  }
}

}  // namespace

std::vector<LengthScale> length_scales(const Encoding& encoding,
                                       const Hyperparameters& hyperparameters) {
  std::vector<LengthScale> scales;
  for (std::size_t d = 0; d < encoding.dimensions().size(); ++d) {
    const Dimension& dimension = encoding.dimensions()[d];
    if (dimension.axis < 0) continue;
    const double share = std::exp(hyperparameters.log_length_scales[dimension.axis]);
    LengthScale& scale = scales.emplace_back();
    scale.name = display_name(encoding, d);
    scale.correlation_across = correlation(1 / share);
    set_value(dimension, share, scale);
  }
  std::stable_sort(scales.begin(), scales.end(), [](const LengthScale& a, const LengthScale& b) {
    return a.correlation_across < b.correlation_across;
  });
  return scales;
}

std::string describe(const LengthScale& scale) {
  if (scale.correlation_across > kHardlyMatters) return scale.name + " hardly matters";
  switch (scale.unit) {
    case LengthScale::Unit::kOwn:
      break;
    case LengthScale::Unit::kFactor:
      return scale.name + " a factor of " + rounded(scale.value);
    case LengthScale::Unit::kPlaces:
      return scale.name + ' ' + rounded(scale.value) + " places";
    case LengthScale::Unit::kLabel:
      return "options of " + scale.name + " correlate " + rounded(scale.correlation_across);
  }
  return scale.name + ' ' + rounded(scale.value);
}

std::string unit_name(LengthScale::Unit unit) {
  switch (unit) {
    case LengthScale::Unit::kOwn:
      break;
    case LengthScale::Unit::kFactor:
      return "factor";
    case LengthScale::Unit::kPlaces:
      return "places";
    case LengthScale::Unit::kLabel:
      return "label";
  }
  return "own";
}

std::string display_name(const Encoding& encoding, std::size_t dimension) {
  const std::vector<Dimension>& all = encoding.dimensions();
  const Dimension& own = all[dimension];
  const auto same = std::count_if(
      all.begin(), all.end(), [&](const Dimension& other) { return other.name == own.name; });
  if (same == 1 || own.parent < 0) return own.name;
  return own.name + " (option " + std::to_string(own.option + 1) + " of " +
         all[static_cast<std::size_t>(own.parent)].name + ')';
}

}  // namespace hd::gp
