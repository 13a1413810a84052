#include "cli/child_command.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Configuration configuration(std::vector<Configuration::Entry> entries) {
  return Configuration(std::move(entries));
}

ScriptSpec python_script() {
  ScriptSpec script;
  script.script = "train.py";
  script.interpreter = "/usr/bin/python3";
  script.arguments = {"--data-folder", "X"};
  return script;
}

std::optional<std::string> value_of(const EnvironmentVariables& environment,
                                    const std::string& name) {
  std::optional<std::string> value;
  for (const auto& [key, text] : environment) {
    if (key != name) continue;
    EXPECT_FALSE(value) << name << " is given twice";
    value = text;
  }
  return value;
}

ParentRunSpec parent_run() {
  ParentRunSpec parent;
  parent.run_id = "HD_1";
  parent.experiment = "digits";
  parent.script = python_script();
  return parent;
}

TEST(ChildArguments, SampledValuesFollowTheFixedOnes) {
  EXPECT_THAT(
      child_arguments(python_script(), configuration({{"--lr", 0.01}, {"--batch", 32}})),
      ElementsAre(
          "/usr/bin/python3", "train.py", "--data-folder", "X", "--lr", "0.01", "--batch", "32"));
}

TEST(ChildArguments, NamesWithoutDashesGetTwo) {
  const auto argv = child_arguments(python_script(), configuration({{"lr", 1}, {"-b", 2}}));
  EXPECT_EQ(argv[4], "--lr");
  EXPECT_EQ(argv[6], "-b");
}

TEST(ChildArguments, ValuesAreRenderedAsTheirTypesDemand) {
  const auto argv = child_arguments(python_script(),
                                    configuration({{"a", true},
                                                   {"b", false},
                                                   {"c", Value()},
                                                   {"d", Value::List{1, "x", Value()}},
                                                   {"e", "two words; $HOME"},
                                                   {"f", 1e-6},
                                                   {"g", 64.0}}));
  EXPECT_THAT(std::vector<std::string>(argv.begin() + 4, argv.end()),
              ElementsAre("--a",
                          "True",
                          "--b",
                          "False",
                          "--d",
                          "[1,\"x\",null]",
                          "--e",
                          "two words; $HOME",
                          "--f",
                          "1e-06",
                          "--g",
                          "64"));
}

TEST(ChildArguments, OtherExecutablesRunThemselves) {
  ScriptSpec script;
  script.script = "train.sh";
  EXPECT_THAT(child_arguments(script, {}), ElementsAre("./train.sh"));
  script.script = "tools/train";
  EXPECT_THAT(child_arguments(script, {}), ElementsAre("tools/train"));
}

TEST(ChildArguments, NothingIsPastedIntoACommand) {
  ScriptSpec script;
  script.command = "python train.py --lr $AZUREML_SWEEP_lr";
  EXPECT_THAT(child_arguments(script, configuration({{"lr", "; rm -rf /"}})),
              ElementsAre("/bin/sh", "-c", "python train.py --lr $AZUREML_SWEEP_lr"));
}

TEST(ChildEnvironment, ForgetsTheTrackingServerOfAnOuterRun) {
  ChildSurroundings surroundings;
  surroundings.inherited = {{"HDRIVE_RUN_ID", "HD_0_1"},
                            {"MLFLOW_RUN_ID", "HD_0_1"},
                            {"MLFLOW_TRACKING_URI", "http://127.0.0.1:1"}};
  const auto inner = child_environment(parent_run(), "HD_1_0", {}, surroundings);
  EXPECT_FALSE(value_of(inner, "MLFLOW_TRACKING_URI"));
  surroundings.inherited = {{"MLFLOW_TRACKING_URI", "http://127.0.0.1:1"}};
  const auto users = child_environment(parent_run(), "HD_1_0", {}, surroundings);
  EXPECT_EQ(value_of(users, "MLFLOW_TRACKING_URI"), "http://127.0.0.1:1");
}

TEST(ChildEnvironment, GivesIdsAndHyperparameters) {
  ChildSurroundings surroundings;
  surroundings.project_directory = "/project";
  const auto environment = child_environment(
      parent_run(), "HD_1_0", configuration({{"--lr", 0.5}, {"--none", Value()}}), surroundings);
  EXPECT_EQ(value_of(environment, "AZUREML_RUN_ID"), "HD_1_0");
  EXPECT_EQ(value_of(environment, "AZUREML_ROOT_RUN_ID"), "HD_1");
  EXPECT_EQ(value_of(environment, "AZUREML_ARM_PROJECT_NAME"), "digits");
  EXPECT_EQ(value_of(environment, "HDRIVE_RUN_ID"), "HD_1_0");
  EXPECT_EQ(value_of(environment, "HDRIVE_PARENT_RUN_ID"), "HD_1");
  EXPECT_EQ(value_of(environment, "HDRIVE_PROJECT"), "/project");
  EXPECT_EQ(value_of(environment, "PYTHONUNBUFFERED"), "1");
  EXPECT_EQ(value_of(environment, "AZUREML_SWEEP_lr"), "0.5");
  EXPECT_EQ(value_of(environment, "AZUREML_SWEEP_none"), std::nullopt);
}

