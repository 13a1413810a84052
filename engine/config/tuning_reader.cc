#include "engine/config/tuning_reader.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace hd {
namespace {

constexpr double kLargestGrid = 1e15;

/// Tells which properties of the section belong to other policies and do nothing here.
void warn_foreign_properties(const FieldValues& values,
                             const std::string& section,
                             std::string_view policy,
                             const std::vector<std::string_view>& own,
                             Findings& findings) {
  static constexpr std::string_view kProperties[] = {"evaluation_interval",
                                                     "delay_evaluation",
                                                     "slack_factor",
                                                     "slack_amount",
                                                     "truncation_percentage",
                                                     "exclude_finished_jobs"};
  for (const std::string_view property : kProperties) {
    if (std::find(own.begin(), own.end(), property) != own.end()) continue;
    const std::string path = section + "." + std::string(property);
    const ConfigNode* const node = values.node(path);
    if (node == nullptr) continue;
    findings.warn(
        node->mark, path, "is not a property of " + std::string(policy) + " and is ignored");
  }
}

PolicySchedule read_schedule(const FieldValues& values,
                             const std::string& section,
                             Findings& findings) {
  PolicySchedule schedule;
  schedule.evaluation_interval = values.integer(section + ".evaluation_interval").value_or(1);
  schedule.delay_evaluation = values.integer(section + ".delay_evaluation").value_or(0);
  if (schedule.evaluation_interval == 0) {
    schedule.evaluation_interval = 1;
    findings.warn(values.node(section + ".evaluation_interval")->mark,
                  section + ".evaluation_interval",
                  "an interval of 0 is read as 1");
  }
  return schedule;
}

PolicyConfig read_bandit(const FieldValues& values,
                         const std::string& section,
                         Mark mark,
                         Findings& findings) {
  BanditPolicyConfig policy;
  policy.schedule = read_schedule(values, section, findings);
  policy.slack_factor = values.number(section + ".slack_factor");
  policy.slack_amount = values.number(section + ".slack_amount");
  // A slack that is there but wrong has been reported already.
  const ConfigNode* const map = values.node(section);
  const auto given = [&](std::string_view key) {
    const ConfigNode* const node = map == nullptr ? nullptr : map->find(key);
    return node != nullptr && !node->is_null();
  };
  if (given("slack_factor") && given("slack_amount")) {
    findings.error(map->find("slack_amount")->mark,
                   section,
                   "BanditPolicy takes slack_factor or slack_amount, not both");
  } else if (!given("slack_factor") && !given("slack_amount")) {
    findings.error(mark, section, "BanditPolicy needs slack_factor or slack_amount; found neither");
  }
  warn_foreign_properties(
      values,
      section,
      "BanditPolicy",
      {"evaluation_interval", "delay_evaluation", "slack_factor", "slack_amount"},
      findings);
  return policy;
}

PolicyConfig read_truncation(const FieldValues& values,
                             const std::string& section,
                             Mark mark,
                             Findings& findings) {
  TruncationSelectionPolicyConfig policy;
  policy.schedule = read_schedule(values, section, findings);
  policy.truncation_percentage = values.integer(section + ".truncation_percentage").value_or(1);
  policy.exclude_finished_jobs = values.boolean(section + ".exclude_finished_jobs").value_or(false);
  const ConfigNode* const map = values.node(section);
  const ConfigNode* const percentage =
      map == nullptr ? nullptr : map->find("truncation_percentage");
  if (percentage == nullptr || percentage->is_null()) {
    findings.error(mark,
                   section + ".truncation_percentage",
                   "is missing; TruncationSelectionPolicy needs an integer from 1 to 99");
  }
  warn_foreign_properties(
      values,
      section,
      "TruncationSelectionPolicy",
      {"evaluation_interval", "delay_evaluation", "truncation_percentage", "exclude_finished_jobs"},
      findings);
  return policy;
}

/// How many parameters have more than one value, nested ones included: each has to be learned.
std::uint64_t tuned_parameters(const std::vector<Parameter>& parameters) {
  std::uint64_t count = 0;
  for (const Parameter& parameter : parameters) {
    const auto* choice = std::get_if<Choice>(&parameter.expression);
    if (choice == nullptr) {
      if (distinct_count(parameter.expression) != 1) ++count;
      continue;
    }
    if (choice->options.size() > 1) ++count;
    for (const ChoiceOption& option : choice->options) count += tuned_parameters(option.members);
  }
  return count;
}

void check_bayesian(const HyperDriveConfig& config, Mark mark, Findings& findings) {
  const std::uint64_t parameters = tuned_parameters(config.parameter_space.parameters());
  // More runs than there are configurations cannot be made.
  const std::uint64_t size = config.parameter_space.size().value_or(UINT64_MAX);
  const std::uint64_t advised = std::min(20 * parameters, size);
  if (static_cast<std::uint64_t>(config.max_total_runs) < advised) {
    findings.warn(
        mark,
        "max_total_runs",
        "Bayesian sampling is advised to have at least 20 runs for each hyperparameter: " +
            std::to_string(advised) + " here; found " + std::to_string(config.max_total_runs));
  }
  if (config.max_concurrent_runs > 20) {
    findings.warn(mark,
                  "max_concurrent_runs",
                  "Bayesian sampling learns from finished runs, so fewer at once converge better; "
                  "at most 20 are advised; found " +
                      std::to_string(config.max_concurrent_runs));
  }
}

}  // namespace

