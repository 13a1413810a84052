#include "engine/core/parameter_space.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include "engine/core/expression_law.h"

namespace hd {
namespace {

constexpr std::uint64_t kSaturated = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 63;
constexpr std::uint64_t kLongestList = 1'000'000;

using Names = std::set<std::string, std::less<>>;

// ---- The rules of HyperDrive for one expression.

[[noreturn]] void reject(const Parameter& parameter, const std::string& why) {
  throw std::invalid_argument("parameter \"" + parameter.name + "\": " +
                              std::string(expression_name(parameter.expression)) + " " + why);
}

void check_law(const Parameter& parameter, const ExpressionLaw& law) {
  using Shape = ExpressionLaw::Shape;
  const bool is_range = law.shape == Shape::kUniform || law.shape == Shape::kLogUniform;
  const bool is_log = law.shape == Shape::kLogUniform || law.shape == Shape::kLogNormal;
  const std::string first = is_range ? "min " : "mu ";
  const std::string second = is_range ? "max " : "sigma ";
  if (!std::isfinite(law.a))
    reject(parameter, "needs a finite number; found " + first + format_number(law.a));
  if (!std::isfinite(law.b))
    reject(parameter, "needs a finite number; found " + second + format_number(law.b));
  if (is_range && law.a > law.b) {
    reject(
        parameter,
        "needs min <= max; found min " + format_number(law.a) + " and max " + format_number(law.b));
  }
  if (!is_range && law.b < 0) reject(parameter, "needs sigma >= 0; found " + format_number(law.b));
  const double exponent = is_range ? law.b : law.a;
  if (is_log && !std::isfinite(std::exp(exponent))) {
    reject(
        parameter,
        "takes natural logarithms, and exp(" + format_number(exponent) + ") is too large a number");
  }
}

/// q apart from the rest, because a law without rounding is marked by q = 0.
void check_q(const Parameter& parameter) {
  std::visit(
      [&](const auto& e) {
        if constexpr (requires { e.q; }) {
          if (!std::isfinite(e.q) || e.q <= 0) {
            reject(parameter, "needs a finite q > 0; found " + format_number(e.q));
          }
        }
      },
      parameter.expression);
}

// ---- Checks of the whole space. Names: those that a parameter can contribute.

Names check_parameters(const std::vector<Parameter>& parameters);

Names check_parameter(const Parameter& parameter) {
  if (parameter.name.empty()) throw std::invalid_argument("a parameter has an empty name");
  check_q(parameter);
  if (const auto law = law_of(parameter.expression)) check_law(parameter, *law);
  Names names;
  if (const auto* randint = std::get_if<RandInt>(&parameter.expression)) {
    if (randint->upper < 1)
      reject(parameter, "needs upper >= 1; found " + std::to_string(randint->upper));
  }
  if (const auto* choice = std::get_if<Choice>(&parameter.expression)) {
    if (choice->options.empty()) reject(parameter, "needs at least one option; found none");
    for (const ChoiceOption& option : choice->options) {
      if (option.members.empty()) {
        names.insert(parameter.name);
      } else {
        names.merge(check_parameters(option.members));
      }
    }
  } else {
    names.insert(parameter.name);
  }
  return names;
}

Names check_parameters(const std::vector<Parameter>& parameters) {
  Names all;
  for (const Parameter& parameter : parameters) {
    for (const std::string& name : check_parameter(parameter)) {
      if (!all.insert(name).second) {
        throw std::invalid_argument("parameter \"" + name +
                                    "\" appears twice among parameters that are active together");
      }
    }
  }
  return all;
}

// ---- Sizes. nullopt = infinite; large finite numbers saturate.

using Size = std::optional<std::uint64_t>;

std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b) {
  if (a != 0 && b > kSaturated / a) return kSaturated;
  return a * b;
}

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  return b > kSaturated - a ? kSaturated : a + b;
}