TEST(ChildEnvironment, OffersASpellingThatShellsCanRead) {
  const auto environment =
      child_environment(parent_run(), "HD_1_0", configuration({{"--learning-rate", 1}}), {});
  EXPECT_EQ(value_of(environment, "AZUREML_SWEEP_learning-rate"), "1");
  EXPECT_EQ(value_of(environment, "AZUREML_SWEEP_learning_rate"), "1");
}

TEST(ChildEnvironment, InheritsAllButTheVariablesOfAnOuterRun) {
  ChildSurroundings surroundings;
  surroundings.inherited = {{"PATH", "/bin"},
                            {"HDRIVE_METRICS", "/outer"},
                            {"AZUREML_RUN_ID", "out"},
                            {"AZUREML_SWEEP_lr", "9"},
                            {"CUDA_HOME", "/cuda"},
                            {"AZUREML_DATAREFERENCE_d", "/data"}};
  const auto environment = child_environment(parent_run(), "HD_1_0", {}, surroundings);
  EXPECT_EQ(value_of(environment, "PATH"), "/bin");
  EXPECT_EQ(value_of(environment, "CUDA_HOME"), "/cuda");
  EXPECT_EQ(value_of(environment, "AZUREML_DATAREFERENCE_d"), "/data");
  EXPECT_EQ(value_of(environment, "HDRIVE_METRICS"), std::nullopt);
  EXPECT_EQ(value_of(environment, "AZUREML_SWEEP_lr"), std::nullopt);
  EXPECT_EQ(value_of(environment, "AZUREML_RUN_ID"), "HD_1_0");
}

TEST(ChildEnvironment, TheRunconfigWinsOverTheInheritedOne) {
  ChildSurroundings surroundings;
  surroundings.inherited = {{"OMP_NUM_THREADS", "8"}};
  ParentRunSpec parent = parent_run();
  parent.script.environment = {{"OMP_NUM_THREADS", "1"}};
  EXPECT_EQ(value_of(child_environment(parent, "x", {}, surroundings), "OMP_NUM_THREADS"), "1");
}

TEST(ChildEnvironment, TheCompatibilityPackageComesBehindTheUsersOwnPath) {
  ChildSurroundings surroundings;
  surroundings.compatibility_package = "/opt/python";
  EXPECT_EQ(value_of(child_environment(parent_run(), "x", {}, surroundings), "PYTHONPATH"),
            "/opt/python");
  surroundings.inherited = {{"PYTHONPATH", "/mine"}};
  EXPECT_EQ(value_of(child_environment(parent_run(), "x", {}, surroundings), "PYTHONPATH"),
            "/mine:/opt/python");
}

TEST(DuplicateArguments, IgnoresDashesAndFindsBothForms) {
  const std::vector<std::string> fixed = {"--lr", "0.1", "--batch=3", "penalty"};
  EXPECT_THAT(duplicate_arguments(fixed, {"lr", "--batch", "--penalty", "--other"}),
              ElementsAre("lr", "--batch"));
  EXPECT_THAT(duplicate_arguments({}, {"lr"}), IsEmpty());
}

ChildRun child_run(int index) {
  auto trial = std::make_shared<Trial>();
  trial->configuration = configuration({{"lr", 1}});
  ChildRun child;
  child.index = index;
  child.trial = trial;
  return child;
}

TEST(ChildSpec, IsTheSameForTheSameAttemptAndDiffersBetweenAttempts) {
  ChildSurroundings surroundings;
  surroundings.runs_directory = "/w/.hdrive/runs";
  const ChildRunSpec first = make_child_spec(parent_run(), child_run(3), 0, surroundings);
  const ChildRunSpec again = make_child_spec(parent_run(), child_run(3), 0, surroundings);
  const ChildRunSpec second = make_child_spec(parent_run(), child_run(3), 1, surroundings);
  EXPECT_EQ(first.nonce, again.nonce);
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_EQ(first.nonce.size(), 32U);
  EXPECT_EQ(first.run_id, "HD_1_3");
  EXPECT_EQ(first.attempt_directory, "/w/.hdrive/runs/HD_1_3/0");
  EXPECT_EQ(second.attempt_directory, "/w/.hdrive/runs/HD_1_3/1");
}

/// Of a child run whose second attempt failed before the script came to run.
ChildRun third_attempt() {
  ChildRun child = child_run(3);
  child.attempt = 2;
  child.details->ran_attempt = child.details->continued_attempt = 0;
  return child;
}

