#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/store/run_store.h"
#include "engine/workspace/model_registry.h"
#include "engine/workspace/workspace.h"
#include "executors/tracking/artifact_folder.h"

namespace hd {

/// The files that a client may read: what runs left in `outputs`, and registered models. All
/// members throw TrackingError for a path that leads elsewhere, and NotFoundError.
class ServedFiles {
 public:
  /// All must outlive this object.
  ServedFiles(const Workspace& workspace, const RunStore& store, const ModelRegistry& models)
      : workspace_(workspace), store_(store), models_(models) {}

  /// A folder that is served: `root` below `parent`.
  struct Place {
    std::string parent;
    std::string root;
  };
  [[nodiscard]] Place of_run(const std::string& run_id) const;

  /// What an artifact URI names below `mlflow-artifacts:/`: a place and the path inside it.
  [[nodiscard]] std::pair<Place, std::string> find(std::string_view path) const;

  /// Where clients find the files of a registered model.
  [[nodiscard]] static std::string uri_of(const RegisteredModel& model);

  /// Sorted by name; nothing when there is no such folder.
  [[nodiscard]] std::vector<ArtifactEntry> list(const Place& place, const std::string& path) const;
  /// Opens a regular file for reading; the caller closes it.
  [[nodiscard]] int open(const Place& place, const std::string& path) const;

 private:
  const Workspace& workspace_;
  const RunStore& store_;
  const ModelRegistry& models_;
};

}  // namespace hd
