#include "policies/median_stopping_policy.h"

#include <numeric>

namespace hd {

MedianStoppingPolicy::MedianStoppingPolicy(const MedianStoppingPolicyConfig& config, Goal goal)
    : ScheduledPolicy(config.schedule, goal), averages_(goal, false) {}

void MedianStoppingPolicy::on_record(int child, int interval, double value, double /*best*/) {
  const auto index = static_cast<std::size_t>(child);
  if (children_.size() <= index) children_.resize(index + 1);
  Child& known = children_[index];
  known.sum += value;
  known.average = known.sum / interval;
  averages_.append(child, known.average, is_due(interval));
}

ScheduledPolicy::Comparison MedianStoppingPolicy::compare(int child,
                                                          int interval,
                                                          double /*best*/) const {
  const int others = averages_.size() - 1;
  if (others < 1) return {};
  // The judged run's own average stands behind `own` worse ones: leaving it out moves what follows.
  const int own = averages_.worse(interval, children_[static_cast<std::size_t>(child)].average);
  const auto other = [&](int position) {
    return averages_.at(interval, position < own ? position : position + 1);
  };
  const double upper = other(others / 2);
  if (others % 2 == 1) return {upper, others};
  return {std::midpoint(other(others / 2 - 1), upper), others};
}

std::string MedianStoppingPolicy::explain_limit(const PolicyVerdict& /*verdict*/) const {
  return ", the median of the running averages,";
}

std::vector<std::string> MedianStoppingPolicy::describe_rule(int /*max_total_runs*/,
                                                             int /*max_concurrent_runs*/) const {
  return {
      "MedianStoppingPolicy cancels a child run whose best value is worse than the median of the "
      "other child runs' running averages at the same interval."};
}

}  // namespace hd
