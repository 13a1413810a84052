#pragma once
#include <functional>

#include "engine/core/sampler.h"

namespace hd {

/// Where asks that take time are answered. Loop thread only.
class AskWorker {
 public:
  virtual ~AskWorker() = default;

  /// Has `sampler.ask(request)` answered, then calls `done` on the loop thread; never from within
  /// `ask`. A sampler that throws answers with no configuration and the message as warning. The
  /// sampler must outlive the worker.
  virtual void ask(const Sampler& sampler,
                   AskRequest request,
                   std::function<void(AskResult)> done) = 0;

  /// Whether an ask is being answered in real time: a virtual clock must not run ahead of it.
  [[nodiscard]] virtual bool is_busy() const = 0;
};

/// What `sampler` answers, exceptions turned into a warning.
[[nodiscard]] AskResult ask_or_warn(const Sampler& sampler, const AskRequest& request);

}  // namespace hd
