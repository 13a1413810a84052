#pragma once
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace hd {

/// Tells when files change: by inotify, or where that is not to be had (a user may have 128 of
/// them) by looking every 50 ms. Changes are told at once after a quiet time and otherwise at most
/// every 400 microseconds, so that a script that writes each line by itself does not wake us for
/// each.
class FileWatch {
 public:
  explicit FileWatch(boost::asio::io_context& loop);
  ~FileWatch();

  /// Watches the open file; `id` is what changes of it are told as, 0 to 31.
  void watch_file(int descriptor, int id);
  /// Watches for entries that appear in the open directory under `name`.
  void watch_entry(int directory, const char* name, int id);

  /// Calls `changed` with a set of ids, bit by bit, from the loop; the same until `stop`.
  void start(std::function<void(unsigned ids)> changed);
  void stop();

  class Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace hd