ChildSurroundings surroundings_in(const std::string& runs) {
  ChildSurroundings surroundings;
  surroundings.runs_directory = runs;
  return surroundings;
}

TEST(ChildSpec, AFirstAttemptGoesOnFromNothing) {
  ParentRunSpec parent = parent_run();
  parent.script.takes_resume_from = true;
  const ChildRunSpec spec = make_child_spec(parent, child_run(3), 0, surroundings_in("/r"));
  EXPECT_EQ(spec.resume_from, "");
  EXPECT_EQ(value_of(spec.environment, "HDRIVE_RESUME_FROM"), std::nullopt);
  EXPECT_THAT(spec.argv, testing::Not(testing::Contains("--resume-from")));
}

TEST(ChildSpec, ARetryGoesOnFromTheOutputsOfTheAttemptThatRan) {
  const ChildRunSpec spec =
      make_child_spec(parent_run(), third_attempt(), 2, surroundings_in("/r"));
  EXPECT_EQ(spec.resume_from, "/r/HD_1_3/0/work/outputs");
  EXPECT_EQ(value_of(spec.environment, "HDRIVE_RESUME_FROM"), spec.resume_from);
}

TEST(ChildSpec, ARetryGivesTheArgumentToScriptsThatTakeItAlone) {
  ParentRunSpec parent = parent_run();
  const auto argv = [&] {
    return make_child_spec(parent, third_attempt(), 2, surroundings_in("/r")).argv;
  };
  EXPECT_THAT(argv(), testing::Not(testing::Contains("--resume-from")));
  parent.script.takes_resume_from = true;
  EXPECT_THAT(argv(),
              ElementsAre("/usr/bin/python3",
                          "train.py",
                          "--data-folder",
                          "X",
                          "--lr",
                          "1",
                          "--resume-from",
                          "/r/HD_1_3/0/work/outputs"));
  parent.script.command = "python train.py";
  EXPECT_THAT(argv(), ElementsAre("/bin/sh", "-c", "python train.py"));
}

TEST(ChildSpec, AResumedChildRunGoesOnFromTheOldOne) {
  ParentRunSpec parent = parent_run();
  parent.warm_start.children = {{"HD_old_4", 1, {}}};
  ChildRun child = child_run(0);
  const auto spec = [&] { return make_child_spec(parent, child, 0, surroundings_in("/r")); };
  EXPECT_EQ(spec().resume_from, "/r/HD_old_4/1/work/outputs");
  EXPECT_EQ(spec().argv.back(), "/r/HD_old_4/1/work/outputs");
  EXPECT_EQ(value_of(spec().environment, "HDRIVE_RESUME_FROM"), "/r/HD_old_4/1/work/outputs");
  child.details->continued_attempt = 0;
  EXPECT_EQ(spec().argv.back(), "/r/HD_1_0/0/work/outputs") << "a retry knows more";
  child = child_run(1);
  EXPECT_EQ(spec().resume_from, "") << "only as many as were named";
}

TEST(ResumeFrom, IsFoundAsAWordOfItsOwn) {
  EXPECT_TRUE(speaks_of_resume_from("parser.add_argument('--resume-from', default=None)"));
  EXPECT_TRUE(speaks_of_resume_from("--resume-from"));
  EXPECT_TRUE(speaks_of_resume_from("--resume-from-checkpoint or --resume-from="));
  EXPECT_FALSE(speaks_of_resume_from("--resume-from-checkpoint ---resume-from --resume-fro"));
  EXPECT_FALSE(speaks_of_resume_from(""));
}

TEST(ChildSpec, TheShorterTimeLimitHolds) {
  ChildSurroundings surroundings;
  ParentRunSpec parent = parent_run();
  const auto limit = [&] {
    return make_child_spec(parent, child_run(0), 0, surroundings).time_limit_seconds;
  };
  EXPECT_EQ(limit(), std::nullopt);
  surroundings.time_limit_seconds = 60;
  EXPECT_EQ(limit(), 60);
  parent.script.max_run_duration_seconds = 30;
  EXPECT_EQ(limit(), 30);
  surroundings.time_limit_seconds = 10;
  EXPECT_EQ(limit(), 10);
}

TEST(ChildSpec, AScriptRunIsItsOwnChild) {
  ParentRunSpec parent = parent_run();
  parent.kind = RunKind::kScript;
  parent.run_id = "digits_1_00000000";
  const ChildRunSpec spec = make_child_spec(parent, child_run(0), 0, {});
  EXPECT_EQ(spec.run_id, "digits_1_00000000");
  EXPECT_EQ(value_of(spec.environment, "AZUREML_ROOT_RUN_ID"), "digits_1_00000000");
}

}  // namespace
}  // namespace hd
