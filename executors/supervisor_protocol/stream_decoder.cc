#include "executors/supervisor_protocol/stream_decoder.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "engine/core/utf8.h"
#include "executors/supervisor_protocol/sealed_record.h"

namespace hd {
namespace {

using Json = nlohmann::json;

// A supervisor's records stay far below this; more without a newline is not a stream.
constexpr std::size_t kLongestLine = std::size_t{4} << 20;
// Numbers beyond are damage; the margin keeps sums of them from overflowing.
constexpr std::int64_t kLargestSequence = std::int64_t{1} << 62;

// Reads the exact text the supervisor writes for numeric points; anything else is left to the
// general parser. An order of magnitude cheaper, and nearly all records are of this kind.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool literal(std::string_view expected) {
    if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
        std::string_view(at_, expected.size()) != expected) {
      return false;
    }
    at_ += expected.size();
    return true;
  }
  template <typename Number>
  bool number(Number& out) {
    const auto [next, error] = std::from_chars(at_, end_, out);
    if (error != std::errc{}) return false;
    at_ = next;
    return true;
  }
  // A string without escapes.
  bool plain_string(std::string_view& out) {
    if (at_ == end_ || *at_ != '"') return false;
    const char* begin = at_ + 1;
    const char* p = begin;
    while (p != end_ && *p != '"' && *p != '\\') ++p;
    if (p == end_ || *p != '"') return false;
    out = {begin, static_cast<std::size_t>(p - begin)};
    at_ = p + 1;
    return true;
  }
  [[nodiscard]] char peek() const { return at_ == end_ ? '\0' : *at_; }
  [[nodiscard]] bool done() const { return at_ == end_; }

 private:
  const char* at_;
  const char* end_;
};

bool special_number(std::string_view text, double& out) {
  if (text == "NaN") {
    out = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "Infinity") {
    out = std::numeric_limits<double>::infinity();
  } else if (text == "-Infinity") {
    out = -std::numeric_limits<double>::infinity();
  } else {
    return false;
  }
  return true;
}

bool read_point(Cursor& cursor, MetricPoint& point) {
  std::string_view name;
  if (!cursor.literal("[") || !cursor.plain_string(name) || !cursor.literal(",")) return false;
  if (cursor.peek() == '"') {
    std::string_view text;
    if (!cursor.plain_string(text) || !special_number(text, point.value)) return false;
  } else {
    const char first = cursor.peek();
    const bool is_number = first == '-' || (first >= '0' && first <= '9');
    if (!is_number || !cursor.number(point.value)) return false;
  }
  if (!cursor.literal(",")) return false;
  if (!cursor.literal("null")) {
    std::int64_t step = 0;
    if (!cursor.number(step)) return false;
    point.step = step;
  }
  if (!cursor.literal(",") || !cursor.number(point.time_us) || !cursor.literal("]")) return false;
  point.name.assign(name);
  return true;
}

/// A whole number that fits. The library's own conversion of a fraction or of a larger number is
/// undefined behaviour.
template <typename Integer>
Integer integer_from(const Json& json) {
  constexpr auto kLargest = std::numeric_limits<Integer>::max();
  if (!json.is_number_integer() ||
      (json.is_number_unsigned() &&
       json.get<std::uint64_t>() > static_cast<std::uint64_t>(kLargest)) ||
      json.get<std::int64_t>() < std::numeric_limits<Integer>::min()) {
    throw std::runtime_error("no whole number in range");
  }
  return json.get<Integer>();
}

MetricPoint point_from_json(const Json& json) {
  MetricPoint point;
  point.name = json.at(0).get<std::string>();
  const Json& value = json.at(1);
  if (value.is_number()) {
    point.value = value.get<double>();
  } else if (!value.is_string() ||
             !special_number(value.get_ref<const std::string&>(), point.value)) {
    point.value = std::numeric_limits<double>::quiet_NaN();
    point.text = value.at("json").dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (!json.at(2).is_null()) point.step = integer_from<std::int64_t>(json.at(2));
  point.time_us = integer_from<std::int64_t>(json.at(3));
  return point;
}

ExitStatus exit_from_json(const Json& json) {
  ExitStatus exit;
  const auto kind = json.at("kind").get<std::string>();
  if (kind == "exited") {
    exit.kind = ExitStatus::Kind::kExited;
  } else if (kind == "signaled") {
    exit.kind = ExitStatus::Kind::kSignaled;
  } else if (kind == "not_started") {
    exit.kind = ExitStatus::Kind::kNotStarted;
  } else if (kind == "time_limit") {
    exit.kind = ExitStatus::Kind::kTimeLimit;
  } else {
    throw std::runtime_error("unknown kind of end: " + kind);
  }
  exit.code = integer_from<int>(json.at("code"));
  exit.message = json.value("message", "");
  exit.log_tail = json.value("log_tail", "");
  exit.cpu_seconds = json.value("cpu_seconds", 0.0);
  if (const auto bytes = json.find("max_resident_bytes"); bytes != json.end()) {
    exit.max_resident_bytes = integer_from<std::int64_t>(*bytes);
  }
  if (const auto time = json.find("t"); time != json.end()) {
    exit.time_us = integer_from<std::int64_t>(*time);
  }
  return exit;
}

}  // namespace

StreamDecoder::StreamDecoder(int child,
                             int attempt,
                             ExecutorListener& listener,
                             std::int64_t next_sequence)
    : child_(child), attempt_(attempt), listener_(listener), next_sequence_(next_sequence) {}

