#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "executors/supervisor/heard_line.h"
#include "executors/supervisor/tracking/recent_points.h"

namespace hd {

struct TrackedMetric {
  double value = 0;
  std::int64_t timestamp_ms = 0;
  std::int64_t step = 0;
};

/// One of a script's runs, as MLflow's protocol shows it: the attempt itself, or a run below it.
struct TrackedRun {
  std::string id;
  std::string name;
  /// Before every name that it logs: empty for the attempt itself, "child/fold1/" for one below it.
  std::string prefix;
  std::string status = "RUNNING";  ///< as the script says
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;  ///< 0 = not said
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> parameters;
  std::map<std::string, TrackedMetric> latest;  ///< per metric, by step, then time, then value
  std::vector<std::string> inputs;              ///< data sets, as JSON
  std::vector<std::string> outputs;             ///< logged models, as JSON

  [[nodiscard]] bool is_below() const { return !prefix.empty(); }
};

/// Who an attempt is to its script.
struct TrackedIdentity {
  std::string run_id;
  std::string experiment_id;
  std::string experiment;  ///< its name
  std::int64_t start_ms = 0;
};

/// What a script logs through MLflow: keeps what it may ask back, and turns everything into what
/// the lines of a metrics file say. Sampled parameters are no part of it, so a script may log them
/// with any value. Nothing here is refused because of its size; what is too much is only not kept.
class TrackedAttempt {
 public:
  /// Takes what was said. Called within the members below; the line is not kept.
  using Tell = std::function<void(const HeardLine&)>;

  static constexpr std::size_t kMostRuns = 10'000;
  /// Of the texts that are kept to be asked back. What comes later is told all the same.
  static constexpr std::size_t kMostTextBytes = std::size_t{8} << 20;
  static constexpr std::size_t kMostMetrics = 10'000;

  TrackedAttempt(TrackedIdentity identity, Tell tell);

  [[nodiscard]] const TrackedIdentity& identity() const { return identity_; }
  [[nodiscard]] const std::deque<TrackedRun>& runs() const { return runs_; }
  [[nodiscard]] TrackedRun& own_run() { return runs_.front(); }

  /// The run of that id. Throws TrackingError when the attempt has none.
  [[nodiscard]] TrackedRun& run(std::string_view id);
  /// The same for a call that writes: from the first one on, a run that is created lies below this.
  [[nodiscard]] TrackedRun& opened_run(std::string_view id);

  /// A script that ignores MLFLOW_RUN_ID creates its run: that is the attempt's own. Every further
  /// one is a run below `parent_id` (empty: below the attempt). Throws TrackingError.
  TrackedRun& create_run(const std::string& name,
                         const std::string& parent_id,
                         std::int64_t start_ms);

  void log_metric(TrackedRun& run, const std::string& key, const TrackedMetric& metric);
  void log_parameter(TrackedRun& run, const std::string& key, const std::string& value);
  void set_tag(TrackedRun& run, const std::string& key, const std::string& value);
  void delete_tag(TrackedRun& run, const std::string& key);
  /// What the script says of its end; how the attempt ends is decided by its exit code.
  void set_status(TrackedRun& run, const std::string& status, std::int64_t end_ms);
  void keep_input(TrackedRun& run, std::string json);
  void keep_output(TrackedRun& run, std::string json);

 private:
  void tell_tag(const std::string& key, std::optional<std::string> value);
  void keep_text(std::map<std::string, std::string>& texts,
                 const std::string& key,
                 const std::string& value);
  void keep_document(std::vector<std::string>& documents, std::string json);

  TrackedIdentity identity_;
  Tell tell_;
  std::deque<TrackedRun> runs_;  ///< the first is the attempt's own; addresses stay
  std::map<std::string, TrackedRun*, std::less<>> by_id_;
  bool opened_ = false;
  RecentPoints recent_;
  std::size_t text_bytes_ = 0;
  std::size_t metrics_ = 0;
  HeardLine line_;
};

}  // namespace hd
