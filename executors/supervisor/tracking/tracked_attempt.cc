#include "executors/supervisor/tracking/tracked_attempt.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "engine/core/utf8.h"
#include "executors/supervisor/tracking/tracking_error.h"

namespace hd {
namespace {

using Code = TrackingError::Code;

constexpr std::size_t kLongestPart = 100;

/// `name` as one part of a path and of a metric's name.
std::string part_of(std::string_view name) {
  std::string part;
  for (const char c : name.substr(0, kLongestPart)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool kept = byte >= 0x80 || (byte >= '0' && byte <= '9') ||
                      (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || c == '.' ||
                      c == '_' || c == '-' || c == ' ';
    part += kept ? c : '_';
  }
  while (!part.empty() && find_invalid_utf8(part)) part.pop_back();  // cut inside a character
  const std::size_t begin = part.find_first_not_of(". ");
  if (begin == std::string::npos) return {};
  return part.substr(begin, part.find_last_not_of(". ") + 1 - begin);
}

std::int64_t microseconds(std::int64_t milliseconds) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1000;
  return std::clamp(milliseconds, -kMost, kMost) * 1000;
}

bool is_later(const TrackedMetric& a, const TrackedMetric& b) {
  // A NaN is less than every number here, so that the order is one.
  const auto key = [](const TrackedMetric& metric) {
    const bool is_number = metric.value == metric.value;
    return std::tuple(metric.step, metric.timestamp_ms, is_number, is_number ? metric.value : 0.0);
  };
  return key(a) >= key(b);
}

}  // namespace

TrackedAttempt::TrackedAttempt(TrackedIdentity identity, Tell tell)
    : identity_(std::move(identity)), tell_(std::move(tell)) {
  TrackedRun& own = runs_.emplace_back();
  own.id = identity_.run_id;
  own.name = identity_.run_id;
  own.start_ms = identity_.start_ms;
  by_id_.emplace(own.id, &own);
}

TrackedRun& TrackedAttempt::run(std::string_view id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) {
    throw TrackingError(Code::kDoesNotExist,
                        "Run with id=" + std::string(id) +
                            " not found: a script sees its own run and those it made below it; "
                            "`hdrive run show` and `metrics` read others");
  }
  return *found->second;
}

TrackedRun& TrackedAttempt::opened_run(std::string_view id) {
  TrackedRun& found = run(id);
  opened_ = true;
  return found;
}

TrackedRun& TrackedAttempt::create_run(const std::string& name,
                                       const std::string& parent_id,
                                       std::int64_t start_ms) {
  if (!opened_ && parent_id.empty()) {
    opened_ = true;
    if (!name.empty()) own_run().name = name;
    return own_run();
  }
  if (runs_.size() > kMostRuns) {
    throw TrackingError(Code::kInvalidParameter,
                        "a run has at most " + std::to_string(kMostRuns) + " runs below it");
  }
  const TrackedRun& host = parent_id.empty() ? own_run() : run(parent_id);
  std::size_t number = runs_.size() - 1;
  TrackedRun made;
  made.id = identity_.run_id + '_' + std::to_string(number);
  made.name = name.empty() ? made.id : name;
  std::string part = part_of(name);
  if (part.empty()) part = std::to_string(number);
  const auto prefix_of = [&](const std::string& last) {
    return host.prefix + "child/" + last + '/';
  };
  made.prefix = prefix_of(part);
  while (std::any_of(runs_.begin(), runs_.end(), [&](const TrackedRun& other) {
    return other.prefix == made.prefix;
  })) {
    made.prefix = prefix_of(part + '_' + std::to_string(++number));
  }
  made.start_ms = start_ms;
  TrackedRun& added = runs_.emplace_back(std::move(made));
  by_id_.emplace(added.id, &added);
  return added;
}

