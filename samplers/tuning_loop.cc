#include "samplers/tuning_loop.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <utility>

#include "engine/core/adopt_configuration.h"
#include "engine/core/error.h"
#include "samplers/factory.h"
#include "samplers/tuning_loop_text.h"

namespace hd {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::optional<std::uint64_t> given_seed(const SamplingAlgorithm& algorithm) {
  return std::visit(
      [](const auto& chosen) -> std::optional<std::uint64_t> {
        if constexpr (requires { chosen.seed; }) return chosen.seed;
        return std::nullopt;
      },
      algorithm);
}

/// 53 bits, so that the seed survives every JSON reader.
std::uint64_t drawn_seed() {
  std::random_device device;
  return ((std::uint64_t{device()} << 32U) | device()) & ((std::uint64_t{1} << 53U) - 1);
}

std::string name_of(const SamplingAlgorithm& algorithm) {
  if (std::holds_alternative<GridSampling>(algorithm)) return "grid";
  if (std::holds_alternative<BayesianSampling>(algorithm)) return "bayesian";
  return std::get<RandomSampling>(algorithm).sobol ? "sobol" : "random";
}

/// The number of a record's member; nullopt when it is no whole number below `end`.
std::optional<std::size_t> index_in(const Value* value, std::size_t end) {
  if (value == nullptr || !value->is_integer() || value->as_integer() < 0) return std::nullopt;
  const auto index = static_cast<std::uint64_t>(value->as_integer());
  if (index >= end) return std::nullopt;
  return static_cast<std::size_t>(index);
}

}  // namespace

TuningLoop::TuningLoop(ParameterSpace parameter_space,
                       const SamplingAlgorithm& algorithm,
                       TuningLoopOptions loop_options)
    : space_(std::move(parameter_space)),
      options_(std::move(loop_options)),
      sampler_name_(name_of(algorithm)),
      seed_given_(given_seed(algorithm).has_value()),
      seed_(seed_given_ ? *given_seed(algorithm) : drawn_seed()),
      sampler_(make_sampler(space_, algorithm)) {}

std::vector<Trial> TuningLoop::ask(int count) {
  if (count < 0) {
    throw UsageError("cannot ask for " + std::to_string(count) + " configurations",
                     "the number must not be negative");
  }
  tuning_text::Progress progress = state_.progress;
  warning_.clear();
  std::vector<Configuration> configurations = ask_sampler(count, progress);
  if (journal_) {
    journal_(tuning_text::to_line(tuning_text::ask_record(configurations, progress)),
             !sampler_->needs_trials());
  }

  std::vector<Trial> asked;
  asked.reserve(configurations.size());
  for (Configuration& configuration : configurations) {
    asked.push_back(add_asked(state_, std::move(configuration)));
  }
  state_.progress = std::move(progress);
  return asked;
}

/// Samplers that learn see what was told from outside in the request. The others follow a sequence,
/// and what was told is passed over here.
std::vector<Configuration> TuningLoop::ask_sampler(int count, tuning_text::Progress& progress) {
  std::vector<Configuration> configurations;
  const bool learns = sampler_->needs_trials();
  int missing = count;
  while (missing > 0 && !progress.exhausted) {
    AskRequest request;
    request.first_index = progress.next_index;
    request.count = missing;
    request.seed = seed_;
    request.goal = options_.goal;
    if (learns) request.trials = state_.trials;
    request.notes = progress.notes;
    AskResult result = sampler_->ask(request);
    progress.exhausted = result.configurations.size() < static_cast<std::size_t>(missing);
    progress.next_index += static_cast<int>(result.configurations.size());
    progress.notes = std::move(result.notes);
    if (!result.warning.empty()) warning_ = std::move(result.warning);
    if (!learns && !state_.outside_texts.empty()) {
      std::erase_if(result.configurations, [&](const Configuration& configuration) {
        return state_.outside_texts.contains(to_json(configuration));
      });
    }
    missing -= static_cast<int>(result.configurations.size());
    std::move(result.configurations.begin(),
              result.configurations.end(),
              std::back_inserter(configurations));
    if (learns) break;
  }
  return configurations;
}

