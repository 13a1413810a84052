#include "executors/supervisor/event_decoder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <boost/crc.hpp>

namespace hd {
namespace {

static_assert(std::endian::native == std::endian::little, "event files are little-endian");

constexpr std::size_t kHead = 12;  // length, its sum
constexpr std::size_t kFoot = 4;   // sum of the data

template <typename T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

std::uint32_t masked_sum(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const std::uint32_t sum = crc.checksum();
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

/// The fields of one protocol-buffer message, in order. Ends at the first one that is not sound.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  /// Moves to the next field; false at the end.
  bool next() {
    std::uint64_t key = 0;
    if (rest_.empty() || !read_varint(key)) return false;
    number = key >> 3;
    wire = static_cast<int>(key & 7);
    bytes = {};
    switch (wire) {
      case 0:
        return read_varint(varint);
      case 1:
        return take(8);
      case 2: {
        std::uint64_t length = 0;
        return read_varint(length) && length <= rest_.size() &&
               take(static_cast<std::size_t>(length));
      }
      case 5:
        return take(4);
      default:
        return false;  // groups are not used, the others do not exist
    }
  }

  [[nodiscard]] bool is(std::uint64_t field, int wire_type) const {
    return number == field && wire == wire_type;
  }
  [[nodiscard]] double as_double() const { return load<double>(bytes.data()); }
  [[nodiscard]] double as_float() const { return double{load<float>(bytes.data())}; }

  std::uint64_t number = 0;
  int wire = 0;
  std::uint64_t varint = 0;  ///< of wire type 0
  std::string_view bytes;    ///< of the other wire types

 private:
  bool take(std::size_t count) {
    if (count > rest_.size()) return false;
    bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  bool read_varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return false;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  std::string_view rest_;
};

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1f;
  const double fraction = bits & 0x3ff;
  const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

/// Numbers of tensorflow/core/framework/types.proto.
enum DataType : std::uint64_t {
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kInt64 = 9,
  kBfloat16 = 14,
  kHalf = 19,
};

std::optional<double> from_content(std::uint64_t type, std::string_view bytes) {
  const auto is = [&](DataType wanted, std::size_t size) {
    return type == wanted && bytes.size() == size;
  };
  if (is(kFloat, 4)) return double{load<float>(bytes.data())};
  if (is(kDouble, 8)) return load<double>(bytes.data());
  if (is(kInt32, 4)) return load<std::int32_t>(bytes.data());
  if (is(kInt64, 8)) return static_cast<double>(load<std::int64_t>(bytes.data()));
  if (is(kHalf, 2)) return half_to_double(load<std::uint16_t>(bytes.data()));
  if (is(kBfloat16, 2)) {
    return double{std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(bytes.data())} << 16)};
  }
  return std::nullopt;
}

/// A tensor's only number. `tensor_content` holds it as bytes; the typed fields hold one value
/// each, packed (wire type 2) or not.
std::optional<double> tensor_number(std::string_view message) {
  std::uint64_t type = 0;
  std::string_view content;
  std::optional<double> number;
  int numbers = 0;
  const auto found = [&](double value) {
    number = value;
    ++numbers;
  };
  const auto integer = [](std::uint64_t varint) {
    return static_cast<double>(static_cast<std::int64_t>(varint));
  };
  for (Fields field(message); field.next();) {
    if (field.is(1, 0)) type = field.varint;
    if (field.is(4, 2)) content = field.bytes;
    if (field.is(5, 5) || (field.is(5, 2) && field.bytes.size() == 4)) found(field.as_float());
    if (field.is(6, 1) || (field.is(6, 2) && field.bytes.size() == 8)) found(field.as_double());
    if (field.is(7, 0) || field.is(10, 0)) found(integer(field.varint));
    if ((field.is(7, 2) || field.is(10, 2)) && !field.bytes.empty()) {
      // Packed integers: a message of one varint, as if it were the value of a field.
      const std::string one = '\0' + std::string(field.bytes.substr(0, 10));
      Fields packed(one);
      if (packed.next()) found(integer(packed.varint));
    }
  }
  if (!content.empty()) return from_content(type, content);
  return numbers == 1 ? number : std::nullopt;
}

/// Whether the metadata of a value say that it is a scalar.
bool says_scalar(std::string_view metadata) {
  bool scalar = false;
  for (Fields field(metadata); field.next();) {
    if (field.is(4, 0)) scalar = scalar || field.varint == 1;  // DATA_CLASS_SCALAR
    if (!field.is(1, 2)) continue;
    for (Fields plugin(field.bytes); plugin.next();) {
      if (plugin.is(1, 2)) scalar = scalar || plugin.bytes == "scalars";
    }
  }
  return scalar;
}

struct SummaryValue {
  std::string_view tag;
  std::optional<double> simple;
  std::optional<std::string_view> tensor;
  bool says_scalar = false;
};

SummaryValue read_value(std::string_view message) {
  SummaryValue value;
  for (Fields field(message); field.next();) {
    if (field.is(1, 2)) value.tag = field.bytes;
    if (field.is(2, 5)) value.simple = field.as_float();
    if (field.is(8, 2)) value.tensor = field.bytes;
    if (field.is(9, 2)) value.says_scalar = says_scalar(field.bytes);
  }
  return value;
}

}  // namespace

