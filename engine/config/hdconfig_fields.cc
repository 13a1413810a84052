#include <utility>

#include "engine/config/field_table.h"

namespace hd {
namespace {

/// Whole numbers that every JSON reader keeps exactly.
constexpr double kLargestExactInteger = 9007199254740991;

std::vector<Field> sampling_fields() {
  return {
      {.path = "sampling",
       .type = FieldType::kMap,
       .description = "How configurations are drawn.",
       .required = true},
      {.path = "sampling.type",
       .description = "The sampling algorithm.",
       .required = true,
       .options = {"Random", "Grid", "Bayesian"},
       .spellings = {"BayesianOptimization"}},
      {.path = "sampling.parameter_space",
       .type = FieldType::kList,
       .description = "One entry for each hyperparameter.",
       .required = true},
      {.path = "sampling.parameter_space[].name",
       .description = "The flag as the script expects it. A name without leading dashes gets `--`.",
       .required = true},
      {.path = "sampling.parameter_space[].expression",
       .description = "How values are drawn; one of the ten expressions, in lower case.",
       .required = true},
      {.path = "sampling.parameter_space[].values",
       .type = FieldType::kList,
       .description = "The arguments of the expression, in its order.",
       .required = true},
      {.path = "sampling.seed",
       .type = FieldType::kInteger,
       .description = "Makes the sampled configurations repeatable. Without it a seed is drawn at "
                      "submission and kept with the run.",
       .min = 0,
       .max = kLargestExactInteger,
       .extension = true},
      {.path = "sampling.rule",
       .description = "Random sampling only: `sobol` spreads the configurations evenly over the "
                      "space (scrambled Sobol sequence).",
       .default_value = "random",
       .options = {"random", "sobol"},
       .extension = true},
  };
}

std::vector<Field> policy_fields() {
  return {
      {.path = "policy",
       .type = FieldType::kMap,
       .description = "The early termination policy. Without it no child run is cancelled early."},
      {.path = "policy.type",
       .description = "Which policy judges the child runs.",
       .default_value = "NoTerminationPolicy",
       .options = {"BanditPolicy",
                   "MedianStoppingPolicy",
                   "TruncationSelectionPolicy",
                   "NoTerminationPolicy"},
       .spellings =
           {"Bandit", "MedianStopping", "TruncationSelection", "NoTermination", "Default"}},
      {.path = "policy.evaluation_interval",
       .type = FieldType::kInteger,
       .description = "A child run is judged whenever its count of primary metric reports is a "
                      "multiple of this. 0 is read as 1.",
       .default_value = "1",
       .min = 0,
       .max = kLargestInteger},
      {.path = "policy.delay_evaluation",
       .type = FieldType::kInteger,
       .description = "A child run is not judged before it has reported the primary metric this "
                      "many times.",
       .default_value = "0",
       .min = 0,
       .max = kLargestInteger},
      {.path = "policy.slack_factor",
       .type = FieldType::kNumber,
       .description = "BanditPolicy: allowed distance from the best child run, as a ratio. Exactly "
                      "one of slack_factor and slack_amount.",
       .min = 0,
       .above_min = true,
       .hint = "HyperDrive treats a slack of 0 as not given"},
      {.path = "policy.slack_amount",
       .type = FieldType::kNumber,
       .description = "BanditPolicy: allowed distance from the best child run, as an absolute "
                      "amount of the primary metric.",
       .min = 0,
       .above_min = true,
       .hint = "HyperDrive treats a slack of 0 as not given"},
      {.path = "policy.truncation_percentage",
       .type = FieldType::kInteger,
       .description = "TruncationSelectionPolicy (required there): how many percent of the child "
                      "runs, the poorest, are cancelled at each evaluation.",
       .min = 1,
       .max = 99},
      {.path = "policy.exclude_finished_jobs",
       .type = FieldType::kBoolean,
       .description = "TruncationSelectionPolicy: leave finished child runs out of the ranking.",
       .default_value = "false",
       .extension = true},
  };
}

std::vector<Field> run_fields() {
  return {
      {.path = "primary_metric_name",
       .description = "The metric to optimise, spelled exactly as the script logs it.",
       .required = true,
       .only_for_runs = true},
      {.path = "primary_metric_goal",
       .description = "Whether a larger or a smaller primary metric is better.",
       .required = true,
       .options = {"Maximize", "Minimize"}},
      {.path = "max_total_runs",
       .type = FieldType::kInteger,
       .description = "The largest number of child runs. Fewer are started when the space holds "
                      "fewer configurations.",
       .required = true,
       .only_for_runs = true,
       .min = 1,
       .max = kLargestInteger,
       .advised_max = 1000},
      {.path = "max_concurrent_runs",
       .type = FieldType::kInteger,
       .description = "How many child runs may run at once. Without it: as many as max_total_runs.",
       .min = 1,
       .max = kLargestInteger,
       .advised_max = 100},
      {.path = "max_duration_minutes",
       .type = FieldType::kInteger,
       .description = "After this time the parent run ends and child runs still going are "
                      "cancelled. More than 10080 (seven days) is read as 10080.",
       .default_value = "10080",
       .min = 1,
       .max = kLargestInteger,
       .advised_max = 43200},
      {.path = "max_run_duration_minutes",
       .type = FieldType::kNumber,
       .description = "A child run is ended after this time. Without it: no limit.",
       .min = 0,
       .max = 1000000,
       .above_min = true,
       .extension = true},
      {.path = "max_retries",
       .type = FieldType::kInteger,
       .description = "How often a failed child run is started again, after 1 s, 2 s, 4 s, ... "
                      "(at most 5 min); see resuming.md.",
       .default_value = "0",
       .min = 0,
       .max = 100,
       .extension = true},
      {.path = "resume_from",
       .type = FieldType::kTexts,
       .description = "Ids of up to five earlier parent runs, ended, of the same primary metric "
                      "and goal: the sampler knows their results; see resuming.md.",
       .extension = true},
      {.path = "resume_child_runs",
       .type = FieldType::kTexts,
       .description = "Ids of ended child runs that are run again first, with the same "
                      "configuration, from their outputs; see resuming.md.",
       .extension = true},
  };
}

void append(std::vector<Field>& fields, std::vector<Field> more) {
  for (Field& field : more) fields.push_back(std::move(field));
}

std::vector<Field> sweep_trial_fields() {
  return {
      {.path = "$schema", .description = "For editors."},
      {.path = "type", .description = "What the file describes.", .options = {"sweep"}},
      {.path = "name", .description = "Run id wanted.", .use = FieldUse::kNotApplicable},
      {.path = "display_name", .description = "A name for people."},
      {.path = "experiment_name", .description = "The experiment the run belongs to."},
      {.path = "description", .description = "A text for people."},
      {.path = "tags", .type = FieldType::kFreeMap, .description = "Tags of the parent run."},
      {.path = "properties",
       .type = FieldType::kFreeMap,
       .description = "Properties of the parent run.",
       .use = FieldUse::kNotApplicable},
      {.path = "trial",
       .type = FieldType::kMap,
       .description = "What every child run starts.",
       .required = true,
       .only_for_runs = true},
      {.path = "trial.command",
       .description = "A shell command. `${{search_space.x}}` and `${{inputs.x}}` become quoted "
                      "environment variables; nothing is pasted into the command.",
       .required = true,
       .only_for_runs = true},
      {.path = "trial.code", .description = "Folder of the code, relative to the file."},
      {.path = "trial.environment",
       .type = FieldType::kAny,
       .description = "A registered environment.",
       .use = FieldUse::kNotApplicable},
      {.path = "trial.environment_variables",
       .type = FieldType::kFreeMap,
       .description = "Environment variables of the child runs."},
      {.path = "trial.distribution",
       .type = FieldType::kAny,
       .description = "Distributed training.",
       .use = FieldUse::kRefused},
      {.path = "trial.resources",
       .type = FieldType::kMap,
       .description = "Machines for each child run."},
      {.path = "trial.resources.instance_count",
       .type = FieldType::kInteger,
       .description = "Only 1 is possible.",
       .default_value = "1",
       .min = 1,
       .max = 1,
       .hint = "child runs on several machines are not supported"},
      {.path = "trial.resources.instance_type",
       .description = "Kind of machine.",
       .use = FieldUse::kNotApplicable},
      {.path = "trial.resources.shm_size",
       .description = "Shared memory of the container.",
       .use = FieldUse::kNotApplicable},
      {.path = "inputs",
       .type = FieldType::kFreeMap,
       .description = "Named values and local paths for the command."},
      {.path = "outputs",
       .type = FieldType::kFreeMap,
       .description = "Named outputs.",
       .use = FieldUse::kRefused},
      {.path = "compute", .description = "The compute target; `azureml:` in front is left out."},
      {.path = "identity",
       .type = FieldType::kAny,
       .description = "Cloud identity.",
       .use = FieldUse::kNotApplicable},
      {.path = "resources",
       .type = FieldType::kAny,
       .description = "Serverless compute.",
       .use = FieldUse::kNotApplicable},
      {.path = "queue_settings",
       .type = FieldType::kAny,
       .description = "Cloud queue.",
       .use = FieldUse::kNotApplicable},
  };
}

std::vector<Field> sweep_search_fields() {
  return {
      {.path = "sampling_algorithm",
       .type = FieldType::kAny,
       .description = "`random`, `grid`, `bayesian`, or a map {type, seed, rule}.",
       .required = true},
      {.path = "search_space",
       .type = FieldType::kFreeMap,
       .description = "A map from each hyperparameter to its expression: {type: uniform, "
                      "min_value: 0, max_value: 1}.",
       .required = true},
      {.path = "objective",
       .type = FieldType::kMap,
       .description = "What is optimised.",
       .required = true},
      {.path = "objective.goal",
       .description = "Whether a larger or a smaller primary metric is better.",
       .required = true,
       .options = {"maximize", "minimize"}},
      {.path = "objective.primary_metric",
       .description = "The metric, spelled exactly as the script logs it.",
       .required = true,
       .only_for_runs = true},
      {.path = "limits", .type = FieldType::kMap, .description = "When the sweep ends."},
      {.path = "limits.max_total_trials",
       .type = FieldType::kInteger,
       .description = "The largest number of child runs.",
       .default_value = "1000",
       .min = 1,
       .max = kLargestInteger,
       .advised_max = 1000},
      {.path = "limits.max_concurrent_trials",
       .type = FieldType::kInteger,
       .description = "How many child runs may run at once. Without it: max_total_trials.",
       .min = 1,
       .max = kLargestInteger,
       .advised_max = 100},
      {.path = "limits.timeout",
       .type = FieldType::kInteger,
       .description = "Seconds after which the parent run ends.",
       .default_value = "5184000",
       .min = 1,
       .max = kLargestInteger},
      {.path = "limits.trial_timeout",
       .type = FieldType::kInteger,
       .description = "Seconds after which a child run is ended.",
       .min = 1,
       .max = kLargestInteger},
      {.path = "early_termination",
       .type = FieldType::kMap,
       .description = "The early termination policy, with the keys of hdconfig's `policy`."},
  };
}

}  // namespace

const FieldTable& hdconfig_fields() {
  static const FieldTable kTable = [] {
    std::vector<Field> fields = sampling_fields();
    append(fields, policy_fields());
    append(fields, run_fields());
    return FieldTable("hdconfig", std::move(fields));
  }();
  return kTable;
}

const FieldTable& sweep_job_fields() {
  static const FieldTable kTable = [] {
    std::vector<Field> fields = sweep_trial_fields();
    append(fields, sweep_search_fields());
    // The same rows as hdconfig's policy under the other name.
    static constexpr std::string_view kPaths[] = {"early_termination.type",
                                                  "early_termination.evaluation_interval",
                                                  "early_termination.delay_evaluation",
                                                  "early_termination.slack_factor",
                                                  "early_termination.slack_amount",
                                                  "early_termination.truncation_percentage",
                                                  "early_termination.exclude_finished_jobs"};
    for (const std::string_view path : kPaths) {
      for (Field field : policy_fields()) {
        if (field.path.substr(field.path.find('.') + 1) != path.substr(path.find('.') + 1))
          continue;
        field.path = path;
        field.extension = false;
        fields.push_back(std::move(field));
      }
    }
    return FieldTable("sweep job", std::move(fields));
  }();
  return kTable;
}

}  // namespace hd
