#include "executors/supervisor/metric_router.h"

#include <algorithm>
#include <utility>

#include "engine/core/value.h"

namespace hd {
namespace {

constexpr std::size_t kMostHeld = 1000;

std::string text_of(const HeardPoint& point) {
  return point.json.empty() ? format_number(point.value) : std::string(point.json);
}

}  // namespace

void MetricRouter::note_once(bool& noted, const std::string& text) {
  if (!std::exchange(noted, true)) log_.add_note(text);
}

void MetricRouter::hear(const HeardLine& line, Route route, const Now& now) {
  if (line.skipped > 0) {
    note_once(skipped_noted_,
              "a metric was left out: its name is empty, longer than 250 bytes or has control "
              "characters, or its value is null; further ones are not reported");
  }
  switch (line.kind) {
    case HeardLine::Kind::kNothing:
    case HeardLine::Kind::kPlainText:
      break;
    case HeardLine::Kind::kMetrics:
      for (const auto& point : line.points) hear_point(point, line, route, now);
      break;
    case HeardLine::Kind::kTag:
    case HeardLine::Kind::kProperty:
      if (!take_place()) break;
      log_.add_tag(line.key, line.value, line.kind == HeardLine::Kind::kProperty);
      break;
    case HeardLine::Kind::kParameters:
      for (const auto& point : line.points) {
        if (!take_place()) break;
        log_.add_tag("parameter/" + std::string(point.name), text_of(point), false);
      }
      break;
    case HeardLine::Kind::kSaid:
      if (!take_place()) break;
      log_.add_said(line.key, line.value.value_or(""));
      break;
    case HeardLine::Kind::kMalformed:
      note_once(malformed_noted_,
                std::string("a line in $HDRIVE_METRICS was skipped: ") + line.problem +
                    "; further ones are not reported");
      break;
  }
}

bool MetricRouter::take_place() {
  if (facts_left_ > 0) {
    --facts_left_;
    return true;
  }
  note_once(
      too_many_facts_noted_,
      "the script has reported as many values and tags as a run may: further ones are dropped");
  return false;
}

MetricRouter::Name* MetricRouter::find_or_add(std::string_view text, Route route) {
  const auto known = names_.find(text);
  if (known != names_.end()) return &known->second;
  if (names_.size() >= kMostNames) {
    note_once(too_many_noted_,
              "more than 10000 different metric names: the values of further names are dropped "
              "(the first one is '" +
                  std::string(text) + "')");
    return nullptr;
  }
  Name name;
  name.route = route;
  name.settled = route != Route::kPattern;
  append_json_string(name.encoded, text);
  return &names_.emplace(std::string(text), std::move(name)).first->second;
}

void MetricRouter::hear_point(const HeardPoint& point,
                              const HeardLine& line,
                              Route route,
                              const Now& now) {
  Name* name = find_or_add(point.name, route);
  if (name == nullptr || route > name->route || !take_place()) return;
  if (route < name->route) {
    if (route == Route::kEventFile && name->settled) return;
    name->route = route;
    name->settled = true;
    std::erase_if(held_, [name](const Held& held) { return held.name == name; });
  }
  const std::int64_t time_us = line.time_us.value_or(now.wall_us);
  if (!name->settled && held_.size() >= kMostHeld) {
    release(now.steady_us, true);
    name->settled = true;
  }
  if (name->settled) {
    log_.add_point(name->encoded, point, line.step, time_us);
    return;
  }
  held_.push_back(
      {name, {{}, point.value, {}}, line.step, time_us, now.steady_us, now.steady_us + kHoldUs});
}

void MetricRouter::expect_more(std::int64_t steady_us) {
  for (Held& held : held_) {
    held.due_us =
        std::max(held.due_us, std::min(held.heard_us + kLongestHoldUs, steady_us + kHoldUs));
  }
}

void MetricRouter::release(std::int64_t steady_us, bool all) {
  if (held_.empty()) return;
  // A name is settled with its oldest value, and its younger ones follow at once: order is kept.
  for (const auto& held : held_) {
    if (all || held.due_us <= steady_us) held.name->settled = true;
  }
  for (const auto& held : held_) {
    if (held.name->settled) log_.add_point(held.name->encoded, held.point, held.step, held.time_us);
  }
  std::erase_if(held_, [](const Held& held) { return held.name->settled; });
}

std::optional<std::int64_t> MetricRouter::next_release_us() const {
  if (held_.empty()) return std::nullopt;
  return held_.front().due_us;
}

}  // namespace hd
