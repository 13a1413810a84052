#include "samplers/random_sampler.h"

#include <utility>
#include <vector>

#include "engine/core/rng.h"
#include "samplers/keyed_permutation.h"

namespace hd {

RandomSampler::RandomSampler(ParameterSpace parameter_space)
    : SequenceSampler(std::move(parameter_space)),
      can_repeat_(!space().is_uniform_finite() && !is_always_continuous(space())) {}

Configuration RandomSampler::draw(std::uint64_t seed, std::uint64_t number) const {
  if (space().is_uniform_finite()) {
    return space().at(KeyedPermutation(seed, *space().size())(number));
  }
  Rng rng(seed, RngPurpose::kRandomSampling, number);
  std::vector<double> unit(static_cast<std::size_t>(space().unit_dimensions()));
  for (double& u : unit) u = rng.next_unit();
  return space().from_unit(unit);
}

std::string RandomSampler::reason(std::uint64_t seed, int index) const {
  return "random draw " + std::to_string(index) + " of seed " + std::to_string(seed);
}

}  // namespace hd
