#include "engine/store/event_codec.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "engine/store/json_value.h"

namespace hd {

namespace json_value {

Json from_value(const Value& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_integer()) return value.as_integer();
  if (value.is_double()) {
    const double number = value.as_number();
    if (std::isfinite(number)) return number;
    return Json::object({{"$double", from_double(number)}});
  }
  if (value.is_string()) return value.as_string();
  if (value.is_list()) {
    Json list = Json::array();
    for (const Value& item : value.as_list()) list.push_back(from_value(item));
    return list;
  }
  if (!value.is_map()) return nullptr;
  Json map = Json::object();
  for (const auto& [key, item] : value.as_map()) map[key] = from_value(item);
  if (map.size() == 1 && map.begin().key().starts_with('$'))
    return Json::object({{"$map", std::move(map)}});
  return map;
}

Value to_value(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    Value::List list;
    list.reserve(json.size());
    for (const Json& item : json) list.push_back(to_value(item));
    return list;
  }
  if (!json.is_object()) return {};
  const Json* map = &json;
  if (json.size() == 1) {
    const auto only = json.begin();
    if (only.key() == "$double") return to_double(only.value());
    if (only.key() == "$map") map = &only.value();
  }
  Value::Map result;
  for (const auto& [key, item] : map->items()) result.emplace_back(key, to_value(item));
  return result;
}

Json from_configuration(const Configuration& configuration) {
  Json entries = Json::object();
  for (const auto& [name, value] : configuration.entries()) entries[name] = from_value(value);
  return entries;
}

Configuration to_configuration(const Json& json) {
  Configuration configuration;
  for (const auto& [name, value] : json.items()) configuration.set(name, to_value(value));
  return configuration;
}

}  // namespace json_value

