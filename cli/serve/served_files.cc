#include "cli/serve/served_files.h"

#include <charconv>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

#include "cli/serve/history_runs.h"
#include "engine/core/error.h"
#include "executors/tracking/tracking_error.h"

namespace hd {
namespace {

using Code = TrackingError::Code;

/// In place of an experiment, whose id never has this character.
constexpr std::string_view kModels = "@models";

[[noreturn]] void refuse(std::string_view path) {
  throw TrackingError(Code::kDoesNotExist, "there is no artifact '" + std::string(path) + "'");
}

std::string joined(const std::vector<std::string>& parts, std::size_t from) {
  std::string path;
  for (std::size_t i = from; i < parts.size(); ++i) path += (i == from ? "" : "/") + parts[i];
  return path;
}

/// The files below a place for as long as they are read; nothing when the place is not there.
class OpenedPlace {
 public:
  explicit OpenedPlace(const ServedFiles::Place& place)
      : parent_(::open(place.parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) {
    if (parent_ >= 0) folder_.emplace(parent_, parent_, place.root);
  }
  OpenedPlace(const OpenedPlace&) = delete;
  OpenedPlace& operator=(const OpenedPlace&) = delete;
  ~OpenedPlace() {
    if (parent_ >= 0) ::close(parent_);
  }
  [[nodiscard]] const ArtifactFolder* folder() const { return folder_ ? &*folder_ : nullptr; }

 private:
  int parent_;
  std::optional<ArtifactFolder> folder_;
};

}  // namespace

ServedFiles::Place ServedFiles::of_run(const std::string& run_id) const {
  const std::optional<RunSummary> run = store_.run(run_id);
  if (!run) throw NotFoundError("there is no run " + run_id);
  return {workspace_.attempt_directory(run_id, shown_attempt(*run)) + "/work", "outputs"};
}

std::pair<ServedFiles::Place, std::string> ServedFiles::find(std::string_view path) const {
  const std::vector<std::string> parts = artifact_path_parts(path);
  if (parts.size() < 3) refuse(path);
  if (parts[0] == kModels) {
    int version = 0;
    const std::string& digits = parts[2];
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (error != std::errc{} || end != digits.data() + digits.size() || version < 1) refuse(path);
    const RegisteredModel model = models_.find(parts[1], version);
    return {{workspace_.model_directory(model.name, model.version), "files"}, joined(parts, 3)};
  }
  if (parts[2] != "artifacts") refuse(path);
  return {of_run(parts[1]), joined(parts, 3)};
}

std::string ServedFiles::uri_of(const RegisteredModel& model) {
  return "mlflow-artifacts:/" + std::string(kModels) + '/' + model.name + '/' +
         std::to_string(model.version) + '/' + model.path;
}

std::vector<ArtifactEntry> ServedFiles::list(const Place& place, const std::string& path) const {
  const OpenedPlace opened(place);
  return opened.folder() == nullptr ? std::vector<ArtifactEntry>() : opened.folder()->list(path);
}

int ServedFiles::open(const Place& place, const std::string& path) const {
  const OpenedPlace opened(place);
  if (opened.folder() == nullptr) refuse(path);
  return opened.folder()->open(path);
}

}  // namespace hd
