#include "samplers/sequence_sampler.h"

#include <algorithm>
#include <functional>
#include <string>
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

Configuration SequenceSampler::configuration(const Found& found, std::size_t index) const {
  const std::uint64_t number = found.numbers[index];
  if (index < found.drawn) return draw(found.seed, number);
  return space_.at(KeyedPermutation(found.seed, *space_.size())(number));
}

/// Takes the draw, or the place, of that number unless its configuration was found before.
bool SequenceSampler::add(Found& found, std::uint64_t number) const {
  const std::size_t index = found.numbers.size();
  found.numbers.push_back(number);
  if (!found.is_walking) found.drawn = index + 1;
  const std::string text = to_json(configuration(found, index));
  const std::size_t hash = std::hash<std::string>()(text);
  const auto [begin, end] = found.indexes.equal_range(hash);
  const bool is_known = std::any_of(begin, end, [&](const auto& known) {
    return to_json(configuration(found, static_cast<std::size_t>(known.second))) == text;
  });
  if (is_known) {
    found.numbers.pop_back();
    found.drawn = std::min(found.drawn, index);
    return false;
  }
  found.indexes.emplace(hash, static_cast<int>(index));
  return true;
}

void SequenceSampler::find_next(Found& found) const {
  for (int fruitless = 0; !found.is_walking; ++fruitless) {
    const bool is_complete = space_.size() && found.numbers.size() >= *space_.size();
    if (fruitless == kFruitlessDraws || is_complete) {
      found.is_walking = true;
    } else if (add(found, found.next_draw++)) {
      return;
    }
  }
  walk(found);
}

/// Takes what was not drawn yet from a finite space, in an order given by the seed. An infinite one
/// cannot be listed: it counts as exhausted.
void SequenceSampler::walk(Found& found) const {
  if (space_.size()) {
    while (found.next_place < *space_.size()) {
      if (add(found, found.next_place++)) return;
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
    while (found_.numbers.size() < last && !found_.is_exhausted) find_next(found_);
    const std::size_t end = std::min(last, found_.numbers.size());
    for (std::size_t n = first; n < end; ++n) {
      result.configurations.push_back(configuration(found_, n));
    }
    if (end < last && !space_.size()) {
      result.warning = "The last " + std::to_string(kFruitlessDraws) +
                       " draws all repeated earlier configurations: the parameter space has no "
                       "others that are likely enough to be drawn, and counts as exhausted after " +
                       std::to_string(found_.numbers.size()) + " child runs.";
    }
  }
  for (std::size_t i = 0; i < result.configurations.size(); ++i) {
    result.reasons.push_back(reason(request.seed, request.first_index + static_cast<int>(i)));
  }
  return result;
}

}  // namespace hd
