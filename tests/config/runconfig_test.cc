#include "engine/config/runconfig.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/config/reading.h"

namespace hd {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Reading {
  RunConfig config;
  std::string said;  ///< mistakes, or else warnings
};

Reading read(const std::string& text, const ReadRelatedFile& related = {}) {
  Reading reading;
  std::vector<Diagnostic> warnings;
  try {
    reading.config = read_runconfig(text, "x.runconfig", {}, warnings, related);
    reading.said = testing::lines(warnings);
  } catch (const ConfigError& error) {
    reading.said = testing::lines(error.diagnostics());
  }
  return reading;
}

std::string refused(const std::string& text) { return testing::lines(read(text).config.refused); }

constexpr const char* kComplete = R"(script: train.py
arguments: [--data, 1e-4, 010, "x y", true, --]
target: local
framework: python
communicator: None
maxRunDurationSeconds:
nodeCount: 1
environment:
  name: project
  version:
  environmentVariables:
    EXAMPLE_ENV_VAR: EXAMPLE_VALUE
    SOME_number: 007
    empty:
  python:
    userManagedDependencies: true
    interpreterPath: /usr/bin/python3
    condaDependenciesFile: .azureml/conda_dependencies.yml
    baseCondaEnvironment:
  docker: {enabled: false, baseImage: , sharedVolumes: true, shmSize: 2g, arguments: []}
  spark: {repositories: [], packages: [], precachePackages: true}
  databricks: {mavenLibraries: []}
history: {outputCollection: true, snapshotProject: true, directoriesToWatch: [logs]}
spark:
  configuration: {spark.app.name: Azure ML Experiment, spark.yarn.maxAppAttempts: 1}
hdi: {yarnDeployMode: cluster}
tensorflow: {workerCount: 1, parameterServerCount: 1}
mpi: {processCountPerNode: 1}
dataReferences: {}
data: {}
sourceDirectoryDataStore:
amlcompute: {vmSize:, vmPriority:, retainCluster: false, name:, clusterMaxNodeCount:}
)";

TEST(RunConfig, ReadsAGeneratedFileWithoutANote) {
  const Reading reading = read(kComplete);
  EXPECT_EQ(reading.said, "");
  const RunConfig& config = reading.config;
  EXPECT_EQ(config.script, "train.py");
  EXPECT_EQ(config.arguments,
            (std::vector<std::string>{"--data", "1e-4", "010", "x y", "true", "--"}))
      << "numbers are passed as they are written";
  EXPECT_EQ(config.target, "local");
  EXPECT_FALSE(config.max_run_duration_seconds);
  EXPECT_EQ(config.environment_variables,
            (Pairs{{"EXAMPLE_ENV_VAR", "EXAMPLE_VALUE"}, {"SOME_number", "007"}, {"empty", ""}}));
  EXPECT_EQ(config.interpreter_path, "/usr/bin/python3");
  EXPECT_TRUE(config.user_managed_dependencies);
  EXPECT_TRUE(config.refused.empty()) << testing::lines(config.refused);
  EXPECT_NO_THROW(require_runnable(config));
}

TEST(RunConfig, KeysAreReadInAnyCase) {
  const Reading reading = read(
      "Script: a.py\nmax_run_duration_seconds: 60\nNodeCount: 1\nenvironment:\n"
      "  environment_variables: {myVar: 1}\n"
      "  Python: {user_managed_dependencies: true, InterpreterPath: python3}\n");
  EXPECT_EQ(reading.said, "");
  EXPECT_EQ(reading.config.script, "a.py");
  EXPECT_EQ(reading.config.max_run_duration_seconds, 60);
  EXPECT_EQ(reading.config.interpreter_path, "python3");
  EXPECT_EQ(reading.config.environment_variables, (Pairs{{"myVar", "1"}})) << "names stay";
  EXPECT_EQ(read("script: a\nScript: b\n").said,
            "x.runconfig:2:1: Script: is set twice, in different spellings\n");
}

TEST(RunConfig, ReadsJsonContent) {
  const Reading reading =
      read(R"({"script": "a.py", "arguments": ["-x", 0.50], "environment": {"python": {}}})");
  EXPECT_EQ(reading.said, "");
  EXPECT_EQ(reading.config.arguments, (std::vector<std::string>{"-x", "0.50"}));
}

