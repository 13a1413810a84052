#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/core/value.h"

namespace hd {

struct Parameter;

/// One option of a choice: a plain value, or a nested map of further parameters that exist only
/// when this option is drawn (conditional parameters). Exactly one of the two: `members` empty =
/// plain.
struct ChoiceOption {
  Value value;
  std::vector<Parameter> members;
  friend bool operator==(const ChoiceOption&, const ChoiceOption&);
};

// The ten parameter expressions of HyperDrive; bounds, mu and sigma of the log forms are natural
// logs.
struct Choice {
  std::vector<ChoiceOption> options;
  friend bool operator==(const Choice&, const Choice&) = default;
};
struct RandInt {  ///< integer, uniform on [0, upper)
  std::int64_t upper = 1;
  friend bool operator==(const RandInt&, const RandInt&) = default;
};
struct Uniform {  ///< U(min, max)
  double min = 0, max = 1;
  friend bool operator==(const Uniform&, const Uniform&) = default;
};
struct QUniform {  ///< round(U(min, max) / q) * q
  double min = 0, max = 1, q = 1;
  friend bool operator==(const QUniform&, const QUniform&) = default;
};
struct LogUniform {  ///< exp(U(min, max))
  double min = 0, max = 1;
  friend bool operator==(const LogUniform&, const LogUniform&) = default;
};
struct QLogUniform {  ///< round(exp(U(min, max)) / q) * q
  double min = 0, max = 1, q = 1;
  friend bool operator==(const QLogUniform&, const QLogUniform&) = default;
};
struct Normal {  ///< N(mu, sigma)
  double mu = 0, sigma = 1;
  friend bool operator==(const Normal&, const Normal&) = default;
};
struct QNormal {  ///< round(N(mu, sigma) / q) * q
  double mu = 0, sigma = 1, q = 1;
  friend bool operator==(const QNormal&, const QNormal&) = default;
};
struct LogNormal {  ///< exp(N(mu, sigma))
  double mu = 0, sigma = 1;
  friend bool operator==(const LogNormal&, const LogNormal&) = default;
};
struct QLogNormal {  ///< round(exp(N(mu, sigma)) / q) * q
  double mu = 0, sigma = 1, q = 1;
  friend bool operator==(const QLogNormal&, const QLogNormal&) = default;
};

using ParameterExpression = std::variant<Choice,
                                         RandInt,
                                         Uniform,
                                         QUniform,
                                         LogUniform,
                                         QLogUniform,
                                         Normal,
                                         QNormal,
                                         LogNormal,
                                         QLogNormal>;

struct Parameter {
  std::string name;  ///< as written in the file, dashes included
  ParameterExpression expression;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

/// One assignment of values to the active parameters of a space, in the order of the space. A
/// choice whose drawn option is nested contributes the option's members instead of a value of its
/// own.
class Configuration {
 public:
  using Entry = std::pair<std::string, Value>;
  Configuration() = default;
  explicit Configuration(std::vector<Entry> entries) : entries_(std::move(entries)) {}
  Configuration(std::initializer_list<Entry> entries) : entries_(entries) {}
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] const Value* find(std::string_view name) const;
  void set(std::string name, Value value) {
    entries_.emplace_back(std::move(name), std::move(value));
  }
  friend bool operator==(const Configuration&, const Configuration&) = default;

 private:
  std::vector<Entry> entries_;
};

/// {"--lr":0.1,"--batch":32}: also the key by which duplicates are recognised.
[[nodiscard]] std::string to_json(const Configuration& configuration);

/// The names and expressions of a sweep. Immutable; safe to share between threads.
class ParameterSpace {
 public:
  ParameterSpace() = default;
  /// Throws std::invalid_argument naming the parameter when an expression breaks the rules of
  /// HyperDrive (no options, min > max, sigma < 0, q <= 0, upper < 1, non-finite numbers, also as
  /// the result of exp) or two parameters that can be active together share a name.
  explicit ParameterSpace(std::vector<Parameter> parameters);
  ParameterSpace(std::initializer_list<Parameter> parameters)
      : ParameterSpace(std::vector<Parameter>(parameters)) {}

