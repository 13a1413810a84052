#pragma once
#include <string>
#include <string_view>

namespace hd {

/// What `.azureml/config.json` says of an Azure workspace. For show and for the environment of
/// scripts only: nothing depends on it.
struct AzureWorkspace {
  std::string file;  ///< the file read; empty when there is none
  std::string workspace_name;
  std::string subscription_id;
  std::string resource_group;
  std::string problem;  ///< why the file could not be understood; empty when it could
};

/// A project folder and the places of everything that hdrive keeps for it under `.hdrive`. All
/// paths are absolute. Names given by users are checked by every member that puts one into a path;
/// those throw UsageError, so no unchecked text reaches the file system.
class Workspace {
 public:
  /// The project folder of `path`: the nearest folder at or above it that has `.azureml`,
  /// `aml_config` or `.hdrive`, else `path` itself (its folder, when it is a file). Markers that
  /// are no mark of a project are passed over: those of other users in folders that everybody may
  /// write to, and a home folder's `.azureml` without a config.json, where other tools keep logins.
  /// Throws NotFoundError when `path` does not exist.
  [[nodiscard]] static std::string locate(const std::string& path);

  /// The workspace of `path`, its `.hdrive` folder (mode 0700, ignored by git) made when missing.
  /// Throws FileError when that is refused.
  [[nodiscard]] static Workspace open_or_create(const std::string& path);

  /// The workspace of `path`; nothing is created. Throws NotFoundError when nothing was ever run.
  [[nodiscard]] static Workspace open(const std::string& path);

  [[nodiscard]] const std::string& project_directory() const { return project_; }
  [[nodiscard]] std::string state_directory() const { return project_ + "/.hdrive"; }
  /// `.azureml`, or an `aml_config` that is there instead.
  [[nodiscard]] std::string configuration_directory() const;
  [[nodiscard]] std::string history_file() const { return state_directory() + "/history.db"; }

  [[nodiscard]] std::string snapshots_directory() const { return state_directory() + "/snapshots"; }
  /// Holds exactly the files of the snapshot.
  [[nodiscard]] std::string snapshot_directory(std::string_view snapshot_id) const;
  [[nodiscard]] std::string snapshot_manifest_file(std::string_view snapshot_id) const;

  [[nodiscard]] std::string runs_directory() const { return state_directory() + "/runs"; }
  [[nodiscard]] std::string run_directory(std::string_view run_id) const;
  /// Its folder made (mode 0700) when missing.
  [[nodiscard]] std::string create_run_directory(std::string_view run_id) const;
  /// `attempt` counts from 0.
  [[nodiscard]] std::string attempt_directory(std::string_view run_id, int attempt) const;
  [[nodiscard]] std::string engine_lock_file(std::string_view run_id) const;

  [[nodiscard]] std::string compute_target_file(std::string_view name) const;
  [[nodiscard]] std::string model_directory(std::string_view name, int version) const;

  /// Reads `config.json` of `.azureml`, `aml_config` or the project folder, whichever comes first.
  [[nodiscard]] AzureWorkspace azure_workspace() const;

 private:
  explicit Workspace(std::string project) : project_(std::move(project)) {}
  std::string project_;
};

}  // namespace hd
