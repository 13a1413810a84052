#include "samplers/grid_sampler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/expression_law.h"

namespace hd {

std::optional<std::string> why_not_in_grid(const ParameterExpression& expression) {
  if (const auto* choice = std::get_if<Choice>(&expression)) {
    for (const ChoiceOption& option : choice->options) {
      for (const Parameter& member : option.members) {
        if (const auto why = why_not_in_grid(member.expression)) {
          return "its option's parameter \"" + member.name + "\" cannot be listed: " + *why;
        }
      }
    }
    return std::nullopt;
  }
  if (distinct_count(expression)) return std::nullopt;
  const std::string name(expression_name(expression));
  if (law_of(expression)->q == 0) {
    return name +
           " is continuous, and a grid needs values that can be listed: use choice, randint, " +
           "quniform or qloguniform";
  }
  if (std::holds_alternative<QUniform>(expression) ||
      std::holds_alternative<QLogUniform>(expression)) {
    return name + " has too many values between its bounds: use a larger q";
  }
  return name + " has no bounds, and a grid needs values that can be listed: use quniform, " +
         "qloguniform or choice";
}

GridSampler::GridSampler(ParameterSpace space) : space_(std::move(space)) {
  std::string problems;
  for (const Parameter& parameter : space_.parameters()) {
    if (const auto why = why_not_in_grid(parameter.expression)) {
      problems += "\n  parameter \"" + parameter.name + "\": " + *why;
    }
  }
  if (!problems.empty()) {
    throw UsageError("grid sampling cannot list this parameter space:" + problems,
                     "random sampling takes every expression");
  }
}

AskResult GridSampler::ask(const AskRequest& request) const {
  AskResult result;
  const auto first = static_cast<std::uint64_t>(request.first_index);
  std::uint64_t end = first + static_cast<std::uint64_t>(std::max(0, request.count));
  if (space_.size()) end = std::min(end, *space_.size());
  const std::string total = space_.size() ? std::to_string(*space_.size()) : "more than 2^63";
  for (std::uint64_t n = first; n < end; ++n) {
    result.configurations.push_back(space_.at(n));
    result.reasons.push_back("grid point " + std::to_string(n + 1) + " of " + total);
  }
  return result;
}

}  // namespace hd
