#pragma once
#include <string>
#include <vector>

#include "engine/core/sampler.h"

namespace hd {

/// How a child run of an earlier parent run fared, as the sampler is told.
struct EarlierResult {
  std::string run_id;
  Configuration configuration;  ///< as the parameter space of the new parent run would have made it
  Trial::Outcome outcome = Trial::Outcome::kFinished;
  double value = 0;  ///< its best primary metric; NaN if it never reported one
};

/// A child run of an earlier parent run that the new one runs again, from where it stood.
struct ResumedChild {
  std::string run_id;
  int attempt = 0;  ///< whose outputs it goes on from
  Configuration configuration;
};

/// What a parent run takes over from earlier ones. It is read from their histories once, at
/// submission, and kept with the new run: nothing that becomes of them later changes a decision.
struct WarmStart {
  /// Child runs of one parent run that say nothing to the sampler, and why.
  struct LeftOut {
    std::string run_id;  ///< of the parent run
    int count = 0;
    std::string reason;
  };
  std::vector<std::string> resume_from;  ///< parent run ids
  std::vector<EarlierResult> results;
  std::vector<LeftOut> left_out;
  std::vector<ResumedChild> children;  ///< child run n of the new parent run is the n-th of these

  [[nodiscard]] bool empty() const { return resume_from.empty() && children.empty(); }
};

}  // namespace hd
