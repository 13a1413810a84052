#include "engine/config/hdconfig.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/config/reading.h"

namespace hd {
namespace {

using testing::read;
using testing::said;
using testing::said_for_loop;
using testing::with_expression;
using testing::with_lines;
using testing::with_space;

constexpr const char* kDocumentedSample = R"(sampling:
    type: random # Supported options: Random, Grid, Bayesian
    parameter_space: # specify a name|expression|values tuple for each parameter.
    - name: --penalty # The name of a script parameter to generate values for.
      expression: choice
      values: [0.5, 1, 1.5] # The list of values
policy:
    type: BanditPolicy
    evaluation_interval: 1
    slack_factor: 0.2
primary_metric_name: Accuracy
primary_metric_goal: Maximize # Maximize|Minimize
max_total_runs: 8
max_concurrent_runs: 2
max_duration_minutes: 100
)";

TEST(HdConfig, ReadsTheDocumentedSample) {
  EXPECT_EQ(said(kDocumentedSample), "");
  EXPECT_EQ(said(kDocumentedSample, true), "") << "also strictly";
  const HyperDriveConfig config = read(kDocumentedSample);
  ASSERT_EQ(config.parameter_space.parameters().size(), 1U);
  EXPECT_EQ(config.parameter_space.parameters()[0].name, "--penalty");
  EXPECT_EQ(config.parameter_space.parameters()[0].expression,
            ParameterExpression(choice(0.5, 1, 1.5)));
  EXPECT_TRUE(std::holds_alternative<RandomSampling>(config.sampling));
  const auto& bandit = std::get<BanditPolicyConfig>(config.policy);
  EXPECT_EQ(bandit.slack_factor, 0.2);
  EXPECT_FALSE(bandit.slack_amount);
  EXPECT_EQ(bandit.schedule.delay_evaluation, 0);
  EXPECT_EQ(config.primary_metric_name, "Accuracy");
  EXPECT_EQ(config.primary_metric_goal, Goal::kMaximize);
  EXPECT_EQ(config.max_total_runs, 8);
  EXPECT_EQ(config.max_concurrent_runs, 2);
  EXPECT_EQ(config.max_duration_minutes, 100);
}

TEST(HdConfig, ReadsFlowStyleAndMetricNamesWithSpaces) {
  const std::string text = R"(sampling:
  type: random
  parameter_space:            # list, at least one entry
    - name: --lr
      expression: loguniform
      values: [-6, -1]
    - {name: --batch, expression: choice, values: [16, 32, 64]}
policy:
  type: BanditPolicy
  slack_factor: 0.1
  evaluation_interval: 1
  delay_evaluation: 5
primary_metric_name: Test accuracy
primary_metric_goal: Maximize
max_total_runs: 20
max_concurrent_runs: 4
max_duration_minutes: 100
)";
  EXPECT_EQ(said(text, true), "");
  const HyperDriveConfig config = read(text);
  EXPECT_EQ(config.primary_metric_name, "Test accuracy");
  EXPECT_EQ(config.parameter_space,
            (ParameterSpace{{"--lr", loguniform(-6, -1)}, {"--batch", choice(16, 32, 64)}}));
  EXPECT_EQ(std::get<BanditPolicyConfig>(config.policy).schedule.delay_evaluation, 5);
}

TEST(HdConfig, ReadsTheSameContentAsJson) {
  const std::string json =
      R"({"sampling":{"type":"RANDOM","parameter_space":[{"name":"--penalty","expression":"choice",)"
      R"("values":[0.5,1,1.5]}]},"policy":{"type":"banditpolicy","evaluation_interval":1,)"
      R"("slack_factor":0.2},"primary_metric_name":"Accuracy","primary_metric_goal":"maximize",)"
      R"("max_total_runs":8,"max_concurrent_runs":2,"max_duration_minutes":100})";
  EXPECT_EQ(said(json), "");
  EXPECT_EQ(read(json).parameter_space, read(kDocumentedSample).parameter_space);
}

