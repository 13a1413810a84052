#include <algorithm>
#include <set>
#include <utility>

#include "engine/config/hdconfig.h"
#include "engine/config/tuning_reader.h"

namespace hd {
namespace {

using Names = std::set<std::string_view>;

constexpr std::string_view kInputPrefix = "AZUREML_INPUT_";
constexpr std::string_view kSweepPrefix = "AZUREML_SWEEP_";

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

void collect_parameter_names(const std::vector<Parameter>& parameters, Names& names) {
  for (const Parameter& parameter : parameters) {
    names.insert(parameter.name);
    if (const auto* choice = std::get_if<Choice>(&parameter.expression)) {
      for (const ChoiceOption& option : choice->options) {
        collect_parameter_names(option.members, names);
      }
    }
  }
}

/// Rewrites ${{...}} references as shell variables, quoted for the place where they stand, so that
/// a value is one word of the command whatever it holds.
class CommandRewriter {
 public:
  CommandRewriter(Names parameters, Names inputs, Mark mark, Findings& findings)
      : parameters_(std::move(parameters)),
        inputs_(std::move(inputs)),
        mark_(mark),
        findings_(findings) {}

  std::string rewrite(std::string_view command) {
    std::string out;
    char quote = 0;
    for (std::size_t at = 0; at < command.size(); ++at) {
      if (command.substr(at, 3) == "${{") {
        const std::size_t end = command.find("}}", at);
        if (end == std::string_view::npos) {
          findings_.error(mark_, "trial.command", "a ${{ has no closing }}");
          return out;
        }
        append(out, variable_of(trimmed(command.substr(at + 3, end - at - 3))), quote);
        at = end + 1;
        continue;
      }
      const char c = command[at];
      out += c;
      if (c == '\\' && quote != '\'' && at + 1 < command.size()) {
        out += command[++at];
      } else if (quote == 0 && (c == '\'' || c == '"')) {
        quote = c;
      } else if (c == quote) {
        quote = 0;
      }
    }
    return out;
  }

 private:
  static void append(std::string& out, const std::string& variable, char quote) {
    const std::string reference = "${" + variable + "}";
    if (quote == '"') {
      out += reference;
    } else if (quote == '\'') {
      out += "'\"" + reference + "\"'";
    } else {
      out += "\"" + reference + "\"";
    }
  }

  std::string variable_of(std::string_view reference) {
    const std::size_t dot = reference.find('.');
    const std::string_view where = trimmed(reference.substr(0, dot));
    const std::string_view name =
        dot == std::string_view::npos ? std::string_view() : trimmed(reference.substr(dot + 1));
    const std::string shown = "${{" + std::string(reference.substr(0, 60)) + "}}";
    if (where == "search_space") {
      require_name(shown, name, parameters_);
      return std::string(kSweepPrefix) + std::string(name);
    }
    if (where == "inputs") {
      require_name(shown, name, inputs_);
      return std::string(kInputPrefix) + std::string(name);
    }
    findings_.error(mark_,
                    "trial.command",
                    shown +
                        " is not supported; a command can refer to ${{search_space.<name>}} "
                        "and ${{inputs.<name>}}");
    return "UNKNOWN";
  }

  void require_name(const std::string& shown, std::string_view name, const Names& known) {
    if (known.count(name) == 0) {
      // A list of the names is worth its making only when a person wrote them.
      const std::string suggestion =
          known.size() > 200 ? "" : did_you_mean(name, {known.begin(), known.end()});
      findings_.error(mark_, "trial.command", shown + " names nothing in this file" + suggestion);
    } else if (!is_variable_name(name)) {
      findings_.error(mark_,
                      "trial.command",
                      shown +
                          " cannot be an environment variable; use letters, digits and _ in "
                          "the name");
    }
  }

