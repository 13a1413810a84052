#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace hd {

/// Remembers the newest points of an attempt, so that a request which a client sends again after a
/// time-out stores nothing twice. Bounded: retries come within seconds.
class RecentPoints {
 public:
  static constexpr std::size_t kMost = 32'768;

  /// False when the same point was seen lately.
  bool add(const std::string& name, std::int64_t step, std::int64_t timestamp_ms, double value);

 private:
  struct Point {
    std::uint32_t name;
    std::int64_t step;
    std::int64_t timestamp_ms;
    std::uint64_t bits;  ///< of the value: NaN equals itself
    bool operator==(const Point&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Point& point) const;
  };

  std::unordered_map<std::string, std::uint32_t> names_;
  std::unordered_set<Point, Hash> points_;
  std::deque<std::unordered_set<Point, Hash>::const_iterator> order_;  ///< the oldest first
};

}  // namespace hd
