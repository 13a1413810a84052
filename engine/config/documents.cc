#include <string_view>

#include "engine/config/expressions.h"
#include "engine/config/field_table.h"
#include "engine/config/generated_docs.h"
#include "engine/config/templates.h"
#include "engine/core/value.h"

namespace hd {
namespace {

constexpr std::string_view kGenerated =
    "<!-- Made by hd_generate_docs from the tables in engine/config. Change those instead. -->\n";

std::string code(std::string_view text) {
  return text.empty() ? std::string() : "`" + std::string(text) + "`";
}

/// What a value may be, with the limits that the type alone does not tell.
std::string allowed_text(const Field& field) {
  if (field.type == FieldType::kText && field.options.empty()) return "text";
  if (field.type == FieldType::kText) {
    std::string text;
    for (const std::string_view option : field.options) {
      text += (text.empty() ? "" : ", ") + code(option);
    }
    return text;
  }
  std::string text(type_name(field.type));
  const std::string expected = expected_text(field);
  const bool number = field.type == FieldType::kInteger || field.type == FieldType::kNumber;
  if (number) text = expected.substr(expected.find(' ') + 1);
  if (field.advised_max) text += "; HyperDrive allows up to " + format_number(*field.advised_max);
  return text;
}

std::string template_text(std::string_view name) {
  for (TemplateFile& file : attach_templates()) {
    if (file.name == name) return std::move(file.text);
  }
  return {};
}

std::string key_table(const FieldTable& table) {
  std::string out = "| Key | Value | Default | Meaning |\n|---|---|---|---|\n";
  for (const Field& field : table.fields()) {
    out += "| " + code(field.path) + " | " + allowed_text(field) + " | " +
           (field.required ? "**required**" : code(field.default_value)) + " | " +
           std::string(field.description) + (field.extension ? " *(addition)*" : "") +
           (field.use == FieldUse::kNotApplicable ? " *(not applicable)*" : "") +
           (field.use == FieldUse::kRefused ? " *(refused)*" : "") + " |\n";
  }
  return out;
}

std::string expression_table() {
  std::string out = "| Expression | `values` | Draws | In a v2 file |\n|---|---|---|---|\n";
  for (const ExpressionInfo& info : expression_infos()) {
    std::string keys = info.name == "choice" ? "`values`" : "";
    for (const std::string_view key : info.keys) keys += (keys.empty() ? "" : ", ") + code(key);
    const std::string arguments = arguments_text(info);
    const std::size_t end = arguments.rfind(']') + 1;
    out += "| " + code(info.name) + " | " + code(arguments.substr(0, end)) + arguments.substr(end) +
           " | " + std::string(info.draws) + " | " + keys + " |\n";
  }
  return out;
}

std::string_view use_text(const Field& field) {
  switch (field.use) {
    case FieldUse::kHonoured:
      return "honoured";
    case FieldUse::kNotApplicable:
      return "not applicable";
    case FieldUse::kRefused:
      break;
  }
  return "refused";
}

}  // namespace

std::string hdconfig_document() {
  std::string out(kGenerated);
  out +=
      "# hdconfig.yml\n\n"
      "A HyperDrive configuration: what is tuned, by which sampling, under which policy. YAML or "
      "JSON. For completion in\nan editor use `schemas/hdconfig.schema.json`.\n\n"
      "```yaml\n" +
      template_text("hdconfig.yml") +
      "```\n\n"
      "## Keys\n\n" +
      key_table(hdconfig_fields()) +
      "\nKeys marked as an addition are not HyperDrive's. Names of types and goals are read in any "
      "case, with or without the\n"
      "word `Policy`. An unknown key is named in a warning with the nearest known one; with "
      "`--strict` it is a mistake,\nand so is a value beyond HyperDrive's limits. All mistakes of "
      "a file are reported "
      "at once as\n`file:line:column: key: what was expected; what was found`.\n\n"
      "## Expressions\n\n" +
      expression_table() +
      "\n- Names are lower case. Bounds of the `log` forms are natural logarithms: `loguniform` "
      "with `[-6, -1]` gives values\n  from exp(-6) = 0.00248 to exp(-1) = 0.368.\n"
      "- `choice` takes any values: numbers, texts, booleans, null, lists. `[a, b]` and `[[a, b]]` "
      "are the same.\n"
      "- An option that is a map holds conditional parameters, which exist only when that option "
      "is drawn. Each member\n  is an expression (`{expression: uniform, values: [0, 1]}` or "
      "`{type: uniform, min_value: 0, max_value: 1}`) or a\n  fixed value.\n"
      "- Reversed bounds are swapped with a warning. `q` may be a fraction.\n"
      "- `Random` and `Bayesian` sampling take every expression. `Grid` takes `choice`, `randint`, "
      "`quniform` and\n  `qloguniform`.\n"
      "- Numbers are read as YAML 1.1 reads them (`010` is 8, `yes` is true); also `1e-4` is a "
      "number. A quoted value is\n  a text.\n\n"
      "## Sweep files of version 2\n\n"
      "A file with `type: sweep` (or `search_space`, `objective`, `trial`) is read too, by the "
      "same command:\n\n" +
      key_table(sweep_job_fields()) +
      "\nIn the command `${{search_space.x}}` becomes `\"${AZUREML_SWEEP_x}\"` and "
      "`${{inputs.x}}` becomes\n`\"${AZUREML_INPUT_x}\"`: environment variables, quoted, so that a "
      "value is one word whatever it holds.\n\n"
      "## Limits of a file\n\n"
      "One document, UTF-8, at most " +
      std::to_string(kMaxConfigBytes) + " bytes, " + std::to_string(kMaxConfigNodes) +
      " values (aliases count with all they stand for) and\n" + std::to_string(kMaxConfigDepth) +
      " levels. A key that appears twice is a mistake.\n";
  return out;
}

std::string runconfig_document() {
  std::string out(kGenerated);
  out +=
      "# .runconfig\n\n"
      "How a script is run. YAML or JSON, in `.azureml/` (or `aml_config/`). Keys are read in "
      "camelCase, snake_case and\nTitleCase. For completion in an editor use "
      "`schemas/runconfig.schema.json`.\n\n"
      "```yaml\n" +
      template_text("local.runconfig") +
      "```\n\n"
      "- *honoured*: does what it says.\n"
      "- *not applicable*: has no meaning on your own machines; keys set to something else than "
      "the default are named\n  in one note.\n"
      "- *refused*: running without it would be wrong, so a run with it set ends with an error "
      "that names the line.\n\n"
      "Refused as well: `userManagedDependencies: false` (or conda dependencies without "
      "`userManagedDependencies`), a\n`communicator` other than None, a `nodeCount` over 1, the "
      "PySpark frameworks, the target `amlcompute`.\n\n"
      "| Key | Value | Default | Use | Meaning |\n|---|---|---|---|---|\n";
  for (const Field& field : runconfig_fields().fields()) {
    out += "| " + code(field.path) + " | " + allowed_text(field) + " | " +
           code(field.default_value) + " | " + std::string(use_text(field)) + " | " +
           std::string(field.description) + " |\n";
  }
  out +=
      "\nThe older format with `ArgumentVector` (the script is its first item), `Target`, "
      "`Framework`,\n`EnvironmentVariables` and `CondaDependenciesFile` is read too. An empty "
      "value means that the key is not set;\n`communicator: None` is the word None.\n";
  return out;
}

std::string compute_target_document() {
  std::string out(kGenerated);
  out +=
      "# Files of compute targets\n\n"
      "Where child runs can run, one file `.hdrive/computetargets/<name>.yml` per target, YAML or "
      "JSON. `hdrive computetarget\nattach` writes it, and you may edit it. For completion in an "
      "editor use `schemas/computetarget.schema.json`;\n[targets.md](targets.md) goes from "
      "nothing to a running sweep.\n\n"
      "```yaml\n"
      "type: remote\n"
      "hosts:\n"
      "- address: gpu1.example.org\n"
      "  user: anna\n"
      "  slots: 2\n"
      "- address: gpu2.example.org\n"
      "  port: 2222\n"
      "  user: anna\n"
      "  slots: 4\n"
      "private_key_file: ~/.ssh/id_ed25519\n"
      "python: /opt/conda/bin/python\n"
      "```\n\n" +
      key_table(compute_target_fields()) +
      "\nThe file holds no secret. Relative paths of this machine count from the project folder. "
      "Beside it lies\n`<name>.known_hosts` with the host keys that were accepted for this target; "
      "keys in your own `~/.ssh/known_hosts`\ncount too.\n";
  return out;
}

std::vector<GeneratedFile> generated_files() {
  return {{"docs/hdconfig.md", hdconfig_document()},
          {"docs/runconfig.md", runconfig_document()},
          {"docs/computetarget.md", compute_target_document()},
          {"docs/schemas/computetarget.schema.json", compute_target_schema()},
          {"docs/schemas/hdconfig.schema.json", hdconfig_schema()},
          {"docs/schemas/runconfig.schema.json", runconfig_schema()}};
}

}  // namespace hd