/// Marks each option that equals an earlier one.
std::vector<bool> repeated_options(const Choice& choice) {
  std::vector<bool> repeated(choice.options.size(), false);
  std::unordered_multimap<std::string, std::size_t> earlier;  // text of the value -> option
  for (std::size_t i = 0; i < choice.options.size(); ++i) {
    const ChoiceOption& option = choice.options[i];
    const auto [first, last] = earlier.equal_range(to_json(option.value));
    repeated[i] = std::any_of(
        first, last, [&](const auto& entry) { return choice.options[entry.second] == option; });
    if (!repeated[i]) earlier.emplace(to_json(option.value), i);
  }
  return repeated;
}

/// Counts values; looks for repeated options only on demand, because that is the slow part.
class SizeOf {
 public:
  explicit SizeOf(bool skip_repeats) : skip_repeats_(skip_repeats) {}

  Size operator()(const std::vector<Parameter>& parameters) const {
    std::uint64_t product = 1;
    for (const Parameter& parameter : parameters) {
      const Size size = (*this)(parameter.expression);
      if (!size) return std::nullopt;
      product = saturating_multiply(product, *size);
    }
    return product;
  }

  Size operator()(const ParameterExpression& expression) const {
    if (const auto* choice = std::get_if<Choice>(&expression)) return (*this)(*choice);
    if (const auto* randint = std::get_if<RandInt>(&expression)) {
      return static_cast<std::uint64_t>(randint->upper);
    }
    return law_of(expression)->count();
  }

  Size operator()(const ChoiceOption& option) const {
    return option.members.empty() ? Size(1) : (*this)(option.members);
  }

 private:
  Size operator()(const Choice& choice) const {
    std::vector<bool> repeated;
    if (skip_repeats_) repeated = repeated_options(choice);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < choice.options.size(); ++i) {
      if (skip_repeats_ && repeated[i]) continue;
      const Size size = (*this)(choice.options[i]);
      if (!size) return std::nullopt;
      sum = saturating_add(sum, *size);
    }
    return sum;
  }

  bool skip_repeats_;
};

int dimensions_of(const std::vector<Parameter>& parameters) {
  int dimensions = 0;
  for (const Parameter& parameter : parameters) {
    ++dimensions;
    if (const auto* choice = std::get_if<Choice>(&parameter.expression)) {
      for (const ChoiceOption& option : choice->options)
        dimensions += dimensions_of(option.members);
    }
  }
  return dimensions;
}

bool has_repeats(const std::vector<Parameter>& parameters) {
  for (const Parameter& parameter : parameters) {
    const auto* choice = std::get_if<Choice>(&parameter.expression);
    if (choice == nullptr) continue;
    const std::vector<bool> repeated = repeated_options(*choice);
    if (std::find(repeated.begin(), repeated.end(), true) != repeated.end()) return true;
    for (const ChoiceOption& option : choice->options) {
      if (has_repeats(option.members)) return true;
    }
  }
  return false;
}

/// Whether all values of the expression are equally likely and each stands for one configuration.
bool is_uniform(const ParameterExpression& expression) {
  if (std::holds_alternative<RandInt>(expression)) return true;
  if (const auto* choice = std::get_if<Choice>(&expression)) {
    return std::all_of(choice->options.begin(),
                       choice->options.end(),
                       [](const ChoiceOption& option) { return option.members.empty(); });
  }
  return distinct_count(expression) == 1;
}

// ---- From an index to a configuration: mixed radix, each parameter one digit.

class RowMajor {
 public:
  explicit RowMajor(bool skip_repeats) : skip_repeats_(skip_repeats), size_of_(skip_repeats) {}

  void append(const std::vector<Parameter>& parameters,
              std::uint64_t index,
              Configuration& out) const {
    std::vector<std::uint64_t> digits(parameters.size());
    for (std::size_t i = parameters.size(); i-- > 0;) {
      const std::uint64_t radix = size_of_(parameters[i].expression).value();
      digits[i] = index % radix;
      index /= radix;
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) append(parameters[i], digits[i], out);
  }

