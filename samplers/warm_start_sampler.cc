#include "samplers/warm_start_sampler.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

namespace hd {
namespace {

/// No child run of this parent run.
constexpr int kNoChild = -1;

std::shared_ptr<const Trial> make_trial(int id,
                                        const Configuration& configuration,
                                        Trial::Outcome outcome,
                                        double value) {
  Trial trial;
  trial.id = id;
  trial.configuration = configuration;
  trial.outcome = outcome;
  trial.value = value;
  return std::make_shared<const Trial>(std::move(trial));
}

void append(AskResult& result, AskResult more) {
  // Where only some configurations have details, the others get none of their own.
  if (!more.details.empty()) result.details.resize(result.configurations.size());
  const auto move_all = [](auto& from, auto& to) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
  };
  move_all(more.configurations, result.configurations);
  move_all(more.reasons, result.reasons);
  move_all(more.details, result.details);
  result.notes = std::move(more.notes);
  if (!more.warning.empty()) result.warning = std::move(more.warning);
}

}  // namespace

WarmStartSampler::WarmStartSampler(std::unique_ptr<Sampler> inner, const WarmStart& warm_start)
    : inner_(std::move(inner)), resumed_(warm_start.children) {
  results_.reserve(warm_start.results.size());
  for (const EarlierResult& one : warm_start.results) {
    results_.push_back(make_trial(kNoChild, one.configuration, one.outcome, one.value));
    known_.insert(to_json(one.configuration));
  }
  for (const ResumedChild& child : resumed_) known_.insert(to_json(child.configuration));
}

AskResult WarmStartSampler::ask(const AskRequest& request) const {
  AskResult result;
  result.notes = request.notes;
  const auto resumed = static_cast<int>(resumed_.size());
  AskRequest rest = request;
  for (int child = request.first_index; child < resumed && rest.count > 0; ++child, --rest.count) {
    const ResumedChild& one = resumed_[static_cast<std::size_t>(child)];
    result.configurations.push_back(one.configuration);
    result.reasons.push_back("goes on from " + one.run_id + ", with the same configuration");
    if (!needs_trials()) continue;
    // The sampler sees it as running, like every configuration that was asked before.
    rest.trials.push_back(make_trial(child,
                                     one.configuration,
                                     Trial::Outcome::kPending,
                                     std::numeric_limits<double>::quiet_NaN()));
  }
  if (rest.count <= 0) return result;
  rest.first_index = std::max(request.first_index, resumed) - resumed;
  if (needs_trials()) {
    ask_inner(std::move(rest), result);
  } else {
    follow_sequence(std::move(rest), result);
  }
  return result;
}

void WarmStartSampler::ask_inner(AskRequest request, AskResult& result) const {
  request.trials.insert(request.trials.begin(), results_.begin(), results_.end());
  AskResult found = inner_->ask(request);
  const std::string known = std::to_string(results_.size()) +
                            (results_.size() == 1 ? " result" : " results") +
                            " of earlier parent runs";
  for (std::string& reason : found.reasons) {
    if (!results_.empty()) reason += "; knows " + known;
  }
  append(result, std::move(found));
}

void WarmStartSampler::follow_sequence(AskRequest request, AskResult& result) const {
  const std::lock_guard lock(mutex_);
  const int first = request.first_index;
  const int last = first + request.count;
  if (progress_.seed != request.seed || progress_.given > first) progress_ = {request.seed, 0, 0};
  while (progress_.given < last) {
    // What an earlier engine was given already is found again, but not told again.
    const bool again = progress_.given < first;
    request.first_index = progress_.drawn;
    request.count = (again ? first : last) - progress_.given;
    AskResult drawn = inner_->ask(request);
    const std::size_t count = drawn.configurations.size();
    AskResult kept;
    kept.notes = std::move(drawn.notes);
    kept.warning = std::move(drawn.warning);
    for (std::size_t i = 0; i < count; ++i) {
      ++progress_.drawn;
      if (known_.contains(to_json(drawn.configurations[i]))) continue;
      ++progress_.given;
      kept.configurations.push_back(std::move(drawn.configurations[i]));
      kept.reasons.push_back(std::move(drawn.reasons[i]));
    }
    if (!again) append(result, std::move(kept));
    if (count < static_cast<std::size_t>(request.count)) return;
  }
}

std::optional<std::uint64_t> WarmStartSampler::limit() const {
  const auto limit = inner_->limit();
  if (!limit) return limit;
  return *limit - std::min<std::uint64_t>(known_.size(), *limit) + resumed_.size();
}

}  // namespace hd
