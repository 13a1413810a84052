#pragma once
#include <array>
#include <cstdint>

namespace hd {

using PhiloxBlock = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/// The bare function behind Rng: 128 random bits that depend on counter and key alone. For uses
/// that need random access instead of a stream, such as keyed permutations.
[[nodiscard]] PhiloxBlock philox4x32(PhiloxBlock counter, PhiloxKey key);
[[nodiscard]] PhiloxKey philox_key(std::uint64_t seed);

/// What a stream of random numbers is for; part of its key, so that two uses never share numbers.
/// Frozen: changing a number changes every seeded sweep.
enum class RngPurpose : std::uint32_t {
  kRandomSampling = 1,
  kSobolScrambling = 2,
  kPermutation = 3,
  kBayesianSampling = 4,
  kSimulation = 5,
  kVarianceShares = 6,
  kTest = 100,
};

/// Counter-based generator (Philox4x32-10; Salmon et al., "Parallel random numbers: as easy as 1,
/// 2, 3", SC 2011). Its numbers are a function of (seed, purpose, index) and the draw count alone,
/// on every platform and thread, so child 17 gets the same configuration whether or not child 16
/// ran.
class Rng {
 public:
  Rng(std::uint64_t seed, RngPurpose purpose, std::uint64_t index);

  [[nodiscard]] std::uint64_t next_u64();
  /// Uniform on [0, 1) with 53 bits.
  [[nodiscard]] double next_unit();
  /// Uniform on [0, bound) without bias. Precondition: bound > 0.
  [[nodiscard]] std::uint64_t next_below(std::uint64_t bound);

  // UniformRandomBitGenerator, for <algorithm>. Do not use <random>'s distributions: they differ
  // between standard libraries.
  using result_type = std::uint64_t;
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()() { return next_u64(); }

 private:
  void refill();
  PhiloxKey key_;
  PhiloxBlock counter_;
  std::uint64_t block_[2] = {0, 0};
  int used_ = 2;
};

}  // namespace hd