TEST(HdConfig, DefaultsWhatMayBeLeftOut) {
  const HyperDriveConfig config = read(with_expression("choice", "[1]"));
  EXPECT_TRUE(std::holds_alternative<NoTerminationPolicyConfig>(config.policy));
  EXPECT_EQ(config.max_concurrent_runs, config.max_total_runs);
  EXPECT_EQ(config.max_duration_minutes, 10080);
  EXPECT_EQ(config.max_retries, 0);
  EXPECT_FALSE(config.max_run_duration_seconds);
  EXPECT_EQ(said(with_lines("policy:\nmax_concurrent_runs:\n")), "");
  EXPECT_EQ(said(with_lines("policy: {}\n")), "");
}

TEST(HdConfig, ReportsAllMistakesAtOnceInFileOrder) {
  const std::string text = R"(sampling:
  type: randum
  parameter_space:
    - name: --lr
      expression: LogUniform
      values: [-6, -1]
    - name: --momentum
      expression: loguniform
      values: [1e-4]
    - expression: choice
      values: []
policy:
  type: Bandit
  slack_factor: 0
primary_metric_goal: max
max_total_runs: "8"
max_concurent_runs: 2
)";
  EXPECT_EQ(said(text),
            "hdconfig.yml:1:1: primary_metric_name: is missing; expected a text\n"
            "hdconfig.yml:2:9: sampling.type: expected Random, Grid or Bayesian; found randum (did "
            "you mean 'Random'?)\n"
            "hdconfig.yml:5:19: sampling.parameter_space[0].expression: expected one of the "
            "expressions choice, randint, uniform, quniform, loguniform, qloguniform, normal, "
            "qnormal, lognormal or qlognormal; found LogUniform (did you mean 'loguniform'?)\n"
            "hdconfig.yml:9:15: sampling.parameter_space[1].values: loguniform takes [min, max] as "
            "natural-log bounds; found [1e-4] (1 value)\n"
            "hdconfig.yml:10:7: sampling.parameter_space[2].name: is missing; expected a text\n"
            "hdconfig.yml:11:15: sampling.parameter_space[2].values: choice takes at least one "
            "option; found []\n"
            "hdconfig.yml:14:17: policy.slack_factor: expected a number greater than 0; found 0; "
            "HyperDrive treats a slack of 0 as not given\n"
            "hdconfig.yml:15:22: primary_metric_goal: expected Maximize or Minimize; found max\n"
            "hdconfig.yml:16:17: max_total_runs: expected an integer of at least 1; found \"8\"; "
            "remove the quotes\n");
}

TEST(HdConfig, WarnsOfUnknownKeysAndRefusesThemStrictly) {
  const std::string text = with_lines("max_concurent_runs: 2\nfoo: 1\n");
  EXPECT_EQ(
      said(text),
      "hdconfig.yml:8:1: warning: max_concurent_runs: this key is not known and is ignored (did "
      "you mean 'max_concurrent_runs'?)\n"
      "hdconfig.yml:9:1: warning: foo: this key is not known and is ignored\n");
  EXPECT_EQ(said(text, true),
            "hdconfig.yml:8:1: max_concurent_runs: this key is not known and is ignored (did you "
            "mean 'max_concurrent_runs'?)\n"
            "hdconfig.yml:9:1: foo: this key is not known and is ignored\n");
}

TEST(HdConfig, SaysWhatAFileWithoutAMapHolds) {
  EXPECT_EQ(said(""), "hdconfig.yml:1:1: expected a map of keys (hdconfig); found an empty file\n");
  EXPECT_EQ(said("hello"), "hdconfig.yml:1:1: expected a map of keys (hdconfig); found hello\n");
  EXPECT_EQ(said("[1, 2]"), "hdconfig.yml:1:1: expected a map of keys (hdconfig); found [1, 2]\n");
}

