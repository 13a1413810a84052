#pragma once
#include <cstdint>
#include <string>

#include "samplers/sequence_sampler.h"

namespace hd {

/// HyperDrive's random sampling, over all ten expressions. Finite spaces are drawn without
/// replacement: where all configurations are equally likely, along a keyed permutation; otherwise a
/// draw that repeats an earlier one is replaced by the next draw.
class RandomSampler final : public SequenceSampler {
 public:
  explicit RandomSampler(ParameterSpace space);

 private:
  [[nodiscard]] Configuration draw(std::uint64_t seed, std::uint64_t number) const override;
  [[nodiscard]] bool can_repeat() const override { return can_repeat_; }
  [[nodiscard]] std::string reason(std::uint64_t seed, int index) const override;

  bool can_repeat_;
};

}  // namespace hd
