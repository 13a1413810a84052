#include "engine/core/expression_law.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "engine/core/normal_quantile.h"

namespace hd {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kExactIntegers = 0x1p53;  // below it every integer is a double
constexpr double kIntegerLimit = 0x1p63;

double finite(double x) { return std::clamp(x, -kLargest, kLargest); }

bool is_integral(double x) { return std::floor(x) == x; }

/// The multiple of q nearest to x, ties to even.
double nearest_multiple(double x, double q) { return std::nearbyint(finite(x / q)); }

/// Whether x / q lies half a step from k, on the side `direction`: then k would only be drawn with
/// probability zero. The tolerance forgives the division, as in 0.15 / 0.1.
bool is_on_edge(double x, double q, double k, double direction) {
  const double distance = (x / q - k) * direction;
  return std::abs(distance - 0.5) <= 1e-12 * std::max(1.0, std::abs(k));
}

void set_range(ExpressionLaw& law) {
  switch (law.shape) {
    case ExpressionLaw::Shape::kUniform:
      law.lower = law.a;
      law.upper = law.b;
      break;
    case ExpressionLaw::Shape::kLogUniform:
      law.lower = std::exp(law.a);
      law.upper = std::exp(law.b);
      break;
    case ExpressionLaw::Shape::kNormal:
      law.lower = law.b == 0 ? law.a : -kInfinity;
      law.upper = law.b == 0 ? law.a : kInfinity;
      break;
    case ExpressionLaw::Shape::kLogNormal:
      law.lower = law.b == 0 ? std::exp(law.a) : 0;
      law.upper = law.b == 0 ? std::exp(law.a) : kInfinity;
      break;
  }
}

void set_multiples(ExpressionLaw& law) {
  if (law.q == 0) return;
  law.first_multiple = -kInfinity;
  law.last_multiple = kInfinity;
  if (std::isfinite(law.lower)) {
    law.first_multiple = nearest_multiple(law.lower, law.q);
    if (law.lower < law.upper && is_on_edge(law.lower, law.q, law.first_multiple, 1)) {
      law.first_multiple += 1;
    }
  }
  if (std::isfinite(law.upper)) {
    law.last_multiple = nearest_multiple(law.upper, law.q);
    if (law.lower < law.upper && is_on_edge(law.upper, law.q, law.last_multiple, -1)) {
      law.last_multiple -= 1;
    }
    law.last_multiple = std::max(law.first_multiple, law.last_multiple);
  }
}

ExpressionLaw make_law(ExpressionLaw::Shape shape, double a, double b, double q = 0) {
  ExpressionLaw law;
  law.shape = shape;
  law.a = a;
  law.b = b;
  law.q = q;
  set_range(law);
  set_multiples(law);
  return law;
}

double unrounded_quantile(const ExpressionLaw& law, double unit) {
  // Weighting both ends, instead of adding a share of the width, cannot overflow.
  const auto between = [&] { return (1 - unit) * law.a + unit * law.b; };
  switch (law.shape) {
    case ExpressionLaw::Shape::kUniform:
      return between();
    case ExpressionLaw::Shape::kLogUniform:
      return std::exp(between());
    case ExpressionLaw::Shape::kNormal:
      return law.a + law.b * normal_quantile(unit);
    case ExpressionLaw::Shape::kLogNormal:
      return std::exp(law.a + law.b * normal_quantile(unit));
  }
  return law.a;
}

}  // namespace

double decimal_multiple(double number, double k) {
  const double plain = finite(number * k);
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::scientific);
  double mantissa = 0;
  int exponent = 0;
  bool after_point = false;
  for (const char* c = text.data(); c != end.ptr; ++c) {
    if (*c >= '0' && *c <= '9') {
      mantissa = mantissa * 10 + (*c - '0');
      if (after_point) --exponent;
    } else if (*c == '.') {
      after_point = true;
    } else if (*c == 'e') {
      int power = 0;
      const char* digits = c[1] == '+' ? c + 2 : c + 1;
      std::from_chars(digits, end.ptr, power);
      exponent += power;
      break;
    }
  }
  // Both operands of the division are exact in this range, so its result is the nearest double.
  constexpr int kLargestExactPowerOfTen = 22;
  const double product = mantissa * k;
  if (exponent >= 0 || exponent < -kLargestExactPowerOfTen || std::abs(product) > kExactIntegers) {
    return plain;
  }
  double divisor = 1;
  for (int i = exponent; i < 0; ++i) divisor *= 10;
  return (number < 0 ? -product : product) / divisor;
}

