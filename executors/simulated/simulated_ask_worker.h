#pragma once
#include <chrono>
#include <functional>

#include "engine/core/ask_worker.h"
#include "engine/core/clock.h"

namespace hd {

/// Answers each ask after a time on a clock, however long it really takes. The clock must outlive
/// the worker.
class SimulatedAskWorker final : public AskWorker {
 public:
  using Duration = std::function<std::chrono::microseconds(const AskRequest& request)>;

  SimulatedAskWorker(Clock& clock, Duration duration);

  void ask(const Sampler& sampler,
           AskRequest request,
           std::function<void(AskResult)> done) override;
  [[nodiscard]] bool is_busy() const override { return false; }

 private:
  Clock& clock_;
  Duration duration_;
};

}  // namespace hd