TEST(RunConfig, ReadsTheLegacyFormat) {
  const Reading reading = read(
      "ArgumentVector:\n- train.py\n- --lr\n- 0.10\nTarget: local\nFramework: Python\n"
      "CondaDependenciesFile: aml_config/c.yml\nTrackedRun: true\nEnvironmentVariables: {A: b}\n"
      "SparkDependenciesFile:\n");
  EXPECT_EQ(
      reading.said,
      "x.runconfig:7:24: warning: CondaDependenciesFile: no environment is built from it; the "
      "interpreter is used as it is\n");
  EXPECT_EQ(reading.config.script, "train.py");
  EXPECT_EQ(reading.config.arguments, (std::vector<std::string>{"--lr", "0.10"}));
  EXPECT_EQ(reading.config.environment_variables, (Pairs{{"A", "b"}}));
  EXPECT_TRUE(reading.config.refused.empty());
}

TEST(RunConfig, EnvironmentMayBeAnotherFile) {
  std::string asked;
  const auto related = [&](const std::string& path) -> std::optional<std::string> {
    asked = path;
    return "environmentVariables: {A: 1}\npython: {userManagedDependencies: false}\nfoo: 1\n";
  };
  const Reading reading = read("script: a.py\nenvironment: .azureml/env.yml\n", related);
  EXPECT_EQ(asked, ".azureml/env.yml");
  EXPECT_EQ(reading.config.environment_variables, (Pairs{{"A", "1"}}));
  EXPECT_EQ(
      reading.said,
      ".azureml/env.yml:3:1: warning: environment.foo: this key is not known and is ignored\n");
  EXPECT_EQ(testing::lines(reading.config.refused).rfind(".azureml/env.yml:2:35: ", 0), 0U);
  EXPECT_EQ(read("environment: env.yml\n").said,
            "x.runconfig:1:14: environment: there is no file env.yml\n");
  for (const char* outside : {"../env.yml", "/etc/passwd", "a/../../b"}) {
    asked.clear();
    EXPECT_NE(read("environment: " + std::string(outside) + "\n", related)
                  .said.find("the path of a file inside the project"),
              std::string::npos);
    EXPECT_EQ(asked, "") << outside;
  }
}

TEST(RunConfig, NamesKeysThatAreNotApplicableInOneNote) {
  EXPECT_EQ(read("script: a.py\nhdi: {yarnDeployMode: client}\nhistory: {snapshotProject: false}\n"
                 "priority: 3\nspark: {configuration: {a: b}}\n")
                .said,
            "x.runconfig:4:11: warning: these keys are not applicable here and are ignored: "
            "priority, history.snapshotProject, spark, hdi\n");
}

TEST(RunConfig, UnknownKeysNameTheNearest) {
  EXPECT_EQ(read("scrpt: a.py\n").said,
            "x.runconfig:1:1: warning: scrpt: this key is not known and is ignored (did you mean "
            "'script'?)\n");
}

TEST(RunConfig, RefusesWhatCannotRunNamingTheLine) {
  EXPECT_EQ(
      refused("environment:\n  python:\n    userManagedDependencies: false\n"),
      "x.runconfig:3:30: environment.python.userManagedDependencies: false asks for an "
      "environment to be built, which is not supported yet; write true to use the interpreter "
      "of interpreterPath with the packages it has\n");
  EXPECT_EQ(refused("environment: {python: {condaDependenciesFile: c.yml}}\n"),
            "x.runconfig:1:47: environment.python.userManagedDependencies: is missing, and conda "
            "dependencies are given: building an environment is not supported yet; add "
            "userManagedDependencies: true to use the interpreter of interpreterPath with the "
            "packages it has\n");
  EXPECT_EQ(refused("environment: {docker: {enabled: true}}\n"),
            "x.runconfig:1:33: environment.docker.enabled: is not supported yet (Run in a "
            "container.); found true\n");
  EXPECT_EQ(refused("docker: {useDocker: true}\n").rfind("x.runconfig:1:21: docker.useDocker: ", 0),
            0U);
  EXPECT_EQ(
      refused("communicator: OpenMpi\n"),
      "x.runconfig:1:15: communicator: distributed training is not supported yet; write None. "
      "Found OpenMpi\n");
  EXPECT_EQ(refused("framework: PySpark\n"),
            "x.runconfig:1:12: framework: only plain Python, TensorFlow, PyTorch and CNTK scripts "
            "can run; found PySpark\n");
  EXPECT_EQ(refused("nodeCount: 2\n"),
            "x.runconfig:1:12: nodeCount: child runs on several machines are not supported yet; "
            "write 1. Found 2\n");
  EXPECT_EQ(refused("target: amlcompute\n").rfind("x.runconfig:1:9: target: there is no cloud", 0),
            0U);
  EXPECT_EQ(refused("dataReferences: {d: {dataStoreName: s}}\n")
                .rfind("x.runconfig:1:17: dataReferences: is not supported yet", 0),
            0U);
  EXPECT_THROW(require_runnable(read("nodeCount: 2\n").config), ConfigError);
}

