#include <utility>

#include "engine/config/field_table.h"

namespace hd {
namespace {

void append(std::vector<Field>& fields, std::vector<Field> more) {
  for (Field& field : more) fields.push_back(std::move(field));
}

/// A row for a key that has no meaning on the user's own machines.
Field not_applicable(std::string_view path,
                     FieldType type,
                     std::string_view description,
                     std::string_view default_value = {}) {
  return {.path = path,
          .type = type,
          .description = description,
          .default_value = default_value,
          .use = FieldUse::kNotApplicable};
}

Field refused(std::string_view path,
              FieldType type,
              std::string_view description,
              std::string_view default_value = {}) {
  return {.path = path,
          .type = type,
          .description = description,
          .default_value = default_value,
          .use = FieldUse::kRefused};
}

std::vector<Field> script_fields() {
  return {
      {.path = "script", .description = "The script, relative to the source directory."},
      {.path = "arguments",
       .type = FieldType::kList,
       .description = "Fixed arguments of the script, before the sampled ones. Numbers are passed "
                      "as they are written.",
       .default_value = "[]"},
      {.path = "command",
       .type = FieldType::kTexts,
       .description = "A shell command to run instead of script and arguments. Sampled values "
                      "reach it as variables `$AZUREML_SWEEP_<name>`."},
      {.path = "target", .description = "The compute target.", .default_value = "local"},
      {.path = "framework",
       .description = "What the script is written for. All but the PySpark ones run as Python.",
       .default_value = "Python",
       .options = {"Python", "PySpark", "CNTK", "TensorFlow", "PyTorch"},
       .spellings =
           {"TensorFlowParameterServer", "PythonMpi", "PythonIntelMpi", "PySparkInteractive"}},
      {.path = "communicator",
       .description = "Distributed training. Only None can run.",
       .default_value = "None",
       .options = {"None",
                   "ParameterServer",
                   "OpenMpi",
                   "IntelMpi",
                   "Mpi",
                   "Gloo",
                   "Nccl",
                   "ParallelTask"}},
      {.path = "maxRunDurationSeconds",
       .type = FieldType::kInteger,
       .description = "A run is ended after this time. Without it: no limit.",
       .min = 1,
       .max = kLargestInteger},
      {.path = "nodeCount",
       .type = FieldType::kInteger,
       .description = "Number of machines. Only 1 can run.",
       .default_value = "1",
       .min = 1,
       .max = kLargestInteger},
      {.path = "environmentVariables",
       .type = FieldType::kFreeMap,
       .description = "Environment variables of the script; they win over those of `environment`.",
       .default_value = "{}"},
      {.path = "metricDefinitions",
       .type = FieldType::kList,
       .description =
           "Own regular expressions for metrics that the script prints (SageMaker's key; "
           "see docs/supervisor.md).",
       .default_value = "[]",
       .extension = true},
      {.path = "metricDefinitions[].regex",
       .description =
           "RE2 syntax. Groups `(?P<value>...)`, `(?P<name>...)`, `(?P<step>...)`, or one "
           "group for the value.",
       .required = true,
       .extension = true},
      {.path = "metricDefinitions[].name",
       .description = "The metric. Without it the expression has a group `(?P<name>...)`, or its "
                      "first group is the name and the second the value.",
       .extension = true},
      {.path = "metricsFormat",
       .type = FieldType::kTexts,
       .description = "The same as expressions alone, each finding name and value (Katib's key).",
       .default_value = "[]",
       .extension = true},
      {.path = "builtInMetricPatterns",
       .type = FieldType::kBoolean,
       .description = "false: printed lines are searched with the expressions above alone.",
       .default_value = "true",
       .extension = true},
      not_applicable("autoPrepareEnvironment", FieldType::kBoolean, "Nothing is prepared.", "true"),
      not_applicable("prepareEnvironment", FieldType::kBoolean, "Nothing is prepared."),
      not_applicable("priority", FieldType::kInteger, "Order in a cloud queue."),
      not_applicable("jobName", FieldType::kText, "Name of a cloud job."),
      not_applicable("exposedPorts", FieldType::kAny, "Ports of a container."),
      not_applicable("trackedRun", FieldType::kBoolean, "Every run is tracked.", "true"),
      not_applicable("sparkDependenciesFile", FieldType::kText, "Spark packages (legacy)."),
  };
}

std::vector<Field> environment_fields() {
  return {
      {.path = "environment",
       .type = FieldType::kAny,
       .description = "Where the script runs: a map of the keys below, or the path of a YAML file "
                      "that holds them."},
      {.path = "environment.name",
       .description = "A name for people.",
       .default_value = "default-environment"},
      {.path = "environment.version", .description = "Of the named environment."},
      {.path = "environment.environmentVariables",
       .type = FieldType::kFreeMap,
       .description = "Environment variables of the script.",
       .default_value = "{EXAMPLE_ENV_VAR: EXAMPLE_VALUE}"},
      {.path = "environment.python", .type = FieldType::kMap, .description = "The interpreter."},
      {.path = "environment.python.userManagedDependencies",
       .type = FieldType::kBoolean,
       .description = "true: use the interpreter as it is, install nothing. false would build an "
                      "environment, which is refused.",
       .default_value = "true"},
      {.path = "environment.python.interpreterPath",
       .description = "Python for `.py` scripts: a path, or a name looked up in PATH.",
       .default_value = "python"},
      {.path = "environment.python.condaDependenciesFile",
       .description = "Packages of an environment to build; unused with userManagedDependencies.",
       .default_value = ".azureml/conda_dependencies.yml"},
      {.path = "environment.python.condaDependencies",
       .type = FieldType::kAny,
       .description = "The same, written in place."},
      not_applicable("environment.python.baseCondaEnvironment", FieldType::kText, "Conda only."),
      {.path = "environment.docker", .type = FieldType::kMap, .description = "The container."},
      refused("environment.docker.enabled", FieldType::kBoolean, "Run in a container.", "false"),
      not_applicable("environment.docker.baseImage", FieldType::kText, "Container only."),
      not_applicable("environment.docker.baseDockerfile", FieldType::kText, "Container only."),
      not_applicable(
          "environment.docker.sharedVolumes", FieldType::kBoolean, "Container only.", "true"),
      not_applicable(
          "environment.docker.gpuSupport", FieldType::kBoolean, "Container only.", "false"),
      not_applicable("environment.docker.shmSize", FieldType::kText, "Container only.", "2g"),
      not_applicable("environment.docker.arguments", FieldType::kList, "Container only.", "[]"),
      not_applicable("environment.docker.platform", FieldType::kAny, "Container only."),
      not_applicable("environment.docker.baseImageRegistry",
                     FieldType::kAny,
                     "Container only.",
                     "{address: null, username: null, password: null}"),
      not_applicable("environment.spark",
                     FieldType::kAny,
                     "Spark only.",
                     "{repositories: [], packages: [], precachePackages: true}"),
      not_applicable("environment.databricks",
                     FieldType::kAny,
                     "Databricks only.",
                     "{mavenLibraries: [], pypiLibraries: [], rcranLibraries: [], "
                     "jarLibraries: [], eggLibraries: []}"),
      not_applicable("environment.r", FieldType::kAny, "R only."),
      not_applicable("environment.inferencingStackVersion", FieldType::kText, "Deployment only."),
  };
}

std::vector<Field> history_fields() {
  return {
      {.path = "history", .type = FieldType::kMap, .description = "What is kept of a run."},
      not_applicable("history.outputCollection",
                     FieldType::kBoolean,
                     "`outputs` and `logs` are always kept.",
                     "true"),
      not_applicable(
          "history.snapshotProject", FieldType::kBoolean, "The code is always kept.", "true"),
      not_applicable("history.directoriesToWatch",
                     FieldType::kList,
                     "The whole working directory is kept.",
                     "[logs]"),
  };
}

std::vector<Field> cloud_fields() {
  return {
      {.path = "docker",
       .type = FieldType::kMap,
       .description = "The container, in files of later releases."},
      refused("docker.useDocker", FieldType::kBoolean, "Run in a container.", "false"),
      not_applicable("docker.sharedVolumes", FieldType::kBoolean, "Container only.", "true"),
      not_applicable("docker.arguments", FieldType::kList, "Container only.", "[]"),
      not_applicable("docker.shmSize", FieldType::kText, "Container only.", "2g"),
      not_applicable("spark",
                     FieldType::kAny,
                     "Spark only.",
                     "{configuration: {spark.app.name: Azure ML Experiment, "
                     "spark.yarn.maxAppAttempts: 1}}"),
      not_applicable("hdi", FieldType::kAny, "HDInsight only.", "{yarnDeployMode: cluster}"),
      not_applicable("tensorflow",
                     FieldType::kAny,
                     "With the communicator ParameterServer only.",
                     "{workerCount: 1, parameterServerCount: 1}"),
      not_applicable("mpi",
                     FieldType::kAny,
                     "With an MPI communicator only.",
                     "{processCountPerNode: 1, nodeCount: 1}"),
      not_applicable("pytorch",
                     FieldType::kAny,
                     "With the communicators Nccl and Gloo only.",
                     "{communicationBackend: nccl, processCount: null, nodeCount: 1}"),
      not_applicable("paralleltask",
                     FieldType::kAny,
                     "With the communicator ParallelTask only.",
                     "{maxRetriesPerWorker: 0, workerCountPerNode: 1, terminalExitCodes: null}"),
      refused("dataReferences", FieldType::kFreeMap, "Paths in cloud datastores.", "{}"),
      refused("data", FieldType::kFreeMap, "Cloud datasets.", "{}"),
      refused("outputData", FieldType::kFreeMap, "Paths written to cloud datastores.", "{}"),
      not_applicable("datacaches", FieldType::kAny, "Cloud data caches.", "[]"),
      not_applicable("sourceDirectoryDataStore", FieldType::kText, "Cloud datastore of the code."),
      not_applicable("amlcompute",
                     FieldType::kAny,
                     "With the target amlcompute only.",
                     "{vmSize: null, vmPriority: null, retainCluster: false, name: null, "
                     "clusterMaxNodeCount: null}"),
      not_applicable("containerInstance", FieldType::kAny, "Cloud containers only."),
      not_applicable("batchAi", FieldType::kAny, "Batch AI only."),
      not_applicable(
          "kubernetescompute", FieldType::kAny, "Kubernetes only.", "{instanceType: null}"),
      not_applicable("credentialPassthrough", FieldType::kBoolean, "Cloud identity.", "false"),
      not_applicable("identity", FieldType::kAny, "Cloud identity."),
      not_applicable("applicationEndpoints", FieldType::kFreeMap, "Cloud services.", "{}"),
      not_applicable("services", FieldType::kFreeMap, "Cloud services.", "{}"),
  };
}

}  // namespace

const FieldTable& runconfig_fields() {
  static const FieldTable kTable = [] {
    std::vector<Field> fields = script_fields();
    append(fields, environment_fields());
    append(fields, history_fields());
    append(fields, cloud_fields());
    // The format before `environment` existed. Its script is the first of the arguments.
    FieldTable::Aliases aliases = {
        {"argumentVector", "arguments"},
        {"condaDependenciesFile", "environment.python.condaDependenciesFile"},
        {"pythonLocation", "environment.python.interpreterPath"},
        {"userManagedEnvironment", "environment.python.userManagedDependencies"}};
    return FieldTable("runconfig", std::move(fields), true, std::move(aliases));
  }();
  return kTable;
}

}  // namespace hd
