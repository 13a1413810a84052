#include "policies/scheduled_policy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "engine/core/short_number.h"
#include "engine/core/value.h"

namespace hd {
namespace {

std::string runs(int count) {
  return std::to_string(count) + (count == 1 ? " child run" : " child runs");
}

}  // namespace

ScheduledPolicy::ScheduledPolicy(PolicySchedule schedule, Goal goal)
    : schedule_(schedule), goal_(goal) {
  if (schedule_.evaluation_interval < 0 || schedule_.delay_evaluation < 0) {
    throw std::invalid_argument(
        "a policy needs evaluation_interval >= 1 and delay_evaluation >= 0; found " +
        std::to_string(schedule_.evaluation_interval) + " and " +
        std::to_string(schedule_.delay_evaluation));
  }
  schedule_.evaluation_interval = std::max(1, schedule_.evaluation_interval);
}

bool ScheduledPolicy::is_due(int interval) const {
  return interval > 0 && interval % schedule_.evaluation_interval == 0 &&
         interval >= schedule_.delay_evaluation;
}

int ScheduledPolicy::due_number(int interval) const {
  const int before_delay = std::max(0, schedule_.delay_evaluation - 1);
  return interval / schedule_.evaluation_interval - before_delay / schedule_.evaluation_interval;
}

ScheduledPolicy::Child& ScheduledPolicy::child_at(int child) {
  const auto index = static_cast<std::size_t>(child);
  if (children_.size() <= index) {
    children_.resize(index + 1, Child{0, false, std::numeric_limits<double>::quiet_NaN()});
  }
  return children_[index];
}

void ScheduledPolicy::record(int child, int interval, double value) {
  Child& known = child_at(child);
  if (known.has_ended) return;
  known.interval = interval;
  if (is_better(goal_, value, known.best)) known.best = value;
  on_record(child, interval, value, known.best);
}

void ScheduledPolicy::end(int child) {
  Child& known = child_at(child);
  if (known.has_ended) return;
  known.has_ended = true;
  on_end(child);
}

PolicyVerdict ScheduledPolicy::judge(int child) const {
  PolicyVerdict verdict;
  const auto index = static_cast<std::size_t>(child);
  if (index >= children_.size()) return verdict;
  const Child& judged = children_[index];
  verdict.interval = judged.interval;
  verdict.value = judged.best;
  if (judged.has_ended || !is_due(judged.interval)) return verdict;
  const Comparison comparison = compare(child, judged.interval, judged.best);
  if (comparison.population < 1) return verdict;
  verdict.limit = comparison.limit;
  verdict.population = comparison.population;
  verdict.outcome = is_better(goal_, comparison.limit, judged.best)
                        ? PolicyVerdict::Outcome::kCancel
                        : PolicyVerdict::Outcome::kContinue;
  return verdict;
}

std::string ScheduledPolicy::explain(const PolicyVerdict& verdict) const {
  const std::string at_interval = " at interval " + std::to_string(verdict.interval);
  if (verdict.outcome == PolicyVerdict::Outcome::kNotDue) {
    return name() + ": nothing to judge" + at_interval;
  }
  const bool cancel = verdict.outcome == PolicyVerdict::Outcome::kCancel;
  std::string sign = cancel ? " < " : " >= ";
  if (goal_ == Goal::kMinimize) sign = cancel ? " > " : " <= ";
  std::string value = short_number(verdict.value);
  std::string limit = short_number(verdict.limit);
  if (value == limit && verdict.value != verdict.limit && !std::isnan(verdict.value)) {
    value = format_number(verdict.value);
    limit = format_number(verdict.limit);
  }
  if (std::isnan(verdict.value)) value += " (worst)";
  if (std::isnan(verdict.limit)) limit += " (worst)";
  return name() + ": best so far " + value + sign + limit + explain_limit(verdict) + at_interval +
         " (" + std::to_string(verdict.population) +
         (verdict.population == 1 ? " other run" : " other runs") + " compared)";
}

std::vector<std::string> ScheduledPolicy::describe(int max_total_runs,
                                                   int max_concurrent_runs) const {
  const std::int64_t step = schedule_.evaluation_interval;
  const std::int64_t first = (std::max(1, schedule_.delay_evaluation) + step - 1) / step * step;
  std::vector<std::string> lines = describe_rule(max_total_runs, max_concurrent_runs);
  std::string schedule = "It judges a child run at reports " + std::to_string(first) + ", " +
                         std::to_string(first + step) + ", " + std::to_string(first + 2 * step) +
                         ", ... of the primary metric";
  if (first > 1) {
    schedule += "; one that reports fewer than " + std::to_string(first) + " times is never judged";
  }
  lines.push_back(schedule + ".");
  if (max_total_runs <= 1) {
    lines.emplace_back("It can never act: a single child run has nothing to be compared with.");
  } else if (max_concurrent_runs >= max_total_runs) {
    lines.push_back("All " + runs(max_total_runs) +
                    " start together (max_concurrent_runs is not below max_total_runs): they meet "
                    "no earlier result, only what the others have reported by then.");
  } else if (max_concurrent_runs > 1) {
    lines.push_back("The first " + runs(max_concurrent_runs) +
                    " start together and meet no earlier result, only what the others have "
                    "reported by then.");
  }
  return lines;
}

}  // namespace hd