void TuningLoop::tell(int id, double value) { tell(id, Trial::Outcome::kFinished, value); }

void TuningLoop::tell_failed(int id) { tell(id, Trial::Outcome::kFailed, kNaN); }

void TuningLoop::tell(const Configuration& configuration, double value) {
  tell(configuration, Trial::Outcome::kFinished, value);
}

void TuningLoop::tell_failed(const Configuration& configuration) {
  tell(configuration, Trial::Outcome::kFailed, kNaN);
}

void TuningLoop::tell(int id, Trial::Outcome outcome, double value) {
  if (id < 0 || static_cast<std::size_t>(id) >= state_.asked.size()) {
    throw UsageError("trial " + std::to_string(id) + " was never asked",
                     state_.asked.empty()
                         ? "ask first"
                         : "ids so far: 0 to " + std::to_string(state_.asked.size() - 1));
  }
  const std::size_t place = state_.asked[static_cast<std::size_t>(id)];
  if (state_.trials[place]->outcome != Trial::Outcome::kPending) {
    throw UsageError("trial " + std::to_string(id) + " was already told", "tell each trial once");
  }
  if (journal_) {
    journal_(tuning_text::to_line(tuning_text::tell_record(id, outcome, value)), false);
  }
  close(state_, place, outcome, value);
}

void TuningLoop::tell(const Configuration& configuration, Trial::Outcome outcome, double value) {
  Result<Configuration> adopted = adopt_configuration(space_, configuration);
  if (!adopted) {
    throw UsageError("the parameter space does not hold the configuration that was told: " +
                     adopted.error().message);
  }
  if (journal_) {
    const Value record = tuning_text::tell_record(tuning_text::to_value(*adopted), outcome, value);
    journal_(tuning_text::to_line(record), false);
  }
  add_outside(state_, std::move(*adopted), outcome, value);
}

const Trial& TuningLoop::add_asked(State& state, Configuration configuration) const {
  auto trial = std::make_shared<Trial>();
  trial->id = static_cast<int>(state.asked.size());
  if (sampler_->limit()) state.asked_texts.insert(to_json(configuration));
  trial->configuration = std::move(configuration);
  trial->value = kNaN;
  state.asked.push_back(state.trials.size());
  state.trials.push_back(std::move(trial));
  return *state.trials.back();
}

void TuningLoop::add_outside(State& state,
                             Configuration configuration,
                             Trial::Outcome outcome,
                             double value) const {
  std::string text = to_json(configuration);
  if (!state.asked_texts.contains(text)) state.outside_texts.insert(std::move(text));
  auto trial = std::make_shared<Trial>();
  trial->id = kNoId;
  trial->configuration = std::move(configuration);
  trial->outcome = outcome;
  trial->value = value;
  state.trials.push_back(std::move(trial));
  consider_best(state, state.trials.size() - 1);
}

void TuningLoop::close(State& state,
                       std::size_t place,
                       Trial::Outcome outcome,
                       double value) const {
  auto closed = std::make_shared<Trial>(*state.trials[place]);
  closed->outcome = outcome;
  closed->value = value;
  state.trials[place] = std::move(closed);
  consider_best(state, place);
}

void TuningLoop::consider_best(State& state, std::size_t place) const {
  const Trial& trial = *state.trials[place];
  if (trial.outcome != Trial::Outcome::kFinished) return;
  const double best = state.best == kNone ? kNaN : state.trials[state.best]->value;
  if (is_better(options_.goal, trial.value, best)) state.best = place;
}

const Trial& TuningLoop::best() const {
  if (!has_best()) {
    throw UsageError(
        "there is no best trial yet: no value of " + options_.metric + " has been told",
        "tell the result of a trial first");
  }
  return *state_.trials[state_.best];
}

bool TuningLoop::exhausted() const {
  const auto limit = sampler_->limit();
  return state_.progress.exhausted ||
         (limit && state_.asked.size() + state_.outside_texts.size() >= *limit);
}