 private:
  void append(const Parameter& parameter, std::uint64_t digit, Configuration& out) const {
    if (const auto* choice = std::get_if<Choice>(&parameter.expression)) {
      append(parameter.name, *choice, digit, out);
    } else if (const auto law = law_of(parameter.expression)) {
      out.set(parameter.name, law->at(digit));
    } else {
      out.set(parameter.name, static_cast<std::int64_t>(digit));
    }
  }

  void append(const std::string& name,
              const Choice& choice,
              std::uint64_t digit,
              Configuration& out) const {
    std::vector<bool> repeated;
    if (skip_repeats_) repeated = repeated_options(choice);
    for (std::size_t i = 0; i < choice.options.size(); ++i) {
      if (skip_repeats_ && repeated[i]) continue;
      const ChoiceOption& option = choice.options[i];
      const std::uint64_t size = size_of_(option).value();
      if (digit >= size) {
        digit -= size;
      } else if (option.members.empty()) {
        out.set(name, option.value);
        return;
      } else {
        append(option.members, digit, out);
        return;
      }
    }
  }

  bool skip_repeats_;
  SizeOf size_of_;
};

// ---- From the unit cube to a configuration.

/// Share `unit` of `count` equal parts, as a number below `count`.
std::uint64_t scaled(double unit, std::uint64_t count) {
  const double position = std::clamp(unit, 0.0, 1 - 0x1p-53) * static_cast<double>(count);
  return std::min(static_cast<std::uint64_t>(position), count - 1);
}

void append_from_unit(const std::vector<Parameter>& parameters,
                      std::span<const double> unit,
                      Configuration& out) {
  std::size_t next = 0;
  for (const Parameter& parameter : parameters) {
    const double own = unit[next++];
    if (const auto law = law_of(parameter.expression)) {
      out.set(parameter.name, law->quantile(own));
    } else if (const auto* randint = std::get_if<RandInt>(&parameter.expression)) {
      const auto upper = static_cast<std::uint64_t>(randint->upper);
      out.set(parameter.name, static_cast<std::int64_t>(scaled(own, upper)));
    } else {
      const auto& options = std::get<Choice>(parameter.expression).options;
      const std::uint64_t drawn = scaled(own, options.size());
      for (std::size_t i = 0; i < options.size(); ++i) {
        const auto width = static_cast<std::size_t>(dimensions_of(options[i].members));
        if (i == drawn && width == 0) out.set(parameter.name, options[i].value);
        if (i == drawn && width > 0)
          append_from_unit(options[i].members, unit.subspan(next, width), out);
        next += width;
      }
    }
  }
}

// ---- From a configuration back to the space.

using Entries = std::vector<const Configuration::Entry*>;

bool can_contribute(const Parameter& parameter, std::string_view name) {
  const auto* choice = std::get_if<Choice>(&parameter.expression);
  if (choice == nullptr) return parameter.name == name;
  return std::any_of(
      choice->options.begin(), choice->options.end(), [&](const ChoiceOption& option) {
        if (option.members.empty()) return parameter.name == name;
        return std::any_of(option.members.begin(),
                           option.members.end(),
                           [&](const Parameter& member) { return can_contribute(member, name); });
      });
}

bool matches(const std::vector<Parameter>& parameters, const Entries& entries);

bool matches(const Parameter& parameter, const Entries& entries) {
  const Value* own =
      entries.size() == 1 && entries[0]->first == parameter.name ? &entries[0]->second : nullptr;
  if (const auto* choice = std::get_if<Choice>(&parameter.expression)) {
    return std::any_of(
        choice->options.begin(), choice->options.end(), [&](const ChoiceOption& option) {
          if (option.members.empty()) return own != nullptr && *own == option.value;
          return matches(option.members, entries);
        });
  }
  if (own == nullptr) return false;
  if (const auto law = law_of(parameter.expression)) return law->contains(*own);
  return own->is_integer() && own->as_integer() >= 0 &&
         own->as_integer() < std::get<RandInt>(parameter.expression).upper;
}

