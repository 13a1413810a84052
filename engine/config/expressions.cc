#include "engine/config/expressions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace hd {
namespace {

/// Natural logarithm of the largest double, rounded down.
constexpr double kLargestExponent = 709.0;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::string_view> expression_names() {
  std::vector<std::string_view> names;
  for (const ExpressionInfo& info : expression_infos()) names.push_back(info.name);
  return names;
}

const ExpressionInfo* find_expression(std::string_view name) {
  for (const ExpressionInfo& info : expression_infos()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

bool has_argument(const ExpressionInfo& info, std::string_view name) {
  return std::find(info.arguments.begin(), info.arguments.end(), name) != info.arguments.end();
}

bool is_log(const ExpressionInfo& info) { return info.name.find("log") != std::string_view::npos; }

std::string_view without_dashes(std::string_view name) {
  const std::size_t first = name.find_first_not_of('-');
  return first == std::string_view::npos ? std::string_view() : name.substr(first);
}

std::string count_of(std::size_t count) {
  return count == 1 ? "1 value" : std::to_string(count) + " values";
}

/// Six significant digits, as a person would write the number.
std::string rounded(double number) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::general, 6);
  return {text.data(), end.ptr};
}

/// Every name that can become active together with the parameter itself.
void collect_names(const Parameter& parameter, std::set<std::string, std::less<>>& names) {
  names.emplace(without_dashes(parameter.name));
  const auto* const choice = std::get_if<Choice>(&parameter.expression);
  if (choice == nullptr) return;
  for (const ChoiceOption& option : choice->options) {
    for (const Parameter& member : option.members) collect_names(member, names);
  }
}

/// Number of multiples of `numbers[2]` that rounding a draw between the bounds can give.
double count_values(const ExpressionInfo& info, const std::vector<double>& numbers) {
  if (info.name == "randint") return numbers[0];
  if (info.name == "quniform") {
    return std::rint(numbers[1] / numbers[2]) - std::rint(numbers[0] / numbers[2]) + 1;
  }
  if (info.name == "qloguniform") {
    return std::rint(std::exp(numbers[1]) / numbers[2]) -
           std::rint(std::exp(numbers[0]) / numbers[2]) + 1;
  }
  return kInfinity;
}

ParameterExpression make(const ExpressionInfo& info, const std::vector<double>& n) {
  if (info.name == "randint") return RandInt{static_cast<std::int64_t>(n[0])};
  if (info.name == "uniform") return Uniform{n[0], n[1]};
  if (info.name == "quniform") return QUniform{n[0], n[1], n[2]};
  if (info.name == "loguniform") return LogUniform{n[0], n[1]};
  if (info.name == "qloguniform") return QLogUniform{n[0], n[1], n[2]};
  if (info.name == "normal") return Normal{n[0], n[1]};
  if (info.name == "qnormal") return QNormal{n[0], n[1], n[2]};
  if (info.name == "lognormal") return LogNormal{n[0], n[1]};
  return QLogNormal{n[0], n[1], n[2]};
}

}  // namespace

const std::vector<ExpressionInfo>& expression_infos() {
  static const std::vector<ExpressionInfo> kInfos = {
      {"choice", {}, {}, "", "one of the options, each equally likely"},
      {"randint", {"upper"}, {"upper"}, "", "an integer from 0 to upper - 1"},
      {"uniform", {"min", "max"}, {"min_value", "max_value"}, "", "U(min, max)"},
      {"quniform",
       {"min", "max", "q"},
       {"min_value", "max_value", "q"},
       "",
       "round(U(min, max) / q) * q"},
      {"loguniform",
       {"min", "max"},
       {"min_value", "max_value"},
       "as natural-log bounds",
       "exp(U(min, max))"},
      {"qloguniform",
       {"min", "max", "q"},
       {"min_value", "max_value", "q"},
       "with min and max as natural-log bounds",
       "round(exp(U(min, max)) / q) * q"},
      {"normal", {"mu", "sigma"}, {"mu", "sigma"}, "", "N(mu, sigma)"},
      {"qnormal", {"mu", "sigma", "q"}, {"mu", "sigma", "q"}, "", "round(N(mu, sigma) / q) * q"},
      {"lognormal",
       {"mu", "sigma"},
       {"mu", "sigma"},
       "of the value's natural logarithm",
       "exp(N(mu, sigma))"},
      {"qlognormal",
       {"mu", "sigma", "q"},
       {"mu", "sigma", "q"},
       "with mu and sigma of the value's natural logarithm",
       "round(exp(N(mu, sigma)) / q) * q"},
  };
  return kInfos;
}

