#pragma once
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace hd {

/// Copies the write-ahead log of a database into its main file, in a thread and on a connection of
/// its own, so that no append waits for the disk to take it.
class Checkpointer {
 public:
  /// Starts nothing yet.
  explicit Checkpointer(std::string file) : file_(std::move(file)) {}
  /// Waits for a copy that is under way.
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Asks for a copy, without waiting. Trouble is left to the next append, which meets it too.
  void request();

 private:
  void work();

  std::string file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool requested_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace hd
