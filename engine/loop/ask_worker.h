#pragma once
#include <functional>
#include <memory>

#include "engine/core/sampler.h"

namespace boost::asio {
class io_context;
}

namespace hd {

/// The one way out of the loop thread: asks that take time run on a thread of their own. The
/// sampler and the io_context must outlive it. Destruction waits for an ask under way.
class AskWorker {
 public:
  AskWorker(boost::asio::io_context& io, const Sampler& sampler);
  ~AskWorker();

  /// Runs `sampler.ask(request)`, then calls `done` on the loop thread. A sampler that throws
  /// answers with no configuration and the message as warning.
  void ask(AskRequest request, std::function<void(AskResult)> done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hd