std::string arguments_text(const ExpressionInfo& info) {
  if (info.name == "choice") return "[option, ...] or [[option, ...]]";
  std::string text = "[";
  for (std::size_t i = 0; i < info.arguments.size(); ++i) {
    if (i > 0) text += ", ";
    text += info.arguments[i];
  }
  text += "]";
  return info.remark.empty() ? text : text + " " + std::string(info.remark);
}

std::vector<Parameter> ExpressionReader::read_parameter_list(const ConfigNode& list,
                                                             const std::string& key) {
  std::vector<Parameter> parameters;
  std::vector<Parameter> named;  // those with a mistake too: their names are taken all the same
  std::vector<Place> places;
  if (list.items.empty()) {
    findings_.error(list.mark, key, "expected at least one parameter; found an empty list");
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const ConfigNode& entry = list.items[i];
    const std::string entry_key = key + "[" + std::to_string(i) + "]";
    if (!entry.is_map()) continue;
    std::optional<Parameter> parameter = read_entry(entry, entry_key);
    if (const ConfigNode* name = entry.find("name"); name != nullptr && name->is_scalar()) {
      places.push_back({entry_key + ".name", name->mark});
      named.push_back(parameter ? *parameter : Parameter{std::string(name->text), Choice{}});
    }
    if (parameter) parameters.push_back(std::move(*parameter));
  }
  check_names(named, places);
  return parameters;
}

std::vector<Parameter> ExpressionReader::read_search_space(const ConfigNode& map,
                                                           const std::string& key) {
  std::vector<Parameter> parameters;
  std::vector<Place> places;
  if (map.members.empty()) {
    findings_.error(map.mark, key, "expected at least one parameter; found an empty map");
  }
  for (const ConfigMember& member : map.members) {
    const Place place{key + "." + member.key.substr(0, 80), member.mark};
    std::optional<std::string> name = read_name(member.key, place);
    std::optional<ParameterExpression> expression;
    if (member.value.is_map()) {
      expression = read_keyed(member.value, place.key);
    } else {
      findings_.error(member.value.mark,
                      place.key,
                      "expected a map with a type; found " + describe(member.value));
    }
    if (!name || !expression) continue;
    parameters.push_back({std::move(*name), std::move(*expression)});
    places.push_back(place);
  }
  check_names(parameters, places);
  return parameters;
}

std::optional<Parameter> ExpressionReader::read_entry(const ConfigNode& entry,
                                                      const std::string& key) {
  std::optional<std::string> name;
  if (const ConfigNode* node = entry.find("name"); node != nullptr && node->is_scalar()) {
    name = read_name(node->text, {key + ".name", node->mark});
  }
  const ConfigNode* const expression = entry.find("expression");
  if (expression == nullptr || !expression->is_scalar()) return std::nullopt;
  std::optional<ParameterExpression> read = read_listed(*expression, entry.find("values"), key);
  if (!name || !read) return std::nullopt;
  return Parameter{std::move(*name), std::move(*read)};
}

std::optional<std::string> ExpressionReader::read_name(std::string_view name, const Place& place) {
  const bool clean = std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7F && byte != '=';
  });
  if (without_dashes(name).empty() || !clean || name.size() > 255) {
    findings_.error(place.mark,
                    place.key,
                    "a parameter name is the flag of the script, such as --learning_rate, without "
                    "spaces or '='; found \"" +
                        std::string(name.substr(0, 60)) + "\"");
    return std::nullopt;
  }
  return std::string(name);
}

const ExpressionInfo* ExpressionReader::read_expression_name(const ConfigNode& node,
                                                             const std::string& key) {
  const ExpressionInfo* const info = find_expression(node.text);
  if (info == nullptr) {
    findings_.error(node.mark,
                    key,
                    "expected one of the expressions " + join_alternatives(expression_names()) +
                        "; found " + describe(node) + did_you_mean(node.text, expression_names()));
  }
  return info;
}

std::optional<ParameterExpression> ExpressionReader::read_listed(const ConfigNode& expression,
                                                                 const ConfigNode* values,
                                                                 const std::string& key) {
  const ExpressionInfo* const info = read_expression_name(expression, key + ".expression");
  if (info == nullptr || values == nullptr || !values->is_list()) return std::nullopt;
  const Place place{key + ".values", values->mark};
  if (info->name == "choice") {
    // One list as the only argument stands for its items.
    const bool spread = values->items.size() == 1 && values->items[0].is_list();
    return read_choice(spread ? values->items[0].items : values->items, place);
  }
  if (values->items.size() != info->arguments.size()) {
    findings_.error(values->mark,
                    place.key,
                    std::string(info->name) + " takes " + arguments_text(*info) + "; found " +
                        describe(*values) + " (" + count_of(values->items.size()) + ")");
    return std::nullopt;
  }
  std::vector<Argument> arguments;
  for (std::size_t i = 0; i < values->items.size(); ++i) {
    arguments.push_back({&values->items[i], place.key + "[" + std::to_string(i) + "]"});
  }
  return build(*info, arguments, place);
}

