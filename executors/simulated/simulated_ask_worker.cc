#include "executors/simulated/simulated_ask_worker.h"

#include <utility>

namespace hd {

SimulatedAskWorker::SimulatedAskWorker(Clock& clock, Duration duration)
    : clock_(clock), duration_(std::move(duration)) {}

void SimulatedAskWorker::ask(const Sampler& sampler,
                             AskRequest request,
                             std::function<void(AskResult)> done) {
  const std::chrono::microseconds duration = duration_(request);
  clock_.call_after(
      duration, [done = std::move(done), result = ask_or_warn(sampler, request)] { done(result); });
}

}  // namespace hd
