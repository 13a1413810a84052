#include "executors/local/local_executor.h"

#include <cstdlib>
#include <linux/limits.h>
#include <map>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "executors/local/local_attempt.h"

namespace hd {
namespace {

constexpr std::size_t kReadBuffer = std::size_t{32} << 10;

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

std::string find_supervisor() {
  if (const char* named = std::getenv("HDRIVE_SUPERVISOR"); named != nullptr && *named != '\0') {
    return named;
  }
  char self[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", self, sizeof self);
  if (length <= 0) return {};
  std::string folder = parent_of(std::string(self, static_cast<std::size_t>(length)));
  if (is_program(folder + "/hdrive-supervisor")) return folder + "/hdrive-supervisor";
  // A build tree has its programs in folders of their own; none lies deeper.
  constexpr int kLevels = 3;
  for (int level = 0; level < kLevels && !folder.empty(); ++level) {
    folder = parent_of(folder);
    if (is_program(folder + "/bin/hdrive-supervisor")) return folder + "/bin/hdrive-supervisor";
  }
  return {};
}

class LocalExecutor::Impl {
 public:
  Impl(boost::asio::io_context& loop, ExecutorListener& listener, LocalExecutorOptions options)
      : options_(std::move(options)),
        context_{loop,
                 listener,
                 options_.supervisor.empty() ? find_supervisor() : options_.supervisor,
                 std::vector<char>(kReadBuffer),
                 options_.heartbeat,
                 options_.shortage_retry} {}

  ~Impl() {
    for (const auto& [key, attempt] : attempts_) attempt->detach();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Null when the attempt is under way already.
  std::shared_ptr<LocalAttempt> add(const ChildRunSpec& spec, std::int64_t next_sequence) {
    const std::pair key{spec.child, spec.attempt};
    if (attempts_.contains(key)) return nullptr;
    auto attempt = std::make_shared<LocalAttempt>(
        context_, spec, next_sequence, [this, key](const ExitStatus& exit) {
          attempts_.erase(key);
          context_.listener.on_ended(key.first, key.second, exit);
        });
    attempts_.emplace(key, attempt);
    return attempt;
  }

  void request_cancel(int child, int attempt, bool force) {
    const auto found = attempts_.find({child, attempt});
    if (found != attempts_.end()) found->second->request_cancel(force);
  }

  [[nodiscard]] const LocalExecutorOptions& options() const { return options_; }

 private:
  LocalExecutorOptions options_;
  LocalAttempt::Context context_;
  std::map<std::pair<int, int>, std::shared_ptr<LocalAttempt>> attempts_;
};

LocalExecutor::LocalExecutor(boost::asio::io_context& loop,
                             ExecutorListener& listener,
                             LocalExecutorOptions options)
    : impl_(std::make_unique<Impl>(loop, listener, std::move(options))) {}

LocalExecutor::~LocalExecutor() = default;

void LocalExecutor::start(const ChildRunSpec& spec) {
  if (const auto attempt = impl_->add(spec, 1)) attempt->launch();
}

void LocalExecutor::adopt(const ChildRunSpec& spec, std::int64_t next_sequence) {
  if (const auto attempt = impl_->add(spec, next_sequence)) attempt->take_up();
}

void LocalExecutor::request_cancel(int child, int attempt, bool force) {
  impl_->request_cancel(child, attempt, force);
}

std::optional<int> LocalExecutor::capacity() const { return impl_->options().capacity; }

}  // namespace hd