std::optional<ParameterExpression> ExpressionReader::read_keyed(const ConfigNode& map,
                                                                const std::string& key) {
  const ConfigNode* const type = map.find("type");
  if (type == nullptr || !type->is_scalar()) {
    findings_.error(
        map.mark, key + ".type", "is missing; expected " + join_alternatives(expression_names()));
    return std::nullopt;
  }
  const ExpressionInfo* const info = read_expression_name(*type, key + ".type");
  if (info == nullptr) return std::nullopt;
  std::vector<std::string_view> keys = info->keys;
  if (info->name == "choice") keys = {"values"};
  for (const ConfigMember& member : map.members) {
    if (member.key == "type" || std::find(keys.begin(), keys.end(), member.key) != keys.end()) {
      continue;
    }
    findings_.warn_or_error(member.mark,
                            key + "." + member.key.substr(0, 80),
                            "this key is not known for " + std::string(info->name) +
                                " and is ignored" + did_you_mean(member.key, keys));
  }
  std::vector<Argument> arguments;
  for (const std::string_view name : keys) {
    const ConfigNode* const node = map.find(name);
    if (node == nullptr || node->is_null()) {
      findings_.error(map.mark,
                      key + "." + std::string(name),
                      "is missing; " + std::string(info->name) + " needs it");
      continue;
    }
    arguments.push_back({node, key + "." + std::string(name)});
  }
  if (arguments.size() != keys.size()) return std::nullopt;
  if (info->name != "choice") return build(*info, arguments, {key, map.mark});
  const ConfigNode& values = *arguments[0].node;
  if (values.is_list()) return read_choice(values.items, {arguments[0].key, values.mark});
  findings_.error(values.mark, arguments[0].key, "expected a list; found " + describe(values));
  return std::nullopt;
}

std::optional<ParameterExpression> ExpressionReader::read_choice(
    const std::vector<ConfigNode>& options, const Place& place) {
  if (options.empty()) {
    findings_.error(place.mark, place.key, "choice takes at least one option; found []");
    return std::nullopt;
  }
  seen_.push_back({place.key, place.mark, "choice", static_cast<double>(options.size())});
  Choice choice;
  for (std::size_t i = 0; i < options.size(); ++i) {
    std::optional<ChoiceOption> option =
        read_option(options[i], place.key + "[" + std::to_string(i) + "]");
    if (option) choice.options.push_back(std::move(*option));
  }
  if (choice.options.size() != options.size()) return std::nullopt;
  return choice;
}

std::optional<ChoiceOption> ExpressionReader::read_option(const ConfigNode& node,
                                                          const std::string& key) {
  if (!node.is_map()) return ChoiceOption{to_value(node), {}};
  if (node.members.empty()) {
    findings_.error(
        node.mark, key, "an option that is a map names at least one parameter; found {}");
    return std::nullopt;
  }
  ChoiceOption option;
  std::vector<Place> places;
  for (const ConfigMember& member : node.members) {
    const Place place{key + "." + member.key.substr(0, 80), member.mark};
    std::optional<std::string> name = read_name(member.key, place);
    std::optional<ParameterExpression> expression = read_member(member.value, place.key);
    if (!name || !expression) continue;
    option.members.push_back({std::move(*name), std::move(*expression)});
    places.push_back(place);
  }
  check_names(option.members, places);
  if (option.members.size() != node.members.size()) return std::nullopt;
  return option;
}

std::optional<ParameterExpression> ExpressionReader::read_member(const ConfigNode& node,
                                                                 const std::string& key) {
  if (const ConfigNode* expression = node.find("expression");
      expression != nullptr && expression->is_scalar()) {
    const ConfigNode* const values = node.find("values");
    if (values == nullptr || !values->is_list()) {
      findings_.error(node.mark, key + ".values", "is missing; expected a list");
    }
    return read_listed(*expression, values, key);
  }
  if (const ConfigNode* type = node.find("type");
      type != nullptr && type->is_scalar() && find_expression(type->text) != nullptr) {
    return read_keyed(node, key);
  }
  return Choice{{ChoiceOption{to_value(node), {}}}};
}

std::optional<ParameterExpression> ExpressionReader::build(const ExpressionInfo& info,
                                                           const std::vector<Argument>& arguments,
                                                           const Place& place) {
  std::optional<std::vector<double>> numbers = read_numbers(info, arguments);
  if (!numbers || !order_bounds(info, *numbers, place) || !check_numbers(info, *numbers, place)) {
    return std::nullopt;
  }
  seen_.push_back({place.key, place.mark, info.name, count_values(info, *numbers)});
  return make(info, *numbers);
}

