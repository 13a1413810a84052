// Artifacts, logged and registered models of a TrackingApi.
#include <sys/stat.h>

#include <gmock/gmock.h>

#include "tests/executors/tracking_harness.h"

namespace hd {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::json;

constexpr const char* kArtifacts = "/api/2.0/mlflow-artifacts/artifacts";

class TrackingFilesTest : public testing::TrackingTest {
 protected:
  int put(const std::string& path, const std::string& content = "content") {
    return send("PUT", std::string(kArtifacts) + "/digits/HD_1_3/artifacts/" + path, content)
        .status;
  }
  std::vector<std::string> listed(const std::string& path) {
    std::vector<std::string> names;
    const Json answer = Json::parse(
        send("GET", std::string(kArtifacts) + "?path=digits/HD_1_3/artifacts" + path).body);
    for (const Json& entry : answer["files"]) {
      names.push_back(entry["path"].get<std::string>() + (entry["is_dir"].get<bool>() ? "/" : ""));
    }
    return names;
  }
};

TEST_F(TrackingFilesTest, ArtifactsLieInOutputs) {
  EXPECT_EQ(put("model/weights.bin", std::string("a\0b", 3)), 200);
  EXPECT_EQ(put("empty", ""), 200);
  EXPECT_EQ(put("%C3%BC%20%25.txt", "u"), 200);
  EXPECT_EQ(file("model/weights.bin"), std::string("a\0b", 3));
  EXPECT_EQ(file("\xC3\xBC %.txt"), "u");
  EXPECT_EQ(put("model/weights.bin", "new"), 200);
  EXPECT_EQ(
      send("GET", std::string(kArtifacts) + "/digits/HD_1_3/artifacts/model/weights.bin").body,
      "new");
  EXPECT_THAT(listed(""), ElementsAre("empty", "model/", "\xC3\xBC %.txt"));
  EXPECT_THAT(listed("/model"), ElementsAre("weights.bin"));
  EXPECT_THAT(listed("/none"), ElementsAre());
  const Json run = call("GET", "artifacts/list?run_id=HD_1_3&path=model");
  EXPECT_EQ(run["files"],
            Json::array({{{"path", "model/weights.bin"}, {"is_dir", false}, {"file_size", 3}}}));
  EXPECT_EQ(send("DELETE", std::string(kArtifacts) + "/digits/HD_1_3/artifacts/model").status, 200);
  EXPECT_THAT(listed(""), ElementsAre("empty", "\xC3\xBC %.txt"));
  struct stat status {};
  ASSERT_EQ(::stat((folder_ + "/work/outputs/empty").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0077U, 0U);
}

TEST_F(TrackingFilesTest, NoPathLeadsOut) {
  std::filesystem::create_directories(folder_ + "/secret");
  std::filesystem::create_symlink(folder_ + "/secret", folder_ + "/work/outputs/link");
  std::filesystem::create_symlink(folder_ + "/secret/new", folder_ + "/work/outputs/file");
  std::filesystem::create_symlink("/etc/passwd", folder_ + "/work/outputs/passwd");
  for (const char* path : {"../x",
                           "a/../../x",
                           "%2e%2e/x",
                           "a%2F..%2F..%2Fx",
                           "/etc/x",
                           "%2Fetc/x",
                           "a%00b",
                           "link/x",
                           "..",
                           "",
                           "a/%ff"}) {
    const int status = put(path);
    EXPECT_TRUE(status == 400 || status == 404) << path << ' ' << status;
  }
  const std::string prefix = std::string(kArtifacts) + "/digits/HD_1_3/artifacts/";
  for (const char* path : {"passwd", "link/a", "../work/outputs", "%2e%2e/stream.jsonl", "link"}) {
    EXPECT_GE(send("GET", prefix + path).status, 400) << path;
  }
  EXPECT_EQ(send("GET", std::string(kArtifacts) + "?path=digits/HD_1_3/artifacts/link").status,
            400);
  EXPECT_EQ(send("GET", std::string(kArtifacts) + "?path=digits/HD_1_3/artifacts/../..").status,
            400);
  // A link at the place of the file itself is replaced, not followed.
  EXPECT_EQ(put("file", "mine"), 200);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/secret"));
  EXPECT_EQ(send("DELETE", prefix + "link").status, 200);
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/secret"));
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    left.insert(entry.path().filename());
  EXPECT_THAT(left, ::testing::UnorderedElementsAre("secret", "stream.jsonl", "work"));
}

TEST_F(TrackingFilesTest, OtherRunsHaveNoFilesHere) {
  for (const char* path : {"/digits/HD_1_4/artifacts/x",
                           "/other/HD_1_3/artifacts/x",
                           "/digits/HD_1_3/x",
                           "/x",
                           "/digits/models/m-1/artifacts/x",
                           "//digits/HD_1_3/artifacts/x"}) {
    EXPECT_EQ(send("PUT", std::string(kArtifacts) + path, "x").status, 404) << path;
  }
}

TEST_F(TrackingFilesTest, AnUploadThatBreaksOffLeavesNothing) {
  HttpRequest request;
  request.method = "PUT";
  request.authorization = "Bearer secret";
  read_target(std::string(kArtifacts) + "/digits/HD_1_3/artifacts/half", request);
  {
    HttpAdmission admission = api_->admit(request);
    ASSERT_TRUE(admission.upload);
    admission.upload->write("ha");
  }
  EXPECT_THAT(listed(""), ElementsAre());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
}

TEST_F(TrackingFilesTest, ModelsOfNewClientsHaveFoldersOfTheirName) {
  const Json body = {{"name", "model"}, {"source_run_id", "HD_1_3"}, {"model_type", "sklearn"}};
  const Json first = call("POST", "logged-models", body)["model"]["info"];
  const Json second = call("POST", "logged-models", body)["model"]["info"];
  const std::string id = first["model_id"];
  EXPECT_EQ(first["status"], "LOGGED_MODEL_PENDING");
  EXPECT_EQ(first["artifact_uri"], "mlflow-artifacts:/digits/models/" + id + "/artifacts");
  EXPECT_EQ(send("PUT", kArtifacts + ("/digits/models/" + id) + "/artifacts/MLmodel", "one").status,
            200);
  EXPECT_EQ(send("PUT",
                 kArtifacts + ("/digits/models/" + second["model_id"].get<std::string>()) +
                     "/artifacts/MLmodel",
                 "two")
                .status,
            200);
  EXPECT_EQ(file("model/MLmodel") + file("model_2/MLmodel"), "onetwo");
  call("PATCH", "logged-models/" + id, {{"model_id", id}, {"status", "LOGGED_MODEL_READY"}});
  call("PATCH", "logged-models/" + id + "/tags", {{"tags", {{{"key", "a"}, {"value", "b"}}}}});
  call("POST", "logged-models/" + id + "/params", {{"params", {{{"key", "p"}, {"value", "1"}}}}});
  const Json model = call("GET", "logged-models/" + id)["model"];
  EXPECT_EQ(model["info"]["status"], "LOGGED_MODEL_READY");
  EXPECT_EQ(model["info"]["tags"][0]["value"], "b");
  EXPECT_EQ(model["data"]["params"][0]["value"], "1");
  call("GET", "logged-models/m-0", {}, 404);
  EXPECT_EQ(call("POST", "logged-models", {{"name", "../../x"}})["model"]["info"]["name"],
            "../../x");
}

TEST_F(TrackingFilesTest, ModelsAreRegisteredOnceThoughAskedTwice) {
  put("model/MLmodel");
  call("POST", "registered-models/create", {{"name", "best"}});
  EXPECT_EQ(call("POST", "registered-models/create", {{"name", "best"}}, 400)["error_code"],
            "RESOURCE_ALREADY_EXISTS");
  std::vector<HttpAnswer> answers;
  const auto create = [&](const std::string& source) {
    HttpRequest request;
    request.method = "POST";
    request.authorization = "Bearer secret";
    read_target("/api/2.0/mlflow/model-versions/create", request);
    request.body = Json{{"name", "best"},
                        {"source", source},
                        {"run_id", "HD_1_3"},
                        {"tags", {{{"key", "k"}, {"value", "v"}}}}}
                       .dump();
    api_->answer(request, [&](HttpAnswer answer) { answers.push_back(std::move(answer)); });
  };
  const std::string source = "mlflow-artifacts:/digits/HD_1_3/artifacts/model";
  create(source);
  create(source);
  ASSERT_EQ(registered_.size(), 1U);
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(asked_[0].path, "model");
  EXPECT_EQ(asked_[0].tags.at(0).second, "v");
  registered_[0](4);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(Json::parse(answers[1].body)["model_version"]["version"], "4");
  EXPECT_EQ(call("GET", "model-versions/get?name=best&version=4")["model_version"]["status"],
            "READY");
  EXPECT_EQ(
      call("GET", "registered-models/get?name=best")["registered_model"]["latest_versions"].size(),
      1U);
  EXPECT_EQ(call("GET", "model-versions/search?filter=name%3D%27best%27")["model_versions"].size(),
            1U);
  EXPECT_EQ(call("GET", "model-versions/get-download-uri?name=best&version=4")["artifact_uri"],
            source);
  call("GET", "model-versions/get?name=best&version=5", {}, 404);
  create(source);
  registered_[1](Error{"there is no room"});
  EXPECT_EQ(answers.back().status, 400);
  EXPECT_NE(answers.back().body.find("there is no room"), std::string::npos);
  for (const char* other : {"mlflow-artifacts:/digits/HD_1_3/artifacts/none",
                            "/etc",
                            "file:///etc",
                            "s3://x/y",
                            "mlflow-artifacts:/digits/HD_1_3/artifacts/../..",
                            "models:/m-0",
                            "runs:/HD_1_4/model"}) {
    create(other);
    EXPECT_GE(answers.back().status, 400) << other;
  }
  EXPECT_EQ(registered_.size(), 2U);
}

}  // namespace
}  // namespace hd
