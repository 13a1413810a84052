#include "executors/ssh/ssh_executor.h"

#include <utility>

#include "executors/ssh/attempt_dispatch.h"

namespace hd {

SshExecutor::SshExecutor(boost::asio::io_context& loop,
                         ExecutorListener& listener,
                         SshExecutorOptions options)
    : impl_(std::make_unique<AttemptDispatch>(loop, listener, std::move(options))) {}

SshExecutor::~SshExecutor() = default;

void SshExecutor::start(const ChildRunSpec& spec) { impl_->start(spec, 1); }

void SshExecutor::adopt(const ChildRunSpec& spec, std::int64_t next_sequence) {
  impl_->adopt(spec, next_sequence);
}

void SshExecutor::request_cancel(int child, int attempt, bool force) {
  impl_->request_cancel({child, attempt}, force);
}

std::optional<int> SshExecutor::capacity() const { return impl_->slots(); }

}  // namespace hd
