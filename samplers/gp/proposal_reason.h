#pragma once
#include <string>
#include <string_view>

#include "engine/core/value.h"
#include "samplers/gp/acquisition_optimizer.h"
#include "samplers/gp/encoding.h"
#include "samplers/gp/gaussian_process.h"
#include "samplers/gp/trial_data.h"

namespace hd::gp {

/// Why a configuration was proposed: a sentence for people, and its numbers for programs
/// (docs/samplers.md lists the members).
struct Reason {
  std::string text;
  Value details;
};

/// `point` says which start-up point it is.
[[nodiscard]] Reason start_up_reason(std::string_view point);

/// For a configuration that is there only because it was not asked before.
[[nodiscard]] Reason unseen_reason();

/// What the model expects of a proposal. The results' transform is strictly increasing, so the
/// median and the quantiles that lie one standard deviation around it are those of the metric
/// itself; half their distance is given as its standard deviation. `incumbent`: the target that
/// counts as no improvement. Running configurations are the model's rows beyond the ended ones.
[[nodiscard]] Reason proposal_reason(const Encoding& encoding,
                                     const TrialData& data,
                                     const GaussianProcess& model,
                                     const Proposal& proposal,
                                     double incumbent);

}  // namespace hd::gp
