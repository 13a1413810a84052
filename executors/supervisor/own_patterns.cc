#include "executors/supervisor/own_patterns.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "engine/core/utf8.h"

namespace hd {
namespace {

constexpr std::size_t kLongestShown = 60;

std::optional<std::int64_t> whole_step(std::string_view text) {
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return step;
}

/// "93.5%" is 93.5, as everywhere in printed text.
std::optional<double> value_of(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  return whole_number(text);
}

}  // namespace

OwnPatterns::OwnPatterns(const std::vector<MetricPattern>& patterns) {
  for (const MetricPattern& pattern : patterns) {
    if (auto compiled = CompiledPattern::compile(pattern)) {
      patterns_.push_back({std::move(*compiled), 0, {}});
    }
  }
}

bool OwnPatterns::read(std::string_view line, HeardLine& out) {
  const std::size_t before = out.points.size();
  for (Counted& counted : patterns_) {
    matches_.clear();
    counted.pattern.find(line, matches_);
    take(counted, out);
  }
  return out.points.size() > before;
}

void OwnPatterns::take(Counted& counted, HeardLine& out) {
  for (const CompiledPattern::Match& match : matches_) {
    if (match.value.empty()) continue;  // Katib's own expression matches "loss=" as well
    const auto value = value_of(match.value);
    if (!value) {
      if (counted.no_number.empty()) counted.no_number = match.value.substr(0, kLongestShown);
      continue;
    }
    ++counted.values;
    const std::string_view name = usable_name(match.name);
    if (name.empty()) {
      ++out.skipped;
      continue;
    }
    out.points.push_back({name, *value, {}});
    if (const auto step = whole_step(match.step)) out.step = step;
  }
}

std::vector<std::string> OwnPatterns::notes() const {
  std::vector<std::string> notes;
  for (const Counted& counted : patterns_) {
    const std::string subject = "the metric pattern `" + counted.pattern.pattern().regex + "` ";
    if (!counted.no_number.empty()) {
      notes.push_back(subject + "took `" + to_valid_utf8(counted.no_number) +
                      "` for a value, which is no number");
    } else if (counted.values == 0) {
      notes.push_back(subject + "found nothing in what the script printed");
    }
  }
  return notes;
}

}  // namespace hd
