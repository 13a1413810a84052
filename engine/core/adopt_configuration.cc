#include "engine/core/adopt_configuration.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "engine/core/expression_law.h"

namespace hd {
namespace {

constexpr std::size_t kLongestShown = 120;  // bytes of a value in a message
constexpr std::size_t kMostMistakes = 20;   // told of one configuration

std::string shortened(std::string text) {
  if (text.size() <= kLongestShown) return text;
  std::size_t end = kLongestShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

std::string quoted(std::string_view name) {
  std::string text;
  append_json_string(text, name);
  return shortened(std::move(text));
}

/// Whether JSON that has been through another program may still mean this option.
bool is_alike(const Value& option, const Value& told) {
  if (option == told) return true;
  if (option.is_number() && told.is_number()) return option.as_number() == told.as_number();
  if (option.is_double() && told.is_string()) {
    return !std::isfinite(option.as_number()) && to_json(option) == to_json(told);
  }
  if (option.is_list() && told.is_list()) {
    const auto& a = option.as_list();
    const auto& b = told.as_list();
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), is_alike);
  }
  if (!option.is_map() || !told.is_map()) return false;
  // Many programs do not keep the order of names.
  const auto& members = option.as_map();
  return members.size() == told.as_map().size() &&
         std::all_of(members.begin(), members.end(), [&](const auto& member) {
           const Value* other = told.find(member.first);
           return other != nullptr && is_alike(member.second, *other);
         });
}

const ChoiceOption* find_option(const Choice& choice, const Value& told) {
  const auto find = [&](auto fits) -> const ChoiceOption* {
    for (const ChoiceOption& option : choice.options) {
      if (option.members.empty() && fits(option.value)) return &option;
    }
    return nullptr;
  };
  const ChoiceOption* exact = find([&](const Value& value) { return value == told; });
  return exact != nullptr ? exact : find([&](const Value& value) { return is_alike(value, told); });
}

using Told = std::map<std::string_view, const Value*>;

/// What a part of the space makes of what was told.
struct Part {
  std::vector<Configuration::Entry> entries;
  std::vector<std::string> mistakes;
  std::set<std::string_view> names;  ///< of what was told and belongs here
};

void append(Part& part, Part more) {
  std::move(more.entries.begin(), more.entries.end(), std::back_inserter(part.entries));
  std::move(more.mistakes.begin(), more.mistakes.end(), std::back_inserter(part.mistakes));
  part.names.merge(more.names);
}

class Adoption {
 public:
  explicit Adoption(const Told& told) : told_(told) {}

  Part take(const std::vector<Parameter>& parameters) const {
    Part all;
    for (const Parameter& parameter : parameters) append(all, take(parameter));
    return all;
  }

 private:
  const Value* told(const std::string& name) const {
    const auto found = told_.find(name);
    return found == told_.end() ? nullptr : found->second;
  }

  static std::optional<Value> adopted(const ParameterExpression& expression, const Value& value) {
    if (const auto* choice = std::get_if<Choice>(&expression)) {
      const ChoiceOption* option = find_option(*choice, value);
      return option == nullptr ? std::nullopt : std::optional(option->value);
    }
    if (!value.is_number()) return std::nullopt;
    if (const auto law = law_of(expression)) return law->nearest(value.as_number());
    const double number = value.as_number();
    if (!(number >= 0 && number < 0x1p63) || number != std::floor(number)) return std::nullopt;
    const std::int64_t integer =
        value.is_integer() ? value.as_integer() : static_cast<std::int64_t>(number);
    if (integer >= std::get<RandInt>(expression).upper) return std::nullopt;
    return integer;
  }

  /// The parameter's own value, as a plain option or a number.
  Part take_own(const Parameter& parameter) const {
    Part part;
    const Value* value = told(parameter.name);
    if (value == nullptr) {
      part.mistakes.push_back(quoted(parameter.name) + " is missing; expected " +
                              to_text(parameter.expression));
      return part;
    }
    part.names.insert(parameter.name);
    if (auto own = adopted(parameter.expression, *value)) {
      part.entries.emplace_back(parameter.name, std::move(*own));
    } else {
      part.mistakes.push_back(quoted(parameter.name) + ": expected " +
                              to_text(parameter.expression) + "; found " +
                              shortened(to_json(*value)));
    }
    return part;
  }

  /// Of the ways in which a nested choice can be meant, the one that fits, and of several the one
  /// that explains most of the names; when none fits, the one that comes nearest.
  Part take(const Parameter& parameter) const {
    Part best = take_own(parameter);
    const auto* choice = std::get_if<Choice>(&parameter.expression);
    if (choice == nullptr) return best;
    for (const ChoiceOption& option : choice->options) {
      if (option.members.empty()) continue;
      Part part = take(option.members);
      const bool fits = part.mistakes.empty();
      const bool best_fits = best.mistakes.empty();
      if (fits == best_fits ? part.names.size() > best.names.size() : fits) best = std::move(part);
    }
    return best;
  }

  const Told& told_;
};

}  // namespace

Result<Configuration> adopt_configuration(const ParameterSpace& space,
                                          const Configuration& outside) {
  std::vector<std::string> mistakes;
  Told told;
  for (const auto& [name, value] : outside.entries()) {
    if (!told.emplace(name, &value).second) mistakes.push_back(quoted(name) + " is given twice");
  }
  Part part = Adoption(told).take(space.parameters());
  std::move(part.mistakes.begin(), part.mistakes.end(), std::back_inserter(mistakes));
  for (const auto& [name, value] : told) {
    if (part.names.contains(name)) continue;
    mistakes.push_back(quoted(name) + " is no parameter of the space" +
                       (part.names.empty() ? "" : ", or not one beside the other values"));
  }
  if (mistakes.empty()) return Configuration(std::move(part.entries));
  std::string message;
  for (std::size_t i = 0; i < std::min(mistakes.size(), kMostMistakes); ++i) {
    message += (i == 0 ? "" : "; ") + mistakes[i];
  }
  if (mistakes.size() > kMostMistakes) {
    message += "; and " + std::to_string(mistakes.size() - kMostMistakes) + " more mistakes";
  }
  return Error{std::move(message)};
}

std::string to_text(const ParameterExpression& expression) {
  std::string values;
  if (const auto* choice = std::get_if<Choice>(&expression)) {
    for (const ChoiceOption& option : choice->options) {
      if (values.size() > kLongestShown) break;
      if (!values.empty()) values += ',';
      values += option.members.empty() ? to_json(option.value) : "{...}";
    }
  } else if (const auto* randint = std::get_if<RandInt>(&expression)) {
    values = std::to_string(randint->upper);
  } else {
    const auto law = law_of(expression);
    values = to_json(Value(law->a)) + ',' + to_json(Value(law->b));
    if (law->q != 0) values += ',' + to_json(Value(law->q));
  }
  return std::string(expression_name(expression)) + shortened(" [" + values + ']');
}

}  // namespace hd