void StreamDecoder::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) {
      partial_.append(bytes);
      if (partial_.size() > kLongestLine) {
        note_damage(partial_);
        partial_.clear();
      }
      break;
    }
    if (partial_.empty()) {
      take_line(bytes.substr(0, newline));
    } else {
      partial_.append(bytes.substr(0, newline));
      const std::string line = std::exchange(partial_, {});
      take_line(line);
    }
    bytes.remove_prefix(newline + 1);
  }
  deliver_points();
}

void StreamDecoder::take_line(std::string_view line) {
  if (line.empty() || exit_) return;
  const auto content = sealed_content(line);
  if (!content) return note_damage(line);
  if (!take_metrics_fast(*content)) take_other(line);
}

bool StreamDecoder::take_metrics_fast(std::string_view content) {
  Cursor cursor(content);
  std::int64_t sequence = 0;
  if (!cursor.literal(R"({"n":)") || !cursor.number(sequence) ||
      !cursor.literal(R"(,"k":"m","p":[)") || sequence < 1 || sequence > kLargestSequence) {
    return false;
  }
  const std::size_t before = points_.size();
  do {
    MetricPoint& point = points_.emplace_back();
    if (!read_point(cursor, point)) {
      points_.resize(before);
      return false;
    }
    point.sequence = sequence++;
    if (point.sequence < next_sequence_) points_.pop_back();
  } while (cursor.literal(","));
  if (!cursor.literal("]") || !cursor.done() || find_invalid_utf8(content)) {
    points_.resize(before);
    return false;
  }
  if (points_.size() > before && points_[before].sequence > next_sequence_) {
    note_gap(points_[before].sequence);
  }
  if (sequence > next_sequence_) next_sequence_ = sequence;
  return true;
}

bool StreamDecoder::accept(std::int64_t sequence) {
  if (sequence < next_sequence_) return false;
  if (sequence > next_sequence_) note_gap(sequence);
  next_sequence_ = sequence + 1;
  return true;
}

void StreamDecoder::take_other(std::string_view line) {
  try {
    const Json json = Json::parse(line);
    const auto sequence = integer_from<std::int64_t>(json.at("n"));
    const auto kind = json.at("k").get<std::string>();
    if (sequence < 1 || sequence > kLargestSequence) throw std::runtime_error("no sequence number");
    if (kind == "m") {
      std::vector<MetricPoint> points;
      for (const auto& entry : json.at("p")) points.push_back(point_from_json(entry));
      for (std::size_t i = 0; i < points.size(); ++i) {
        points[i].sequence = sequence + static_cast<std::int64_t>(i);
        if (accept(points[i].sequence)) points_.push_back(std::move(points[i]));
      }
      return;
    }
    if (kind == "started") {
      const auto process_id = integer_from<std::int64_t>(json.at("pid"));
      auto where = json.at("where").get<std::string>();
      if (!accept(sequence)) return;
      deliver_points();
      listener_.on_started(child_, attempt_, std::move(where), process_id);
    } else if (kind == "tag") {
      TagSet tag;
      tag.child = child_;
      tag.key = json.at("key").get<std::string>();
      tag.removed = json.at("value").is_null();
      if (!tag.removed) tag.value = json.at("value").get<std::string>();
      tag.is_property = json.value("property", false);
      tag.sequence = sequence;
      if (!accept(sequence)) return;
      deliver_points();
      listener_.on_tag(child_, attempt_, std::move(tag));
    } else if (kind == "said") {
      ScriptSaid said{
          child_, json.at("status").get<std::string>(), json.value("message", ""), sequence};
      if (!accept(sequence)) return;
      deliver_points();
      listener_.on_script_said(child_, attempt_, std::move(said));
    } else if (kind == "note") {
      Noted note{child_, json.at("text").get<std::string>(), sequence};
      if (!accept(sequence)) return;
      deliver_points();
      listener_.on_note(child_, attempt_, std::move(note));
    } else if (kind == "exited") {
      ExitStatus exit = exit_from_json(json);
      // Taken even when the number is an old one: an attempt ends once, and must.
      if (sequence >= next_sequence_) accept(sequence);
      deliver_points();
      exit_ = std::move(exit);
    } else {
      // A kind of fact that a newer supervisor knows: counted, so that numbers stay right.
      accept(sequence);
    }
  } catch (const std::exception&) {
    note_damage(line);
  }
}

void StreamDecoder::deliver_points() {
  if (points_.empty()) return;
  listener_.on_metrics(child_, attempt_, std::exchange(points_, {}));
}

void StreamDecoder::note_gap(std::int64_t sequence) {
  const std::int64_t missing = sequence - next_sequence_;
  Noted note;
  note.child = child_;
  note.text = "the stream of the attempt skips from fact " + std::to_string(next_sequence_ - 1) +
              " to " + std::to_string(sequence) + ": " + std::to_string(missing) + " lost";
  listener_.on_note(child_, attempt_, std::move(note));
}

void StreamDecoder::note_damage(std::string_view line) {
  deliver_points();
  if (std::exchange(damage_noted_, true)) return;
  Noted note;
  note.child = child_;
  note.text = "a line of the attempt's stream is damaged and was skipped: it follows fact " +
              std::to_string(next_sequence_ - 1) + ", has " + std::to_string(line.size()) +
              " bytes and starts with '" + to_valid_utf8(line.substr(0, 60)) +
              "'; further ones are not reported";
  listener_.on_note(child_, attempt_, std::move(note));
}

}  // namespace hd
