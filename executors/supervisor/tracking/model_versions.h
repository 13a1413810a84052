#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/result.h"
#include "executors/supervisor/tracking/artifact_folder.h"
#include "executors/supervisor/tracking/endpoint_table.h"
#include "executors/supervisor/tracking/logged_models.h"

namespace hd {

/// What a script asks to be registered.
struct ModelToRegister {
  std::string name;
  std::string path;  ///< below `outputs`; a file or folder that is there
  std::string description;
  std::vector<std::pair<std::string, std::string>> tags;
};

/// Registers a model and calls back with its version, now or later.
using RegisterModel =
    std::function<void(const ModelToRegister& model, std::function<void(Result<int>)> registered)>;

/// The registered models that an attempt made. Those of others are read by the hdrive program.
class ModelVersions {
 public:
  using Reply = std::function<void(nlohmann::json)>;

  /// Both must outlive this object.
  ModelVersions(LoggedModels& models, ArtifactFolder& artifacts, RegisterModel register_model)
      : models_(models), artifacts_(artifacts), register_model_(std::move(register_model)) {}

  /// Answers `model-versions/create`, perhaps later; an object with "error" when it failed. A
  /// request that a client sends again while the first is carried out gets the answer of that.
  /// Throws TrackingError for one that cannot be carried out.
  void create(const nlohmann::json& parameters, const Reply& reply);

  /// Adds `registered-models/...` and `model-versions/...` but for the call above.
  void add_endpoints(EndpointTable& table);

 private:
  struct Version {
    int version = 0;
    std::string source;
    std::string run_id;
    std::string description;
    std::string model_id;
  };
  struct Model {
    std::string description;
    std::vector<Version> versions;
  };
  void finish(const std::string& name,
              const std::string& source,
              Version version,
              const Result<int>& registered);
  [[nodiscard]] Model& find(const std::string& name);
  [[nodiscard]] const Version& find_version(const nlohmann::json& parameters);
  [[nodiscard]] static nlohmann::json version_json(const std::string& name, const Version& version);
  [[nodiscard]] static nlohmann::json model_json(const std::string& name, const Model& model);
  [[nodiscard]] nlohmann::json search(const nlohmann::json& parameters) const;

  LoggedModels& models_;
  ArtifactFolder& artifacts_;
  RegisterModel register_model_;
  std::map<std::string, Model> registered_;
  /// Under way, by name and source: who waits for the answer.
  std::map<std::pair<std::string, std::string>, std::vector<Reply>> under_way_;
};

}  // namespace hd
