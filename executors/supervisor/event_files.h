#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "executors/supervisor/event_decoder.h"

namespace hd {

/// Follows the TensorBoard event files that a script writes below its working directory: in the
/// folders logs, runs, lightning_logs and outputs, to kDeepest folders down. Symbolic links are not
/// followed, and no file stays open between reads.
class EventFiles {
 public:
  static constexpr int kDeepest = 6;
  static constexpr std::size_t kMostFiles = 256;
  /// Entries of folders looked at in one search; a script may keep a million files there.
  static constexpr int kMostEntries = 20'000;

  /// Name of the metric, and its value. Valid only within the call.
  using Take = std::function<void(std::string_view name, const EventScalar& scalar)>;

  /// `work` is the open working directory; it is duplicated.
  explicit EventFiles(int work);
  ~EventFiles();
  EventFiles(const EventFiles&) = delete;
  EventFiles& operator=(const EventFiles&) = delete;

  /// What stands there now was written by another run and is left out.
  void ignore_present();
  /// Looks for new files and for files that grew.
  void search();
  /// Reads up to `budget` bytes of what `search` found. True when there is more.
  bool read(std::size_t budget, const Take& take);
  /// Files left out because there are too many.
  [[nodiscard]] bool left_some_out() const { return left_some_out_; }

 private:
  struct File {
    std::int64_t offset = 0, size = 0;
    std::string prefix;  ///< of the names of its metrics
    EventDecoder decoder;
  };
  void search_folder(
      int parent, const char* name, const std::string& path, int depth, int& entries);
  void found(const std::string& path, std::int64_t size);

  int work_;
  bool ignoring_ = false;
  bool left_some_out_ = false;
  std::map<std::string, File> files_;  ///< by path below the working directory, read in this order
};

/// What stands before a tag in the name of a metric: the folders below the first one of `path`,
/// that of the writer, without those that only say when or how often it was run. "logs/train/e"
/// gives "train/", "runs/Nov26_host/e" and "lightning_logs/version_0/e" give nothing.
[[nodiscard]] std::string event_metric_prefix(std::string_view path);

}  // namespace hd
