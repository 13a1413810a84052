#include "engine/core/rng.h"

namespace hd {
namespace {

// Multipliers and key increments of Philox4x32.
constexpr std::uint64_t kMultiplier0 = 0xD2511F53;
constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kKeyStep0 = 0x9E3779B9;
constexpr std::uint32_t kKeyStep1 = 0xBB67AE85;
constexpr int kRounds = 10;

constexpr std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
constexpr std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }

}  // namespace

PhiloxBlock philox4x32(PhiloxBlock counter, PhiloxKey key) {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {high(product1) ^ counter[1] ^ key[0],
               low(product1),
               high(product0) ^ counter[3] ^ key[1],
               low(product0)};
    key[0] += kKeyStep0;
    key[1] += kKeyStep1;
  }
  return counter;
}

PhiloxKey philox_key(std::uint64_t seed) { return {low(seed), high(seed)}; }

Rng::Rng(std::uint64_t seed, RngPurpose purpose, std::uint64_t index)
    : key_(philox_key(seed)),
      counter_{0, static_cast<std::uint32_t>(purpose), low(index), high(index)} {}

void Rng::refill() {
  const PhiloxBlock block = philox4x32(counter_, key_);
  block_[0] = (std::uint64_t{block[1]} << 32) | block[0];
  block_[1] = (std::uint64_t{block[3]} << 32) | block[2];
  used_ = 0;
  ++counter_[0];
}

std::uint64_t Rng::next_u64() {
  if (used_ == 2) refill();
  return block_[used_++];
}

double Rng::next_unit() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

std::uint64_t Rng::next_below(std::uint64_t bound) {
  // The lowest 2^64 mod bound numbers are drawn again: the rest divides evenly among the results.
  const std::uint64_t excess = (0 - bound) % bound;
  std::uint64_t number = next_u64();
  while (number < excess) number = next_u64();
  return number % bound;
}

}  // namespace hd
