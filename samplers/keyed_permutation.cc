#include "samplers/keyed_permutation.h"

#include <algorithm>
#include <bit>

namespace hd {
namespace {

constexpr std::uint32_t kRounds = 8;
// Narrower halves have too few round functions to mix well; the walk below pays for the difference.
constexpr unsigned kLeastHalfBits = 4;

}  // namespace

KeyedPermutation::KeyedPermutation(std::uint64_t seed, std::uint64_t size)
    : key_(philox_key(seed)),
      size_(size),
      half_bits_(
          std::max(kLeastHalfBits, (static_cast<unsigned>(std::bit_width(size - 1)) + 1) / 2)) {}

/// A Feistel network permutes the 2^(2 * half_bits) numbers, whatever its round function.
std::uint64_t KeyedPermutation::encrypt(std::uint64_t number) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = number >> half_bits_;
  std::uint64_t right = number & mask;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const PhiloxBlock random = philox4x32({static_cast<std::uint32_t>(right),
                                           static_cast<std::uint32_t>(RngPurpose::kPermutation),
                                           round,
                                           half_bits_},
                                          key_);
    const std::uint64_t mixed = left ^ (random[0] & mask);
    left = right;
    right = mixed;
  }
  return (left << half_bits_) | right;
}

std::uint64_t KeyedPermutation::operator()(std::uint64_t place) const {
  // Numbers beyond the size are stepped over along their cycle: what remains is a permutation of
  // the numbers below it. The larger domain is at most four times as big, except for tiny sizes.
  std::uint64_t number = encrypt(place);
  while (number >= size_) number = encrypt(number);
  return number;
}

}  // namespace hd
