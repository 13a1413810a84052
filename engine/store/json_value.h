#pragma once
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "engine/core/parameter_space.h"
#include "engine/core/value.h"

// Only for the .cc files of this folder: the JSON library stays out of every other header.
namespace hd::json_value {

using Json = nlohmann::ordered_json;

[[nodiscard]] inline std::string write(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

[[nodiscard]] inline Json from_double(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return number;
}

[[nodiscard]] inline double to_double(const Json& json) {
  if (json.is_number()) return json.get<double>();
  const auto& text = json.get_ref<const std::string&>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw std::invalid_argument("expected a number, found \"" + text + '"');
}

// Reading a member that may be missing: the default stays.
template <typename T>
void get(const Json& json, const char* name, T& value) {
  const auto found = json.find(name);
  if (found != json.end()) found->get_to(value);
}
inline void get(const Json& json, const char* name, double& value) {
  const auto found = json.find(name);
  if (found != json.end()) value = to_double(*found);
}

/// Exact, types included. A number JSON cannot hold becomes {"$double":"NaN"}, and a map that could
/// be taken for such an object is wrapped in {"$map":{...}}.
[[nodiscard]] Json from_value(const Value& value);
[[nodiscard]] Value to_value(const Json& json);
[[nodiscard]] Json from_configuration(const Configuration& configuration);
[[nodiscard]] Configuration to_configuration(const Json& json);

}  // namespace hd::json_value
