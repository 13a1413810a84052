#pragma once
#include <cstdint>
#include <optional>

#include "engine/core/parameter_space.h"

namespace hd {

/// What the nine numeric expressions have in common: a distribution on a range, and perhaps a grid
/// of multiples of q onto which it is rounded.
struct ExpressionLaw {
  enum class Shape { kUniform, kLogUniform, kNormal, kLogNormal };
  Shape shape = Shape::kUniform;
  double a = 0;      ///< min or mu, as in the file
  double b = 0;      ///< max or sigma, as in the file
  double q = 0;      ///< 0 = not rounded
  double lower = 0;  ///< least value before rounding; may be infinite
  double upper = 0;
  /// Least and greatest multiple of q with a probability above zero; infinite when unbounded.
  double first_multiple = 0;
  double last_multiple = 0;

  /// The value below which lies the share `unit` of the distribution. Finite, within the range.
  [[nodiscard]] Value quantile(double unit) const;
  [[nodiscard]] bool contains(const Value& value) const;
  /// The value that a number from outside stands for, of the type that this law draws. A number may
  /// lie beside it by a relative 1e-9, which forgives what other programs round (3 * 0.1, a bound
  /// given as a logarithm). nullopt when there is none.
  [[nodiscard]] std::optional<Value> nearest(double number) const;
  /// Distinct values; nullopt when there is no end of them (or more than 2^53).
  [[nodiscard]] std::optional<std::uint64_t> count() const;
  /// The value at `index` in ascending order. Precondition: index < *count().
  [[nodiscard]] Value at(std::uint64_t index) const;

 private:
  [[nodiscard]] Value multiple(double k) const;
};

/// The law of a numeric expression; nullopt for choice and randint.
[[nodiscard]] std::optional<ExpressionLaw> law_of(const ParameterExpression& expression);

/// number * k where `number` has the short decimal text a person wrote: the double nearest to the
/// exact decimal product, so that 3 * 0.1 is 0.3 and not 0.30000000000000004.
[[nodiscard]] double decimal_multiple(double number, double k);

}  // namespace hd
