#pragma once
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/core/value.h"
#include "executors/supervisor/stream_log.h"
#include "executors/supervisor/tracking/metric_history.h"
#include "executors/supervisor/tracking/tracking_api.h"
#include "executors/tracking/artifact_folder.h"

namespace hd::testing {

/// What a line says, in short: "loss=0.5@4", "tag a=b", "tag a removed", "said completed".
inline std::string short_form(const HeardLine& line) {
  switch (line.kind) {
    case HeardLine::Kind::kMetrics: {
      if (line.points.empty()) return "skipped";
      const HeardPoint& point = line.points.front();
      return std::string(point.name) + '=' + format_number(point.value) + '@' +
             std::to_string(line.step.value_or(-1));
    }
    case HeardLine::Kind::kTag:
      return "tag " + line.key + (line.value ? '=' + *line.value : " removed");
    case HeardLine::Kind::kSaid:
      return "said " + line.key;
    default:
      return "skipped";
  }
}

/// A TrackingApi over a real folder, and what it has told.
class TrackingTest : public ::testing::Test {
 protected:
  using Json = nlohmann::json;

  TrackingTest() {
    std::string name = (std::filesystem::temp_directory_path() / "hdrive-tracking-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::filesystem::create_directories(folder_ + "/work/outputs");
    directory_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
    work_ = ::open((folder_ + "/work").c_str(), O_RDONLY | O_DIRECTORY);
    log_ = std::make_unique<StreamLog>(directory_);
    artifacts_ = std::make_unique<ArtifactFolder>(work_, directory_);
    TrackingApi::Parts parts;
    parts.identity = {"HD_1_3", "digits", "digits", 1'700'000'000'000};
    parts.token = "secret";
    parts.tell = [this](const HeardLine& line) {
      told_.push_back(short_form(line));
      if (line.points.empty()) return;
      std::string encoded;
      append_json_string(encoded, line.points.front().name);
      log_->add_point(encoded, line.points.front(), line.step, line.time_us.value_or(0));
      log_->flush();
    };
    parts.history = [this](std::string_view metric, std::int64_t offset) {
      return MetricHistory(*log_).read(metric, offset);
    };
    parts.register_model = [this](const ModelToRegister& model, auto registered) {
      asked_.push_back(model);
      registered_.push_back(std::move(registered));
    };
    api_ = std::make_unique<TrackingApi>(std::move(parts), *artifacts_);
  }
  ~TrackingTest() override {
    api_.reset();
    artifacts_.reset();
    ::close(work_);
    ::close(directory_);
    std::filesystem::remove_all(folder_);
  }

  HttpAnswer send(const std::string& method,
                  const std::string& target,
                  const std::string& body = {},
                  const std::string& authorization = "Bearer secret") {
    HttpRequest request;
    request.method = method;
    request.authorization = authorization;
    read_target(target, request);
    HttpAdmission admission = api_->admit(request);
    if (admission.refusal) return *admission.refusal;
    if (admission.upload) {
      admission.upload->write(body);
      return admission.upload->finish();
    }
    request.body = body;
    HttpAnswer answer;
    answer.status = 0;
    api_->answer(request, [&](HttpAnswer given) { answer = std::move(given); });
    if (answer.file >= 0) {
      std::string content(1 << 16, '\0');
      content.resize(static_cast<std::size_t>(
          std::max<ssize_t>(0, ::read(answer.file, content.data(), content.size()))));
      ::close(answer.file);
      answer.body = content;
    }
    return answer;
  }

  /// A call that is to be answered with JSON and `status`.
  Json call(const std::string& method,
            const std::string& path,
            const Json& body = {},
            int status = 200) {
    const HttpAnswer answer =
        send(method, "/api/2.0/mlflow/" + path, body.is_null() ? std::string() : body.dump());
    EXPECT_EQ(answer.status, status) << path << ' ' << answer.body;
    const Json json = Json::parse(answer.body, nullptr, false);
    EXPECT_TRUE(json.is_object()) << path << ' ' << answer.body;
    return json.is_object() ? json : Json::object();
  }

  std::string file(const std::string& path) const {
    std::ifstream in(folder_ + "/work/outputs/" + path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string folder_;
  int directory_ = -1;
  int work_ = -1;
  std::unique_ptr<StreamLog> log_;
  std::unique_ptr<ArtifactFolder> artifacts_;
  std::unique_ptr<TrackingApi> api_;
  std::vector<std::string> told_;
  std::vector<ModelToRegister> asked_;
  std::vector<std::function<void(Result<int>)>> registered_;
};

}  // namespace hd::testing