TEST(HdConfig, LimitsWarnAndAreMistakesWhenStrict) {
  EXPECT_EQ(said(with_lines("max_concurrent_runs: 101\n")),
            "hdconfig.yml:8:22: warning: max_concurrent_runs: HyperDrive allows at most 100; found "
            "101\n");
  EXPECT_EQ(said(with_lines("max_concurrent_runs: 101\n"), true),
            "hdconfig.yml:8:22: max_concurrent_runs: HyperDrive allows at most 100; found 101\n");
  EXPECT_EQ(read(with_lines("max_concurrent_runs: 101\n")).max_concurrent_runs, 101);
  EXPECT_EQ(
      said(with_lines("max_duration_minutes: 10081\n")),
      "hdconfig.yml:8:23: warning: max_duration_minutes: more than 10080 minutes (seven days) "
      "is read as 10080; found 10081\n");
  EXPECT_EQ(read(with_lines("max_duration_minutes: 10081\n")).max_duration_minutes, 10080);
  EXPECT_EQ(
      said(with_lines("max_duration_minutes: 43201\n"), true),
      "hdconfig.yml:8:23: max_duration_minutes: HyperDrive allows at most 43200; found 43201\n");
  for (const char* bad : {"0", "-1", "1.5", "true", "x", "[1]", "99999999999", ".inf", ".nan"}) {
    EXPECT_NE(
        said(with_lines("max_duration_minutes: " + std::string(bad) + "\n"))
            .find("hdconfig.yml:8:23: max_duration_minutes: expected an integer of at least 1"),
        std::string::npos)
        << bad;
  }
  EXPECT_EQ(read(with_lines("max_duration_minutes: 60.0\n")).max_duration_minutes, 60);
}

TEST(HdConfig, ReadsTheAddedKeys) {
  const HyperDriveConfig config =
      read(with_lines("max_retries: 2\nmax_run_duration_minutes: 0.51\nresume_from: HD_1\n"
                      "resume_child_runs: [HD_1_0, HD_1_1]\n"));
  EXPECT_EQ(config.max_retries, 2);
  EXPECT_EQ(config.max_run_duration_seconds, 31) << "rounded up";
  ASSERT_EQ(config.resume_from.size(), 1U);
  EXPECT_EQ(config.resume_from[0].run_id, "HD_1");
  EXPECT_EQ(config.resume_from[0].line, 10);
  EXPECT_EQ(config.resume_from[0].column, 14);
  ASSERT_EQ(config.resume_child_runs.size(), 2U);
  EXPECT_EQ(config.resume_child_runs[1].run_id, "HD_1_1");
  EXPECT_EQ(config.resume_child_runs[1].column, 29);
}

TEST(HdConfig, ChecksRunsToResume) {
  EXPECT_EQ(said(with_lines("resume_from: [a, b, c, d, e, f]\n")),
            "hdconfig.yml:8:14: resume_from: at most 5 runs can be named; found 6\n");
  EXPECT_EQ(said(with_lines("resume_from: [a, a]\n")),
            "hdconfig.yml:8:18: resume_from: the run a is named twice\n");
  EXPECT_EQ(
      said(with_lines("resume_from: ../x\n")),
      "hdconfig.yml:8:14: resume_from: expected a run id such as HD_<uuid>; found \"../x\"\n");
  EXPECT_EQ(said(with_lines("resume_child_runs: [a, b, c, d, e]\n")),
            "hdconfig.yml:8:20: resume_child_runs: at most 4 runs can be named; found 5\n");
}

TEST(HdConfig, ReadsSeedAndRule) {
  const std::string space = "    - {name: a, expression: uniform, values: [0, 1]}\n  seed: 7\n";
  const auto random =
      std::get<RandomSampling>(read(with_space(space + "  rule: Sobol\n")).sampling);
  EXPECT_EQ(random.seed, 7U);
  EXPECT_TRUE(random.sobol);
  EXPECT_EQ(std::get<BayesianSampling>(read(with_space(space, "bayesian")).sampling).seed, 7U);
  EXPECT_NE(said(with_space(space + "  rule: halton\n")).find("expected random or sobol"),
            std::string::npos);
  EXPECT_EQ(
      said(with_space("    - {name: a, expression: choice, values: [1]}\n  seed: 7\n", "grid")),
      "hdconfig.yml:5:9: warning: sampling.seed: Grid sampling has no chance in it; ignored\n");
}