  [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }

  /// Number of distinct configurations; nullopt when infinite or beyond 2^63. Options that repeat
  /// within a choice count once; what two nested options have in common counts twice.
  [[nodiscard]] std::optional<std::uint64_t> size() const { return size_; }

  /// True when every distinct configuration is equally likely under random sampling: only choices
  /// of different plain options, randint, and expressions with a single value.
  [[nodiscard]] bool is_uniform_finite() const { return uniform_finite_; }

  /// The configuration at `index` in row-major order: the last parameter of the file varies
  /// fastest. Precondition: every parameter has finitely many values (the product may be beyond
  /// 2^63) and index < *size() when size() has a value.
  [[nodiscard]] Configuration at(std::uint64_t index) const;

  /// How many numbers of [0, 1) `from_unit` consumes, inactive parameters included.
  [[nodiscard]] int unit_dimensions() const { return unit_dimensions_; }

  /// Maps a point of the unit cube to a configuration through each expression's inverse
  /// distribution function, so that uniform points give the documented distributions. Each
  /// parameter owns fixed coordinates, whether or not it is active. Throws std::invalid_argument
  /// when there are fewer than unit_dimensions() numbers.
  [[nodiscard]] Configuration from_unit(std::span<const double> unit) const;

  /// Whether the configuration names exactly the parameters active in it, with values the space can
  /// produce.
  [[nodiscard]] bool contains(const Configuration& configuration) const;

  friend bool operator==(const ParameterSpace& a, const ParameterSpace& b) {
    return a.parameters_ == b.parameters_;
  }

 private:
  std::vector<Parameter> parameters_;
  std::optional<std::uint64_t> size_ = 1;
  bool uniform_finite_ = true;
  bool has_repeated_options_ = false;
  int unit_dimensions_ = 0;
};

/// "choice", "loguniform", ...: the name HyperDrive gives the expression.
[[nodiscard]] std::string_view expression_name(const ParameterExpression& expression);

/// How many distinct values (with nested options: assignments of members) an expression has;
/// nullopt when it is continuous or unbounded. Saturates at 2^64 - 1.
[[nodiscard]] std::optional<std::uint64_t> distinct_count(const ParameterExpression& expression);

/// The distinct values of a bounded expression in ascending (choice: file) order, or nullopt when
/// it is continuous, unbounded or has more than a million of them. Nested options make it nullopt
/// too.
[[nodiscard]] std::optional<std::vector<Value>> distinct_values(
    const ParameterExpression& expression);

// Short forms for library users, with the argument order of an hdconfig's `values`.
template <typename... Options>
[[nodiscard]] Choice choice(Options... options) {
  return Choice{{ChoiceOption{Value(options), {}}...}};
}
[[nodiscard]] inline RandInt randint(std::int64_t upper) { return {upper}; }
[[nodiscard]] inline Uniform uniform(double min, double max) { return {min, max}; }
[[nodiscard]] inline QUniform quniform(double min, double max, double q) { return {min, max, q}; }
[[nodiscard]] inline LogUniform loguniform(double min, double max) { return {min, max}; }
[[nodiscard]] inline QLogUniform qloguniform(double min, double max, double q) {
  return {min, max, q};
}
[[nodiscard]] inline Normal normal(double mu, double sigma) { return {mu, sigma}; }
[[nodiscard]] inline QNormal qnormal(double mu, double sigma, double q) { return {mu, sigma, q}; }
[[nodiscard]] inline LogNormal lognormal(double mu, double sigma) { return {mu, sigma}; }
[[nodiscard]] inline QLogNormal qlognormal(double mu, double sigma, double q) {
  return {mu, sigma, q};
}

}  // namespace hd
