// What a script may send to the MLflow endpoint: a line "METHOD target", then the body.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "engine/core/utf8.h"
#include "executors/supervisor/tracking/metric_history.h"
#include "executors/supervisor/tracking/tracking_api.h"
#include "executors/tracking/artifact_folder.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// A folder for the whole run of the fuzzer: `work` with `outputs` in it, and nothing beside.
class Place {
 public:
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "hdrive-fuzz-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::filesystem::create_directories(folder_ + "/work/outputs");
    directory_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
    work_ = ::open((folder_ + "/work").c_str(), O_RDONLY | O_DIRECTORY);
  }
  ~Place() {
    ::close(work_);
    ::close(directory_);
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] int work() const { return work_; }
  [[nodiscard]] int directory() const { return directory_; }
  /// Files appear below outputs alone.
  void check() const {
    require(entries(folder_) == 1 && entries(folder_ + "/work") == 1);
    if (entries(folder_ + "/work/outputs") < 1000) return;
    std::filesystem::remove_all(folder_ + "/work/outputs");
    std::filesystem::create_directory(folder_ + "/work/outputs");
  }

 private:
  static std::ptrdiff_t entries(const std::string& folder) {
    return std::distance(std::filesystem::directory_iterator(folder), {});
  }
  std::string folder_;
  int directory_ = -1;
  int work_ = -1;
};

void check_told(const hd::HeardLine& line) {
  require(!hd::find_invalid_utf8(line.key));
  for (const auto& point : line.points) {
    require(!point.name.empty() && point.name.size() <= hd::kLongestName);
    require(!hd::find_invalid_utf8(point.name));
  }
}

void check_answer(const hd::HttpAnswer& answer) {
  constexpr std::array kStatuses = {200, 400, 401, 403, 404, 413, 500, 507};
  require(std::find(kStatuses.begin(), kStatuses.end(), answer.status) != kStatuses.end());
  if (answer.file >= 0) {
    ::close(answer.file);
  } else if (answer.content_type == "application/json") {
    require(nlohmann::json::parse(answer.body, nullptr, false).is_object());
  }
}

void send(hd::TrackingApi& api, std::string_view head, std::string_view body) {
  hd::HttpRequest request;
  const std::size_t blank = std::min(head.find(' '), head.size());
  request.method = head.substr(0, blank);
  request.authorization = "Bearer t";
  hd::read_target(head.substr(std::min(blank + 1, head.size())), request);
  hd::HttpAdmission admission = api.admit(request);
  if (admission.refusal) return check_answer(*admission.refusal);
  if (admission.upload) {
    admission.upload->write(body);
    return check_answer(admission.upload->finish());
  }
  request.body = body;
  int answers = 0;
  api.answer(request, [&](const hd::HttpAnswer& answer) {
    ++answers;
    check_answer(answer);
  });
  require(answers == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Place place;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  hd::ArtifactFolder artifacts(place.work(), place.directory());
  hd::TrackingApi::Parts parts;
  parts.identity = {"r", "e", "e", 1};
  parts.token = "t";
  parts.tell = check_told;
  parts.history = [](std::string_view, std::int64_t) { return hd::MetricPage(); };
  parts.register_model = [](const hd::ModelToRegister&, const auto& registered) { registered(1); };
  hd::TrackingApi api(std::move(parts), artifacts);
  // Requests are separated by a line that holds a dot alone.
  std::string_view rest = input;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\n.\n"), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 3, rest.size()));
    const std::size_t line = std::min(text.find('\n'), text.size());
    send(api, text.substr(0, line), text.substr(std::min(line + 1, text.size())));
  }
  place.check();
  return 0;
}
