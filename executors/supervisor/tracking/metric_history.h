#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "executors/supervisor/stream_log.h"
#include "executors/supervisor/tracking/tracked_attempt.h"

namespace hd {

/// Some of the points of one metric.
struct MetricPage {
  std::vector<TrackedMetric> points;
  std::optional<std::int64_t> next;  ///< where the rest is read from; absent behind the last point
};

/// What an attempt has reported of a metric, read back from its stream: nothing is kept in memory
/// for a question that few scripts ask.
class MetricHistory {
 public:
  /// `log` must outlive this object.
  explicit MetricHistory(StreamLog& log) : log_(log) {}

  /// From `offset` (0, or `next` of the page before) on. Reads a bounded part of the stream, so a
  /// page may be empty and have a next one all the same. Any offset gives a page.
  [[nodiscard]] MetricPage read(std::string_view name, std::int64_t offset) const;

 private:
  StreamLog& log_;
};

}  // namespace hd