std::vector<Trial> TuningLoop::pending() const {
  std::vector<Trial> pending;
  for (const std::size_t place : state_.asked) {
    const Trial& trial = *state_.trials[place];
    if (trial.outcome == Trial::Outcome::kPending) pending.push_back(trial);
  }
  return pending;
}

std::string TuningLoop::save() const {
  using tuning_text::to_line;
  std::string text = to_line(tuning_text::header(identity()));
  std::vector<Configuration> asked;
  const auto flush = [&] {
    if (!asked.empty()) text += to_line(tuning_text::ask_record(asked));
    asked.clear();
  };
  for (const auto& trial : state_.trials) {
    if (trial->id != kNoId) {
      asked.push_back(trial->configuration);
      continue;
    }
    flush();
    text += to_line(tuning_text::tell_record(
        tuning_text::to_value(trial->configuration), trial->outcome, trial->value));
  }
  flush();
  for (const auto& trial : state_.trials) {
    if (trial->id == kNoId || trial->outcome == Trial::Outcome::kPending) continue;
    text += to_line(tuning_text::tell_record(trial->id, trial->outcome, trial->value));
  }
  text += to_line(tuning_text::ask_record({}, state_.progress));
  return has_best() ? text + to_line(tuning_text::best_record(state_.best)) : text;
}

void TuningLoop::load(std::string_view text) {
  if (!state_.trials.empty()) {
    throw UsageError("a tuning loop can only be taken up by one that was not used yet",
                     "load before the first ask or tell");
  }
  const std::vector<Value> objects = tuning_text::read_lines(text);
  const std::uint64_t seed = tuning_text::check_header(objects.front(), identity());
  State state;
  for (std::size_t i = 1; i < objects.size(); ++i) {
    try {
      apply(state, objects[i]);
    } catch (const std::exception& error) {
      throw StoreError("cannot take up the saved tuning loop: line " + std::to_string(i + 1) +
                       ": " + error.what());
    }
  }
  state_ = std::move(state);
  seed_ = seed;
}

void TuningLoop::apply(State& state, const Value& record) const {
  const Value* asked = record.find("ask");
  if (asked != nullptr && asked->is_list()) {
    for (const Value& item : asked->as_list()) add_asked(state, adopt(item));
    tuning_text::read_progress(record, state.progress);
  } else if (record.find("tell") != nullptr) {
    apply_tell(state, record);
  } else if (record.find("best") != nullptr) {
    const auto place = index_in(record.find("best"), state.trials.size());
    if (!place || state.trials[*place]->outcome != Trial::Outcome::kFinished) {
      throw std::invalid_argument("the best trial is none that has a value");
    }
    state.best = *place;
  } else {
    throw std::invalid_argument("an unknown record");
  }
}

void TuningLoop::apply_tell(State& state, const Value& record) const {
  const Value& what = *record.find("tell");
  const Value* told = record.find("value");
  const auto value = told == nullptr ? std::optional(kNaN) : tuning_text::read_number(*told);
  if (!value) throw std::invalid_argument("the value is no number");
  const auto outcome = told == nullptr ? Trial::Outcome::kFailed : Trial::Outcome::kFinished;
  if (what.is_map()) {
    add_outside(state, adopt(what), outcome, *value);
    return;
  }
  const auto id = index_in(&what, state.asked.size());
  if (!id) throw std::invalid_argument("a trial that was never asked");
  const std::size_t place = state.asked[*id];
  if (state.trials[place]->outcome != Trial::Outcome::kPending) {
    throw std::invalid_argument("a trial that was told before");
  }
  close(state, place, outcome, *value);
}

/// A configuration of a record; the space's own types come back from its JSON.
Configuration TuningLoop::adopt(const Value& item) const {
  if (!item.is_map()) throw std::invalid_argument("a configuration that is no object");
  return adopt_configuration(space_, tuning_text::to_configuration(item.as_map())).value();
}

tuning_text::Identity TuningLoop::identity() const {
  return {.sampler = sampler_name_,
          .goal = options_.goal,
          .seed = seed_,
          .seed_matters = seed_given_,
          .space = &space_};
}

}  // namespace hd