std::optional<std::string> FieldValues::text(std::string_view path) const {
  const ConfigNode* const found = node(path);
  if (found == nullptr || !found->is_scalar()) return std::nullopt;
  return found->text;
}

std::optional<double> FieldValues::number(std::string_view path) const {
  const ConfigNode* const found = node(path);
  if (found == nullptr) return std::nullopt;
  return to_value(*found).as_number();
}

std::optional<int> FieldValues::integer(std::string_view path) const {
  const std::optional<double> found = number(path);
  if (!found || std::abs(*found) > kLargestInteger) return std::nullopt;
  return static_cast<int>(*found);
}

std::optional<bool> FieldValues::boolean(std::string_view path) const {
  const ConfigNode* const found = node(path);
  if (found == nullptr) return std::nullopt;
  return to_value(*found).as_bool();
}

std::vector<std::string> FieldValues::texts(std::string_view path) const {
  const ConfigNode* const found = node(path);
  if (found == nullptr) return {};
  if (found->is_scalar()) return {found->text};
  std::vector<std::string> texts;
  for (const ConfigNode& item : found->items) texts.push_back(item.text);
  return texts;
}

std::vector<std::pair<std::string, std::string>> FieldValues::pairs(std::string_view path,
                                                                    Findings& findings) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  const ConfigNode* const found = node(path);
  if (found == nullptr) return pairs;
  for (const ConfigMember& member : found->members) {
    const std::string key = std::string(path) + "." + member.key.substr(0, 80);
    if (member.key.empty() || member.key.find('=') != std::string::npos) {
      findings.error(member.mark, key, "a name may not be empty or hold '='");
    } else if (!member.value.is_scalar() && !member.value.is_null()) {
      findings.error(member.value.mark, key, "expected a text; found " + describe(member.value));
    } else {
      pairs.emplace_back(member.key, member.value.text);
    }
  }
  return pairs;
}

PolicyConfig read_policy(const FieldValues& values,
                         const std::string& section,
                         Findings& findings) {
  const ConfigNode* const type = values.node(section + ".type");
  const std::string name = type == nullptr ? std::string() : fold_name(type->text);
  const Mark mark = type == nullptr ? Mark{} : type->mark;
  if (name.rfind("bandit", 0) == 0) return read_bandit(values, section, mark, findings);
  if (name.rfind("truncation", 0) == 0) return read_truncation(values, section, mark, findings);
  if (name.rfind("median", 0) == 0) {
    MedianStoppingPolicyConfig policy;
    policy.schedule = read_schedule(values, section, findings);
    warn_foreign_properties(values,
                            section,
                            "MedianStoppingPolicy",
                            {"evaluation_interval", "delay_evaluation"},
                            findings);
    return policy;
  }
  const ConfigNode* const map = values.node(section);
  const bool wrong_type = type == nullptr && map != nullptr && map->find("type") != nullptr &&
                          !map->find("type")->is_null();
  if (!wrong_type) warn_foreign_properties(values, section, "NoTerminationPolicy", {}, findings);
  return NoTerminationPolicyConfig{};
}

void check_sampling(const HyperDriveConfig& config,
                    const std::vector<ExpressionReader::Seen>& expressions,
                    Mark mark,
                    Findings& findings) {
  if (std::holds_alternative<BayesianSampling>(config.sampling) && !findings.options().for_loop) {
    check_bayesian(config, mark, findings);
  }
  if (!std::holds_alternative<GridSampling>(config.sampling)) return;
  for (const ExpressionReader::Seen& seen : expressions) {
    if (!std::isfinite(seen.values)) {
      findings.error(seen.mark,
                     seen.key,
                     "Grid sampling tries every value, so it takes choice, randint, quniform and "
                     "qloguniform; " +
                         std::string(seen.name) +
                         " has no end of values: give it a range with a "
                         "step, or choose Random sampling");
    } else if (seen.values > kLargestGrid) {
      findings.error(seen.mark,
                     seen.key,
                     "Grid sampling tries every value, and this has " + format_number(seen.values) +
                         "; choose a larger step or Random sampling");
    }
  }
}

ParameterSpace make_space(std::vector<Parameter> parameters,
                          Mark mark,
                          const std::string& key,
                          Findings& findings) {
  try {
    return ParameterSpace(std::move(parameters));
  } catch (const std::invalid_argument& error) {
    findings.error(mark, key, error.what());
    return {};
  }
}

}  // namespace hd
