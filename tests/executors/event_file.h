#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace hd::testing {

// Writes TensorBoard event files, one field after the other.

[[nodiscard]] std::string varint_field(int number, std::uint64_t value);
[[nodiscard]] std::string float_field(int number, float value);
[[nodiscard]] std::string double_field(int number, double value);
[[nodiscard]] std::string bytes_field(int number, std::string_view bytes);

/// What marks a value as a scalar of TensorFlow 2.
[[nodiscard]] std::string scalar_metadata();
/// An event at 1,700,000,000.5 s with one value; `rest` are its fields beside the tag.
[[nodiscard]] std::string summary_event(std::string_view tag,
                                        std::int64_t step,
                                        const std::string& rest);
/// As PyTorch and TensorFlow 1 write a scalar.
[[nodiscard]] std::string scalar_event(std::string_view tag, std::int64_t step, float value);
/// As TensorFlow 2 writes one; the first event of a tag names the plugin.
[[nodiscard]] std::string tensor_event(std::string_view tag,
                                       std::int64_t step,
                                       float value,
                                       bool names_plugin);
/// An event as a record of the file.
[[nodiscard]] std::string event_record(std::string_view event);

}  // namespace hd::testing
