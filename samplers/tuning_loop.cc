#include "samplers/tuning_loop.h"

#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <utility>

#include "engine/core/error.h"
#include "samplers/factory.h"

namespace hd {
namespace {

std::uint64_t seed_of(const SamplingAlgorithm& algorithm) {
  const auto given = std::visit(
      [](const auto& chosen) -> std::optional<std::uint64_t> {
        if constexpr (requires { chosen.seed; }) return chosen.seed;
        return std::nullopt;
      },
      algorithm);
  if (given) return *given;
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

TuningLoop::TuningLoop(ParameterSpace parameter_space,
                       const SamplingAlgorithm& algorithm,
                       TuningLoopOptions loop_options)
    : space_(std::move(parameter_space)),
      options_(std::move(loop_options)),
      seed_(seed_of(algorithm)),
      sampler_(make_sampler(space_, algorithm)) {}

std::vector<Trial> TuningLoop::ask(int count) {
  if (count < 0) {
    throw UsageError("cannot ask for " + std::to_string(count) + " configurations",
                     "the number must not be negative");
  }
  AskRequest request;
  request.first_index = static_cast<int>(trials_.size());
  request.count = count;
  request.seed = seed_;
  request.goal = options_.goal;
  if (sampler_->needs_trials()) request.trials = trials_;
  request.notes = notes_;
  AskResult result = sampler_->ask(request);
  notes_ = std::move(result.notes);
  warning_ = std::move(result.warning);
  exhausted_ = exhausted_ || result.configurations.size() < static_cast<std::size_t>(count);

  std::vector<Trial> asked;
  for (Configuration& configuration : result.configurations) {
    Trial trial;
    trial.id = static_cast<int>(trials_.size());
    trial.configuration = std::move(configuration);
    trial.value = std::numeric_limits<double>::quiet_NaN();
    trials_.push_back(std::make_shared<const Trial>(trial));
    asked.push_back(std::move(trial));
  }
  return asked;
}

void TuningLoop::tell(int id, double value) {
  close(id, Trial::Outcome::kFinished, value);
  if (std::isnan(value)) return;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double best = has_best() ? trials_[static_cast<std::size_t>(best_)]->value : nan;
  if (is_better(options_.goal, value, best)) best_ = id;
}

void TuningLoop::tell_failed(int id) {
  close(id, Trial::Outcome::kFailed, std::numeric_limits<double>::quiet_NaN());
}

void TuningLoop::close(int id, Trial::Outcome outcome, double value) {
  if (id < 0 || static_cast<std::size_t>(id) >= trials_.size()) {
    throw UsageError(
        "trial " + std::to_string(id) + " was never asked",
        trials_.empty() ? "ask first" : "ids so far: 0 to " + std::to_string(trials_.size() - 1));
  }
  auto& known = trials_[static_cast<std::size_t>(id)];
  if (known->outcome != Trial::Outcome::kPending) {
    throw UsageError("trial " + std::to_string(id) + " was already told", "tell each trial once");
  }
  auto closed = std::make_shared<Trial>(*known);
  closed->outcome = outcome;
  closed->value = value;
  known = std::move(closed);
}

const Trial& TuningLoop::best() const {
  if (!has_best()) {
    throw UsageError(
        "there is no best trial yet: no value of " + options_.metric + " has been told",
        "tell the result of a trial first");
  }
  return *trials_[static_cast<std::size_t>(best_)];
}

bool TuningLoop::exhausted() const {
  const auto limit = sampler_->limit();
  return exhausted_ || (limit && trials_.size() >= *limit);
}

}  // namespace hd
