#include "engine/store/spec_codec.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "engine/store/json_value.h"

namespace hd {

namespace {

using json_value::get;
using json_value::Json;

template <typename T>
void get_optional(const Json& json, const char* name, std::optional<T>& value) {
  const auto found = json.find(name);
  if (found != json.end() && !found->is_null()) value = found->template get<T>();
}

Json encode(const ScriptSpec& script) {
  Json json = {{"script", script.script},
               {"arguments", script.arguments},
               {"command", script.command},
               {"interpreter", script.interpreter},
               {"environment", script.environment}};
  if (script.max_run_duration_seconds) {
    json["max_run_duration_seconds"] = *script.max_run_duration_seconds;
  }
  if (script.takes_resume_from) json["takes_resume_from"] = true;
  for (const MetricPattern& pattern : script.metric_patterns.own) {
    json["metric_patterns"].push_back({{"regex", pattern.regex}, {"name", pattern.name}});
  }
  if (!script.metric_patterns.built_in) json["built_in_metric_patterns"] = false;
  return json;
}

ScriptSpec decode_script(const Json& json) {
  ScriptSpec script;
  get(json, "script", script.script);
  get(json, "arguments", script.arguments);
  get(json, "command", script.command);
  get(json, "interpreter", script.interpreter);
  get(json, "environment", script.environment);
  get_optional(json, "max_run_duration_seconds", script.max_run_duration_seconds);
  get(json, "takes_resume_from", script.takes_resume_from);
  get(json, "built_in_metric_patterns", script.metric_patterns.built_in);
  if (const auto patterns = json.find("metric_patterns"); patterns != json.end()) {
    for (const Json& one : *patterns) {
      MetricPattern& pattern = script.metric_patterns.own.emplace_back();
      get(one, "regex", pattern.regex);
      get(one, "name", pattern.name);
    }
  }
  return script;
}

// Frozen: stored by name.
constexpr std::array<std::pair<Trial::Outcome, const char*>, 3> kOutcomes = {{
    {Trial::Outcome::kFinished, "finished"},
    {Trial::Outcome::kCensored, "censored"},
    {Trial::Outcome::kFailed, "failed"},
}};

const char* name_of(Trial::Outcome outcome) {
  for (const auto& [known, name] : kOutcomes) {
    if (known == outcome) return name;
  }
  throw std::invalid_argument("a result that is not known yet cannot be stored");
}

Trial::Outcome outcome_of(const Json& json) {
  const auto& text = json.at("outcome").get_ref<const std::string&>();
  for (const auto& [known, name] : kOutcomes) {
    if (text == name) return known;
  }
  throw std::invalid_argument("the outcome \"" + text + "\" is not known here");
}

Json encode(const WarmStart& warm_start) {
  Json results = Json::array();
  for (const EarlierResult& result : warm_start.results) {
    results.push_back({{"run_id", result.run_id},
                       {"configuration", json_value::from_configuration(result.configuration)},
                       {"outcome", name_of(result.outcome)},
                       {"value", json_value::from_double(result.value)}});
  }
  Json left_out = Json::array();
  for (const WarmStart::LeftOut& one : warm_start.left_out) {
    left_out.push_back({{"run_id", one.run_id}, {"count", one.count}, {"reason", one.reason}});
  }
  Json children = Json::array();
  for (const ResumedChild& child : warm_start.children) {
    children.push_back({{"run_id", child.run_id},
                        {"attempt", child.attempt},
                        {"configuration", json_value::from_configuration(child.configuration)}});
  }
  return {{"resume_from", warm_start.resume_from},
          {"results", std::move(results)},
          {"left_out", std::move(left_out)},
          {"children", std::move(children)}};
}

WarmStart decode_warm_start(const Json& json) {
  WarmStart warm_start;
  get(json, "resume_from", warm_start.resume_from);
  for (const Json& one : json.at("results")) {
    EarlierResult& result = warm_start.results.emplace_back();
    get(one, "run_id", result.run_id);
    result.configuration = json_value::to_configuration(one.at("configuration"));
    result.outcome = outcome_of(one);
    get(one, "value", result.value);
  }
  for (const Json& one : json.at("left_out")) {
    WarmStart::LeftOut& left_out = warm_start.left_out.emplace_back();
    get(one, "run_id", left_out.run_id);
    get(one, "count", left_out.count);
    get(one, "reason", left_out.reason);
  }
  for (const Json& one : json.at("children")) {
    ResumedChild& child = warm_start.children.emplace_back();
    get(one, "run_id", child.run_id);
    get(one, "attempt", child.attempt);
    child.configuration = json_value::to_configuration(one.at("configuration"));
  }
  return warm_start;
}

}  // namespace

std::string encode_spec(const ParentRunSpec& spec) {
  Json json = {{"run_id", spec.run_id},
               {"kind", spec.kind == RunKind::kScript ? "script" : "hyperdrive"},
               {"experiment", spec.experiment},
               {"target", spec.target},
               {"hdconfig_file", spec.hdconfig_file},
               {"hdconfig_text", spec.hdconfig_text},
               {"seed", spec.seed},
               {"script", encode(spec.script)},
               {"source_directory", spec.source_directory},
               {"snapshot_id", spec.snapshot_id},
               {"properties", spec.properties},
               {"tags", spec.tags},
               {"keep_going", spec.keep_going},
               {"grace_seconds", spec.grace_seconds}};
  if (!spec.warm_start.empty()) json["warm_start"] = encode(spec.warm_start);
  return json_value::write(json);
}

ParentRunSpec decode_spec(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (!json.is_object()) throw std::invalid_argument("the spec is no JSON object");
    ParentRunSpec spec;
    std::string kind = "hyperdrive";
    get(json, "run_id", spec.run_id);
    get(json, "kind", kind);
    if (kind != "hyperdrive" && kind != "script") {
      throw std::invalid_argument("the kind of run \"" + kind + "\" is not known here");
    }
    spec.kind = kind == "script" ? RunKind::kScript : RunKind::kHyperDrive;
    get(json, "experiment", spec.experiment);
    get(json, "target", spec.target);
    get(json, "hdconfig_file", spec.hdconfig_file);
    get(json, "hdconfig_text", spec.hdconfig_text);
    get(json, "seed", spec.seed);
    if (const auto script = json.find("script"); script != json.end()) {
      spec.script = decode_script(*script);
    }
    get(json, "source_directory", spec.source_directory);
    get(json, "snapshot_id", spec.snapshot_id);
    get(json, "properties", spec.properties);
    get(json, "tags", spec.tags);
    get(json, "keep_going", spec.keep_going);
    get(json, "grace_seconds", spec.grace_seconds);
    if (const auto warm_start = json.find("warm_start"); warm_start != json.end()) {
      spec.warm_start = decode_warm_start(*warm_start);
    }
    return spec;
  } catch (const Json::exception& error) {
    throw std::invalid_argument(error.what());
  }
}

}  // namespace hd
