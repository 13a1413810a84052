#include "engine/config/hdconfig.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "engine/config/tuning_reader.h"

namespace hd {
namespace {

constexpr int kLongestDurationMinutes = 10080;

bool is_run_id(std::string_view id) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !id.empty() && id.size() <= 256 && id[0] != '_' && id[0] != '-' &&
         std::all_of(id.begin(), id.end(), is_word);
}

SamplingAlgorithm read_sampling(const FieldValues& values, Findings& findings) {
  const std::string type = fold_name(values.text("sampling.type").value_or("random"));
  std::optional<std::uint64_t> seed;
  if (const std::optional<double> number = values.number("sampling.seed")) {
    seed = static_cast<std::uint64_t>(*number);
  }
  const ConfigNode* const rule = values.node("sampling.rule");
  const bool sobol = rule != nullptr && fold_name(rule->text) == "sobol";
  if (sobol && type != "random") {
    findings.warn(rule->mark, "sampling.rule", "applies to Random sampling only and is ignored");
  }
  if (type == "grid") {
    if (const ConfigNode* node = values.node("sampling.seed")) {
      findings.warn(node->mark, "sampling.seed", "Grid sampling has no chance in it; ignored");
    }
    return GridSampling{};
  }
  if (type.rfind("bayesian", 0) == 0) return BayesianSampling{seed};
  return RandomSampling{seed, sobol};
}

void read_limits(const FieldValues& values, HyperDriveConfig& config, Findings& findings) {
  config.max_total_runs = values.integer("max_total_runs").value_or(1);
  config.max_concurrent_runs =
      values.integer("max_concurrent_runs").value_or(config.max_total_runs);
  if (const std::optional<int> minutes = values.integer("max_duration_minutes")) {
    config.max_duration_minutes = std::min(*minutes, kLongestDurationMinutes);
    if (*minutes > kLongestDurationMinutes) {
      findings.warn(values.node("max_duration_minutes")->mark,
                    "max_duration_minutes",
                    "more than 10080 minutes (seven days) is read as 10080; found " +
                        std::to_string(*minutes));
    }
  }
  if (const std::optional<double> minutes = values.number("max_run_duration_minutes")) {
    config.max_run_duration_seconds = static_cast<int>(std::ceil(*minutes * 60));
  }
  config.max_retries = values.integer("max_retries").value_or(0);
}

std::vector<NamedRun> read_runs(const FieldValues& values,
                                const std::string& key,
                                std::size_t most,
                                Findings& findings) {
  const std::vector<std::string> ids = values.texts(key);
  if (ids.empty()) return {};
  const ConfigNode& node = *values.node(key);
  const auto mark_of_item = [&](std::size_t i) {
    return node.is_list() ? node.items[i].mark : node.mark;
  };
  for (const RunIdMistake& mistake : check_run_ids(ids, most)) {
    findings.error(mistake.place ? mark_of_item(*mistake.place) : node.mark, key, mistake.message);
  }
  std::vector<NamedRun> runs;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Mark mark = mark_of_item(i);
    runs.push_back({ids[i], mark.line, mark.column});
  }
  return runs;
}

Mark mark_of(const FieldValues& values, std::string_view path) {
  const ConfigNode* const node = values.node(path);
  return node == nullptr ? Mark{} : node->mark;
}

HyperDriveConfig read_checked(const ConfigNode& root, Findings& findings) {
  const FieldValues values(root, hdconfig_fields());
  HyperDriveConfig config;
  ExpressionReader reader(findings);
  const std::string space_key = "sampling.parameter_space";
  if (const ConfigNode* list = values.node(space_key)) {
    std::vector<Parameter> parameters = reader.read_parameter_list(*list, space_key);
    if (!findings.has_errors()) {
      config.parameter_space = make_space(std::move(parameters), list->mark, space_key, findings);
    }
  }
  config.sampling = read_sampling(values, findings);
  config.policy = read_policy(values, "policy", findings);
  config.primary_metric_name = values.text("primary_metric_name").value_or("");
  if (config.primary_metric_name.empty() || config.primary_metric_name.size() > 255) {
    if (const ConfigNode* node = values.node("primary_metric_name")) {
      findings.error(node->mark, "primary_metric_name", "expected a name of 1 to 255 characters");
    }
  }
  const std::string goal = fold_name(values.text("primary_metric_goal").value_or("maximize"));
  config.primary_metric_goal = goal == "minimize" ? Goal::kMinimize : Goal::kMaximize;
  read_limits(values, config, findings);
  config.resume_from = read_runs(values, "resume_from", kMostResumedParents, findings);
  config.resume_child_runs = read_runs(
      values, "resume_child_runs", static_cast<std::size_t>(config.max_total_runs), findings);
  check_sampling(config, reader.seen(), mark_of(values, "sampling.type"), findings);
  return config;
}

bool is_sweep_job(const ConfigNode& root) {
  const ConfigNode* const type = root.find("type");
  if (type != nullptr && type->is_scalar() && fold_name(type->text) == "sweep") return true;
  if (root.find("sampling") != nullptr) return false;
  return root.find("search_space") != nullptr || root.find("objective") != nullptr ||
         root.find("trial") != nullptr || root.find("sampling_algorithm") != nullptr;
}

}  // namespace

std::vector<RunIdMistake> check_run_ids(const std::vector<std::string>& ids, std::size_t most) {
  std::vector<RunIdMistake> mistakes;
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string shown = ids[i].substr(0, 60);
    if (!is_run_id(ids[i])) {
      mistakes.push_back({i, "expected a run id such as HD_<uuid>; found \"" + shown + "\""});
    } else if (!seen.insert(ids[i]).second) {
      mistakes.push_back({i, "the run " + shown + " is named twice"});
    }
  }
  if (ids.size() > most) {
    mistakes.push_back({std::nullopt,
                        "at most " + std::to_string(most) + " runs can be named; found " +
                            std::to_string(ids.size())});
  }
  return mistakes;
}

HyperDriveConfig read_hdconfig(std::string_view text,
                               const std::string& file,
                               ReadOptions options,
                               std::vector<Diagnostic>& warnings) {
  Findings findings(file, options);
  ConfigDocument document = parse_config_document(text, file);
  findings.add(std::move(document.mistakes));
  check_fields(document.root, hdconfig_fields(), findings);
  HyperDriveConfig config;
  if (document.root.is_map()) config = read_checked(document.root, findings);
  findings.finish(warnings);
  return config;
}

HyperDriveFile read_hyperdrive_file(std::string_view text,
                                    const std::string& file,
                                    ReadOptions options,
                                    std::vector<Diagnostic>& warnings) {
  if (!is_sweep_job(parse_config_document(text, file).root)) {
    return {read_hdconfig(text, file, options, warnings), std::nullopt};
  }
  SweepJob job = read_sweep_job(text, file, options, warnings);
  return {std::move(job.config), std::move(job.trial)};
}

}  // namespace hd
