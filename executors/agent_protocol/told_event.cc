#include "executors/agent_protocol/told_event.h"

#include <cmath>
#include <limits>
#include <utility>

namespace hd {
namespace {

using Json = nlohmann::json;

Json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

double number_from(const Json& json) {
  if (json.is_number()) return json.get<double>();
  const auto text = json.get<std::string>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return text == "Infinity" ? std::numeric_limits<double>::infinity()
                            : -std::numeric_limits<double>::infinity();
}

Json event(const char* name, int child, int attempt) {
  return {{"event", name}, {"child", child}, {"attempt", attempt}};
}

ExitStatus::Kind kind_from(int number) {
  const auto last = static_cast<int>(ExitStatus::Kind::kTimeLimit);
  return number < 0 || number > last ? ExitStatus::Kind::kLost
                                     : static_cast<ExitStatus::Kind>(number);
}

MetricPoint point_from(const Json& json) {
  MetricPoint point;
  point.sequence = json.at(0).get<std::int64_t>();
  point.name = json.at(1).get<std::string>();
  point.value = number_from(json.at(2));
  if (!json.at(3).is_null()) point.step = json.at(3).get<std::int64_t>();
  point.time_us = json.at(4).get<std::int64_t>();
  if (json.size() > 5) point.text = json.at(5).get<std::string>();
  return point;
}

}  // namespace

void EventTeller::on_started(int child, int attempt, std::string where, std::int64_t process_id) {
  Json head = event("started", child, attempt);
  head["where"] = std::move(where);
  head["pid"] = process_id;
  send_(encode_frame(std::move(head)));
}

void EventTeller::on_metrics(int child, int attempt, std::vector<MetricPoint> points) {
  Json list = Json::array();
  for (const MetricPoint& point : points) {
    Json entry = {point.sequence, point.name, number(point.value), nullptr, point.time_us};
    if (point.step) entry[3] = *point.step;
    if (!point.text.empty()) entry.push_back(point.text);
    list.push_back(std::move(entry));
  }
  Json head = event("metrics", child, attempt);
  head["points"] = std::move(list);
  send_(encode_frame(std::move(head)));
}

void EventTeller::on_tag(int child, int attempt, TagSet tag) {
  Json head = event("tag", child, attempt);
  head["n"] = tag.sequence;
  head["key"] = std::move(tag.key);
  head["value"] = std::move(tag.value);
  head["removed"] = tag.removed;
  head["property"] = tag.is_property;
  send_(encode_frame(std::move(head)));
}

void EventTeller::on_script_said(int child, int attempt, ScriptSaid said) {
  Json head = event("said", child, attempt);
  head["n"] = said.sequence;
  head["status"] = std::move(said.status);
  head["message"] = std::move(said.message);
  send_(encode_frame(std::move(head)));
}

void EventTeller::on_note(int child, int attempt, Noted note) {
  Json head = event("note", child, attempt);
  head["n"] = note.sequence;
  head["text"] = std::move(note.text);
  send_(encode_frame(std::move(head)));
}

void EventTeller::on_ended(int child, int attempt, ExitStatus exit) {
  Json head = event("ended", child, attempt);
  head["kind"] = static_cast<int>(exit.kind);
  head["code"] = exit.code;
  head["message"] = std::move(exit.message);
  head["log_tail"] = std::move(exit.log_tail);
  head["cpu_seconds"] = exit.cpu_seconds;
  head["max_resident_bytes"] = exit.max_resident_bytes;
  head["t"] = exit.time_us;
  send_(encode_frame(std::move(head)));
}

bool deliver_event(const Frame& frame, ExecutorListener& listener) {
  const Json& head = frame.head;
  const auto found = head.find("event");
  if (found == head.end()) return false;
  const auto name = found->get<std::string>();
  const int child = head.at("child").get<int>();
  const int attempt = head.at("attempt").get<int>();
  if (name == "metrics") {
    std::vector<MetricPoint> points;
    for (const Json& entry : head.at("points")) points.push_back(point_from(entry));
    listener.on_metrics(child, attempt, std::move(points));
  } else if (name == "started") {
    listener.on_started(child, attempt, head.at("where"), head.at("pid"));
  } else if (name == "tag") {
    TagSet tag{child, head.at("key"), head.at("value"), head.at("removed"), head.at("property")};
    tag.sequence = head.at("n");
    listener.on_tag(child, attempt, std::move(tag));
  } else if (name == "said") {
    listener.on_script_said(
        child, attempt, {child, head.at("status"), head.at("message"), head.at("n")});
  } else if (name == "note") {
    listener.on_note(child, attempt, {child, head.at("text"), head.at("n")});
  } else if (name == "ended") {
    ExitStatus exit;
    exit.kind = kind_from(head.at("kind").get<int>());
    exit.code = head.at("code");
    exit.message = head.at("message");
    exit.log_tail = head.at("log_tail");
    exit.cpu_seconds = head.at("cpu_seconds");
    exit.max_resident_bytes = head.at("max_resident_bytes");
    exit.time_us = head.at("t");
    listener.on_ended(child, attempt, std::move(exit));
  } else {
    return false;
  }
  return true;
}

}  // namespace hd
