#include "policies/bandit_policy.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/core/short_number.h"

namespace hd {

BanditPolicy::BanditPolicy(const BanditPolicyConfig& config, Goal goal)
    : ScheduledPolicy(config.schedule, goal),
      is_factor_(config.slack_factor.has_value()),
      slack_(config.slack_factor.value_or(config.slack_amount.value_or(-1))) {
  if (config.slack_factor.has_value() == config.slack_amount.has_value()) {
    throw std::invalid_argument(
        "BanditPolicy needs exactly one of slack_factor and slack_amount; found " +
        std::string(is_factor_ ? "both" : "neither"));
  }
  if (!std::isfinite(slack_) || slack_ < 0) {
    throw std::invalid_argument("BanditPolicy needs a finite slack >= 0; found " +
                                short_number(slack_));
  }
}

void BanditPolicy::on_record(int /*child*/, int interval, double /*value*/, double best) {
  if (!is_due(interval)) return;
  const auto number = static_cast<std::size_t>(due_number(interval));
  if (due_.size() <= number) {
    due_.resize(number + 1, Interval{std::numeric_limits<double>::quiet_NaN(), 0});
  }
  Interval& due = due_[number];
  ++due.runs;
  if (is_better(goal(), best, due.best)) due.best = best;
}

ScheduledPolicy::Comparison BanditPolicy::compare(int /*child*/,
                                                  int interval,
                                                  double /*best*/) const {
  const Interval& due = due_[static_cast<std::size_t>(due_number(interval))];
  return {limit(due.best), due.runs - 1};
}

bool BanditPolicy::multiplies(double best) const {
  return (goal() == Goal::kMinimize) == (best >= 0);
}

double BanditPolicy::limit(double best) const {
  if (!is_factor_) return goal() == Goal::kMaximize ? best - slack_ : best + slack_;
  return multiplies(best) ? best * (1 + slack_) : best / (1 + slack_);
}

std::string BanditPolicy::explain_limit(const PolicyVerdict& verdict) const {
  const std::string slack = short_number(slack_);
  if (!is_factor_) {
    const bool subtracts = goal() == Goal::kMaximize;
    const double best = subtracts ? verdict.limit + slack_ : verdict.limit - slack_;
    return " = " + short_number(best) + (subtracts ? " - " : " + ") + slack;
  }
  // The limit has the sign of the best value, so it tells which operation made it.
  const bool multiplied = multiplies(verdict.limit);
  const double best = multiplied ? verdict.limit / (1 + slack_) : verdict.limit * (1 + slack_);
  return " = " + short_number(best) + (multiplied ? " * " : " / ") + "(1 + " + slack + ")";
}

std::vector<std::string> BanditPolicy::describe_rule(int /*max_total_runs*/,
                                                     int /*max_concurrent_runs*/) const {
  const bool maximize = goal() == Goal::kMaximize;
  const std::string slack = short_number(slack_);
  if (!is_factor_) {
    return {"BanditPolicy cancels a child run whose best value is more than " + slack +
            (maximize ? " below" : " above") +
            " the best value of all child runs at the same interval."};
  }
  return {"BanditPolicy cancels a child run whose best value is " +
          std::string(maximize ? "below the best value of all child runs at the same interval "
                                 "divided by "
                               : "above the best value of all child runs at the same interval "
                                 "times ") +
          short_number(1 + slack_) + " (for negative values " +
          (maximize ? "times" : "divided by") + " it)."};
}

}  // namespace hd
