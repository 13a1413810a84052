#include "samplers/sequence_sampler.h"

#include <algorithm>
#include <variant>

#include "engine/core/expression_law.h"
#include "samplers/keyed_permutation.h"

namespace hd {
namespace {

/// So many draws in a row without a new configuration mean that those left have, together, a
/// probability of well under a percent.
constexpr int kFruitlessDraws = 1000;

bool is_always_continuous(const std::vector<Parameter>& parameters) {
  return std::any_of(parameters.begin(), parameters.end(), [](const Parameter& parameter) {
    const auto* choice = std::get_if<Choice>(&parameter.expression);
    if (choice == nullptr) {
      const auto law = law_of(parameter.expression);
      return law && law->q == 0 && law->lower < law->upper;
    }
    return std::all_of(
        choice->options.begin(), choice->options.end(), [](const ChoiceOption& option) {
          return is_always_continuous(option.members);
        });
  });
}

}  // namespace

bool is_always_continuous(const ParameterSpace& space) {
  return is_always_continuous(space.parameters());
}

bool SequenceSampler::add(Found& found, Configuration configuration) const {
  if (!found.texts.insert(to_json(configuration)).second) return false;
  found.configurations.push_back(std::move(configuration));
  return true;
}

void SequenceSampler::find_next(Found& found) const {
  for (int fruitless = 0; !found.is_walking; ++fruitless) {
    const bool is_complete = space_.size() && found.configurations.size() >= *space_.size();
    if (fruitless == kFruitlessDraws || is_complete) {
      found.is_walking = true;
    } else if (add(found, draw(found.seed, found.next_draw++))) {
      return;
    }
  }
  walk(found);
}

/// Takes what was not drawn yet from a finite space, in an order given by the seed. An infinite one
/// cannot be listed: it counts as exhausted.
void SequenceSampler::walk(Found& found) const {
  if (space_.size()) {
    const KeyedPermutation order(found.seed, *space_.size());
    while (found.next_place < *space_.size()) {
      if (add(found, space_.at(order(found.next_place++)))) return;
    }
  }
  found.is_exhausted = true;
}

AskResult SequenceSampler::ask(const AskRequest& request) const {
  AskResult result;
  if (request.first_index == 0) result.warning = remark();
  const auto first = static_cast<std::size_t>(request.first_index);
  const std::size_t last = first + static_cast<std::size_t>(std::max(0, request.count));
  if (!can_repeat()) {
    const std::uint64_t end = space_.size() ? std::min<std::uint64_t>(last, *space_.size()) : last;
    for (std::uint64_t n = first; n < end; ++n) {
      result.configurations.push_back(draw(request.seed, n));
    }
  } else {
    const std::lock_guard lock(mutex_);
    if (found_.seed != request.seed) {
      found_ = Found{};
      found_.seed = request.seed;
    }
    while (found_.configurations.size() < last && !found_.is_exhausted) find_next(found_);
    const auto begin = found_.configurations.begin();
    const std::size_t end = std::min(last, found_.configurations.size());
    if (first < end) {
      result.configurations.assign(begin + static_cast<std::ptrdiff_t>(first),
                                   begin + static_cast<std::ptrdiff_t>(end));
    }
    if (end < last && !space_.size()) {
      result.warning = "The last " + std::to_string(kFruitlessDraws) +
                       " draws all repeated earlier configurations: the parameter space has no "
                       "others that are likely enough to be drawn, and counts as exhausted after " +
                       std::to_string(found_.configurations.size()) + " child runs.";
    }
  }
  for (std::size_t i = 0; i < result.configurations.size(); ++i) {
    result.reasons.push_back(reason(request.seed, request.first_index + static_cast<int>(i)));
  }
  return result;
}

}  // namespace hd
