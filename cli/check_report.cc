#include "cli/check_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "cli/child_command.h"
#include "cli/compose.h"
#include "cli/final_summary.h"
#include "cli/progress.h"
#include "cli/run_document.h"
#include "cli/text.h"
#include "cli/warm_start.h"

namespace hd {

namespace {

std::string bounds(double low, double high) {
  return format_number(low) + ", " + format_number(high);
}

struct DescribeExpression {
  std::string operator()(const Choice& choice) const {
    std::string text;
    for (const ChoiceOption& option : choice.options) {
      if (!text.empty()) text += ", ";
      text += option.members.empty() ? to_json(option.value) : "{...}";
    }
    return text;
  }
  std::string operator()(const RandInt& e) const { return std::to_string(e.upper); }
  std::string operator()(const Uniform& e) const { return bounds(e.min, e.max); }
  std::string operator()(const LogUniform& e) const {
    return bounds(e.min, e.max) +
           fmt::format(": values from {:.4g} to {:.4g}", std::exp(e.min), std::exp(e.max));
  }
  std::string operator()(const QUniform& e) const { return quantized(e.min, e.max, e.q); }
  std::string operator()(const QLogUniform& e) const { return quantized(e.min, e.max, e.q); }
  std::string operator()(const Normal& e) const { return bounds(e.mu, e.sigma); }
  std::string operator()(const LogNormal& e) const { return bounds(e.mu, e.sigma); }
  std::string operator()(const QNormal& e) const { return quantized(e.mu, e.sigma, e.q); }
  std::string operator()(const QLogNormal& e) const { return quantized(e.mu, e.sigma, e.q); }

 private:
  static std::string quantized(double a, double b, double q) {
    return bounds(a, b) + ", " + format_number(q);
  }
};

Value::List describe_space(const std::vector<Parameter>& parameters, const std::string& prefix) {
  Value::List list;
  for (const Parameter& parameter : parameters) {
    list.push_back(Value::Map{{"name", prefix + parameter.name},
                              {"expression", std::string(expression_name(parameter.expression))},
                              {"values", std::visit(DescribeExpression{}, parameter.expression)}});
    const auto* choice = std::get_if<Choice>(&parameter.expression);
    if (choice == nullptr) continue;
    for (const ChoiceOption& option : choice->options) {
      for (Value& member : describe_space(option.members, prefix + parameter.name + " > ")) {
        list.push_back(std::move(member));
      }
    }
  }
  return list;
}

Value::List first_configurations(const Submission& submission) {
  Value::List list;
  const std::unique_ptr<Sampler> sampler =
      compose_sampler(submission.config, submission.spec.warm_start);
  if (sampler->needs_trials()) return list;
  AskRequest request;
  request.count = std::min(5, submission.config.max_total_runs);
  request.seed = submission.spec.seed;
  request.goal = submission.config.primary_metric_goal;
  for (const Configuration& configuration : sampler->ask(request).configurations) {
    list.push_back(parse_json(to_json(configuration)));
  }
  return list;
}

Value optional_size(const std::optional<std::uint64_t>& size) {
  return size ? Value(static_cast<std::int64_t>(*size)) : Value();
}

const std::string& text_of(const Value& report, const char* key) {
  return report.find(key)->as_string();
}

}  // namespace

Value check_report(const Submission& submission) {
  const HyperDriveConfig& config = submission.config;
  const std::unique_ptr<Policy> policy = compose_policy(config);
  Value::List policy_notes;
  for (std::string& line : policy->describe(config.max_total_runs, config.max_concurrent_runs)) {
    policy_notes.emplace_back(std::move(line));
  }
  Value::List warnings;
  for (const Diagnostic& warning : submission.warnings) warnings.emplace_back(to_string(warning));
  const auto limit = compose_sampler(config, submission.spec.warm_start)->limit();
  const auto planned = std::min<std::uint64_t>(limit.value_or(UINT64_MAX),
                                               static_cast<std::uint64_t>(config.max_total_runs));
  return Value::Map{
      {"valid", true},
      {"file", submission.spec.hdconfig_file},
      {"experimentName", submission.spec.experiment},
      {"target", submission.spec.target},
      {"parameterSpace", describe_space(config.parameter_space.parameters(), "")},
      {"configurations", optional_size(config.parameter_space.size())},
      {"plannedRuns", static_cast<std::int64_t>(planned)},
      {"maxConcurrentRuns", config.max_concurrent_runs},
      {"maxDurationMinutes", config.max_duration_minutes},
      {"primaryMetric",
       Value::Map{
           {"name", config.primary_metric_name},
           {"goal", config.primary_metric_goal == Goal::kMaximize ? "maximize" : "minimize"}}},
      {"policy", Value::Map{{"name", policy->name()}, {"notes", policy_notes}}},
      {"seed", static_cast<std::int64_t>(submission.spec.seed)},
      {"warmStart", warm_start_document(submission.spec.warm_start)},
      {"firstConfigurations", first_configurations(submission)},
      {"firstCommandLine", reproducing_command(submission.spec, Configuration{})},
      {"warnings", warnings},
      {"schemaVersion", 1}};
}

std::string check_text(const Value& report) {
  std::string text = text_of(report, "file") + " is valid\n";
  for (const Value& parameter : report.find("parameterSpace")->as_list()) {
    text += fmt::format("  {:<24} {}({})\n",
                        printable(text_of(parameter, "name")),
                        text_of(parameter, "expression"),
                        printable(text_of(parameter, "values")));
  }
  const Value& size = *report.find("configurations");
  text +=
      fmt::format("  {} configurations; {} child runs planned, {} at once, {} minutes at most\n",
                  size.is_null() ? "infinitely many" : to_json(size),
                  to_json(*report.find("plannedRuns")),
                  to_json(*report.find("maxConcurrentRuns")),
                  to_json(*report.find("maxDurationMinutes")));
  const Value& metric = *report.find("primaryMetric");
  text += fmt::format("  {} {}\n", text_of(metric, "goal"), printable(text_of(metric, "name")));
  const Value& policy = *report.find("policy");
  text += "  " + text_of(policy, "name") + '\n';
  for (const Value& line : policy.find("notes")->as_list()) {
    text += "    " + line.as_string() + '\n';
  }
  text += "  starts as: " + printable(text_of(report, "firstCommandLine")) + '\n';
  const auto& first = report.find("firstConfigurations")->as_list();
  if (!first.empty()) {
    text +=
        fmt::format("  the first configurations with seed {}:\n", to_json(*report.find("seed")));
  }
  for (const Value& configuration : first) text += "    " + to_json(configuration) + '\n';
  return text;
}

}  // namespace hd
