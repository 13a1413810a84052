#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "executors/agent/outlet.h"

namespace hd {

/// Sends files of attempts to the engine: what scripts print while they run, and everything that is
/// to be kept once they have ended. Sends when the outlet has room.
class FileSender {
 public:
  using Key = std::pair<int, int>;  ///< child and attempt

  explicit FileSender(Outlet& outlet) : outlet_(outlet) {}
  ~FileSender();
  FileSender(const FileSender&) = delete;
  FileSender& operator=(const FileSender&) = delete;

  /// `sizes`: how much of stdout.txt and stderr.txt the engine has.
  void follow_logs(Key attempt, std::string directory, std::array<std::int64_t, 2> sizes);
  /// Sends what scripts have printed since the last time.
  void send_logs();

  /// Sends the records, logs and outputs of an attempt that has ended, and says when that is done.
  void send_all(Key attempt);

  /// Says that it is done where there is nothing to send.
  void send_nothing(Key attempt) { end(attempt, {}); }

  /// Goes on sending; to be called when the outlet has room.
  void pump();

  void forget(Key attempt);

 private:
  struct Followed {
    std::string directory;
    std::array<std::int64_t, 2> sent{};
  };
  struct Item {
    char kind = 'f';   ///< as in TreeEntry::Kind
    std::string path;  ///< relative to the attempt's directory
  };
  struct Job {
    Key attempt;
    std::string directory;
    std::deque<Item> items;
    std::string problem;  ///< the first file that could not be read, and why
    int file = -1;        ///< of the first item, once it is open
    std::int64_t offset = 0;
  };

  void list_folder(Job& job, const std::string& path);
  void list_item(Job& job, const std::string& path);
  bool send_next(Job& job);
  void end(Key attempt, const std::string& problem);
  void send_part(const Job& job, const Item& item, std::string_view content, bool is_last);
  /// Sends the next part of a log; returns its size.
  [[nodiscard]] int send_log(Key attempt,
                             Followed& followed,
                             std::size_t which,
                             bool even_if_empty = false);

  Outlet& outlet_;
  std::map<Key, Followed> followed_;
  std::deque<Job> jobs_;
};

}  // namespace hd
