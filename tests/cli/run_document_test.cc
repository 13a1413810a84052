#include "cli/run_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hd {
namespace {

using testing::ElementsAre;

std::vector<std::string> keys(const Value& document) {
  std::vector<std::string> names;
  for (const auto& [name, value] : document.as_map()) names.push_back(name);
  return names;
}

RunSummary sweep() {
  RunSummary run;
  run.run_id = "HD_1";
  run.experiment = "digits";
  run.target = "local";
  run.status = RunStatus::kCompleted;
  run.primary_metric_name = "loss";
  run.primary_metric_goal = Goal::kMinimize;
  run.children_by_status = {{RunStatus::kCompleted, 3}, {RunStatus::kCanceled, 2}};
  run.best_child_run_id = "HD_1_2";
  return run;
}

TEST(RunDocument, OfASweepHasItsFrozenKeys) {
  const Value document = run_document(sweep());
  EXPECT_THAT(keys(document),
              ElementsAre("runId",
                          "runType",
                          "parentRunId",
                          "experimentName",
                          "status",
                          "target",
                          "startTimeUtc",
                          "endTimeUtc",
                          "tags",
                          "properties",
                          "bestPrimaryMetric",
                          "error",
                          "children",
                          "bestChildRunId",
                          "primaryMetric",
                          "generatedRuns",
                          "terminationReason",
                          "schemaVersion"));
  EXPECT_EQ(to_json(*document.find("children")), R"({"total":5,"Completed":3,"Canceled":2})");
  EXPECT_EQ(to_json(*document.find("primaryMetric")), R"({"name":"loss","goal":"minimize"})");
  EXPECT_EQ(*document.find("runType"), Value("hyperdrive"));
}

TEST(RunDocument, OfAChildHasTypedHyperparametersAndItsError) {
  RunSummary run;
  run.run_id = "HD_1_0";
  run.is_child = true;
  run.child = 0;
  run.parent_run_id = "HD_1";
  run.hyperparameters = R"({"--lr":0.1,"--n":3,"--on":true,"--none":null})";
  run.error_code = "ScriptFailed";
  run.error_message = "exit code 1";
  const Value document = run_document(run);
  EXPECT_EQ(to_json(*document.find("hyperparameters")), run.hyperparameters);
  EXPECT_EQ(to_json(*document.find("error")), R"({"code":"ScriptFailed","message":"exit code 1"})");
  EXPECT_EQ(*document.find("parentRunId"), Value("HD_1"));
  EXPECT_EQ(document.find("children"), nullptr);
}

TEST(RunDocument, ChildrenAreSortedBestFirstAndThoseWithoutAValueLast) {
  std::vector<RunSummary> children(4);
  for (int i = 0; i < 4; ++i) {
    children[static_cast<std::size_t>(i)].child = i;
    children[static_cast<std::size_t>(i)].run_id = std::to_string(i);
  }
  children[1].best_primary_metric = 0.5;
  children[2].best_primary_metric = 0.1;
  children[3].best_primary_metric = 0.5;
  const auto order = [&](Goal goal) {
    sort_best_first(children, goal);
    std::string text;
    for (const RunSummary& child : children) text += child.run_id;
    return text;
  };
  EXPECT_EQ(order(Goal::kMinimize), "2130");
  EXPECT_EQ(order(Goal::kMaximize), "1320");
}

TEST(RunDocument, HyperparametersBecomeArguments) {
  EXPECT_THAT(hyperparameter_arguments(R"({"--lr":0.1,"batch":32,"on":true,"off":null})"),
              ElementsAre("--lr", "0.1", "--batch", "32", "--on", "True"));
}

}  // namespace
}  // namespace hd