std::optional<std::vector<double>> ExpressionReader::read_numbers(
    const ExpressionInfo& info, const std::vector<Argument>& arguments) {
  std::vector<double> numbers;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const ConfigNode& node = *arguments[i].node;
    const Value value = node.is_scalar() ? to_value(node) : Value();
    if (value.is_number() && std::isfinite(value.as_number())) {
      numbers.push_back(value.as_number());
      continue;
    }
    std::string message = std::string(info.name) + " takes " + arguments_text(info) + "; " +
                          std::string(info.arguments[i]) + " must be a finite number, found " +
                          describe(node);
    if (value.is_string() && resolve_plain_scalar(node.text).is_number()) {
      message += " (remove the quotes)";
    }
    findings_.error(node.mark, arguments[i].key, std::move(message));
  }
  if (numbers.size() != arguments.size()) return std::nullopt;
  return numbers;
}

/// Files written for early clients hold reversed bounds, which were drawn from all the same.
bool ExpressionReader::order_bounds(const ExpressionInfo& info,
                                    std::vector<double>& numbers,
                                    const Place& place) {
  if (!has_argument(info, "min")) return true;
  if (numbers[0] > numbers[1]) {
    std::swap(numbers[0], numbers[1]);
    findings_.warn(place.mark,
                   place.key,
                   "min is larger than max; read as min " + format_number(numbers[0]) +
                       " and max " + format_number(numbers[1]));
  }
  if (numbers[0] == numbers[1] && !is_log(info)) {
    findings_.error(
        place.mark,
        place.key,
        std::string(info.name) + " needs min < max; both are " + format_number(numbers[0]));
    return false;
  }
  if (info.name == "loguniform" && numbers[0] > 0 && numbers[1] <= 1) {
    findings_.warn(place.mark,
                   place.key,
                   "the bounds are natural logarithms, so values will lie between " +
                       rounded(std::exp(numbers[0])) + " and " + rounded(std::exp(numbers[1])) +
                       "; for values from " + rounded(numbers[0]) + " to " + rounded(numbers[1]) +
                       " write [" + rounded(std::log(numbers[0])) + ", " +
                       rounded(std::log(numbers[1])) + "]");
  }
  return true;
}

bool ExpressionReader::check_numbers(const ExpressionInfo& info,
                                     const std::vector<double>& numbers,
                                     const Place& place) {
  const auto fail = [&](const std::string& message) {
    findings_.error(place.mark, place.key, std::string(info.name) + " " + message);
    return false;
  };
  if (info.name == "randint") {
    const bool whole = numbers[0] == std::floor(numbers[0]);
    if (whole && numbers[0] >= 1 && numbers[0] <= 9007199254740992.0) return true;
    return fail("takes [upper], an integer from 1 to 2^53; found " + format_number(numbers[0]));
  }
  // Nine standard deviations hold every draw that a double can make.
  double low = numbers[0];
  double high = numbers[1];
  if (has_argument(info, "sigma")) {
    if (numbers[1] < 0) return fail("needs sigma >= 0; found " + format_number(numbers[1]));
    low = numbers[0] - 9 * numbers[1];
    high = numbers[0] + 9 * numbers[1];
  }
  if (is_log(info)) {
    if (high > kLargestExponent) {
      return fail("draws exp of up to " + format_number(high) +
                  ", which is larger than any number; its arguments are natural logarithms");
    }
    low = 0;
    high = std::exp(high);
  }
  if (!std::isfinite(high - low)) return fail("spans more than the range of numbers");
  if (has_argument(info, "q")) {
    const double q = numbers[2];
    if (q <= 0) return fail("needs a step q > 0; found " + format_number(q));
    if (!std::isfinite(std::max(std::abs(low), std::abs(high)) / q)) {
      return fail("has a step q too small for its range: " + format_number(q));
    }
  }
  return true;
}

void ExpressionReader::check_names(const std::vector<Parameter>& parameters,
                                   const std::vector<Place>& places) {
  std::map<std::string, Mark, std::less<>> taken;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    std::set<std::string, std::less<>> names;
    collect_names(parameters[i], names);
    for (const std::string& name : names) {
      const auto [first, is_new] = taken.emplace(name, places[i].mark);
      if (is_new) continue;
      findings_.error(places[i].mark,
                      places[i].key,
                      "the parameter '" + name + "' is named twice; the first is on line " +
                          std::to_string(first->second.line));
    }
  }
}

}  // namespace hd
