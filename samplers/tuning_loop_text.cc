#include "samplers/tuning_loop_text.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/expression_law.h"
#include "engine/core/json_reader.h"

namespace hd::tuning_text {
namespace {

constexpr const char* kFormat = "hdrive tuning loop";
constexpr int kVersion = 1;
constexpr std::size_t kLongestShown = 200;  // bytes of a parameter in a message

[[noreturn]] void refuse(const std::string& why) {
  throw StoreError("cannot take up the saved tuning loop: " + why);
}

/// 64-bit FNV-1a in hexadecimal digits.
std::string hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string digits;
  for (unsigned shift = 64; shift > 0; shift -= 4) digits += kHex[(h >> (shift - 4)) & 0xFU];
  return digits;
}

Value describe(const std::vector<Parameter>& parameters) {
  Value::List list;
  for (const Parameter& parameter : parameters) {
    Value::Map map{{"name", parameter.name},
                   {"expression", std::string(expression_name(parameter.expression))}};
    if (const auto* choice = std::get_if<Choice>(&parameter.expression)) {
      Value::List options;
      for (const ChoiceOption& option : choice->options) {
        options.push_back(option.members.empty()
                              ? Value::Map{{"value", option.value}}
                              : Value::Map{{"members", describe(option.members)}});
      }
      map.emplace_back("options", std::move(options));
    } else if (const auto* randint = std::get_if<RandInt>(&parameter.expression)) {
      map.emplace_back("values", Value::List{randint->upper});
    } else {
      const auto law = law_of(parameter.expression);
      Value::List values{law->a, law->b};
      if (law->q != 0) values.emplace_back(law->q);
      map.emplace_back("values", std::move(values));
    }
    list.emplace_back(std::move(map));
  }
  return list;
}

std::string goal_name(Goal goal) { return goal == Goal::kMinimize ? "minimize" : "maximize"; }

std::string shown(const Value& value) {
  std::string text = to_json(value);
  if (text.size() > kLongestShown) text = text.substr(0, kLongestShown) + "...";
  return text;
}

void compare_spaces(const Value* saved, const Value& here, std::vector<std::string>& differences) {
  static const Value::List kNoList;
  const auto& then = saved != nullptr && saved->is_list() ? saved->as_list() : kNoList;
  const auto& now = here.as_list();
  if (then.size() != now.size()) {
    differences.push_back("the number of parameters: saved " + std::to_string(then.size()) +
                          ", here " + std::to_string(now.size()));
  }
  for (std::size_t i = 0; i < std::min(then.size(), now.size()); ++i) {
    if (to_json(then[i]) == to_json(now[i])) continue;
    differences.push_back("parameter " + std::to_string(i + 1) + ": saved " + shown(then[i]) +
                          ", here " + shown(now[i]));
  }
}

std::string text_of(const Value& map, const char* name) {
  const Value* found = map.find(name);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

}  // namespace

std::string to_line(const Value& object) {
  std::string line = to_json(object);
  const std::string digits = hash(line);
  return line += '\t' + digits + '\n';
}

Value ask_record(const std::vector<Configuration>& configurations,
                 const std::optional<Progress>& progress) {
  Value::List list;
  for (const Configuration& configuration : configurations) list.push_back(to_value(configuration));
  Value::Map map{{"ask", std::move(list)}};
  if (progress) {
    map.emplace_back("next", progress->next_index);
    if (!progress->notes.empty()) map.emplace_back("notes", progress->notes);
    if (progress->exhausted) map.emplace_back("exhausted", true);
  }
  return map;
}

void read_progress(const Value& record, Progress& progress) {
  const Value* next = record.find("next");
  if (next == nullptr) return;
  if (!next->is_integer() || next->as_integer() < 0 ||
      next->as_integer() > std::numeric_limits<int>::max()) {
    throw std::invalid_argument("the index of the next ask is none");
  }
  progress.next_index = static_cast<int>(next->as_integer());
  progress.notes = text_of(record, "notes");
  progress.exhausted = record.find("exhausted") != nullptr;
}

Value tell_record(Value what, Trial::Outcome outcome, double value) {
  Value::Map map{{"tell", std::move(what)}};
  if (outcome == Trial::Outcome::kFailed) {
    map.emplace_back("status", "failed");
  } else {
    map.emplace_back("value", value);
  }
  return map;
}

Value best_record(std::size_t place) {
  return Value::Map{{"best", static_cast<std::int64_t>(place)}};
}

Value header(const Identity& identity) {
  return Value::Map{{"format", kFormat},
                    {"version", kVersion},
                    {"sampler", identity.sampler},
                    {"goal", goal_name(identity.goal)},
                    {"seed", std::to_string(identity.seed)},
                    {"space", describe(identity.space->parameters())}};
}

std::uint64_t check_header(const Value& header, const Identity& here) {
  if (text_of(header, "format") != kFormat) refuse("it is another kind of file");
  const Value* version = header.find("version");
  if (version == nullptr || *version != Value(kVersion)) {
    refuse("it has the format version " + (version == nullptr ? "?" : to_json(*version)) +
           "; this program reads version " + std::to_string(kVersion));
  }
  const std::string seed_text = text_of(header, "seed");
  std::uint64_t seed = 0;
  const char* const end = seed_text.data() + seed_text.size();
  const auto parsed = std::from_chars(seed_text.data(), end, seed);
  if (parsed.ec != std::errc() || parsed.ptr != end) refuse("line 1 has no seed");

  std::vector<std::string> differences;
  const auto compare = [&](const char* what, const std::string& then, const std::string& now) {
    if (then != now) differences.push_back(std::string(what) + ": saved " + then + ", here " + now);
  };
  compare("the sampler", text_of(header, "sampler"), here.sampler);
  compare("the goal", text_of(header, "goal"), goal_name(here.goal));
  if (here.seed_matters) compare("the seed", seed_text, std::to_string(here.seed));
  compare_spaces(header.find("space"), describe(here.space->parameters()), differences);
  if (differences.empty()) return seed;
  std::string message = "the saved tuning loop is another one; it differs in";
  for (const std::string& difference : differences) message += "\n  " + difference;
  throw UsageError(message, "take it up with what it was saved with, or begin a new one");
}

std::vector<Value> read_lines(std::string_view text) {
  std::vector<Value> objects;
  while (!text.empty()) {
    const std::string number = std::to_string(objects.size() + 1);
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) refuse("line " + number + " is incomplete");
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline + 1);
    const std::size_t tab = line.rfind('\t');
    if (tab == std::string_view::npos || line.substr(tab + 1) != hash(line.substr(0, tab))) {
      refuse(objects.empty() ? "it is another kind of file, or damaged in line 1"
                             : "it is damaged in line " + number);
    }
    Result<Value> object = read_json(line.substr(0, tab));
    if (!object || !object->is_map()) refuse("line " + number + " is no JSON object");
    objects.push_back(std::move(*object));
  }
  if (objects.empty()) refuse("it is empty");
  return objects;
}

std::optional<double> read_number(const Value& value) {
  if (value.is_number()) return value.as_number();
  if (!value.is_string()) return std::nullopt;
  for (const double number : {std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity()}) {
    if (to_json(value) == to_json(Value(number))) return number;
  }
  return std::nullopt;
}

Value to_value(const Configuration& configuration) {
  return Value::Map(configuration.entries().begin(), configuration.entries().end());
}

Configuration to_configuration(const Value::Map& map) {
  return Configuration(std::vector<Configuration::Entry>(map.begin(), map.end()));
}

}  // namespace hd::tuning_text
