#pragma once
#include <cstdint>

#include "engine/core/rng.h"

namespace hd {

/// A pseudo-random order of the numbers below `size`, chosen by the seed: constant memory, constant
/// expected time per number, any place at once. Drawing places 0, 1, 2, ... is therefore drawing
/// without replacement, and place n does not depend on what else is drawn.
class KeyedPermutation {
 public:
  /// Precondition: 0 < size <= 2^63.
  KeyedPermutation(std::uint64_t seed, std::uint64_t size);

  /// The number at `place`. Precondition: place < size.
  [[nodiscard]] std::uint64_t operator()(std::uint64_t place) const;

 private:
  [[nodiscard]] std::uint64_t encrypt(std::uint64_t number) const;
  PhiloxKey key_;
  std::uint64_t size_;
  unsigned half_bits_;
};

}  // namespace hd