Value ExpressionLaw::multiple(double k) const {
  const double x = decimal_multiple(q, k) + 0.0;  // + 0.0: no negative zero
  if (is_integral(q) && std::abs(x) < kIntegerLimit) return static_cast<std::int64_t>(x);
  return x;
}

Value ExpressionLaw::quantile(double unit) const {
  const double u = std::clamp(unit, 0.0, 1 - 0x1p-53);
  const double x = std::clamp(finite(unrounded_quantile(*this, u)), lower, upper);
  if (q == 0) return x + 0.0;
  return multiple(std::clamp(nearest_multiple(x, q), first_multiple, last_multiple));
}

bool ExpressionLaw::contains(const Value& value) const {
  if (!value.is_number()) return false;
  const double x = value.as_number();
  if (!std::isfinite(x)) return false;
  if (q == 0) return x >= lower && x <= upper;
  const double k = nearest_multiple(x, q);
  if (k < first_multiple || k > last_multiple) return false;
  const Value expected = multiple(k);
  return expected.as_number() == x && (expected.is_double() || value.is_integer());
}

std::optional<Value> ExpressionLaw::nearest(double number) const {
  if (!std::isfinite(number)) return std::nullopt;
  constexpr double kTolerance = 1e-9;
  const auto is_near = [&](double x) {
    return std::abs(x - number) <= kTolerance * std::max(std::abs(x), q);
  };
  if (q == 0) {
    const double x = std::clamp(number, lower, upper);
    return x == number || is_near(x) ? std::optional<Value>(x + 0.0) : std::nullopt;
  }
  const double k = std::clamp(nearest_multiple(number, q), first_multiple, last_multiple);
  const Value value = multiple(k);
  return is_near(value.as_number()) ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> ExpressionLaw::count() const {
  if (lower == upper) return 1;
  if (q == 0) return std::nullopt;
  const double steps = last_multiple - first_multiple;
  const bool exact = std::abs(first_multiple) < kExactIntegers && steps < kExactIntegers;
  if (!exact) return std::nullopt;
  return static_cast<std::uint64_t>(steps) + 1;
}

Value ExpressionLaw::at(std::uint64_t index) const {
  if (q == 0) return lower + 0.0;
  return multiple(first_multiple + static_cast<double>(index));
}

std::optional<ExpressionLaw> law_of(const ParameterExpression& expression) {
  using Shape = ExpressionLaw::Shape;
  return std::visit(
      [](const auto& e) -> std::optional<ExpressionLaw> {
        using E = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<E, Uniform>) return make_law(Shape::kUniform, e.min, e.max);
        if constexpr (std::is_same_v<E, QUniform>) {
          return make_law(Shape::kUniform, e.min, e.max, e.q);
        }
        if constexpr (std::is_same_v<E, LogUniform>) {
          return make_law(Shape::kLogUniform, e.min, e.max);
        }
        if constexpr (std::is_same_v<E, QLogUniform>) {
          return make_law(Shape::kLogUniform, e.min, e.max, e.q);
        }
        if constexpr (std::is_same_v<E, Normal>) return make_law(Shape::kNormal, e.mu, e.sigma);
        if constexpr (std::is_same_v<E, QNormal>) {
          return make_law(Shape::kNormal, e.mu, e.sigma, e.q);
        }
        if constexpr (std::is_same_v<E, LogNormal>) {
          return make_law(Shape::kLogNormal, e.mu, e.sigma);
        }
        if constexpr (std::is_same_v<E, QLogNormal>) {
          return make_law(Shape::kLogNormal, e.mu, e.sigma, e.q);
        }
        return std::nullopt;
      },
      expression);
}

}  // namespace hd