  Names parameters_;
  Names inputs_;
  Mark mark_;
  Findings& findings_;
};

bool is_remote_path(std::string_view path) {
  return path.find("://") != std::string_view::npos || path.rfind("azureml:", 0) == 0;
}

std::vector<SweepInput> read_inputs(const FieldValues& values, Findings& findings) {
  std::vector<SweepInput> inputs;
  const ConfigNode* const map = values.node("inputs");
  if (map == nullptr) return inputs;
  for (const ConfigMember& member : map->members) {
    const std::string key = "inputs." + member.key.substr(0, 80);
    SweepInput input;
    input.name = member.key;
    input.variable = std::string(kInputPrefix) + member.key;
    if (!is_variable_name(member.key)) {
      findings.error(member.mark, key, "an input's name has only letters, digits and _");
      continue;
    }
    const ConfigNode* value = &member.value;
    if (member.value.is_map()) {
      const ConfigNode* const path = member.value.find("path");
      value = path != nullptr ? path : member.value.find("value");
      input.is_path = path != nullptr;
    }
    if (value == nullptr || !value->is_scalar()) {
      findings.error(member.value.mark,
                     key,
                     "expected a value or a map with a path; found " + describe(member.value));
      continue;
    }
    if (is_remote_path(value->text) && member.value.is_map()) {
      findings.error(value->mark, key, "only local paths can be inputs; found " + describe(*value));
    }
    input.value = value->text;
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::optional<std::uint64_t> read_seed(const ConfigNode& map, Findings& findings) {
  const ConfigNode* const seed = map.find("seed");
  if (seed == nullptr || seed->is_null()) return std::nullopt;
  const Field& field = *hdconfig_fields().find("sampling.seed");
  if (fits(*seed, field)) return static_cast<std::uint64_t>(to_value(*seed).as_number());
  findings.error(seed->mark,
                 "sampling_algorithm.seed",
                 "expected " + expected_text(field) + "; found " + describe(*seed));
  return std::nullopt;
}

/// `sampling_algorithm` is a name or a map {type, seed, rule}.
SamplingAlgorithm read_algorithm(const ConfigNode& node, Findings& findings) {
  const std::string key = "sampling_algorithm";
  const ConfigNode* const type = node.is_map() ? node.find("type") : &node;
  const Field& types = *hdconfig_fields().find("sampling.type");
  if (type == nullptr || !fits(*type, types)) {
    const ConfigNode& wrong = type == nullptr ? node : *type;
    findings.error(wrong.mark, key, "expected random, grid or bayesian; found " + describe(wrong));
    return {};
  }
  const std::optional<std::uint64_t> seed = read_seed(node, findings);
  const ConfigNode* const rule = node.find("rule");
  const Field& rules = *hdconfig_fields().find("sampling.rule");
  if (rule != nullptr && !rule->is_null() && !fits(*rule, rules)) {
    findings.error(rule->mark, key + ".rule", "expected random or sobol; found " + describe(*rule));
  }
  for (const ConfigMember& member : node.members) {
    static constexpr std::string_view kKnown[] = {"type", "seed", "rule"};
    if (std::find(std::begin(kKnown), std::end(kKnown), member.key) != std::end(kKnown)) continue;
    findings.warn_or_error(member.mark,
                           key + "." + member.key.substr(0, 80),
                           "this key is not known and is ignored" +
                               did_you_mean(member.key, {"type", "seed", "rule"}));
  }
  const std::string name = fold_name(type->text);
  if (name == "grid") return GridSampling{};
  if (name.rfind("bayesian", 0) == 0) return BayesianSampling{seed};
  return RandomSampling{seed, rule != nullptr && fold_name(rule->text) == "sobol"};
}

void report_unused(const ConfigNode& root, const FieldValues& values, Findings& findings) {
  std::string ignored;
  Mark first;
  for (const Field& field : sweep_job_fields().fields()) {
    const ConfigNode* const node = values.node(field.path);
    if (node == nullptr || (node->is_map() && node->members.empty())) continue;
    if (field.use == FieldUse::kRefused && !findings.options().for_loop) {
      findings.error(node->mark, std::string(field.path), "is not supported; remove it");
    } else if (field.use != FieldUse::kHonoured) {
      if (ignored.empty()) first = node->mark;
      ignored += (ignored.empty() ? "" : ", ") + std::string(field.path);
    }
  }
  if (!ignored.empty()) {
    findings.warn(first.line == 0 ? root.mark : first, {}, "not applicable here: " + ignored);
  }
}

void read_limits(const FieldValues& values, HyperDriveConfig& config) {
  config.max_total_runs = values.integer("limits.max_total_trials").value_or(1000);
  config.max_concurrent_runs =
      values.integer("limits.max_concurrent_trials").value_or(config.max_total_runs);
  config.max_duration_seconds = values.integer("limits.timeout").value_or(5184000);
  config.max_duration_minutes =
      static_cast<int>((std::int64_t{*config.max_duration_seconds} + 59) / 60);
  config.max_run_duration_seconds = values.integer("limits.trial_timeout");
}

SweepJob read_checked(const ConfigNode& root, Findings& findings) {
  const FieldValues values(root, sweep_job_fields());
  SweepJob job;
  HyperDriveConfig& config = job.config;
  ExpressionReader reader(findings);
  std::vector<Parameter> parameters;
  Mark space_mark;
  if (const ConfigNode* space = values.node("search_space")) {
    parameters = reader.read_search_space(*space, "search_space");
    space_mark = space->mark;
  }
  if (const ConfigNode* algorithm = values.node("sampling_algorithm")) {
    config.sampling = read_algorithm(*algorithm, findings);
  }
  config.policy = read_policy(values, "early_termination", findings);
  config.primary_metric_name = values.text("objective.primary_metric").value_or("");
  const std::string goal = fold_name(values.text("objective.goal").value_or("maximize"));
  config.primary_metric_goal = goal == "minimize" ? Goal::kMinimize : Goal::kMaximize;
  read_limits(values, config);

  SweepTrial& trial = job.trial;
  trial.inputs = read_inputs(values, findings);
  if (const ConfigNode* command = values.node("trial.command")) {
    Names names;
    collect_parameter_names(parameters, names);
    // A parameter with a mistake of its own is still a name.
    if (const ConfigNode* space = values.node("search_space")) {
      for (const ConfigMember& member : space->members) names.insert(member.key);
    }
    Names inputs;
    for (const SweepInput& input : trial.inputs) inputs.insert(input.name);
    CommandRewriter rewriter(std::move(names), std::move(inputs), command->mark, findings);
    trial.command = rewriter.rewrite(command->text);
  }
  trial.code = values.text("trial.code").value_or("");
  if (is_remote_path(trial.code)) {
    findings.error(
        values.node("trial.code")->mark, "trial.code", "only a local folder can be used");
  }
  trial.environment_variables = values.pairs("trial.environment_variables", findings);
  trial.experiment_name = values.text("experiment_name").value_or("");
  trial.tags = values.pairs("tags", findings);
  trial.compute = values.text("compute").value_or("");
  if (trial.compute.rfind("azureml:", 0) == 0) trial.compute.erase(0, 8);
  report_unused(root, values, findings);
  if (!findings.has_errors()) {
    config.parameter_space =
        make_space(std::move(parameters), space_mark, "search_space", findings);
  }
  check_sampling(config, reader.seen(), space_mark, findings);
  return job;
}

}  // namespace

SweepJob read_sweep_job(std::string_view text,
                        const std::string& file,
                        ReadOptions options,
                        std::vector<Diagnostic>& warnings) {
  Findings findings(file, options);
  ConfigDocument document = parse_config_document(text, file);
  findings.add(std::move(document.mistakes));
  check_fields(document.root, sweep_job_fields(), findings);
  SweepJob job;
  if (document.root.is_map()) job = read_checked(document.root, findings);
  findings.finish(warnings);
  return job;
}

}  // namespace hd
