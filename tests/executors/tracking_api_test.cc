#include <gmock/gmock.h>

#include "tests/executors/tracking_harness.h"

namespace hd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using TrackingApiTest = testing::TrackingTest;
using Json = nlohmann::json;

const Json kOwn = {{"run_id", "HD_1_3"}};

Json with(Json body, const char* name, const Json& value) {
  body[name] = value;
  return body;
}

Json metric(const char* key, const Json& value, std::int64_t step, std::int64_t timestamp = 5) {
  return {{"run_id", "HD_1_3"},
          {"key", key},
          {"value", value},
          {"step", step},
          {"timestamp", timestamp}};
}

Json run_with_name(const char* name, const char* parent) {
  return {{"experiment_id", "0"},
          {"run_name", name},
          {"tags", {{{"key", "mlflow.parentRunId"}, {"value", parent}}}}};
}

TEST_F(TrackingApiTest, AnswersNothingWithoutTheToken) {
  const char* target = "/api/2.0/mlflow/runs/get?run_id=HD_1_3";
  for (const char* authorization : {"",
                                    "Bearer",
                                    "Bearer ",
                                    "Bearer secre",
                                    "Bearer secrets",
                                    "secret",
                                    "Basic c2VjcmV0",
                                    "Basic !",
                                    "bearer secret"}) {
    const HttpAnswer answer = send("GET", target, "", authorization);
    EXPECT_EQ(answer.status, 401) << authorization;
    EXPECT_EQ(Json::parse(answer.body)["error_code"], "UNAUTHENTICATED");
  }
  EXPECT_EQ(
      send("PUT", "/api/2.0/mlflow-artifacts/artifacts/digits/HD_1_3/artifacts/a", "x", "").status,
      401);
  EXPECT_EQ(file("a"), "");
  EXPECT_EQ(send("GET", target).status, 200);
  EXPECT_EQ(send("GET", target, "", "Basic YW55Ym9keTpzZWNyZXQ=").status, 200);
  EXPECT_EQ(send("GET", "/health", "", "").body, "OK");
  EXPECT_EQ(send("GET", "/version", "", "").body, "2.22.0");
}

TEST_F(TrackingApiTest, MetricsAreToldWithStepAndTime) {
  call("POST", "runs/log-metric", metric("loss", 0.5, 4));
  call("POST", "runs/log-metric", metric("loss", "NaN", 5));
  call("POST", "runs/log-metric", metric("loss", "-Infinity", 6));
  call("POST",
       "runs/log-metric",
       {{"run_uuid", "HD_1_3"},
        {"key", "old"},
        {"value", "1.5"},
        {"step", "7"},
        {"timestamp", "9"}});
  EXPECT_THAT(told_, ElementsAre("loss=0.5@4", "loss=nan@5", "loss=-inf@6", "old=1.5@7"));
}

TEST_F(TrackingApiTest, ARetriedRequestIsStoredOnce) {
  const Json batch =
      with(kOwn,
           "metrics",
           {metric("a", 1, 0), metric("a", 1, 0), metric("a", 1, 1), metric("a", 2, 0)});
  call("POST", "runs/log-batch", batch);
  call("POST", "runs/log-batch", batch);
  call("POST", "runs/log-metric", metric("a", 1, 0, 6));
  call("POST", "runs/log-metric", metric("a", "NaN", 0));
  call("POST", "runs/log-metric", metric("a", "NaN", 0));
  EXPECT_THAT(told_, ElementsAre("a=1@0", "a=1@1", "a=2@0", "a=1@0", "a=nan@0"));
}

