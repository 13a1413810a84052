#include "engine/config/templates.h"

#include <string_view>
#include <utility>

#include "engine/config/field_table.h"

namespace hd {
namespace {

constexpr std::size_t kLineWidth = 88;

/// `path` of the table and the YAML value to write; an empty value opens a map.
struct Line {
  std::string_view path;
  std::string_view value;
};

void append_comment(std::string& out, std::string_view text, std::size_t indent) {
  std::string line = std::string(indent, ' ') + "#";
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::string_view word = text.substr(start, end - start);
    if (line.size() + 1 + word.size() > kLineWidth) {
      out += line + "\n";
      line = std::string(indent, ' ') + "#";
    }
    line += " " + std::string(word);
    start = end + 1;
  }
  out += line + "\n";
}

/// Nested YAML from the lines, each key under its description.
std::string write(std::string_view heading,
                  const FieldTable& table,
                  const std::vector<Line>& lines) {
  std::string out;
  append_comment(out, heading, 0);
  for (const Line& line : lines) {
    const Field* const field = table.find(line.path);
    if (field == nullptr) continue;
    std::size_t depth = 0;
    for (const char c : line.path) depth += c == '.' ? 1 : 0;
    append_comment(out, field->description, depth * 2);
    const std::size_t dot = line.path.rfind('.');
    const std::string_view key =
        dot == std::string_view::npos ? line.path : line.path.substr(dot + 1);
    out += std::string(depth * 2, ' ') + std::string(key) + ":";
    if (!line.value.empty()) out += " " + std::string(line.value);
    out += "\n";
  }
  return out;
}

std::string runconfig(std::string_view heading, std::string_view managed, std::string_view docker) {
  return write(heading,
               runconfig_fields(),
               {{"script", "train.py"},
                {"arguments", "[]"},
                {"target", "local"},
                {"framework", "Python"},
                {"communicator", "None"},
                {"maxRunDurationSeconds", ""},
                {"nodeCount", "1"},
                {"environment", ""},
                {"environment.environmentVariables", "{EXAMPLE_ENV_VAR: EXAMPLE_VALUE}"},
                {"environment.python", ""},
                {"environment.python.userManagedDependencies", managed},
                {"environment.python.interpreterPath", "python"},
                {"environment.python.condaDependenciesFile", ".azureml/conda_dependencies.yml"},
                {"environment.docker", ""},
                {"environment.docker.enabled", docker},
                {"environment.docker.baseImage", docker == "true" ? "python:3.11-slim" : "null"},
                {"environment.docker.sharedVolumes", "true"},
                {"environment.docker.arguments", "[]"},
                {"history", ""},
                {"history.outputCollection", "true"}});
}

constexpr std::string_view kCondaDependencies =
    "# Packages for environments that are built from this file. A runconfig with\n"
    "# userManagedDependencies: true does not use it.\n"
    "name: project_environment\n"
    "channels:\n"
    "  - conda-forge\n"
    "dependencies:\n"
    "  - python=3.11\n"
    "  - pip:\n"
    "      - scikit-learn\n";

std::string hdconfig() {
  std::string text = write(
      "A HyperDrive configuration. Submit it with: hdrive run submit-hyperdrive "
      "-e EXPERIMENT -c local --hyperdrive-configuration-name hdconfig.yml "
      "train.py",
      hdconfig_fields(),
      {{"sampling", ""}, {"sampling.type", "Random"}, {"sampling.parameter_space", ""}});
  text +=
      "    - name: --learning_rate\n"
      "      expression: loguniform  # bounds are natural logarithms: exp(-7) to exp(-1)\n"
      "      values: [-7, -1]\n"
      "    - name: --batch_size\n"
      "      expression: choice\n"
      "      values: [16, 32, 64]\n";
  std::string rest = write("",
                           hdconfig_fields(),
                           {{"policy", ""},
                            {"policy.type", "BanditPolicy"},
                            {"policy.slack_factor", "0.1"},
                            {"policy.evaluation_interval", "1"},
                            {"policy.delay_evaluation", "5"},
                            {"primary_metric_name", "accuracy"},
                            {"primary_metric_goal", "Maximize"},
                            {"max_total_runs", "20"},
                            {"max_concurrent_runs", "4"},
                            {"max_duration_minutes", "60"}});
  rest.erase(0, rest.find('\n') + 1);
  return text + rest;
}

}  // namespace

std::vector<TemplateFile> attach_templates() {
  return {
      {"local.runconfig",
       runconfig(
           "Runs the script on this machine with the Python that is installed.", "true", "false")},
      {"docker.runconfig",
       runconfig("Runs the script on this machine in a container.", "false", "true")},
      {"conda_dependencies.yml", std::string(kCondaDependencies)},
      {"hdconfig.yml", hdconfig()},
  };
}

}  // namespace hd
