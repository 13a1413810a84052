#pragma once
#include <memory>

#include "engine/core/ask_worker.h"

namespace boost::asio {
class io_context;
}

namespace hd {

/// The one way out of the loop thread: asks that take time run on a thread of their own. The
/// io_context must outlive it. Destruction waits for an ask under way.
class ThreadAskWorker final : public AskWorker {
 public:
  explicit ThreadAskWorker(boost::asio::io_context& io);
  ~ThreadAskWorker() override;

  void ask(const Sampler& sampler,
           AskRequest request,
           std::function<void(AskResult)> done) override;
  [[nodiscard]] bool is_busy() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hd