TEST_F(TrackingApiTest, ABatchWithAMistakeIsNotStoredAtAll) {
  const Json body = with(kOwn, "metrics", {metric("a", 1, 0), metric("a", "many", 1)});
  EXPECT_EQ(call("POST", "runs/log-batch", body, 400)["error_code"], "INVALID_PARAMETER_VALUE");
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(TrackingApiTest, ParametersMayChange) {
  const auto log = [&](const char* value) {
    call("POST", "runs/log-parameter", {{"run_id", "HD_1_3"}, {"key", "lr"}, {"value", value}});
  };
  log("0.1");
  log("0.1");
  log("0.10");
  EXPECT_THAT(told_, ElementsAre("tag parameter/lr=0.1", "tag parameter/lr=0.10"));
  const Json run = call("GET", "runs/get?run_id=HD_1_3")["run"];
  EXPECT_EQ(run["data"]["params"], Json::array({{{"key", "lr"}, {"value", "0.10"}}}));
}

TEST_F(TrackingApiTest, WhatWasLoggedCanBeReadBack) {
  call("POST",
       "runs/log-batch",
       {{"run_id", "HD_1_3"},
        {"metrics", {metric("loss", 3, 9, 1), metric("loss", 2, 10, 1), metric("loss", 1, 4, 8)}},
        {"params", {{{"key", "p"}, {"value", "1"}}}},
        {"tags", {{{"key", "t"}, {"value", "x"}}}}});
  const Json run = call("GET", "runs/get?run_id=HD_1_3")["run"];
  EXPECT_EQ(run["info"]["status"], "RUNNING");
  EXPECT_EQ(run["info"]["artifact_uri"], "mlflow-artifacts:/digits/HD_1_3/artifacts");
  // The latest one by step, not by arrival.
  EXPECT_EQ(run["data"]["metrics"][0]["value"], 2);
  EXPECT_EQ(run["data"]["tags"][0]["value"], "x");
  const Json history =
      call("GET", "metrics/get-history?run_id=HD_1_3&metric_key=loss&max_results=25000");
  EXPECT_EQ(history["metrics"].size(), 3U);
  EXPECT_EQ(history["metrics"][2],
            (Json{{"key", "loss"}, {"value", 1}, {"timestamp", 8}, {"step", 4}}));
  EXPECT_FALSE(history.contains("next_page_token"));
}

TEST_F(TrackingApiTest, ALongHistoryComesInPages) {
  for (int i = 0; i < 100'000; ++i) {
    call("POST", "runs/log-metric", metric(i % 2 == 0 ? "a" : "b", i, i));
  }
  std::vector<int> steps;
  std::string token;
  int pages = 0;
  do {
    const Json page =
        call("GET", "metrics/get-history?run_id=HD_1_3&metric_key=a&page_token=" + token);
    for (const Json& point : page["metrics"]) steps.push_back(point["step"]);
    token = page.value("next_page_token", "");
    ++pages;
  } while (!token.empty());
  ASSERT_EQ(steps.size(), 50'000U);
  EXPECT_TRUE(std::is_sorted(steps.begin(), steps.end()));
  EXPECT_GT(pages, 1);
  for (const char* odd : {"-1", "7", "99999999999999"}) {
    call("GET", std::string("metrics/get-history?run_id=HD_1_3&metric_key=a&page_token=") + odd);
  }
}

TEST_F(TrackingApiTest, EveryExperimentIsThatOfTheAttempt) {
  const Json named = call("GET", "experiments/get-by-name?experiment_name=my+own")["experiment"];
  EXPECT_EQ(named["experiment_id"], "digits");
  EXPECT_EQ(named["name"], "my own");
  EXPECT_EQ(call("POST", "experiments/create", {{"name", "another"}})["experiment_id"], "digits");
  EXPECT_EQ(call("GET", "experiments/get?experiment_id=digits")["experiment"]["name"], "another");
  call("GET", "experiments/get?experiment_id=7", {}, 404);
  EXPECT_EQ(call("POST", "experiments/search", {{"max_results", 10}})["experiments"].size(), 1U);
  EXPECT_THAT(told_,
              ElementsAre("tag mlflow.experimentName=my own", "tag mlflow.experimentName=another"));
  EXPECT_EQ(call("POST", "runs/delete", kOwn, 403)["error_code"], "PERMISSION_DENIED");
}

TEST_F(TrackingApiTest, TheFirstRunThatIsCreatedIsTheAttempt) {
  const Json made =
      call("POST", "runs/create", {{"experiment_id", "0"}, {"run_name", "lightning"}});
  EXPECT_EQ(made["run"]["info"]["run_id"], "HD_1_3");
  EXPECT_EQ(made["run"]["info"]["run_name"], "lightning");
  const Json second = call("POST", "runs/create", {{"experiment_id", "0"}, {"run_name", "a/b"}});
  EXPECT_EQ(second["run"]["info"]["run_id"], "HD_1_3_0");
  call("POST", "runs/log-metric", with(metric("loss", 1, 0), "run_id", "HD_1_3_0"));
  call("POST", "runs/update", {{"run_id", "HD_1_3_0"}, {"status", "FINISHED"}, {"end_time", 7}});
  EXPECT_THAT(told_,
              ElementsAre("tag child/a_b/mlflow.parentRunId=HD_1_3",
                          "child/a_b/loss=1@0",
                          "tag child/a_b/status=FINISHED"));
}

TEST_F(TrackingApiTest, RunsBelowARunKeepTheirNamesApart) {
  call("POST", "runs/update", {{"run_id", "HD_1_3"}, {"status", "RUNNING"}});
  const auto create = [&](const char* name, const char* parent) {
    return call("POST", "runs/create", run_with_name(name, parent))["run"]["info"]["run_id"]
        .get<std::string>();
  };
  EXPECT_EQ(create("fold", "HD_1_3"), "HD_1_3_0");
  EXPECT_EQ(create("fold", "HD_1_3"), "HD_1_3_1");
  EXPECT_EQ(create("inner", "HD_1_3_1"), "HD_1_3_2");
  EXPECT_EQ(create("..", "HD_1_3"), "HD_1_3_3");
  for (const char* id : {"HD_1_3_0", "HD_1_3_1", "HD_1_3_2", "HD_1_3_3"}) {
    call("POST", "runs/log-metric", with(metric("loss", 1, 0), "run_id", id));
  }
  std::vector<std::string> metrics;
  std::copy_if(
      told_.begin(), told_.end(), std::back_inserter(metrics), [](const std::string& line) {
        return line.find('@') != std::string::npos;
      });
  EXPECT_THAT(metrics,
              ElementsAre("child/fold/loss=1@0",
                          "child/fold_2/loss=1@0",
                          "child/fold_2/child/inner/loss=1@0",
                          "child/3/loss=1@0"));
  call("POST", "runs/create", run_with_name("x", "HD_1_4"), 404);
}

TEST_F(TrackingApiTest, AStatusIsSaidAndEndsNothing) {
  call("POST", "runs/update", {{"run_id", "HD_1_3"}, {"status", "RUNNING"}});
  EXPECT_THAT(told_, IsEmpty());
  call("POST", "runs/update", {{"run_id", "HD_1_3"}, {"status", "FINISHED"}, {"end_time", 9}});
  call("POST", "runs/update", {{"run_id", "HD_1_3"}, {"status", "RUNNING"}});
  call("POST", "runs/log-metric", metric("loss", 1, 0));
  call("POST", "runs/update", {{"run_id", "HD_1_3"}, {"status", "FAILED"}});
  EXPECT_THAT(told_, ElementsAre("said completed", "loss=1@0", "said failed"));
}

TEST_F(TrackingApiTest, OtherRunsAreNotToBeSeen) {
  for (const char* id : {"HD_1_4", "HD_1", "", "../HD_1_3"}) {
    call("GET", std::string("runs/get?run_id=") + id, {}, *id == '\0' ? 400 : 404);
    call("POST",
         "runs/log-metric",
         with(metric("loss", 1, 0), "run_id", id),
         *id == '\0' ? 400 : 404);
  }
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(TrackingApiTest, TagsAreSetAndDeleted) {
  call("POST", "runs/set-tag", {{"run_id", "HD_1_3"}, {"key", "k"}, {"value", "v"}});
  call("POST", "runs/delete-tag", {{"run_id", "HD_1_3"}, {"key", "k"}});
  call("POST", "runs/delete-tag", {{"run_id", "HD_1_3"}, {"key", "k"}}, 404);
  EXPECT_THAT(told_, ElementsAre("tag k=v", "tag k removed"));
}

TEST_F(TrackingApiTest, RunsAreSearched) {
  call("POST", "runs/log-metric", metric("loss", 0.5, 1));
  call("POST", "runs/create", run_with_name("below", "HD_1_3"));
  call("POST", "runs/log-metric", with(metric("loss", 0.25, 1), "run_id", "HD_1_3_0"));
  const auto found = [&](const char* filter, const char* order = nullptr) {
    Json body = {
        {"experiment_ids", Json::array({"digits"})}, {"filter", filter}, {"max_results", 10}};
    if (order != nullptr) body["order_by"] = Json::array({order});
    std::string ids;
    const Json answer = call("POST", "runs/search", body);
    for (const Json& run : answer["runs"]) {
      ids += run["info"]["run_id"].get<std::string>() + ' ';
    }
    return ids;
  };
  EXPECT_EQ(found("", "metrics.loss ASC"), "HD_1_3_0 HD_1_3 ");
  EXPECT_EQ(found("", "metrics.`loss` DESC"), "HD_1_3 HD_1_3_0 ");
  EXPECT_EQ(found("metrics.loss > 0.3 and attributes.status = 'RUNNING'"), "HD_1_3 ");
  EXPECT_EQ(found("tags.`mlflow.parentRunId` = 'HD_1_3'"), "HD_1_3_0 ");
  EXPECT_EQ(found("run_id IN ('HD_1_3', 'x')"), "HD_1_3 ");
  EXPECT_EQ(found("attributes.run_name LIKE 'bel%'"), "HD_1_3_0 ");
  EXPECT_EQ(found("run_name ILIKE 'B_LOW'"), "HD_1_3_0 ");
  for (const char* bad : {"metrics.",
                          "metrics.loss",
                          "metrics.loss >",
                          "loss ! 3",
                          "a = 'b",
                          "a = 'b' OR c = 'd'",
                          "run_id IN 'x'",
                          "what.loss = 3",
                          "`"}) {
    call(
        "POST", "runs/search", {{"experiment_ids", Json::array({"digits"})}, {"filter", bad}}, 400);
  }
  EXPECT_EQ(call("POST", "runs/search", {{"experiment_ids", Json::array({"7"})}})["runs"].size(),
            0U);
}

TEST_F(TrackingApiTest, WhatIsNotServedIsAnsweredAsJson) {
  for (const char* target : {"/",
                             "/api/2.0/mlflow/",
                             "/api/2.0/mlflow/traces",
                             "/api/3.0/mlflow/traces",
                             "/api/2.0/mlflow/runs/get/",
                             "/api/2.0/mlflow-artifacts/artifactsx",
                             "/x"}) {
    const HttpAnswer answer = send("POST", target, "{}");
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_EQ(Json::parse(answer.body)["error_code"], "ENDPOINT_NOT_FOUND");
  }
  EXPECT_EQ(Json::parse(send("GET", "/api/3.0/mlflow/server-info").body)["workspaces_enabled"],
            false);
}

TEST_F(TrackingApiTest, BadBodiesAreRefused) {
  const std::string deep(100, '[');
  for (const std::string& body : {std::string("{"),
                                  std::string("[]"),
                                  std::string("null"),
                                  std::string("\xff"),
                                  deep,
                                  std::string("{\"run_id\":{}}"),
                                  std::string("{\"run_id\":\"HD_1_3\",\"metrics\":{}}"),
                                  std::string("{\"run_id\":\"HD_1_3\",\"metrics\":[1]}")}) {
    const HttpAnswer answer = send("POST", "/api/2.0/mlflow/runs/log-batch", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_TRUE(Json::parse(answer.body).contains("message"));
  }
  for (const Json& step : {Json(1e300), Json("x"), Json(1.5), Json(18446744073709551615U)}) {
    call("POST", "runs/log-metric", with(metric("a", 1, 0), "step", step), 400);
  }
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(TrackingApiTest, NamesThatCannotBeKeptDoNotFailTheScript) {
  call("POST", "runs/log-metric", metric("bell\a", 1, 0));
  call("POST", "runs/log-metric", metric(std::string(300, 'n').c_str(), 1, 0));
  call("POST", "runs/set-tag", {{"run_id", "HD_1_3"}, {"key", "a\nb"}, {"value", "v"}});
  EXPECT_THAT(told_, ElementsAre("skipped", "skipped", "skipped"));
}

TEST_F(TrackingApiTest, TextsAreKeptUpToABound) {
  const std::string text(1 << 20, 'x');
  for (int i = 0; i < 12; ++i) {
    call("POST",
         "runs/set-tag",
         {{"run_id", "HD_1_3"}, {"key", "k" + std::to_string(i)}, {"value", text}});
  }
  EXPECT_EQ(told_.size(), 12U);
  EXPECT_LT(call("GET", "runs/get?run_id=HD_1_3")["run"].dump().size(), std::size_t{9} << 20);
}

TEST_F(TrackingApiTest, DataSetsAndModelsOfOldClientsAreNoted) {
  call("POST",
       "runs/log-inputs",
       {{"run_id", "HD_1_3"},
        {"datasets",
         {{{"dataset", {{"name", "train"}, {"digest", "d1"}}}, {"tags", Json::array()}}}}});
  call("POST",
       "runs/log-model",
       {{"run_id", "HD_1_3"}, {"model_json", R"({"artifact_path":"model","model_uuid":"u"})"}});
  EXPECT_THAT(told_, ElementsAre("tag dataset/train=d1", "tag model/model=u"));
  const Json run = call("GET", "runs/get?run_id=HD_1_3")["run"];
  EXPECT_EQ(run["inputs"]["dataset_inputs"][0]["dataset"]["name"], "train");
}

}  // namespace
}  // namespace hd
