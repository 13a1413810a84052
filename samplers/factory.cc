#include "samplers/factory.h"

#include "samplers/bayesian_sampler.h"
#include "samplers/grid_sampler.h"
#include "samplers/random_sampler.h"
#include "samplers/sobol_sampler.h"

namespace hd {
namespace {

using SamplerPointer = std::unique_ptr<Sampler>;

SamplerPointer make(const ParameterSpace& space, const RandomSampling& random) {
  if (random.sobol) return std::make_unique<SobolSampler>(space);
  return std::make_unique<RandomSampler>(space);
}

SamplerPointer make(const ParameterSpace& space, const GridSampling&) {
  return std::make_unique<GridSampler>(space);
}

SamplerPointer make(const ParameterSpace& space, const BayesianSampling&) {
  return std::make_unique<BayesianSampler>(space);
}

}  // namespace

std::unique_ptr<Sampler> make_sampler(const ParameterSpace& space,
                                      const SamplingAlgorithm& algorithm) {
  return std::visit([&](const auto& chosen) { return make(space, chosen); }, algorithm);
}

}  // namespace hd
