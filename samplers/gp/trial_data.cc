#include "samplers/gp/trial_data.h"

#include <cmath>
#include <limits>

namespace hd::gp {
namespace {

std::vector<double> finished_values(const AskRequest& request) {
  std::vector<double> values;
  for (const auto& trial : request.trials) {
    if (trial->outcome != Trial::Outcome::kFinished || !std::isfinite(trial->value)) continue;
    values.push_back(request.goal == Goal::kMinimize ? trial->value : -trial->value);
  }
  return values;
}

}  // namespace

const std::vector<EncodedTrials::Entry>& EncodedTrials::encode(
    const Encoding& encoding, const std::vector<std::shared_ptr<const Trial>>& trials) {
  entries_.resize(trials.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.trial == trials[i]) continue;
    // A trial that became more knows the same configuration.
    const bool same =
        entry.trial != nullptr && entry.trial->configuration == trials[i]->configuration;
    entry.trial = trials[i];
    if (same) continue;
    entry.text = to_json(trials[i]->configuration);
    entry.point = encoding.encode(trials[i]->configuration);
  }
  return entries_;
}

TrialData::TrialData(const Encoding& encoding,
                     const AskRequest& request,
                     OutputWarp warp,
                     EncodedTrials& encoded)
    : goal_(request.goal),
      best_value_(std::numeric_limits<double>::quiet_NaN()),
      transform_(finished_values(request), warp) {
  std::vector<Target> running;
  std::vector<Point> running_points;
  for (const EncodedTrials::Entry& entry : encoded.encode(encoding, request.trials)) {
    asked_.insert(entry.text);
    // Knowledge from another space says nothing here.
    const auto& point = entry.point;
    if (!point) continue;
    const std::shared_ptr<const Trial>& trial = entry.trial;
    const bool ended = trial->outcome != Trial::Outcome::kPending;
    (ended ? points_ : running_points).push_back(*point);
    (ended ? targets_ : running).push_back(target_of(*trial));
    if (trial->outcome == Trial::Outcome::kFinished && std::isfinite(trial->value)) {
      ++finished_;
      if (is_better(goal_, trial->value, best_value_)) best_value_ = trial->value;
    }
  }
  ended_ = static_cast<Eigen::Index>(points_.size());
  points_.insert(points_.end(), running_points.begin(), running_points.end());
  targets_.insert(targets_.end(), running.begin(), running.end());
  features_.resize(static_cast<Eigen::Index>(encoding.groups().size()),
                   static_cast<Eigen::Index>(points_.size()));
  for (std::size_t i = 0; i < points_.size(); ++i) {
    features_.col(static_cast<Eigen::Index>(i)) = encoding.features(points_[i]);
  }
}

double TrialData::oriented(Goal goal, double value) {
  return goal == Goal::kMinimize ? value : -value;
}

double TrialData::to_value(double target) const {
  return oriented(goal_, transform_.to_value(target));
}

Target TrialData::target_of(const Trial& trial) const {
  const bool known = std::isfinite(trial.value);
  const double target = known ? transform_.to_target(oriented(goal_, trial.value)) : 0;
  switch (trial.outcome) {
    case Trial::Outcome::kFinished:
      if (known) return {Target::Kind::kExact, target};
      return {Target::Kind::kExact, transform_.failed_target()};
    case Trial::Outcome::kFailed:
      return {Target::Kind::kExact, transform_.failed_target()};
    case Trial::Outcome::kCensored:
      if (known) return {Target::Kind::kAtLeast, target};
      return {Target::Kind::kExact, transform_.failed_target()};
    case Trial::Outcome::kPending:
      break;
  }
  if (known) return {Target::Kind::kAtMost, target};
  return {Target::Kind::kUnknown, 0};
}

}  // namespace hd::gp
