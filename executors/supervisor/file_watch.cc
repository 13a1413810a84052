#include "executors/supervisor/file_watch.h"

#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace hd {
namespace {

using boost::system::error_code;
using Clock = std::chrono::steady_clock;
constexpr auto kPace = std::chrono::microseconds(400);
constexpr auto kPoll = std::chrono::milliseconds(50);

}  // namespace

class FileWatch::Impl : public std::enable_shared_from_this<FileWatch::Impl> {
 public:
  explicit Impl(boost::asio::io_context& loop) : inotify_(loop), timer_(loop) {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return;
    error_code error;
    inotify_.assign(fd, error);
    if (error) ::close(fd);
  }

  void watch(int descriptor, std::uint32_t mask, const char* name, int id) {
    all_ids_ |= 1U << id;
    if (!inotify_.is_open()) return;
    const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
    const int watch = ::inotify_add_watch(inotify_.native_handle(), path.c_str(), mask);
    if (watch < 0) {
      polls_ = true;  // the limit of watches: the rest is found by looking
      return;
    }
    watches_.push_back({watch, id, name});
  }

  void start(std::function<void(unsigned)> changed) {
    changed_ = std::move(changed);
    wait();
    if (polls_ || !inotify_.is_open()) poll();
  }

  // Not closed yet: the kernel makes whoever closes an inotify descriptor wait for some 15 ms.
  void stop() {
    changed_ = nullptr;
    error_code ignored;
    inotify_.cancel(ignored);
    timer_.cancel();
  }

 private:
  struct Watch {
    int watch;
    int id;
    const char* name;  ///< null = the watched thing itself
  };

  void wait() {
    if (!inotify_.is_open()) return;
    inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const error_code& error) {
                          if (error || !self->changed_) return;
                          self->pace();
                        });
  }

  // Events stay in the kernel until their time has come; the same ones merge there.
  void pace() {
    const auto now = Clock::now();
    if (now - last_ >= kPace || polls_) return tell();
    timer_.expires_at(last_ + kPace);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && self->changed_) self->tell();
    });
  }

  void tell() {
    const unsigned ids = read_events();
    last_ = Clock::now();
    if (ids != 0) changed_(ids);
    if (changed_) wait();
  }

  void poll() {
    timer_.expires_after(kPoll);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || !self->changed_) return;
      self->changed_(self->all_ids_);
      if (self->changed_) self->poll();
    });
  }

  unsigned read_events() {
    alignas(inotify_event) std::array<char, 4096> buffer;
    unsigned ids = 0;
    for (;;) {
      const ssize_t got = ::read(inotify_.native_handle(), buffer.data(), buffer.size());
      if (got <= 0) return ids;
      for (ssize_t position = 0; position < got;) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + position, sizeof event);
        const char* name = buffer.data() + position + sizeof event;
        position += static_cast<ssize_t>(sizeof event + event.len);
        if ((event.mask & IN_Q_OVERFLOW) != 0) ids |= all_ids_;
        for (const auto& watch : watches_) {
          if (watch.watch != event.wd) continue;
          if (watch.name != nullptr && (event.len == 0 || std::strcmp(watch.name, name) != 0))
            continue;
          ids |= 1U << watch.id;
        }
      }
      // A short read has emptied the queue.
      if (static_cast<std::size_t>(got) < buffer.size() / 2) return ids;
    }
  }

  boost::asio::posix::stream_descriptor inotify_;
  boost::asio::steady_timer timer_;
  std::vector<Watch> watches_;
  unsigned all_ids_ = 0;
  bool polls_ = false;
  Clock::time_point last_{};
  std::function<void(unsigned)> changed_;
};

FileWatch::FileWatch(boost::asio::io_context& loop) : impl_(std::make_shared<Impl>(loop)) {}
FileWatch::~FileWatch() { impl_->stop(); }
void FileWatch::watch_file(int descriptor, int id) {
  impl_->watch(descriptor, IN_MODIFY, nullptr, id);
}
void FileWatch::watch_entry(int directory, const char* name, int id) {
  impl_->watch(directory, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR, name, id);
}
void FileWatch::start(std::function<void(unsigned)> changed) { impl_->start(std::move(changed)); }
void FileWatch::stop() { impl_->stop(); }

}  // namespace hd
