#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/store/checkpointer.h"
#include "engine/store/run_store.h"
#include "engine/store/sqlite.h"

namespace hd {

/// The part of a run's row that events change, as it stands in the open transaction.
struct RunProjection {
  std::int64_t key = 0;  ///< run.id; 0 = not read yet
  int child = -1;        ///< run.child; -1 = no child run
  RunStatus status = RunStatus::kNotStarted;
  int attempt = -1;
  std::int64_t started_us = 0, ended_us = 0;
  double best = std::numeric_limits<double>::quiet_NaN();
  int best_child = -1;
  std::string error_code, error_message, termination_reason;
  bool changed = false;
};

/// What an append has to know of its parent run. Kept between appends and dropped after any
/// failure, so that it never runs ahead of the file.
struct ParentProjection {
  ParentRunSpec identity;  ///< run id and kind only
  std::string experiment, target, primary_metric_name;
  Goal goal = Goal::kMinimize;
  int epoch = 0;
  std::int64_t last_number = 0;
  RunProjection self;
  int child_count = 0;  ///< a script run, its own only child, has none
  /// Of those that have not ended: the others are read again in the rare case that one changes.
  std::unordered_map<int, RunProjection> children;
};

struct RunStore::State {
  explicit State(const std::string& file);

  sqlite::Database database;
  bool full_synchronous = false;
  std::int64_t data_version = 0;
  std::optional<ParentProjection> parent;  ///< of the latest append

  /// From now on the write-ahead log is copied into the file beside the appends.
  void checkpoint_in_background();
  /// Sets what the next commits wait for.
  void set_durability(Durability durability);
  /// run.id, or NotFoundError.
  [[nodiscard]] std::int64_t key_of(const std::string& run_id);
  /// The same for a parent run.
  [[nodiscard]] std::int64_t parent_key_of(const std::string& run_id);
  /// Numbers of metric names, given on first use inside a write transaction.
  [[nodiscard]] std::int64_t name_key(const std::string& name);
  /// The name of a number.
  [[nodiscard]] const std::string& name_of(std::int64_t key);
  /// Forgets what a rolled back transaction may have put into the caches.
  void forget();
  [[noreturn]] void damaged(const std::string& what) const;

  /// One row of `event` in the column order of kEventColumns, its checksum verified.
  [[nodiscard]] Event read_event(const sqlite::Statement& row, const std::string& run_id) const;
  [[nodiscard]] Event read_verdict(const sqlite::Statement& row,
                                   int child,
                                   const std::string& run_id) const;
  [[nodiscard]] RunSummary read_summary(const sqlite::Statement& row);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unordered_map<std::string, std::int64_t, TextHash, std::equal_to<>> name_keys_;
  std::unordered_map<std::int64_t, std::string> names_;
};

/// The kind under which a metric point that was delivered twice keeps its number in the history.
inline constexpr std::string_view kRepeatedMetric = "metric_repeated";

// Checksums that make damage inside a row visible; each covers all other columns of the row.
[[nodiscard]] std::uint32_t event_checksum(std::int64_t parent,
                                           std::int64_t number,
                                           std::int64_t time_us,
                                           std::string_view kind,
                                           std::int64_t child,
                                           std::string_view payload);
[[nodiscard]] std::uint32_t metric_checksum(std::int64_t run,
                                            std::int64_t attempt,
                                            std::int64_t number,
                                            std::int64_t engine_us,
                                            std::int64_t name,
                                            const MetricPoint& point,
                                            const PolicyVerdict* verdict);  ///< null = none
[[nodiscard]] std::uint32_t verdict_checksum(std::int64_t run,
                                             std::int64_t number,
                                             std::int64_t time_us,
                                             const PolicyVerdict& verdict);
[[nodiscard]] std::uint32_t spec_checksum(std::int64_t parent, std::string_view spec);

}  // namespace hd