TEST(HdConfig, ParameterNamesAreUnique) {
  EXPECT_EQ(
      said(with_space("    - {name: --a, expression: choice, values: [1]}\n"
                      "    - {name: a, expression: choice, values: [1]}\n")),
      "hdconfig.yml:5:14: sampling.parameter_space[1].name: the parameter 'a' is named twice; "
      "the first is on line 4\n");
  EXPECT_EQ(
      said(with_space("    - {name: a, expression: choice, values: [1]}\n"
                      "    - {name: a, expression: uniform, values: [1]}\n")),
      "hdconfig.yml:5:14: sampling.parameter_space[1].name: the parameter 'a' is named twice; "
      "the first is on line 4\n"
      "hdconfig.yml:5:46: sampling.parameter_space[1].values: uniform takes [min, max]; found [1] "
      "(1 value)\n")
      << "a mistake elsewhere hides nothing";
  EXPECT_NE(said(with_space("    - {name: 'a b', expression: choice, values: [1]}\n"))
                .find("without spaces or '='; found \"a b\""),
            std::string::npos);
  EXPECT_NE(
      said(with_space("    - {name: --, expression: choice, values: [1]}\n")).find("the flag"),
      std::string::npos);
}

TEST(HdConfig, DuplicateKeysAreMistakes) {
  EXPECT_EQ(said(with_lines("max_total_runs: 5\n")),
            "hdconfig.yml:8:1: max_total_runs: appears twice; the first is on line 7\n");
}

TEST(HdConfig, RefusesNestedListsWithoutMaps) {
  EXPECT_EQ(
      said(with_space("    - choice\n")),
      "hdconfig.yml:4:7: sampling.parameter_space[0]: expected a map of keys; found choice\n");
  EXPECT_EQ(
      said("sampling: {type: random, parameter_space: []}\nprimary_metric_name: a\n"
           "primary_metric_goal: Minimize\nmax_total_runs: 1\n"),
      "hdconfig.yml:1:43: sampling.parameter_space: expected at least one parameter; found an "
      "empty list\n");
}

TEST(HdConfig, RefusesMapsOfTooManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 80'000; ++i) text += "\"k" + std::to_string(i) + "\":1,";
  EXPECT_EQ(said(text + "}"), "hdconfig.yml:1:1: has 80000 keys, and at most 1000 are read\n");
}

TEST(HdConfig, ShowsTheFirstHundredMistakes) {
  std::string space;
  for (int i = 0; i < 500; ++i) space += "    - {nam: a}\n";
  const std::string text = said(with_space(space));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 101);
  EXPECT_NE(text.find("hdconfig.yml: 1400 more like these\n"), std::string::npos) << text;
}

struct PolicyCase {
  const char* yaml;
  const char* said;
};