/// Sorts the entries by the parameter that can contribute them; names of parameters that are active
/// together are disjoint, so each parameter can then be matched by itself.
bool matches(const std::vector<Parameter>& parameters, const Entries& entries) {
  std::vector<Entries> shares(parameters.size());
  for (const Configuration::Entry* entry : entries) {
    const auto owner =
        std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& parameter) {
          return can_contribute(parameter, entry->first);
        });
    if (owner == parameters.end()) return false;
    shares[static_cast<std::size_t>(owner - parameters.begin())].push_back(entry);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!matches(parameters[i], shares[i])) return false;
  }
  return true;
}

}  // namespace

bool operator==(const ChoiceOption& a, const ChoiceOption& b) {
  return a.value == b.value && a.members == b.members;
}

const Value* Configuration::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string to_json(const Configuration& configuration) {
  std::string out = "{";
  for (const auto& [name, value] : configuration.entries()) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    out += ':';
    out += to_json(value);
  }
  out += '}';
  return out;
}

ParameterSpace::ParameterSpace(std::vector<Parameter> parameters)
    : parameters_(std::move(parameters)) {
  check_parameters(parameters_);
  has_repeated_options_ = has_repeats(parameters_);
  unit_dimensions_ = dimensions_of(parameters_);
  size_ = SizeOf(has_repeated_options_)(parameters_);
  if (size_ && *size_ > kLargestSize) size_ = std::nullopt;
  uniform_finite_ =
      size_.has_value() && !has_repeated_options_ &&
      std::all_of(parameters_.begin(), parameters_.end(), [](const Parameter& parameter) {
        return is_uniform(parameter.expression);
      });
}

Configuration ParameterSpace::at(std::uint64_t index) const {
  Configuration configuration;
  RowMajor(has_repeated_options_).append(parameters_, index, configuration);
  return configuration;
}

Configuration ParameterSpace::from_unit(std::span<const double> unit) const {
  if (unit.size() < static_cast<std::size_t>(unit_dimensions_)) {
    throw std::invalid_argument("a point of this space needs " + std::to_string(unit_dimensions_) +
                                " coordinates; found " + std::to_string(unit.size()));
  }
  Configuration configuration;
  append_from_unit(parameters_, unit, configuration);
  return configuration;
}

bool ParameterSpace::contains(const Configuration& configuration) const {
  Entries entries;
  for (const Configuration::Entry& entry : configuration.entries()) entries.push_back(&entry);
  return matches(parameters_, entries);
}

std::string_view expression_name(const ParameterExpression& expression) {
  constexpr std::string_view kNames[] = {"choice",
                                         "randint",
                                         "uniform",
                                         "quniform",
                                         "loguniform",
                                         "qloguniform",
                                         "normal",
                                         "qnormal",
                                         "lognormal",
                                         "qlognormal"};
  static_assert(std::size(kNames) == std::variant_size_v<ParameterExpression>);
  return kNames[expression.index()];
}

std::optional<std::uint64_t> distinct_count(const ParameterExpression& expression) {
  return SizeOf(true)(expression);
}

std::optional<std::vector<Value>> distinct_values(const ParameterExpression& expression) {
  const auto count = distinct_count(expression);
  if (!count || *count > kLongestList) return std::nullopt;
  std::vector<Value> values;
  values.reserve(*count);
  if (const auto* choice = std::get_if<Choice>(&expression)) {
    const std::vector<bool> repeated = repeated_options(*choice);
    for (std::size_t i = 0; i < choice->options.size(); ++i) {
      if (!choice->options[i].members.empty()) return std::nullopt;
      if (!repeated[i]) values.push_back(choice->options[i].value);
    }
    return values;
  }
  const auto law = law_of(expression);
  for (std::uint64_t i = 0; i < *count; ++i) {
    values.push_back(law ? law->at(i) : Value(static_cast<std::int64_t>(i)));
  }
  return values;
}

}  // namespace hd