void TrackedAttempt::log_metric(TrackedRun& run,
                                const std::string& key,
                                const TrackedMetric& metric) {
  const std::string name = run.prefix + key;
  if (!recent_.add(name, metric.step, metric.timestamp_ms, metric.value)) return;
  line_.clear();
  line_.kind = HeardLine::Kind::kMetrics;
  const std::string_view usable = find_invalid_utf8(name) ? std::string_view() : usable_name(name);
  if (usable.empty()) {
    line_.skipped = 1;
  } else {
    line_.points.push_back({usable, metric.value, {}});
    line_.step = metric.step;
    if (metric.timestamp_ms > 0) line_.time_us = microseconds(metric.timestamp_ms);
  }
  tell_(line_);
  const auto known = run.latest.find(key);
  if (known != run.latest.end()) {
    if (is_later(metric, known->second)) known->second = metric;
  } else if (metrics_ < kMostMetrics) {
    ++metrics_;
    run.latest.emplace(key, metric);
  }
}

void TrackedAttempt::log_parameter(TrackedRun& run,
                                   const std::string& key,
                                   const std::string& value) {
  const auto known = run.parameters.find(key);
  if (known != run.parameters.end() && known->second == value) return;
  keep_text(run.parameters, key, value);
  tell_tag("parameter/" + run.prefix + key, value);
}

void TrackedAttempt::set_tag(TrackedRun& run, const std::string& key, const std::string& value) {
  if (key == "mlflow.runName" && !value.empty()) run.name = value;
  const auto known = run.tags.find(key);
  if (known != run.tags.end() && known->second == value) return;
  keep_text(run.tags, key, value);
  tell_tag(run.prefix + key, value);
}

void TrackedAttempt::delete_tag(TrackedRun& run, const std::string& key) {
  const auto known = run.tags.find(key);
  if (known == run.tags.end()) {
    throw TrackingError(Code::kDoesNotExist, "No tag with name: " + key + " in run " + run.id);
  }
  text_bytes_ -= std::min(text_bytes_, key.size() + known->second.size());
  run.tags.erase(known);
  tell_tag(run.prefix + key, std::nullopt);
}

void TrackedAttempt::set_status(TrackedRun& run, const std::string& status, std::int64_t end_ms) {
  run.end_ms = end_ms;
  if (run.status == status) return;
  run.status = status;
  if (run.is_below()) return tell_tag(run.prefix + "status", status);
  if (status != "FINISHED" && status != "FAILED" && status != "KILLED") return;
  line_.clear();
  line_.kind = HeardLine::Kind::kSaid;
  line_.key = status == "FINISHED" ? "completed" : "failed";
  line_.value = status == "KILLED" ? "MLflow: the run was killed" : "";
  tell_(line_);
}

void TrackedAttempt::keep_input(TrackedRun& run, std::string json) {
  keep_document(run.inputs, std::move(json));
}

void TrackedAttempt::keep_output(TrackedRun& run, std::string json) {
  keep_document(run.outputs, std::move(json));
}

void TrackedAttempt::keep_document(std::vector<std::string>& documents, std::string json) {
  if (std::find(documents.begin(), documents.end(), json) != documents.end()) return;
  if (text_bytes_ + json.size() > kMostTextBytes) return;
  text_bytes_ += json.size();
  documents.push_back(std::move(json));
}

void TrackedAttempt::keep_text(std::map<std::string, std::string>& texts,
                               const std::string& key,
                               const std::string& value) {
  const auto known = texts.find(key);
  const std::size_t before = known == texts.end() ? 0 : key.size() + known->second.size();
  const std::size_t after = text_bytes_ - std::min(text_bytes_, before) + key.size() + value.size();
  if (after > kMostTextBytes) return;
  text_bytes_ = after;
  texts.insert_or_assign(key, value);
}

void TrackedAttempt::tell_tag(const std::string& key, std::optional<std::string> value) {
  line_.clear();
  const std::string_view usable = find_invalid_utf8(key) ? std::string_view() : usable_name(key);
  if (usable.empty()) {
    line_.skipped = 1;
  } else {
    line_.kind = HeardLine::Kind::kTag;
    line_.key = usable;
    line_.value = std::move(value);
  }
  tell_(line_);
}

}  // namespace hd
