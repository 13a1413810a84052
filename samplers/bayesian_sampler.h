#pragma once
#include <memory>

#include "engine/core/sampler.h"

namespace hd {

/// How BayesianSampler works. The defaults are those that measured best (docs/samplers.md).
struct BayesianOptions {
  int start_points = 0;        ///< before the model takes over; 0 = by the number of parameters
  double refit_share = 0.1;    ///< hyperparameters are fitted again when the data grew by this much
  int fit_evaluations = 60;    ///< of the likelihood, a start
  int warp = 1;                ///< gp::OutputWarp
  double noise_location = -4;  ///< prior of ln σ² (gp::Priors)
  double noise_width = 2;
  double greatest_length = 10;  ///< longest length scale, in shares of a parameter's range
  /// Once the results have stalled, every second ask wants to improve by so many of their standard
  /// deviations.
  double stalled_margin = 0.1;
  double search_effort = 1;  ///< scales how many points an ask looks at
};

/// Learns from what has been tried: a Gaussian process over the encoded space says what to expect
/// where, and the point of greatest expected improvement is asked, with running children taken into
/// account. The first few configurations spread over the space.
///
/// Never asks a configuration twice; a finite space ends when all of it was asked. Failed children
/// count as worse than every result, those that a policy canceled as at least as poor as they had
/// become. Keeps the latest factorisation behind a mutex; the answers do not depend on it.
class BayesianSampler final : public Sampler {
 public:
  explicit BayesianSampler(ParameterSpace space, BayesianOptions options = {});
  ~BayesianSampler() override;

  [[nodiscard]] AskResult ask(const AskRequest& request) const override;
  [[nodiscard]] bool needs_trials() const override { return true; }
  [[nodiscard]] std::optional<std::uint64_t> limit() const override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace hd
