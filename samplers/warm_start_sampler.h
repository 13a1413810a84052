#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/core/sampler.h"
#include "engine/core/warm_start.h"

namespace hd {

/// A sampler that goes on where earlier parent runs stopped. The first child runs are the resumed
/// ones; all others come from the sampler within. One that learns is told the earlier results
/// before those of this parent run. One that follows a sequence gives the configurations in its
/// order, but for those that are known or resumed: child run n is a function of the seed, n and the
/// warm start.
class WarmStartSampler final : public Sampler {
 public:
  /// All configurations of `warm_start` belong to the parameter space of `inner`.
  WarmStartSampler(std::unique_ptr<Sampler> inner, const WarmStart& warm_start);

  [[nodiscard]] AskResult ask(const AskRequest& request) const override;
  [[nodiscard]] bool needs_trials() const override { return inner_->needs_trials(); }
  [[nodiscard]] std::optional<std::uint64_t> limit() const override;

 private:
  /// How far the sequence within was followed. Saves finding the passed over ones again; the
  /// answers do not depend on it.
  struct Progress {
    std::uint64_t seed = 0;
    int given = 0;  ///< configurations that were not passed over
    int drawn = 0;  ///< all of them
  };
  void ask_inner(AskRequest request, AskResult& result) const;
  void follow_sequence(AskRequest request, AskResult& result) const;

  std::unique_ptr<const Sampler> inner_;
  std::vector<std::shared_ptr<const Trial>> results_;
  std::vector<ResumedChild> resumed_;
  std::unordered_set<std::string> known_;  ///< configurations as JSON
  mutable std::mutex mutex_;
  mutable Progress progress_;
};

}  // namespace hd
