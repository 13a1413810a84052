#include "engine/loop/ask_worker.h"

#include <exception>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

namespace hd {

struct AskWorker::State {
  boost::asio::io_context& io;
  const Sampler& sampler;
  boost::asio::thread_pool pool{1};
};

AskWorker::AskWorker(boost::asio::io_context& io, const Sampler& sampler)
    : state_(new State{io, sampler}) {}

AskWorker::~AskWorker() { state_->pool.join(); }

void AskWorker::ask(AskRequest request, std::function<void(AskResult)> done) {
  boost::asio::post(
      state_->pool, [this, request = std::move(request), done = std::move(done)]() mutable {
        AskResult result;
        try {
          result = state_->sampler.ask(request);
        } catch (const std::exception& error) {
          result = AskResult{};
          result.warning = std::string("the sampler failed: ") + error.what();
        }
        boost::asio::post(state_->io,
                          [done = std::move(done), result = std::move(result)]() mutable {
                            done(std::move(result));
                          });
      });
}

}  // namespace hd
