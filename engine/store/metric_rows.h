#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/store/store_state.h"

namespace hd {

/// A metric point on its way into the table `metric`, with the verdict it led to, if any.
struct MetricRow {
  std::int64_t run = 0;            ///< run.id
  const Event* metric = nullptr;   ///< a MetricReported
  const Event* verdict = nullptr;  ///< the PolicyJudged that follows it; null = none
  bool is_result = false;          ///< a value of the primary metric by the run's latest attempt
};

/// True if `verdict` can share the row of `metric`: the same child, the next number, the same time.
[[nodiscard]] bool share_a_row(const Event& metric, const Event& verdict);

/// Writes rows of `metric`, many with one statement: that costs two thirds of writing each alone.
/// The events must outlive the object.
class MetricRows {
 public:
  /// Hears of each row whether it was written; if not, its point is in the table already.
  using Listener = std::function<void(const MetricRow&, bool is_written)>;
  MetricRows(RunStore::State& state, Listener listener)
      : state_(state), listener_(std::move(listener)) {}

  /// The row may be written now or by a later call.
  void add(const MetricRow& row) {
    rows_.push_back(row);
    if (rows_.size() == kLongest) flush();
  }
  /// Writes what is left.
  void flush();

 private:
  static constexpr std::size_t kLongest = 64;

  void write(std::size_t first, std::size_t count);
  [[nodiscard]] bool is_written(const MetricRow& row);

  RunStore::State& state_;
  Listener listener_;
  std::vector<MetricRow> rows_;
};

// Of a row of `metric` in the order of these columns.
#define HD_METRIC_COLUMNS                                                        \
  "run,number,engine_us,attempt,sequence,time_us,name,value,text,step,checksum," \
  "verdict_outcome,verdict_interval,verdict_value,verdict_bound,verdict_population"

struct ReadMetricRow {
  std::int64_t run = 0;
  int attempt = 0;
  std::int64_t number = 0, engine_us = 0;
  MetricPoint point;
  bool is_judged = false;
  PolicyVerdict verdict;  ///< event number + 1 of the history, if `is_judged`
};
/// Throws StoreError, which names `run_id`, if the row was altered.
[[nodiscard]] ReadMetricRow read_metric_row(RunStore::State& state,
                                            const sqlite::Statement& row,
                                            const std::string& run_id);

}  // namespace hd
