#include "engine/store/spec_codec.h"

#include <stdexcept>

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
  return script;
}

}  // namespace

std::string encode_spec(const ParentRunSpec& spec) {
  const Json json = {{"run_id", spec.run_id},
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
    return spec;
  } catch (const Json::exception& error) {
    throw std::invalid_argument(error.what());
  }
}

}  // namespace hd
