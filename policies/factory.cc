#include "policies/factory.h"

#include "policies/bandit_policy.h"
#include "policies/median_stopping_policy.h"
#include "policies/no_termination_policy.h"
#include "policies/truncation_selection_policy.h"

namespace hd {
namespace {

using PolicyPointer = std::unique_ptr<Policy>;

PolicyPointer make(const NoTerminationPolicyConfig&, Goal) {
  return std::make_unique<NoTerminationPolicy>();
}
PolicyPointer make(const BanditPolicyConfig& config, Goal goal) {
  return std::make_unique<BanditPolicy>(config, goal);
}
PolicyPointer make(const MedianStoppingPolicyConfig& config, Goal goal) {
  return std::make_unique<MedianStoppingPolicy>(config, goal);
}
PolicyPointer make(const TruncationSelectionPolicyConfig& config, Goal goal) {
  return std::make_unique<TruncationSelectionPolicy>(config, goal);
}

}  // namespace

std::unique_ptr<Policy> make_policy(const PolicyConfig& config, Goal goal) {
  return std::visit([&](const auto& chosen) { return make(chosen, goal); }, config);
}

}  // namespace hd