namespace {

using json_value::from_double;
using json_value::get;
using json_value::Json;

// Frozen: stored by name.
constexpr std::array<std::pair<CancelCause, const char*>, 5> kCauses = {{
    {CancelCause::kPolicy, "policy"},
    {CancelCause::kUser, "user"},
    {CancelCause::kDuration, "duration"},
    {CancelCause::kFirstFailures, "first_failures"},
    {CancelCause::kInterrupt, "interrupt"},
}};
constexpr std::array<std::pair<ExitStatus::Kind, const char*>, 5> kExitKinds = {{
    {ExitStatus::Kind::kExited, "exited"},
    {ExitStatus::Kind::kSignaled, "signaled"},
    {ExitStatus::Kind::kNotStarted, "not_started"},
    {ExitStatus::Kind::kLost, "lost"},
    {ExitStatus::Kind::kTimeLimit, "time_limit"},
}};
constexpr std::array<std::pair<PolicyVerdict::Outcome, const char*>, 3> kOutcomes = {{
    {PolicyVerdict::Outcome::kNotDue, "not_due"},
    {PolicyVerdict::Outcome::kContinue, "continue"},
    {PolicyVerdict::Outcome::kCancel, "cancel"},
}};

template <typename Table, typename Enum>
const char* name_of(const Table& table, Enum value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  throw std::invalid_argument("a value without a name cannot be stored");
}

template <typename Table, typename Enum>
void get_named(const Json& json, const char* member, const Table& table, Enum& value) {
  const auto found = json.find(member);
  if (found == json.end()) return;
  const auto& text = found->template get_ref<const std::string&>();
  for (const auto& [known, name] : table) {
    if (text == name) {
      value = known;
      return;
    }
  }
  throw std::invalid_argument(std::string(member) + " \"" + text + "\" is not known here");
}

Json encode(const EngineStarted& body) {
  return {{"epoch", body.epoch},
          {"boot_id", body.boot_id},
          {"boottime_us", body.boottime_us},
          {"elapsed_us", body.elapsed_us},
          {"process_id", body.process_id}};
}
void decode(const Json& json, EngineStarted& body) {
  get(json, "epoch", body.epoch);
  get(json, "boot_id", body.boot_id);
  get(json, "boottime_us", body.boottime_us);
  get(json, "elapsed_us", body.elapsed_us);
  get(json, "process_id", body.process_id);
}

Json encode(const AskIssued& body) {
  return {{"ask", body.ask}, {"first_child", body.first_child}, {"count", body.count}};
}
void decode(const Json& json, AskIssued& body) {
  get(json, "ask", body.ask);
  get(json, "first_child", body.first_child);
  get(json, "count", body.count);
}

Json encode(const AskAnswered& body) {
  Json configurations = Json::array();
  for (const Configuration& configuration : body.configurations) {
    configurations.push_back(json_value::from_configuration(configuration));
  }
  Json json = {{"ask", body.ask},
               {"configurations", std::move(configurations)},
               {"reasons", body.reasons},
               {"exhausted", body.exhausted},
               {"notes", body.notes},
               {"warning", body.warning}};
  if (body.first_child >= 0) json["first_child"] = body.first_child;
  if (!body.details.empty()) {
    Json details = Json::array();
    for (const Value& one : body.details) details.push_back(json_value::from_value(one));
    json["details"] = std::move(details);
  }
  return json;
}
void decode(const Json& json, AskAnswered& body) {
  get(json, "ask", body.ask);
  if (const auto configurations = json.find("configurations"); configurations != json.end()) {
    for (const Json& entries : *configurations) {
      body.configurations.push_back(json_value::to_configuration(entries));
    }
  }
  get(json, "reasons", body.reasons);
  if (const auto details = json.find("details"); details != json.end()) {
    for (const Json& one : *details) body.details.push_back(json_value::to_value(one));
  }
  get(json, "exhausted", body.exhausted);
  get(json, "notes", body.notes);
  get(json, "warning", body.warning);
  get(json, "first_child", body.first_child);
}

Json encode(const ChildStarting& body) {
  return {{"child", body.child}, {"attempt", body.attempt}};
}
void decode(const Json& json, ChildStarting& body) {
  get(json, "child", body.child);
  get(json, "attempt", body.attempt);
}

Json encode(const ChildStarted& body) {
  return {{"child", body.child},
          {"attempt", body.attempt},
          {"where", body.where},
          {"process_id", body.process_id}};
}
void decode(const Json& json, ChildStarted& body) {
  get(json, "child", body.child);
  get(json, "attempt", body.attempt);
  get(json, "where", body.where);
  get(json, "process_id", body.process_id);
}

Json encode(const MetricReported& body) {
  Json json = {{"child", body.child},
               {"attempt", body.attempt},
               {"sequence", body.point.sequence},
               {"name", body.point.name},
               {"value", from_double(body.point.value)},
               {"time_us", body.point.time_us}};
  if (!body.point.text.empty()) json["text"] = body.point.text;
  if (body.point.step) json["step"] = *body.point.step;
  return json;
}
void decode(const Json& json, MetricReported& body) {
  get(json, "child", body.child);
  get(json, "attempt", body.attempt);
  get(json, "sequence", body.point.sequence);
  get(json, "name", body.point.name);
  get(json, "value", body.point.value);
  get(json, "time_us", body.point.time_us);
  get(json, "text", body.point.text);
  if (const auto step = json.find("step"); step != json.end()) {
    body.point.step = step->get<std::int64_t>();
  }
}

Json encode(const PolicyJudged& body) {
  return {{"child", body.child},
          {"outcome", name_of(kOutcomes, body.verdict.outcome)},
          {"interval", body.verdict.interval},
          {"value", from_double(body.verdict.value)},
          {"limit", from_double(body.verdict.limit)},
          {"population", body.verdict.population}};
}
void decode(const Json& json, PolicyJudged& body) {
  get(json, "child", body.child);
  get_named(json, "outcome", kOutcomes, body.verdict.outcome);
  get(json, "interval", body.verdict.interval);
  get(json, "value", body.verdict.value);
  get(json, "limit", body.verdict.limit);
  get(json, "population", body.verdict.population);
}

Json encode(const CancelRequested& body) {
  return {{"child", body.child}, {"cause", name_of(kCauses, body.cause)}, {"reason", body.reason}};
}
void decode(const Json& json, CancelRequested& body) {
  get(json, "child", body.child);
  get_named(json, "cause", kCauses, body.cause);
  get(json, "reason", body.reason);
}

Json encode(const ChildEnded& body) {
  return {{"child", body.child},
          {"attempt", body.attempt},
          {"exit", name_of(kExitKinds, body.exit.kind)},
          {"code", body.exit.code},
          {"message", body.exit.message},
          {"log_tail", body.exit.log_tail},
          {"cpu_seconds", from_double(body.exit.cpu_seconds)},
          {"max_resident_bytes", body.exit.max_resident_bytes},
          {"time_us", body.exit.time_us}};
}
void decode(const Json& json, ChildEnded& body) {
  get(json, "child", body.child);
  get(json, "attempt", body.attempt);
  get_named(json, "exit", kExitKinds, body.exit.kind);
  get(json, "code", body.exit.code);
  get(json, "message", body.exit.message);
  get(json, "log_tail", body.exit.log_tail);
  get(json, "cpu_seconds", body.exit.cpu_seconds);
  get(json, "max_resident_bytes", body.exit.max_resident_bytes);
  get(json, "time_us", body.exit.time_us);
}

Json encode(const ParentCancelRequested& body) {
  return {{"cause", name_of(kCauses, body.cause)}, {"reason", body.reason}};
}
void decode(const Json& json, ParentCancelRequested& body) {
  get_named(json, "cause", kCauses, body.cause);
  get(json, "reason", body.reason);
}

Json encode(const ChildCancelRequested& body) {
  return {{"child", body.child}, {"reason", body.reason}};
}
void decode(const Json& json, ChildCancelRequested& body) {
  get(json, "child", body.child);
  get(json, "reason", body.reason);
}

Json encode(const PauseRequested& /*body*/) { return Json::object(); }
void decode(const Json& /*json*/, PauseRequested& /*body*/) {}

Json encode(const UnpauseRequested& /*body*/) { return Json::object(); }
void decode(const Json& /*json*/, UnpauseRequested& /*body*/) {}

Json encode(const ParentEnded& body) {
  return {{"status", status_name(body.status)},
          {"reason", body.reason},
          {"best_child", body.best_child}};
}
void decode(const Json& json, ParentEnded& body) {
  if (const auto status = json.find("status"); status != json.end()) {
    body.status = parse_status(status->get_ref<const std::string&>());
  }
  get(json, "reason", body.reason);
  get(json, "best_child", body.best_child);
}

Json encode(const Noted& body) {
  return {{"child", body.child}, {"text", body.text}, {"sequence", body.sequence}};
}
void decode(const Json& json, Noted& body) {
  get(json, "child", body.child);
  get(json, "text", body.text);
  get(json, "sequence", body.sequence);
}

Json encode(const TagSet& body) {
  return {{"child", body.child},
          {"key", body.key},
          {"value", body.value},
          {"removed", body.removed},
          {"is_property", body.is_property},
          {"sequence", body.sequence}};
}
void decode(const Json& json, TagSet& body) {
  get(json, "child", body.child);
  get(json, "key", body.key);
  get(json, "value", body.value);
  get(json, "removed", body.removed);
  get(json, "is_property", body.is_property);
  get(json, "sequence", body.sequence);
}

Json encode(const ScriptSaid& body) {
  return {{"child", body.child},
          {"status", body.status},
          {"message", body.message},
          {"sequence", body.sequence}};
}
void decode(const Json& json, ScriptSaid& body) {
  get(json, "child", body.child);
  get(json, "status", body.status);
  get(json, "message", body.message);
  get(json, "sequence", body.sequence);
}

Json encode(const RetryDue& body) { return Json::object({{"child", body.child}}); }
void decode(const Json& json, RetryDue& body) { get(json, "child", body.child); }

/// Tries the alternatives of the variant in turn: a new kind of event needs no entry here.
template <std::size_t Index = 0>
EventBody decode_named(std::string_view name, const Json& json) {
  if constexpr (Index == std::variant_size_v<EventBody>) {
    throw std::invalid_argument("the event kind \"" + std::string(name) + "\" is not known here");
  } else {
    std::variant_alternative_t<Index, EventBody> body;
    if (name != event_name(EventBody(body))) return decode_named<Index + 1>(name, json);
    decode(json, body);
    return body;
  }
}

}  // namespace

std::string encode_event(const EventBody& body) {
  return json_value::write(std::visit([](const auto& one) { return encode(one); }, body));
}

EventBody decode_event(std::string_view name, std::string_view payload) {
  try {
    const Json json = Json::parse(payload);
    if (!json.is_object()) throw std::invalid_argument("the payload is no JSON object");
    return decode_named(name, json);
  } catch (const Json::exception& error) {
    throw std::invalid_argument(error.what());
  }
}

}  // namespace hd
