#include "engine/metric_pattern/compiled_pattern.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>

#include <re2/re2.h>

namespace hd {
namespace {

/// What one expression may use for its automata; beyond, RE2 starts them anew and goes on.
constexpr std::int64_t kMostMemory = std::int64_t{1} << 20;
constexpr std::size_t kMostGroups = 16;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  return options;
}

std::string_view view_of(const re2::StringPiece& piece) {
  return piece.data() == nullptr ? std::string_view{}
                                 : std::string_view(piece.data(), piece.size());
}

/// RE2's words, and what to write instead of what other engines have.
std::string syntax_error(const RE2& regex) {
  std::string message = "is no regular expression: " + regex.error();
  const std::string& text = regex.pattern();
  for (const char* operation : {"(?=", "(?!", "(?<=", "(?<!"}) {
    if (text.find(operation) != std::string::npos) {
      return message + "; look-ahead and look-behind are not supported, their text may be matched";
    }
  }
  if (text.find("(?<") != std::string::npos) message += "; a named group is (?P<name>...)";
  return message;
}

}  // namespace

struct CompiledPattern::Expression {
  explicit Expression(const MetricPattern& written)
      : pattern(written), regex(written.regex, options()) {}

  /// Decides which group means what; the text says what is missing, empty = nothing.
  std::string assign_groups() {
    const std::map<std::string, int>& named = regex.NamedCapturingGroups();
    const auto group = [&named](const char* name) {
      const auto found = named.find(name);
      return found == named.end() ? 0 : found->second;
    };
    name_group = pattern.name.empty() ? group("name") : 0;
    value_group = group("value");
    step_group = group("step");
    const bool by_name = value_group > 0 || step_group > 0 || group("name") > 0;
    const int groups = regex.NumberOfCapturingGroups();
    if (!by_name && pattern.name.empty()) {
      name_group = 1;
      value_group = 2;
      if (groups < 2) {
        return "needs two groups, for name and value, or groups (?P<name>...) and "
               "(?P<value>...), or a `name` beside it; found " +
               std::to_string(groups) + " group(s)";
      }
    } else if (!by_name) {
      value_group = 1;
      if (groups < 1) return "needs a group around the value, as in `loss=([0-9.]+)`";
    } else if (value_group == 0) {
      return "has named groups, but none is (?P<value>...)";
    } else if (pattern.name.empty() && name_group == 0) {
      return "needs a group (?P<name>...), or a `name` beside it";
    }
    if (std::max({name_group, value_group, step_group}) >= static_cast<int>(kMostGroups)) {
      return "has its groups behind too many others; write (?:...) for those that mean nothing";
    }
    return {};
  }

  MetricPattern pattern;
  RE2 regex;
  int name_group = 0;  ///< 0 = the pattern's own name
  int value_group = 0;
  int step_group = 0;  ///< 0 = none
};

CompiledPattern::CompiledPattern(std::unique_ptr<Expression> expression)
    : expression_(std::move(expression)) {}
CompiledPattern::CompiledPattern(CompiledPattern&&) noexcept = default;
CompiledPattern& CompiledPattern::operator=(CompiledPattern&&) noexcept = default;
CompiledPattern::~CompiledPattern() = default;

Result<CompiledPattern> CompiledPattern::compile(const MetricPattern& pattern) {
  if (pattern.regex.size() > kLongestRegex) {
    return Error{"is longer than " + std::to_string(kLongestRegex) + " bytes"};
  }
  auto expression = std::make_unique<Expression>(pattern);
  if (!expression->regex.ok()) return Error{syntax_error(expression->regex)};
  if (std::string missing = expression->assign_groups(); !missing.empty()) {
    return Error{std::move(missing)};
  }
  return CompiledPattern(std::move(expression));
}

void CompiledPattern::find(std::string_view line, std::vector<Match>& matches) const {
  const Expression& expression = *expression_;
  const int last = std::max({expression.name_group, expression.value_group, expression.step_group});
  std::array<re2::StringPiece, kMostGroups> groups;
  const re2::StringPiece text(line.data(), line.size());
  std::size_t begin = 0;
  for (std::size_t count = 0; count < kMostMatches && begin <= line.size(); ++count) {
    if (!expression.regex.Match(
            text, begin, line.size(), RE2::UNANCHORED, groups.data(), last + 1)) {
      return;
    }
    const auto group = [&groups](int index) {
      return view_of(groups.at(static_cast<std::size_t>(index)));
    };
    Match& match = matches.emplace_back();
    match.name = expression.name_group == 0 ? std::string_view(expression.pattern.name)
                                            : group(expression.name_group);
    match.value = group(expression.value_group);
    if (expression.step_group > 0) match.step = group(expression.step_group);
    const std::string_view whole = group(0);
    const auto end = static_cast<std::size_t>(whole.data() - line.data()) + whole.size();
    begin = whole.empty() ? end + 1 : end;
  }
}

const MetricPattern& CompiledPattern::pattern() const { return expression_->pattern; }

}  // namespace hd
