#include "tests/executors/event_file.h"

#include <cstring>

#include <boost/crc.hpp>

namespace hd::testing {
namespace {

template <typename T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(0x80 | (value & 0x7f));
  return bytes + static_cast<char>(value);
}

std::string key(int number, unsigned wire) {
  return varint((static_cast<std::uint64_t>(number) << 3) | wire);
}

std::string masked_sum(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const std::uint32_t sum = crc.checksum();
  return raw(static_cast<std::uint32_t>(((sum >> 15) | (sum << 17)) + 0xa282ead8U));
}

}  // namespace

std::string varint_field(int number, std::uint64_t value) { return key(number, 0) + varint(value); }
std::string double_field(int number, double value) { return key(number, 1) + raw(value); }
std::string float_field(int number, float value) { return key(number, 5) + raw(value); }
std::string bytes_field(int number, std::string_view bytes) {
  return key(number, 2) + varint(bytes.size()) + std::string(bytes);
}

std::string scalar_metadata() { return bytes_field(9, bytes_field(1, bytes_field(1, "scalars"))); }

std::string summary_event(std::string_view tag, std::int64_t step, const std::string& rest) {
  return double_field(1, 1'700'000'000.5) + varint_field(2, static_cast<std::uint64_t>(step)) +
         bytes_field(5, bytes_field(1, bytes_field(1, tag) + rest));
}

std::string scalar_event(std::string_view tag, std::int64_t step, float value) {
  return summary_event(tag, step, float_field(2, value));
}

std::string tensor_event(std::string_view tag, std::int64_t step, float value, bool names_plugin) {
  const std::string tensor = varint_field(1, 1) + bytes_field(2, "") + bytes_field(4, raw(value));
  return summary_event(tag, step, (names_plugin ? scalar_metadata() : "") + bytes_field(8, tensor));
}

std::string event_record(std::string_view event) {
  const std::string length = raw(static_cast<std::uint64_t>(event.size()));
  return length + masked_sum(length) + std::string(event) + masked_sum(event);
}

}  // namespace hd::testing
