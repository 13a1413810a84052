#include <string>

#include <gtest/gtest.h>

#include "engine/config/hdconfig.h"
#include "tests/config/reading.h"

namespace hd {
namespace {

using testing::said;

constexpr const char* kSample = R"(type: sweep
trial:
  code: src
  command: python train.py --data ${{inputs.data}} --lr ${{search_space.lr}} --opt "${{ search_space.opt }}-x" '${{search_space.lr}}'
  environment_variables: {SEED: 1}
inputs: {data: {type: uri_file, path: ./d.csv}, epochs: 3}
compute: azureml:cpu-cluster
sampling_algorithm: {type: random, seed: 7, rule: sobol}
search_space:
  lr: {type: loguniform, min_value: -6, max_value: -1}
  opt: {type: choice, values: [sgd, adam]}
objective: {goal: maximize, primary_metric: acc}
limits: {max_total_trials: 20, max_concurrent_trials: 4, timeout: 7201, trial_timeout: 600}
early_termination: {type: median_stopping, evaluation_interval: 1, delay_evaluation: 5}
)";

SweepJob read(const std::string& text) {
  std::vector<Diagnostic> warnings;
  return read_sweep_job(text, "sweep.yml", {}, warnings);
}

/// The sample with one line replaced.
std::string with_line(const std::string& key, const std::string& line) {
  std::string text = kSample;
  const std::size_t start = text.find("\n" + key) + 1;
  return text.replace(start, text.find('\n', start) - start, line);
}

TEST(SweepJob, ReadsTheSample) {
  EXPECT_EQ(said(kSample, true), "");
  const SweepJob job = read(kSample);
  const HyperDriveConfig& config = job.config;
  ASSERT_EQ(config.parameter_space.parameters().size(), 2U);
  EXPECT_EQ(config.parameter_space.parameters()[0].expression,
            ParameterExpression(loguniform(-6, -1)));
  EXPECT_EQ(config.parameter_space.parameters()[1].expression,
            ParameterExpression(choice("sgd", "adam")));
  const auto& random = std::get<RandomSampling>(config.sampling);
  EXPECT_EQ(random.seed, 7U);
  EXPECT_TRUE(random.sobol);
  const auto& policy = std::get<MedianStoppingPolicyConfig>(config.policy);
  EXPECT_EQ(policy.schedule.delay_evaluation, 5);
  EXPECT_EQ(config.primary_metric_name, "acc");
  EXPECT_EQ(config.primary_metric_goal, Goal::kMaximize);
  EXPECT_EQ(config.max_total_runs, 20);
  EXPECT_EQ(config.max_concurrent_runs, 4);
  EXPECT_EQ(config.max_duration_seconds, 7201);
  EXPECT_EQ(config.max_duration_minutes, 121);
  EXPECT_EQ(config.max_run_duration_seconds, 600);
  EXPECT_EQ(job.trial.code, "src");
  EXPECT_EQ(job.trial.compute, "cpu-cluster");
  ASSERT_EQ(job.trial.environment_variables.size(), 1U);
  EXPECT_EQ(job.trial.environment_variables[0].second, "1");
}

TEST(SweepJob, ReferencesBecomeQuotedVariables) {
  const SweepJob job = read(kSample);
  EXPECT_EQ(job.trial.command,
            "python train.py --data \"${AZUREML_INPUT_data}\" --lr \"${AZUREML_SWEEP_lr}\" --opt "
            "\"${AZUREML_SWEEP_opt}-x\" ''\"${AZUREML_SWEEP_lr}\"''");
  ASSERT_EQ(job.trial.inputs.size(), 2U);
  EXPECT_EQ(job.trial.inputs[0].variable, "AZUREML_INPUT_data");
  EXPECT_EQ(job.trial.inputs[0].value, "./d.csv");
  EXPECT_TRUE(job.trial.inputs[0].is_path);
  EXPECT_EQ(job.trial.inputs[1].value, "3");
  EXPECT_FALSE(job.trial.inputs[1].is_path);
}

TEST(SweepJob, BackslashedQuotesDoNotQuote) {
  const SweepJob job = read(with_line("  command", R"(  command: 'echo \" ${{search_space.lr}}')"));
  EXPECT_EQ(job.trial.command, "echo \\\" \"${AZUREML_SWEEP_lr}\"");
}

TEST(SweepJob, IsDetectedByItsKeys) {
  std::vector<Diagnostic> warnings;
  EXPECT_TRUE(read_hyperdrive_file(kSample, "f", {}, warnings).trial);
  const std::string text(kSample);
  EXPECT_TRUE(read_hyperdrive_file(text.substr(text.find('\n') + 1), "f", {}, warnings).trial);
  EXPECT_FALSE(
      read_hyperdrive_file(testing::with_expression("choice", "[1]"), "f", {}, warnings).trial);
}

TEST(SweepJob, DefaultsWhatMayBeLeftOut) {
  const SweepJob job = read(
      "trial: {command: echo}\nsampling_algorithm: grid\n"
      "search_space: {a: {type: randint, upper: 3}}\n"
      "objective: {goal: Minimize, primary_metric: loss}\n");
  EXPECT_TRUE(std::holds_alternative<GridSampling>(job.config.sampling));
  EXPECT_EQ(job.config.max_total_runs, 1000);
  EXPECT_EQ(job.config.max_concurrent_runs, 1000);
  EXPECT_EQ(job.config.max_duration_seconds, 5184000);
  EXPECT_TRUE(std::holds_alternative<NoTerminationPolicyConfig>(job.config.policy));
}

TEST(SweepJob, ManyUnknownReferencesEndInAMessage) {
  std::string space = "search_space: {";
  for (int i = 0; i < 10'000; ++i)
    space += "a" + std::to_string(i) + ": {type: randint, upper: 3}, ";
  std::string command = "trial: {command: \"";
  for (int i = 0; i < 20'000; ++i) command += "${{search_space.zz}} ";
  EXPECT_NE(said("type: sweep\n" + space + "}\n" + command + "\"}\n").find("more like these"),
            std::string::npos);
}

struct Bad {
  const char* key;
  const char* line;
  const char* said;
};

TEST(SweepJob, TellsWhatIsWrong) {
  const Bad kBad[] = {
      {"  command",
       "  command: x ${{search_space.rl}}",
       "hdconfig.yml:4:12: trial.command: ${{search_space.rl}} names nothing in this file (did you "
       "mean 'lr'?)\n"},
      {"  command",
       "  command: x ${{outputs.model}}",
       "hdconfig.yml:4:12: trial.command: ${{outputs.model}} is not supported; a command can refer "
       "to ${{search_space.<name>}} and ${{inputs.<name>}}\n"},
      {"  command",
       "  command: x ${{inputs.data",
       "hdconfig.yml:4:12: trial.command: a ${{ has no closing }}\n"},
      {"inputs",
       "inputs: {data: {path: 'azureml://x/y'}}",
       "hdconfig.yml:6:23: inputs.data: only local paths can be inputs; found \"azureml://x/y\"\n"},
      {"sampling_algorithm",
       "sampling_algorithm: sobol",
       "hdconfig.yml:8:21: sampling_algorithm: expected random, grid or bayesian; found sobol\n"},
      {"  opt",
       "  opt: {type: choice}",
       "hdconfig.yml:11:8: search_space.opt.values: is missing; choice needs it\n"},
      {"  opt",
       "  opt: {type: choise, values: [1]}",
       "hdconfig.yml:11:15: search_space.opt.type: expected one of the expressions choice, "
       "randint, "
       "uniform, quniform, loguniform, qloguniform, normal, qnormal, lognormal or qlognormal; "
       "found "
       "choise (did you mean 'choice'?)\n"},
      {"limits",
       "limits: {max_total_trials: 0}",
       "hdconfig.yml:13:28: limits.max_total_trials: expected an integer of at least 1; found 0\n"},
      {"early",
       "early_termination: {type: bandit, slack_factor: 0}",
       "hdconfig.yml:14:49: early_termination.slack_factor: expected a number greater than 0; "
       "found "
       "0; HyperDrive treats a slack of 0 as not given\n"},
      {"compute",
       "outputs: {model: {type: uri_folder}}",
       "hdconfig.yml:7:10: outputs: is not supported; remove it\n"},
      {"compute",
       "identity: {type: managed}",
       "hdconfig.yml:7:11: warning: not applicable here: identity\n"},
  };
  for (const Bad& bad : kBad) {
    EXPECT_EQ(said(with_line(bad.key, bad.line)), bad.said) << bad.line;
  }
}

TEST(SweepJob, ATuningLoopNeedsNoTrial) {
  const std::string text =
      "sampling_algorithm: random\n"
      "search_space: {lr: {type: uniform, min_value: 0, max_value: 1}}\n"
      "objective: {goal: minimize}\n";
  EXPECT_EQ(testing::said_for_loop(text), "");
  EXPECT_NE(said(text).find("trial: is missing"), std::string::npos);
  EXPECT_NE(said(text).find("objective.primary_metric: is missing"), std::string::npos);
  EXPECT_EQ(testing::said_for_loop(text + "outputs: {model: {type: uri_folder}}\n"),
            "hdconfig.yml:4:10: warning: not applicable here: outputs\n");
}

}  // namespace
}  // namespace hd
