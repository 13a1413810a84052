#include "engine/loop/thread_ask_worker.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace hd {

struct ThreadAskWorker::State {
  boost::asio::io_context& io;
  /// Shared with answers that the io_context still holds when the worker is gone.
  std::shared_ptr<int> under_way = std::make_shared<int>(0);
  boost::asio::thread_pool pool{1};
};

ThreadAskWorker::ThreadAskWorker(boost::asio::io_context& io) : state_(new State{io}) {}

ThreadAskWorker::~ThreadAskWorker() { state_->pool.join(); }

void ThreadAskWorker::ask(const Sampler& sampler,
                          AskRequest request,
                          std::function<void(AskResult)> done) {
  State& state = *state_;
  ++*state.under_way;
  boost::asio::post(
      state.pool,
      [&state, &sampler, request = std::move(request), done = std::move(done)]() mutable {
        AskResult result = ask_or_warn(sampler, request);
        boost::asio::post(state.io,
                          [under_way = state.under_way,
                           done = std::move(done),
                           result = std::move(result)]() mutable {
                            --*under_way;
                            done(std::move(result));
                          });
      });
}

bool ThreadAskWorker::is_busy() const { return *state_->under_way > 0; }

}  // namespace hd
