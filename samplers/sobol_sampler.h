#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "samplers/sequence_sampler.h"
#include "samplers/sobol_directions.h"

namespace hd {

/// Random sampling along a Sobol sequence: the points fill the space more evenly than independent
/// ones. The seed chooses a nested uniform scrambling (A. B. Owen, "Randomly permuted (t,m,s)-nets
/// and (t,s)-sequences", 1995), so that each single point is still uniformly distributed.
///
/// Covers kSobolDimensions coordinates; those beyond are independent random numbers, and the first
/// answer says so. Repeated configurations are passed over as in random sampling.
class SobolSampler final : public SequenceSampler {
 public:
  explicit SobolSampler(ParameterSpace space);

  /// The point behind draw `number`, in the unit cube.
  [[nodiscard]] std::vector<double> point(std::uint64_t seed, std::uint64_t number) const;

 private:
  [[nodiscard]] Configuration draw(std::uint64_t seed, std::uint64_t number) const override;
  [[nodiscard]] bool can_repeat() const override { return can_repeat_; }
  [[nodiscard]] std::string reason(std::uint64_t seed, int index) const override;
  [[nodiscard]] std::string remark() const override;

  bool can_repeat_;
  std::vector<SobolDirections> directions_;
};

}  // namespace hd
