#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace hd {

/// One scalar of a TensorBoard event file.
struct EventScalar {
  std::string_view tag;
  double value = 0;
  std::int64_t step = 0;
  std::int64_t wall_time_us = 0;  ///< Unix microseconds
};

/// Decodes one TensorBoard event file, as its bytes arrive. The file is a series of records, each
/// with its length and masked CRC-32C sums, and each record an `Event` in protocol-buffer form
/// (tensorflow/core/util/event.proto). Scalars are a summary's `simple_value` (TensorFlow 1,
/// PyTorch, tensorboardX) and tensors with one number of the plugin "scalars" (TensorFlow 2,
/// Keras). Everything else is passed over. Holds at most kLongestRecord bytes.
class EventDecoder {
 public:
  /// A longer record is passed over unread: graphs, pictures, histograms of large models.
  static constexpr std::size_t kLongestRecord = std::size_t{1} << 20;
  /// Tags that are remembered as scalars, because only their first value says so.
  static constexpr std::size_t kMostTags = 10'000;

  using Take = std::function<void(const EventScalar&)>;

  /// Takes the next bytes of the file, in pieces of any size. What `take` gets is valid only within
  /// the call. Nothing is taken any more once the file is broken.
  void feed(std::string_view bytes, const Take& take);

  /// The length of a record does not fit its sum: where the next one begins cannot be known.
  [[nodiscard]] bool is_broken() const { return is_broken_; }
  /// Records passed over because their bytes do not fit their sum.
  [[nodiscard]] std::int64_t damaged_records() const { return damaged_records_; }

 private:
  void read_record(std::string_view data, const Take& take);
  [[nodiscard]] bool is_scalar_tag(std::string_view tag, bool says_so);

  std::string waiting_;     ///< the beginning of a record that has not arrived whole
  std::uint64_t skip_ = 0;  ///< bytes left of a record that is passed over
  bool is_broken_ = false;
  std::int64_t damaged_records_ = 0;
  std::unordered_set<std::string> scalar_tags_;
};

}  // namespace hd
