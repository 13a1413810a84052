#include "executors/tracking/tracked_run.h"

#include <algorithm>
#include <cstdint>
#include <tuple>

namespace hd {
namespace {

constexpr std::size_t kLongestExperimentId = 64;

bool is_experiment_id(std::string_view text) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !text.empty() && text.size() <= kLongestExperimentId && is_letter_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter_or_digit(c) || c == '_' || c == '-';
         });
}

/// FNV-1a, 64 bits: two names of one workspace will not meet.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[hash >> shift & 0xFU];
  return digits;
}

}  // namespace

std::string experiment_id_of(std::string_view name) {
  return is_experiment_id(name) ? std::string(name) : "experiment-" + hash_of(name);
}

bool is_later(const TrackedMetric& a, const TrackedMetric& b) {
  // A NaN is less than every number here, so that the order is one.
  const auto key = [](const TrackedMetric& metric) {
    const bool is_number = metric.value == metric.value;
    return std::tuple(metric.step, metric.timestamp_ms, is_number, is_number ? metric.value : 0.0);
  };
  return key(a) >= key(b);
}

}  // namespace hd
