#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/value.h"
#include "engine/workspace/workspace.h"

namespace hd {

/// What a user says of a model when it is registered.
struct ModelFacts {
  std::string created_time_utc;  ///< RFC 3339
  std::string description;
  std::string framework = "Custom";
  std::string framework_version;
  std::string run_id;      ///< the run that it came from; empty = none
  std::string experiment;  ///< of that run
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<std::pair<std::string, std::string>> properties;
};

struct ModelFile {
  std::string path;  ///< below the version's `files/`, with `/` between folders
  std::int64_t size = 0;
  std::string sha256;
};

/// One version of a registered model.
struct RegisteredModel {
  std::string name;
  int version = 0;
  ModelFacts facts;
  std::string path;  ///< the file or folder below `files/` that is the model
  std::vector<ModelFile> files;
  std::string content_hash;

  [[nodiscard]] std::string id() const { return name + ':' + std::to_string(version); }
};

/// SHA-256 over path, size and hash of every file, by rising bytes of the path: the same files have
/// the same hash under every model name. The files' order does not matter.
[[nodiscard]] std::string model_content_hash(std::vector<ModelFile> files);

/// The registered models of a workspace. A version is a folder `models/<name>/<version>/` with the
/// model below `files/` and the manifest `model.json`, which is written last: a folder without one
/// is a registration under way, or one that was killed, and is no model. Training scripts read and
/// write the same folders.
///
/// Every member that takes a name throws UsageError for one that may not become a part of a path,
/// and FileError for what the file system refuses.
class ModelRegistry {
 public:
  explicit ModelRegistry(const Workspace& workspace) : workspace_(workspace) {}

  /// Copies the file or folder `source` into the next version of the model. Registrations at the
  /// same moment get versions of their own. Throws NotFoundError when there is no file at `source`.
  RegisteredModel add(std::string_view name, const std::string& source, const ModelFacts& facts);

  [[nodiscard]] std::vector<std::string> names() const;                  ///< sorted
  [[nodiscard]] std::vector<int> versions(std::string_view name) const;  ///< rising

  /// A version, by default the newest. Throws NotFoundError, and StoreError for a manifest that
  /// cannot be understood or names files outside its folder.
  [[nodiscard]] RegisteredModel find(std::string_view name, std::optional<int> version) const;

  /// Copies the model below `directory`, which is made; returns its path there. Throws UsageError
  /// when something is at that path already unless `overwrite`, and StoreError when the content is
  /// not what was registered.
  std::string download(const RegisteredModel& model,
                       const std::string& directory,
                       bool overwrite) const;

  /// Removes a version. Its empty folder stays, so that its number is never given again.
  void remove(std::string_view name, int version);

  [[nodiscard]] std::string files_directory(const RegisteredModel& model) const;

 private:
  [[nodiscard]] std::string models_directory() const;
  [[nodiscard]] std::pair<int, std::string> make_version(std::string_view name) const;
  [[nodiscard]] std::vector<int> numbered(std::string_view name) const;

  const Workspace& workspace_;
};

}  // namespace hd
