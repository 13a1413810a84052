#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/history.h"
#include "engine/core/parent_run_spec.h"

namespace hd {

/// How hard an append is pressed to disk before it returns.
enum class Durability {
  kProcessCrash,  ///< survives the death of every process (metrics)
  kPowerLoss,     ///< survives the machine losing power: before anything is started or canceled
};

/// A message from another process to the engine of a parent run. Durable until taken.
struct Command {
  enum class Kind : int { kCancel = 1, kCancelChild = 2, kPause = 3, kUnpause = 4 };
  std::int64_t id = 0;
  Kind kind = Kind::kCancel;
  int child = -1;
  std::string reason;
};

/// A run as the commands show it.
struct RunSummary {
  std::string run_id;
  RunKind kind = RunKind::kHyperDrive;
  bool is_child = false;
  std::string parent_run_id;  ///< empty unless a child
  int child = -1;
  std::string experiment;
  std::string target;
  RunStatus status = RunStatus::kNotStarted;
  std::int64_t created_us = 0, started_us = 0, ended_us = 0;  ///< 0 = not yet
  std::string hyperparameters;                                ///< JSON object; children only
  std::optional<double> best_primary_metric;
  std::string error_code, error_message;
  std::vector<std::pair<std::string, std::string>> tags, properties;
  // Parent runs only:
  std::string primary_metric_name;
  std::optional<Goal> primary_metric_goal;
  std::vector<std::pair<RunStatus, int>> children_by_status;
  std::string best_child_run_id;
  std::string termination_reason;
  int attempt = -1;  ///< children only: the latest

  [[nodiscard]] bool is_sweep() const { return !is_child && kind == RunKind::kHyperDrive; }
};

struct RunFilter {
  std::string experiment = {};     ///< empty = any
  std::string parent_run_id = {};  ///< empty = no children are listed
  std::string target = {};
  std::optional<RunStatus> status = {};
  std::vector<std::pair<std::string, std::string>> tags = {};
  int last = 10;  ///< newest first; 0 = all
};

/// The history of a workspace in one SQLite file (docs/store.md). One writing engine per parent
/// run, fenced by epoch; any number of readers. Not thread-safe: one object per thread. Every
/// member throws StoreError when the file cannot be used, naming file and reason, and NotFoundError
/// when given a run that does not exist, except where a result says so.
class RunStore {
 public:
  struct State;  ///< private to engine/store
  /// Opens or creates the file (mode 0600), migrating an older schema. Refuses a newer one.
  explicit RunStore(const std::string& file);
  ~RunStore();
  RunStore(RunStore&&) noexcept;
  RunStore& operator=(RunStore&&) noexcept;

  // Writing: the submitting command and the engine.
  void create_parent(const ParentRunSpec& spec,
                     const std::string& primary_metric_name,
                     Goal goal,
                     std::int64_t time_us);
  /// Makes the caller the only engine that may append to this parent run; returns its epoch.
  [[nodiscard]] int take_over(const std::string& parent_run_id);
  /// Appends events, whose numbers continue the history without a gap, and brings the projections
  /// up to date, all in one transaction: after any exception nothing of it is stored, and the same
  /// call may be repeated. Metric points already stored are ignored, but use up their event
  /// numbers. Throws FencedError when another engine took over since `epoch`.
  void append(const std::string& parent_run_id,
              int epoch,
              std::span<const Event> events,
              Durability durability);

  // Reading.
  [[nodiscard]] std::optional<ParentRunSpec> spec(const std::string& parent_run_id) const;
  /// Calls `visit` for every event with a number above `after`, in order, as of one moment. At the
  /// first event that is missing or altered it throws StoreError naming it; what was visited before
  /// is sound.
  void replay(const std::string& parent_run_id,
              const std::function<void(const Event&)>& visit,
              std::int64_t after = 0) const;
  /// The events about one child (MetricReported excluded), for `run explain`. The first is the
  /// AskAnswered that gave it its configuration, narrowed to this child. -1 = the events about no
  /// child.
  [[nodiscard]] std::vector<Event> events_of_child(const std::string& parent_run_id,
                                                   int child) const;
  /// Calls `visit` for the end of every attempt, in order.
  void child_ends(const std::string& parent_run_id,
                  const std::function<void(const ChildEnded&)>& visit) const;
  [[nodiscard]] std::optional<RunSummary> run(const std::string& run_id) const;
  [[nodiscard]] std::vector<RunSummary> runs(const RunFilter& filter) const;
  /// All metric points of a run in the order stored, optionally of one name.
  void metrics(const std::string& run_id,
               const std::string& name,
               const std::function<void(int attempt, const MetricPoint&)>& visit) const;

  /// The points that child runs logged to their parent run: stored with the child under
  /// `parent/<name>`, given to `visit` as `<name>`, in the order in which the engine heard them.
  void parent_metrics(
      const std::string& parent_run_id,
      const std::string& name,
      const std::function<void(int child, int attempt, const MetricPoint&)>& visit) const;

  // Commands to engines.
  void post(const std::string& parent_run_id, const Command& command);
  /// What was posted and not yet forgotten, oldest first.
  [[nodiscard]] std::vector<Command> commands(const std::string& parent_run_id) const;
  /// Removes the commands with ids up to `up_to`: after what they led to is in the history.
  void forget_commands(const std::string& parent_run_id, std::int64_t up_to);
  /// Whether another process wrote to the file since the last call; costs microseconds.
  [[nodiscard]] bool changed_by_others();

  // Notes of people.
  void set_tag(const std::string& run_id, const std::string& key, const std::string& value);
  void create_experiment(const std::string& name, std::int64_t time_us);
  [[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> experiments() const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace hd
