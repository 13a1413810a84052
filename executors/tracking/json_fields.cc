#include "executors/tracking/json_fields.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "executors/supervisor_protocol/json_depth.h"
#include "executors/supervisor_protocol/read_number.h"
#include "executors/tracking/tracking_error.h"

namespace hd {
namespace {

using Json = nlohmann::json;
using Code = TrackingError::Code;

constexpr int kDeepest = 64;

const Json* find(const Json& parameters, const char* name) {
  const auto found = parameters.find(name);
  return found == parameters.end() || found->is_null() ? nullptr : &*found;
}

[[noreturn]] void wrong(const char* name, const char* expected) {
  throw TrackingError(Code::kInvalidParameter,
                      std::string("the parameter '") + name + "' is no " + expected);
}

}  // namespace

Json read_json_object(std::string_view text) {
  if (text.empty()) return Json::object();
  if (is_nested_deeper(text, kDeepest)) {
    throw TrackingError(Code::kInvalidParameter, "the request's body is nested too deeply");
  }
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    throw TrackingError(Code::kInvalidParameter, "the request's body is no JSON object");
  }
  return json;
}

std::string text_field(const Json& parameters, const char* name) {
  const Json* value = find(parameters, name);
  if (value == nullptr) return {};
  if (!value->is_string()) wrong(name, "text");
  return value->get<std::string>();
}

std::string required_text(const Json& parameters, const char* name) {
  std::string text = text_field(parameters, name);
  if (text.empty()) {
    throw TrackingError(Code::kInvalidParameter,
                        std::string("missing value for required parameter '") + name + "'");
  }
  return text;
}

std::optional<std::int64_t> integer_field(const Json& parameters, const char* name) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  const Json* value = find(parameters, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) {
    if (value->get<std::uint64_t>() > static_cast<std::uint64_t>(kLargest)) wrong(name, "integer");
    return value->get<std::int64_t>();
  }
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (value->is_number_float()) {
    const auto number = value->get<double>();
    if (!(std::fabs(number) < 9.2e18) || number != std::floor(number)) wrong(name, "integer");
    return static_cast<std::int64_t>(number);
  }
  if (!value->is_string()) wrong(name, "integer");
  const auto& text = value->get_ref<const std::string&>();
  if (text.empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) wrong(name, "integer");
  return number;
}

double number_field(const Json& parameters, const char* name) {
  const Json* value = find(parameters, name);
  if (value == nullptr) {
    throw TrackingError(Code::kInvalidParameter,
                        std::string("missing value for required parameter '") + name + "'");
  }
  if (value->is_number()) return value->get<double>();
  if (value->is_boolean()) return value->get<bool>() ? 1 : 0;
  if (!value->is_string()) wrong(name, "number");
  const auto number = whole_number(value->get_ref<const std::string&>());
  if (!number) wrong(name, "number");
  return *number;
}

const Json& list_field(const Json& parameters, const char* name) {
  static const Json kNone = Json::array();
  const Json* value = find(parameters, name);
  if (value == nullptr) return kNone;
  if (!value->is_array()) wrong(name, "list");
  return *value;
}

Json number_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hd
