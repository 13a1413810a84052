#include "engine/core/ask_events.h"

#include <algorithm>
#include <string>
#include <utility>

namespace hd {

namespace {

/// Added to the sampler's reason when a configuration was asked for anew.
std::string refreshed_text(int results, int first_results) {
  return "; refreshed with " + std::to_string(results) + (results == 1 ? " result" : " results") +
         ", first asked with " + std::to_string(first_results);
}

}  // namespace

AskRequest ask_request(const AskIssued& issued,
                       const History& history,
                       const Sampler& sampler,
                       std::uint64_t seed) {
  AskRequest request;
  request.first_index = issued.first_child;
  request.count = issued.count;
  request.seed = seed;
  request.goal = history.goal();
  request.notes = history.sampler_notes();
  if (sampler.needs_trials()) {
    request.trials = history.trials();
    request.trials.resize(
        std::min(request.trials.size(), static_cast<std::size_t>(issued.first_child)));
  }
  return request;
}

AskAnswered ask_answered(const History& history, AskResult result) {
  const OutstandingAsk& ask = history.outstanding_ask().value();
  const auto standby = history.children().size() - static_cast<std::size_t>(ask.issued.first_child);
  AskAnswered answered;
  answered.ask = ask.issued.ask;
  answered.first_child = ask.issued.first_child;
  answered.notes = std::move(result.notes);
  answered.warning = std::move(result.warning);
  if (ask.overtaken || history.cancel()) return answered;
  answered.exhausted = result.configurations.size() < static_cast<std::size_t>(ask.issued.count);
  // Never a part of the standby children: what the others keep might be asked twice.
  if (result.configurations.size() < standby) return answered;
  answered.configurations = std::move(result.configurations);
  answered.reasons = std::move(result.reasons);
  answered.reasons.resize(answered.configurations.size());
  answered.details = std::move(result.details);
  for (std::size_t i = 0; i < standby; ++i) {
    const std::size_t child = static_cast<std::size_t>(ask.issued.first_child) + i;
    answered.reasons[i] +=
        refreshed_text(ask.known_results, history.children()[child].details->known_results);
  }
  return answered;
}

}  // namespace hd
