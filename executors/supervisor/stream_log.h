#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "executors/supervisor/heard_line.h"

namespace hd {

/// The facts of an attempt in their order: stream.jsonl, and what could not be written to it yet.
/// Seen from outside it is one sequence of bytes, addressed by offset, that only grows. When the
/// disk is full the bytes wait in memory, up to a bound; then metric points are dropped, counted
/// and told.
class StreamLog {
 public:
  /// Creates the file. Throws std::system_error.
  explicit StreamLog(int directory);
  ~StreamLog();
  StreamLog(const StreamLog&) = delete;
  StreamLog& operator=(const StreamLog&) = delete;

  void add_started(std::int64_t process_id, std::string_view where, std::int64_t time_us);
  /// `encoded_name` is the name as a JSON string, quotes included.
  void add_point(std::string_view encoded_name,
                 const HeardPoint& point,
                 std::optional<std::int64_t> step,
                 std::int64_t time_us);
  void add_tag(std::string_view key, const std::optional<std::string>& value, bool is_property);
  void add_said(std::string_view status, std::string_view message);
  void add_note(std::string_view text);
  /// `members` are the members of the record after its number and kind: `"kind":"exited",...`.
  /// Returns the whole record.
  std::string add_exited(std::string_view members);

  /// Closes the open record of points and writes as much as the disk takes.
  void flush();
  /// Whether everything is in the file.
  [[nodiscard]] bool is_written() const { return waiting_.empty(); }
  /// Makes the file durable. False when it is not, or not complete.
  bool sync();

  [[nodiscard]] std::int64_t end_offset() const {
    return file_size_ + static_cast<std::int64_t>(waiting_.size());
  }
  /// Copies bytes from `offset` on. Returns how many; fewer than asked only at the end.
  [[nodiscard]] std::size_t read(std::int64_t offset, char* out, std::size_t most) const;
  /// Offset of a record at or before the one that holds fact `sequence`.
  [[nodiscard]] std::int64_t offset_of(std::int64_t sequence) const;

 private:
  void begin_record(std::string_view kind);
  void end_record();
  void close_points();

  int fd_ = -1;
  std::int64_t file_size_ = 0;
  std::string waiting_;           ///< complete records not in the file yet
  std::size_t record_begin_ = 0;  ///< of the record being made, in waiting_
  std::string points_;            ///< the open record of points, without its head and end
  int point_count_ = 0;
  std::int64_t next_sequence_ = 1;
  std::int64_t lost_points_ = 0;
  bool trouble_noted_ = false;
  struct Mark {
    std::int64_t sequence;
    std::int64_t offset;
  };
  std::vector<Mark> marks_;  ///< sparse: one in some 64 KiB
};

}  // namespace hd
