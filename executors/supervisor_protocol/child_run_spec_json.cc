#include "executors/supervisor_protocol/child_run_spec_json.h"

#include <nlohmann/json.hpp>

#include "engine/core/utf8.h"

namespace hd {
namespace {

using Json = nlohmann::json;

Json bytes_to_json(const std::string& bytes) {
  if (!find_invalid_utf8(bytes)) return bytes;
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return Json{{"base16", std::move(hex)}};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw std::runtime_error("a base16 string holds '" + std::string(1, c) + "'");
}

std::string bytes_from_json(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  const auto hex = json.at("base16").get<std::string>();
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(hex_digit(hex[i]) * 16 + hex_digit(hex[i + 1]));
  }
  return bytes;
}

}  // namespace

std::string child_run_spec_to_json(const ChildRunSpec& spec) {
  Json argv = Json::array();
  for (const auto& argument : spec.argv) argv.push_back(bytes_to_json(argument));
  Json environment = Json::array();
  for (const auto& [name, value] : spec.environment) {
    environment.push_back(Json::array({bytes_to_json(name), bytes_to_json(value)}));
  }
  Json json{{"run_id", bytes_to_json(spec.run_id)},
            {"child", spec.child},
            {"attempt", spec.attempt},
            {"nonce", spec.nonce},
            {"attempt_directory", bytes_to_json(spec.attempt_directory)},
            {"snapshot_directory", bytes_to_json(spec.snapshot_directory)},
            {"argv", std::move(argv)},
            {"environment", std::move(environment)},
            {"time_limit_seconds", nullptr},
            {"grace_seconds", spec.grace_seconds}};
  if (spec.time_limit_seconds) json["time_limit_seconds"] = *spec.time_limit_seconds;
  return json.dump() + "\n";
}

Result<ChildRunSpec> child_run_spec_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    ChildRunSpec spec;
    spec.run_id = bytes_from_json(json.at("run_id"));
    spec.child = json.at("child").get<int>();
    spec.attempt = json.at("attempt").get<int>();
    spec.nonce = json.at("nonce").get<std::string>();
    spec.attempt_directory = bytes_from_json(json.at("attempt_directory"));
    spec.snapshot_directory = bytes_from_json(json.at("snapshot_directory"));
    for (const auto& argument : json.at("argv")) spec.argv.push_back(bytes_from_json(argument));
    for (const auto& pair : json.at("environment")) {
      spec.environment.emplace_back(bytes_from_json(pair.at(0)), bytes_from_json(pair.at(1)));
    }
    if (const auto& limit = json.at("time_limit_seconds"); !limit.is_null()) {
      spec.time_limit_seconds = limit.get<std::int64_t>();
    }
    spec.grace_seconds = json.at("grace_seconds").get<int>();
    if (spec.argv.empty() || spec.argv[0].empty()) return Error{"argv is empty: nothing to start"};
    return spec;
  } catch (const std::exception& error) {
    return Error{std::string("the specification of the attempt is not usable: ") + error.what()};
  }
}

}  // namespace hd
