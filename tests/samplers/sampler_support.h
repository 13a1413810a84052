#pragma once
#include <cstdint>
#include <vector>

#include "engine/core/sampler.h"

namespace hd {

inline AskRequest request(int first_index, int count, std::uint64_t seed) {
  AskRequest asked;
  asked.first_index = first_index;
  asked.count = count;
  asked.seed = seed;
  return asked;
}

inline std::vector<Configuration> ask(const Sampler& sampler,
                                      int first_index,
                                      int count,
                                      std::uint64_t seed) {
  return sampler.ask(request(first_index, count, seed)).configurations;
}

inline Choice nested(std::vector<ChoiceOption> options) { return Choice{std::move(options)}; }

}  // namespace hd