TEST(HdConfig, PolicyRules) {
  const PolicyCase kCases[] = {
      {"{type: BANDITPOLICY, slack_amount: 1}", ""},
      {"{type: bandit, slack_factor: 0.1}", ""},
      {"{type: median_stopping}", ""},
      {"{type: truncation_selection, truncation_percentage: 20, exclude_finished_jobs: true}", ""},
      {"{type: NoTerminationPolicy}", ""},
      {"{type: default}", ""},
      {"{type:}", ""},
      {"{type: Bandit}",
       "hdconfig.yml:8:16: policy: BanditPolicy needs slack_factor or slack_amount; found "
       "neither\n"},
      {"{type: Bandit, slack_factor: 0.1, slack_amount: 1}",
       "hdconfig.yml:8:57: policy: BanditPolicy takes slack_factor or slack_amount, not both\n"},
      {"{type: Bandit, slack_factor: -1}",
       "hdconfig.yml:8:38: policy.slack_factor: expected a number greater than 0; found -1; "
       "HyperDrive treats a slack of 0 as not given\n"},
      {"{type: TruncationSelectionPolicy}",
       "hdconfig.yml:8:16: policy.truncation_percentage: is missing; TruncationSelectionPolicy "
       "needs "
       "an integer from 1 to 99\n"},
      {"{type: TruncationSelectionPolicy, truncation_percentage: 100}",
       "hdconfig.yml:8:66: policy.truncation_percentage: expected an integer from 1 to 99; found "
       "100\n"},
      {"{type: TruncationSelectionPolicy, truncation_percentage: true}",
       "hdconfig.yml:8:66: policy.truncation_percentage: expected an integer from 1 to 99; found "
       "true\n"},
      {"{type: MedianStoppingPolicy, evaluation_interval: 0}",
       "hdconfig.yml:8:59: warning: policy.evaluation_interval: an interval of 0 is read as 1\n"},
      {"{type: MedianStoppingPolicy, slack_factor: 0.1}",
       "hdconfig.yml:8:52: warning: policy.slack_factor: is not a property of MedianStoppingPolicy "
       "and is ignored\n"},
      {"{slack_factor: 0.1}",
       "hdconfig.yml:8:24: warning: policy.slack_factor: is not a property of NoTerminationPolicy "
       "and is ignored\n"},
      {"{type: MedianPolicy}",
       "hdconfig.yml:8:16: policy.type: expected BanditPolicy, MedianStoppingPolicy, "
       "TruncationSelectionPolicy or NoTerminationPolicy; found MedianPolicy\n"},
      {"{type: BanditPolicie, slack_factor: 1}",
       "hdconfig.yml:8:16: policy.type: expected BanditPolicy, MedianStoppingPolicy, "
       "TruncationSelectionPolicy or NoTerminationPolicy; found BanditPolicie (did you mean "
       "'BanditPolicy'?)\n"},
      {"Bandit", "hdconfig.yml:8:9: policy: expected a map of keys; found Bandit\n"},
  };
  for (const PolicyCase& test : kCases) {
    EXPECT_EQ(said(with_lines("policy: " + std::string(test.yaml) + "\n")), test.said) << test.yaml;
  }
  const HyperDriveConfig config = read(
      with_lines("policy: {type: TruncationSelection, truncation_percentage: 20, "
                 "evaluation_interval: 2, delay_evaluation: 6, exclude_finished_jobs: yes}\n"));
  const auto& truncation = std::get<TruncationSelectionPolicyConfig>(config.policy);
  EXPECT_EQ(truncation.truncation_percentage, 20);
  EXPECT_EQ(truncation.schedule.evaluation_interval, 2);
  EXPECT_EQ(truncation.schedule.delay_evaluation, 6);
  EXPECT_TRUE(truncation.exclude_finished_jobs);
}

TEST(Hdconfig, ATuningLoopNeedsOnlySamplingAndGoal) {
  const std::string sampling =
      "sampling:\n  type: bayesian\n  parameter_space:\n"
      "    - {name: --a, expression: uniform, values: [0, 1]}\n";
  const std::string text = sampling + "primary_metric_goal: minimize\n";
  EXPECT_EQ(said_for_loop(text), "");
  EXPECT_EQ(said(text),
            "hdconfig.yml:1:1: primary_metric_name: is missing; expected a text\n"
            "hdconfig.yml:1:1: max_total_runs: is missing; expected an integer of at least 1\n");
  std::vector<Diagnostic> warnings;
  const HyperDriveConfig config =
      read_hyperdrive_file(text, "hdconfig.yml", {.for_loop = true}, warnings).config;
  EXPECT_EQ(config.primary_metric_goal, Goal::kMinimize);
  EXPECT_EQ(config.parameter_space.parameters().size(), 1U);

  EXPECT_EQ(said_for_loop(sampling),
            "hdconfig.yml:1:1: primary_metric_goal: is missing; expected Maximize or Minimize\n");
  // What is there must still be right.
  EXPECT_EQ(said_for_loop(text + "max_total_runs: 0\n"),
            "hdconfig.yml:6:17: max_total_runs: expected an integer of at least 1; found 0\n");
  EXPECT_EQ(said_for_loop(with_lines("")), "");
}

}  // namespace
}  // namespace hd
