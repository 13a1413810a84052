#pragma once
#include <memory>

#include "engine/core/hyperdrive_config.h"
#include "engine/core/sampler.h"

namespace hd {

/// The sampler that `sampling` of an hdconfig asks for. Throws UsageError when it cannot serve the
/// space. The seed of the algorithm is not read: every ask brings its own.
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const ParameterSpace& space,
                                                    const SamplingAlgorithm& algorithm);

}  // namespace hd
