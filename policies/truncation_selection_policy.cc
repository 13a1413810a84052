#include "policies/truncation_selection_policy.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace hd {

TruncationSelectionPolicy::TruncationSelectionPolicy(const TruncationSelectionPolicyConfig& config,
                                                     Goal goal)
    : ScheduledPolicy(config.schedule, goal),
      percentage_(config.truncation_percentage),
      exclude_finished_(config.exclude_finished_jobs),
      bests_(goal, config.exclude_finished_jobs) {
  if (percentage_ < 1 || percentage_ > 99) {
    throw std::invalid_argument(
        "TruncationSelectionPolicy needs a truncation_percentage of 1 to 99; found " +
        std::to_string(percentage_));
  }
}

int TruncationSelectionPolicy::cut(int runs) const {
  return static_cast<int>(std::int64_t{percentage_} * runs / 100);
}

void TruncationSelectionPolicy::on_record(int child, int interval, double /*value*/, double best) {
  bests_.append(child, best, is_due(interval));
}

void TruncationSelectionPolicy::on_end(int child) {
  if (exclude_finished_) bests_.remove(child);
}

ScheduledPolicy::Comparison TruncationSelectionPolicy::compare(int /*child*/,
                                                               int interval,
                                                               double /*best*/) const {
  const int runs = bests_.size();
  // Whoever is worse than the first run kept is in the group that is cut. This keeps ties.
  return {bests_.at(interval, cut(runs)), runs - 1};
}

std::string TruncationSelectionPolicy::explain_limit(const PolicyVerdict& verdict) const {
  const int runs = verdict.population + 1;
  return ", the worst value kept when " + std::to_string(cut(runs)) + " of " +
         std::to_string(runs) + " runs (" + std::to_string(percentage_) + " %) are cut,";
}

std::vector<std::string> TruncationSelectionPolicy::describe_rule(int max_total_runs,
                                                                  int max_concurrent_runs) const {
  const std::string percentage = std::to_string(percentage_) + " %";
  std::vector<std::string> lines = {
      "TruncationSelectionPolicy cancels a child run that is among the worst " + percentage +
      " of all " + (exclude_finished_ ? "running" : "") + (exclude_finished_ ? " " : "") +
      "child runs at the same interval."};
  const int needed = (100 + percentage_ - 1) / percentage_;
  const int ranked =
      exclude_finished_ ? std::min(max_concurrent_runs, max_total_runs) : max_total_runs;
  if (ranked < needed) {
    lines.push_back("It can never act: " + percentage + " of the " + std::to_string(ranked) +
                    " child runs that are ranked at most is less than one; it takes " +
                    std::to_string(needed) + ".");
  } else {
    lines.push_back("It can act from " + std::to_string(needed) +
                    " child runs with a reported primary metric on.");
  }
  return lines;
}

}  // namespace hd
