#include "executors/supervisor_protocol/sealed_record.h"

#include <array>
#include <cstdint>

namespace hd {
namespace {

constexpr std::string_view kBefore = ",\"c\":\"";
constexpr std::string_view kAfter = "\"}";
constexpr std::size_t kDigits = 8;

// CRC-32 as of zlib, four bytes at a time: table k continues table k-1 by a byte of zeros.
constexpr std::size_t kTables = 4;
using Tables = std::array<std::array<std::uint32_t, 256>, kTables>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) * 0xEDB88320U);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < kTables; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}

constexpr Tables kTable = make_tables();

std::uint32_t checksum(std::string_view text) {
  std::uint32_t value = 0xFFFFFFFFU;
  const auto byte = [&text](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(text[i])};
  };
  std::size_t i = 0;
  for (; i + kTables <= text.size(); i += kTables) {
    value ^= byte(i) | byte(i + 1) << 8U | byte(i + 2) << 16U | byte(i + 3) << 24U;
    value = kTable[3][value & 0xFFU] ^ kTable[2][value >> 8U & 0xFFU] ^
            kTable[1][value >> 16U & 0xFFU] ^ kTable[0][value >> 24U];
  }
  for (; i < text.size(); ++i) value = (value >> 8U) ^ kTable[0][(value ^ byte(i)) & 0xFFU];
  return ~value;
}

std::array<char, kDigits> digits_of(std::uint32_t value) {
  std::array<char, kDigits> digits{};
  for (std::size_t i = 0; i < kDigits; ++i) {
    digits[i] = "0123456789abcdef"[value >> (28U - 4U * static_cast<unsigned>(i)) & 0xFU];
  }
  return digits;
}

}  // namespace

void seal_record(std::string& text, std::size_t begin) {
  const auto digits = digits_of(checksum(std::string_view(text).substr(begin)));
  text += kBefore;
  text.append(digits.data(), digits.size());
  text += kAfter;
  text += '\n';
}

std::optional<std::string_view> sealed_content(std::string_view line) {
  constexpr std::size_t kSeal = kBefore.size() + kDigits + kAfter.size();
  if (line.size() < kSeal) return std::nullopt;
  const std::string_view content = line.substr(0, line.size() - kSeal);
  const std::string_view seal = line.substr(content.size());
  const auto digits = digits_of(checksum(content));
  const bool intact =
      seal.starts_with(kBefore) && seal.ends_with(kAfter) &&
      seal.substr(kBefore.size(), kDigits) == std::string_view(digits.data(), digits.size());
  if (!intact) return std::nullopt;
  return content;
}

}  // namespace hd
