#include <cmath>
#include <string_view>

#include <nlohmann/json.hpp>

#include "engine/config/expressions.h"
#include "engine/config/field_table.h"
#include "engine/config/generated_docs.h"

namespace hd {
namespace {

using Json = nlohmann::ordered_json;

/// JSON Schema has no flag for case, so a pattern spells it out; the enum beside it is what editors
/// offer for completion.
std::string any_case(std::string_view word) {
  std::string pattern;
  for (const char c : word) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool upper = c >= 'A' && c <= 'Z';
    if (lower || upper) {
      const char other = static_cast<char>(c ^ 0x20);
      pattern += std::string("[") + (upper ? c : other) + (upper ? other : c) + "]";
    } else {
      pattern += c;
    }
  }
  return pattern;
}

void add_options(Json& schema, const Field& field) {
  std::string pattern = "^(";
  for (const std::string_view option : field.options) pattern += any_case(option) + "|";
  for (const std::string_view option : field.spellings) pattern += any_case(option) + "|";
  pattern.back() = ')';
  Json listed = {{"enum", field.options}};
  schema["anyOf"] = Json::array({listed, Json{{"pattern", pattern + "$"}}});
}

Json number(double value) {
  if (value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

void add_type(Json& schema, const Field& field) {
  switch (field.type) {
    case FieldType::kText:
      schema["type"] = field.options.empty() ? Json::array({"string", "number", "boolean", "null"})
                                             : Json::array({"string", "null"});
      break;
    case FieldType::kInteger:
      schema["type"] = Json::array({"integer", "null"});
      break;
    case FieldType::kNumber:
      schema["type"] = Json::array({"number", "null"});
      break;
    case FieldType::kBoolean:
      schema["type"] = Json::array({"boolean", "null"});
      break;
    case FieldType::kMap:
    case FieldType::kFreeMap:
      schema["type"] = Json::array({"object", "null"});
      break;
    case FieldType::kList:
      schema["type"] = Json::array({"array", "null"});
      break;
    case FieldType::kTexts:
      schema["type"] = Json::array({"string", "array", "null"});
      schema["items"] = {{"type", Json::array({"string", "number", "boolean"})}};
      break;
    case FieldType::kAny:
      break;
  }
  if (field.required && schema.contains("type")) {
    // A required key may not be null.
    schema["type"].erase(schema["type"].size() - 1);
    if (schema["type"].size() == 1) schema["type"] = Json(schema["type"][0]);
  }
}

Json field_schema(const FieldTable& table, const Field& field);

Json object_schema(const FieldTable& table, const std::string& path) {
  Json schema = {{"type", "object"}};
  Json required = Json::array();
  Json properties = Json::object();
  for (const std::string_view name : table.children(path)) {
    const Field& field =
        *table.find(path.empty() ? std::string(name) : path + "." + std::string(name));
    properties[std::string(name)] = field_schema(table, field);
    if (field.required) required.push_back(name);
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json field_schema(const FieldTable& table, const Field& field) {
  Json schema = Json::object();
  std::string description(field.description);
  if (field.use == FieldUse::kNotApplicable) description += " Not applicable here.";
  if (field.use == FieldUse::kRefused) description += " Not supported yet.";
  if (field.extension) description += " An addition to HyperDrive's keys.";
  schema["description"] = std::move(description);
  add_type(schema, field);
  if (!field.options.empty()) add_options(schema, field);
  if (field.min) schema[field.above_min ? "exclusiveMinimum" : "minimum"] = number(*field.min);
  if (field.max) schema["maximum"] = number(*field.max);
  if (!field.default_value.empty()) {
    const ConfigNode node = parse_config_document(field.default_value, "default").root;
    schema["default"] = Json::parse(to_json(to_value(node)));
  }
  const std::string path(field.path);
  if (!table.children(path).empty()) {
    const Json object = object_schema(table, path);
    schema["properties"] = object["properties"];
    if (object.contains("required")) schema["required"] = object["required"];
    if (!schema.contains("type")) schema["type"] = Json::array({"object", "string", "null"});
  }
  if (!table.children(path + "[]").empty()) {
    schema["minItems"] = 1;
    schema["items"] = object_schema(table, path + "[]");
  }
  return schema;
}

/// What `values` must hold for each expression.
Json expression_rules() {
  Json rules = Json::array();
  for (const ExpressionInfo& info : expression_infos()) {
    Json values = {{"type", "array"}, {"minItems", 1}};
    values["description"] = arguments_text(info) + ": " + std::string(info.draws);
    if (info.name != "choice") {
      values["minItems"] = info.arguments.size();
      values["maxItems"] = info.arguments.size();
      values["items"] = {{"type", "number"}};
    }
    Json rule;
    rule["if"] = {{"properties", {{"expression", {{"const", info.name}}}}}};
    rule["then"] = {{"properties", {{"values", std::move(values)}}}};
    rules.push_back(std::move(rule));
  }
  return rules;
}

Json document_schema(const FieldTable& table, std::string_view title) {
  Json schema;
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = title;
  schema.update(object_schema(table, ""));
  return schema;
}

}  // namespace

std::string hdconfig_schema() {
  Json schema = document_schema(hdconfig_fields(), "hdconfig.yml");
  Json names = Json::array();
  for (const ExpressionInfo& info : expression_infos()) names.push_back(info.name);
  // Unknown keys are a mistake in an editor, where they can still be corrected. A new member may
  // move the others of its object, so references are taken from the outside inwards.
  schema["additionalProperties"] = false;
  Json& properties = schema["properties"];
  properties["policy"]["additionalProperties"] = false;
  Json& sampling = properties["sampling"];
  sampling["additionalProperties"] = false;
  Json& item = sampling["properties"]["parameter_space"]["items"];
  item["properties"]["expression"]["enum"] = std::move(names);
  item["allOf"] = expression_rules();
  item["additionalProperties"] = false;
  return schema.dump(2) + "\n";
}

std::string compute_target_schema() {
  Json schema = document_schema(compute_target_fields(), "computetargets/<name>.yml");
  schema["additionalProperties"] = false;
  return schema.dump(2) + "\n";
}

std::string runconfig_schema() {
  return document_schema(runconfig_fields(), ".runconfig").dump(2) + "\n";
}

}  // namespace hd