TEST(RunConfig, TellsWhatIsWrong) {
  EXPECT_EQ(read("arguments: [a, {b: 1}, ]\nmaxRunDurationSeconds: -1\nframework: Pithon\n").said,
            "x.runconfig:1:16: arguments[1]: expected a text; found {b: 1}\n"
            "x.runconfig:2:24: maxRunDurationSeconds: expected an integer of at least 1; found -1\n"
            "x.runconfig:3:12: framework: expected Python, PySpark, CNTK, TensorFlow or PyTorch; "
            "found Pithon (did you mean 'Python'?)\n");
  EXPECT_EQ(
      read("arguments: [a, ~]\n").said,
      "x.runconfig:1:16: arguments[1]: expected a text; found nothing (write \"\" for an empty "
      "argument)\n");
  EXPECT_EQ(
      read("script: ../a.py\n").said,
      "x.runconfig:1:9: script: the script must lie in the source directory, named relative to "
      "it; found ../a.py\n");
  EXPECT_NE(read("script: /bin/sh\n").said, "");
  EXPECT_EQ(
      read("script: a.py\ncommand: b\n").said,
      "x.runconfig:2:10: command: a runconfig names a script or a command, not both; found the "
      "script a.py\n");
  EXPECT_EQ(
      read("environment: {environmentVariables: {A=B: 1, C: [1]}}\n").said,
      "x.runconfig:1:38: environment.environmentVariables.A=B: a name may not be empty or hold "
      "'='\n"
      "x.runconfig:1:49: environment.environmentVariables.C: expected a text; found [1]\n");
  EXPECT_EQ(read("").said,
            "x.runconfig:1:1: expected a map of keys (runconfig); found an empty file\n");
}

TEST(RunConfig, ReadsOwnMetricPatterns) {
  const RunConfig config = read(R"(script: t.py
MetricDefinitions:
  - {Name: loss, Regex: 'loss is (\S+)'}
  - regex: '(?P<name>\w+) at (?P<value>.+)'
metricsFormat: ['(\w+)=(\d+)']
builtInMetricPatterns: false
)")
                               .config;
  EXPECT_EQ(config.metric_patterns,
            (MetricPatterns{{{"loss is (\\S+)", "loss"},
                             {"(?P<name>\\w+) at (?P<value>.+)", ""},
                             {"(\\w+)=(\\d+)", ""}},
                            false}));
}

TEST(RunConfig, TellsWhichMetricPatternIsWrong) {
  EXPECT_EQ(read(R"(script: t.py
metricDefinitions:
  - {name: loss, regex: 'loss=[0-9]+'}
  - {name: acc}
metricsFormat: 'acc=(.*)'
)")
                .said,
            "x.runconfig:3:25: metricDefinitions[0].regex: `loss=[0-9]+` needs a group around the "
            "value, as in `loss=([0-9.]+)`\n"
            "x.runconfig:4:5: metricDefinitions[1].regex: is missing; expected a text\n"
            "x.runconfig:5:16: metricsFormat: `acc=(.*)` needs two groups, for name and value, or "
            "groups (?P<name>...) and (?P<value>...), or a `name` beside it; found 1 group(s)\n");
}

TEST(RunConfig, CommandMayBeAList) {
  EXPECT_EQ(read("command: python a.py --x $AZUREML_SWEEP_x\n").config.command,
            "python a.py --x $AZUREML_SWEEP_x");
  EXPECT_EQ(read("command: [python, a.py]\n").config.command, "python a.py");
}

TEST(RunConfig, LaterVariablesWin) {
  EXPECT_EQ(
      read("environmentVariables: {A: 2}\nenvironment: {environmentVariables: {A: 1, B: 1}}\n")
          .config.environment_variables,
      (Pairs{{"A", "2"}, {"B", "1"}}));
}

}  // namespace
}  // namespace hd
