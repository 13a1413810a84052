#include "executors/supervisor/tracking/recent_points.h"

#include <bit>

namespace hd {

std::size_t RecentPoints::Hash::operator()(const Point& point) const {
  std::uint64_t hash = point.name;
  for (const std::uint64_t part : {static_cast<std::uint64_t>(point.step),
                                   static_cast<std::uint64_t>(point.timestamp_ms),
                                   point.bits}) {
    hash = (hash ^ part) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 32U;
  }
  return hash;
}

bool RecentPoints::add(const std::string& name,
                       std::int64_t step,
                       std::int64_t timestamp_ms,
                       double value) {
  if (names_.size() > kMost) {
    order_.clear();
    points_.clear();
    names_.clear();
  }
  const auto number = static_cast<std::uint32_t>(names_.size());
  const auto known = names_.try_emplace(name, number).first;
  const auto [place, is_new] =
      points_.insert({known->second, step, timestamp_ms, std::bit_cast<std::uint64_t>(value)});
  if (!is_new) return false;
  order_.push_back(place);
  if (order_.size() > kMost) {
    points_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

}  // namespace hd
