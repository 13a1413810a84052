#include "executors/supervisor_protocol/attempt_spec.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "engine/core/value.h"

namespace hd {
namespace {

void append_text(std::string& out, std::string_view text) {
  out += text.substr(0, text.find('\0'));
  out += '\0';
}

// Only what is not the default, for the same reason as `resumes` below.
void append_patterns(std::string& out, const MetricPatterns& patterns) {
  const char* separator = ",\"patterns\":[";
  for (const MetricPattern& pattern : patterns.own) {
    out += separator;
    out += "{\"regex\":";
    append_json_string(out, pattern.regex);
    out += ",\"name\":";
    append_json_string(out, pattern.name);
    out += '}';
    separator = ",";
  }
  if (!patterns.own.empty()) out += ']';
  if (!patterns.built_in) out += ",\"built_in_patterns\":false";
}

MetricPatterns patterns_from(const nlohmann::json& json) {
  MetricPatterns patterns;
  patterns.built_in = json.value("built_in_patterns", true);
  if (const auto own = json.find("patterns"); own != json.end()) {
    for (const auto& one : *own) {
      patterns.own.push_back(
          {one.at("regex").get<std::string>(), one.at("name").get<std::string>()});
    }
  }
  return patterns;
}

/// Takes the texts behind the JSON line, one after the other.
class Texts {
 public:
  explicit Texts(std::string_view rest) : rest_(rest) {}

  std::string_view next(const char* what) {
    const std::size_t end = rest_.find('\0');
    if (end == std::string_view::npos) throw std::runtime_error(std::string("it lacks ") + what);
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  void expect_end() const {
    if (!rest_.empty()) throw std::runtime_error("something follows the environment");
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::string encode_attempt_spec(const ChildRunSpec& spec) {
  std::string out = "{\"run_id\":";
  append_json_string(out, spec.run_id);
  out += ",\"child\":" + std::to_string(spec.child);
  out += ",\"attempt\":" + std::to_string(spec.attempt) + ",\"nonce\":";
  append_json_string(out, spec.nonce);
  out += ",\"time_limit_seconds\":";
  out += spec.time_limit_seconds ? std::to_string(*spec.time_limit_seconds) : "null";
  out += ",\"grace_seconds\":" + std::to_string(spec.grace_seconds);
  // Only where there is one: a spec without is what every supervisor reads.
  if (!spec.resume_from.empty()) out += ",\"resumes\":true";
  append_patterns(out, spec.metric_patterns);
  out += ",\"arguments\":" + std::to_string(spec.argv.size());
  out += ",\"variables\":" + std::to_string(spec.environment.size()) + "}\n";
  append_text(out, spec.attempt_directory);
  append_text(out, spec.snapshot_directory);
  if (!spec.resume_from.empty()) append_text(out, spec.resume_from);
  for (const auto& argument : spec.argv) append_text(out, argument);
  for (const auto& [name, value] : spec.environment) append_text(out, name + '=' + value);
  return out;
}

Result<ChildRunSpec> decode_attempt_spec(std::string_view content) {
  try {
    const std::size_t line = std::min(content.find('\n'), content.size());
    const auto json = nlohmann::json::parse(content.substr(0, line));
    ChildRunSpec spec;
    json.at("run_id").get_to(spec.run_id);
    json.at("child").get_to(spec.child);
    json.at("attempt").get_to(spec.attempt);
    json.at("nonce").get_to(spec.nonce);
    if (const auto& limit = json.at("time_limit_seconds"); !limit.is_null()) {
      spec.time_limit_seconds = limit.get<std::int64_t>();
    }
    json.at("grace_seconds").get_to(spec.grace_seconds);
    spec.metric_patterns = patterns_from(json);
    const auto arguments = json.at("arguments").get<std::uint64_t>();
    const auto variables = json.at("variables").get<std::uint64_t>();

    Texts texts(content.substr(std::min(line + 1, content.size())));
    spec.attempt_directory = texts.next("the attempt directory");
    spec.snapshot_directory = texts.next("the snapshot directory");
    if (json.value("resumes", false)) spec.resume_from = texts.next("the folder to go on from");
    for (std::uint64_t i = 0; i < arguments; ++i) spec.argv.emplace_back(texts.next("an argument"));
    for (std::uint64_t i = 0; i < variables; ++i) {
      const std::string_view entry = texts.next("an environment variable");
      const std::size_t equals = entry.find('=');
      if (equals == std::string_view::npos) {
        throw std::runtime_error("the environment variable '" + std::string(entry) +
                                 "' has no value");
      }
      spec.environment.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
    texts.expect_end();
    if (spec.argv.empty() || spec.argv[0].empty()) return Error{"argv is empty: nothing to start"};
    return spec;
  } catch (const std::exception& error) {
    return Error{std::string("the specification of the attempt is not usable: ") + error.what()};
  }
}

}  // namespace hd
