#pragma once
#include <array>
#include <cstdint>

namespace hd {

inline constexpr int kSobolDimensions = 101;
inline constexpr unsigned kSobolBits = 32;

/// The direction numbers of one dimension, as 32-bit binary fractions.
using SobolDirections = std::array<std::uint32_t, kSobolBits>;

/// Precondition: 0 <= dimension < kSobolDimensions.
[[nodiscard]] SobolDirections sobol_directions(int dimension);

/// Coordinate of the point at `index` of the plain (not scrambled) sequence, as a 32-bit fraction.
[[nodiscard]] std::uint32_t sobol_coordinate(const SobolDirections& directions,
                                             std::uint32_t index);

}  // namespace hd