void EventDecoder::feed(std::string_view bytes, const Take& take) {
  while (!bytes.empty() && !is_broken_) {
    if (skip_ > 0) {
      const auto passed = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
      skip_ -= passed;
      bytes.remove_prefix(passed);
      continue;
    }
    const auto more = [&](std::size_t wanted) {
      const std::size_t count = std::min(wanted - std::min(wanted, waiting_.size()), bytes.size());
      waiting_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      return waiting_.size() >= wanted;
    };
    if (!more(kHead)) return;
    const auto length = load<std::uint64_t>(waiting_.data());
    if (masked_sum({waiting_.data(), 8}) != load<std::uint32_t>(waiting_.data() + 8) ||
        length > std::numeric_limits<std::uint64_t>::max() - kFoot) {
      is_broken_ = true;
    } else if (length > kLongestRecord) {
      skip_ = length + kFoot;
      waiting_.clear();
    } else if (more(kHead + static_cast<std::size_t>(length) + kFoot)) {
      const std::string_view data(waiting_.data() + kHead, static_cast<std::size_t>(length));
      if (masked_sum(data) == load<std::uint32_t>(data.data() + data.size())) {
        read_record(data, take);
      } else {
        ++damaged_records_;
      }
      waiting_.clear();
    }
  }
  if (is_broken_) waiting_ = {};
}

void EventDecoder::read_record(std::string_view data, const Take& take) {
  EventScalar scalar;
  std::string_view summary;
  for (Fields field(data); field.next();) {
    if (field.is(1, 1)) {
      const double seconds = field.as_double();
      const bool sound = seconds > 0 && seconds < 1e11;
      scalar.wall_time_us = sound ? static_cast<std::int64_t>(seconds * 1e6) : 0;
    }
    if (field.is(2, 0)) scalar.step = static_cast<std::int64_t>(field.varint);
    if (field.is(5, 2)) summary = field.bytes;
  }
  for (Fields field(summary); field.next();) {
    if (!field.is(1, 2)) continue;
    const SummaryValue value = read_value(field.bytes);
    std::optional<double> number = value.simple;
    if (!number && value.tensor && is_scalar_tag(value.tag, value.says_scalar)) {
      number = tensor_number(*value.tensor);
    }
    if (!number) continue;
    scalar.tag = value.tag;
    scalar.value = *number;
    take(scalar);
  }
}

bool EventDecoder::is_scalar_tag(std::string_view tag, bool says_so) {
  if (!says_so) return scalar_tags_.contains(std::string(tag));
  if (scalar_tags_.size() < kMostTags) scalar_tags_.emplace(tag);
  return true;
}

}  // namespace hd
