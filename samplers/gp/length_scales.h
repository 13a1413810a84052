#pragma once
#include <string>
#include <vector>

#include "samplers/gp/encoding.h"
#include "samplers/gp/kernel.h"

namespace hd::gp {

/// What a length scale means to somebody who knows the parameter but not the encoding. Two
/// configurations that differ by one length scale in one parameter, and in nothing else, are
/// correlated by k(1) = 0.52: the longer, the less the parameter matters.
struct LengthScale {
  enum class Unit {
    kOwn,     ///< a difference of so much of the parameter itself
    kFactor,  ///< a factor: a parameter on a logarithmic scale
    kPlaces,  ///< so many places in the rising order of a choice's numbers
    kLabel,   ///< of a choice without order, of which any two options are equally far apart
  };
  std::string name;
  Unit unit = Unit::kOwn;
  double value = 0;  ///< in the unit; NaN for a label. Normal laws: what it is around their median
  /// Between the two ends of the range, or any two options of a label: near 1 = hardly matters.
  double correlation_across = 0;
};

/// One for each parameter that has more than one value, the most relevant first.
[[nodiscard]] std::vector<LengthScale> length_scales(const Encoding& encoding,
                                                     const Hyperparameters& hyperparameters);

/// "--lr a factor of 3.2", "--momentum 0.21", "--batch 1.4 places", "options of --kind correlate
/// 0.3", "--decay hardly matters".
[[nodiscard]] std::string describe(const LengthScale& scale);

/// "factor", "own", "places" or "label".
[[nodiscard]] std::string unit_name(LengthScale::Unit unit);

/// The name of a dimension's parameter; when several nested options have one of that name, with the
/// option: "--lr (option 2 of --optimizer)".
[[nodiscard]] std::string display_name(const Encoding& encoding, std::size_t dimension);

}  // namespace hd::gp
