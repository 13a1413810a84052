#include "samplers/sobol_sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/rng.h"

namespace hd {
namespace {

/// Flips each binary digit or not, as decided by a random bit of the digits before it: so every
/// elementary interval is moved as a whole and the point set stays as even as it was.
std::uint32_t scramble(std::uint32_t coordinate, std::uint32_t dimension, PhiloxKey key) {
  std::uint32_t flips = 0;
  for (unsigned digit = 0; digit < kSobolBits; ++digit) {
    const std::uint32_t before = digit == 0 ? 0 : coordinate >> (kSobolBits - digit);
    // digit + 1 keeps these counters apart from those of Rng below, which end in zero.
    const PhiloxBlock random = philox4x32(
        {before, static_cast<std::uint32_t>(RngPurpose::kSobolScrambling), dimension, digit + 1},
        key);
    flips |= (random[0] & 1U) << (kSobolBits - 1 - digit);
  }
  return coordinate ^ flips;
}

}  // namespace

SobolSampler::SobolSampler(ParameterSpace parameter_space)
    : SequenceSampler(std::move(parameter_space)), can_repeat_(!is_always_continuous(space())) {
  const int covered = std::min(space().unit_dimensions(), kSobolDimensions);
  for (int i = 0; i < covered; ++i) directions_.push_back(sobol_directions(i));
}

std::vector<double> SobolSampler::point(std::uint64_t seed, std::uint64_t number) const {
  const auto index = static_cast<std::uint32_t>(number);
  const PhiloxKey key = philox_key(seed);
  Rng rng(seed, RngPurpose::kSobolScrambling, index);
  std::vector<double> unit(static_cast<std::size_t>(space().unit_dimensions()));
  for (std::size_t i = 0; i < unit.size(); ++i) {
    unit[i] = rng.next_unit();
    if (i >= directions_.size()) continue;
    const std::uint32_t digits =
        scramble(sobol_coordinate(directions_[i], index), static_cast<std::uint32_t>(i), key);
    // 21 more random digits fill a double exactly, so nothing is rounded into the next interval.
    unit[i] = (digits + std::floor(unit[i] * 0x1p21) * 0x1p-21) * 0x1p-32;
  }
  return unit;
}

Configuration SobolSampler::draw(std::uint64_t seed, std::uint64_t number) const {
  return space().from_unit(point(seed, number));
}

std::string SobolSampler::reason(std::uint64_t seed, int index) const {
  return "scrambled Sobol point " + std::to_string(index) + " of seed " + std::to_string(seed);
}

std::string SobolSampler::remark() const {
  if (space().unit_dimensions() <= kSobolDimensions) return {};
  return "The parameter space has " + std::to_string(space().unit_dimensions()) +
         " coordinates, the Sobol sequence " + std::to_string(kSobolDimensions) +
         ": the coordinates beyond are independent random numbers.";
}

}  // namespace hd
