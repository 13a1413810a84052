#include "executors/supervisor/tracking/tracking_environment.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace hd {
namespace {

std::string value_of(const Variables& environment, const std::string& name) {
  std::string value = "-";
  for (const auto& [key, text] : environment) {
    if (key != name) continue;
    EXPECT_EQ(value, "-") << name << " is given twice";
    value = text;
  }
  return value;
}

Variables tracked(Variables environment) {
  const TrackedIdentity identity = tracked_identity("HD_1_3", environment, 7);
  add_tracking_variables(environment, identity, 4711, "secret");
  return environment;
}

TEST(TrackingEnvironment, LeadsAClientToTheEndpoint) {
  const Variables environment =
      tracked({{"AZUREML_EXPERIMENT_NAME", "digits"}, {"HOME", "/nonexistent"}});
  EXPECT_EQ(value_of(environment, "MLFLOW_TRACKING_URI"), "http://127.0.0.1:4711");
  EXPECT_EQ(value_of(environment, "MLFLOW_RUN_ID"), "HD_1_3");
  EXPECT_EQ(value_of(environment, "MLFLOW_EXPERIMENT_ID"), "digits");
  EXPECT_EQ(value_of(environment, "MLFLOW_TRACKING_TOKEN"), "secret");
  EXPECT_EQ(value_of(environment, "MLFLOW_TRACKING_USERNAME"), "-");
  EXPECT_EQ(value_of(environment, "MLFLOW_DISABLE_TELEMETRY"), "true");
  EXPECT_EQ(value_of(environment, "MLFLOW_HTTP_REQUEST_TIMEOUT"), "20");
  EXPECT_EQ(value_of(environment, "no_proxy"), "-");
}

TEST(TrackingEnvironment, LeavesTheUsersOwnServerAlone) {
  EXPECT_TRUE(names_tracking_server({{"MLFLOW_TRACKING_URI", "http://company"}}));
  EXPECT_FALSE(names_tracking_server({{"MLFLOW_TRACKING_URI", ""}}));
  EXPECT_FALSE(names_tracking_server({{"MLFLOW_RUN_ID", "x"}}));
}

TEST(TrackingEnvironment, KeepsTheUsersHabitsAndOutdoesTheirCredentials) {
  const Variables environment = tracked({{"MLFLOW_HTTP_REQUEST_TIMEOUT", "7"},
                                         {"MLFLOW_RUN_ID", "of another server"},
                                         {"MLFLOW_EXPERIMENT_NAME", "x"},
                                         {"MLFLOW_TRACKING_PASSWORD", "theirs"}});
  EXPECT_EQ(value_of(environment, "MLFLOW_HTTP_REQUEST_TIMEOUT"), "7");
  EXPECT_EQ(value_of(environment, "MLFLOW_RUN_ID"), "HD_1_3");
  EXPECT_EQ(value_of(environment, "MLFLOW_EXPERIMENT_NAME"), "-");
  EXPECT_EQ(value_of(environment, "MLFLOW_TRACKING_USERNAME"), "HD_1_3");
  EXPECT_EQ(value_of(environment, "MLFLOW_TRACKING_PASSWORD"), "secret");
}

TEST(TrackingEnvironment, GoesRoundProxies) {
  EXPECT_EQ(value_of(tracked({{"http_proxy", "http://p"}}), "NO_PROXY"), "127.0.0.1");
  EXPECT_EQ(value_of(tracked({{"ALL_PROXY", "p"}, {"NO_PROXY", "a.b"}}), "no_proxy"),
            "a.b,127.0.0.1");
}

TEST(TrackingEnvironment, ExperimentIdsAreThoseThatMlflowTakes) {
  const auto id_of = [](const std::string& name) {
    return tracked_identity("r", {{"AZUREML_EXPERIMENT_NAME", name}}, 0).experiment_id;
  };
  EXPECT_EQ(id_of("a-b_1"), "a-b_1");
  // The same in every run of the experiment, and another for every name.
  EXPECT_EQ(id_of("_a"), "experiment-09534707b5e0a7dd");
  EXPECT_EQ(id_of(std::string(65, 'a')), id_of(std::string(65, 'a')));
  EXPECT_NE(id_of(std::string(65, 'a')), id_of(std::string(66, 'a')));
  EXPECT_EQ(id_of(std::string(65, 'a')).size(), id_of("_a").size());
  EXPECT_EQ(tracked_identity("r", {}, 0).experiment_id, "Default");
}

}  // namespace
}  // namespace hd
