#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "executors/supervisor/tracking/endpoint_table.h"
#include "executors/supervisor/tracking/tracked_attempt.h"

namespace hd {

/// A model that a client of MLflow 3 logs: files with an id of their own.
struct LoggedModel {
  std::string id;
  std::string name;
  std::string type;
  std::string run_id;
  std::string folder;  ///< of its files, below `outputs`
  std::string status = "LOGGED_MODEL_PENDING";
  std::int64_t created_ms = 0;
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> parameters;
};

/// The logged models of an attempt, and where the files that clients name lie.
class LoggedModels {
 public:
  static constexpr std::size_t kMost = 10'000;

  /// `attempt` must outlive this object.
  explicit LoggedModels(TrackedAttempt& attempt) : attempt_(attempt) {}

  /// A model of that name goes where MLflow 2 keeps it, into a folder of its name; further ones of
  /// the same run beside it, with a number. Throws TrackingError.
  LoggedModel& create(const std::string& name, const std::string& run_id);
  /// Throws TrackingError when there is none.
  [[nodiscard]] LoggedModel& find(std::string_view id);
  [[nodiscard]] const std::map<std::string, LoggedModel, std::less<>>& all() const {
    return models_;
  }
  [[nodiscard]] std::string uri_of(const LoggedModel& model) const;

  /// The path below `outputs` of what a client calls `<experiment>/<run>/artifacts/<path>` or
  /// `<experiment>/models/<model>/artifacts/<path>`. Throws TrackingError for what is not of this
  /// attempt; <path> itself is not checked.
  [[nodiscard]] std::string path_of(std::string_view artifact);
  /// The same for a URI: `mlflow-artifacts:/...`, `runs:/<run>/<path>` or `models:/<model>`.
  [[nodiscard]] std::string path_of_uri(std::string_view uri);

 private:
  TrackedAttempt& attempt_;
  std::map<std::string, LoggedModel, std::less<>> models_;
};

/// The folder of a run's files below `outputs`, with a slash at its end; empty for the attempt's
/// own.
[[nodiscard]] std::string artifact_prefix_of(const TrackedRun& run);

/// Adds `logged-models...`. Both must outlive the table.
void add_logged_model_endpoints(EndpointTable& table,
                                TrackedAttempt& attempt,
                                LoggedModels& models);

}  // namespace hd
