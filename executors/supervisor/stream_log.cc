#include "executors/supervisor/stream_log.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include "engine/core/value.h"
#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/sealed_record.h"

namespace hd {
namespace {

constexpr int kPointsPerRecord = 512;
constexpr std::size_t kRecordBytes = 32768;
constexpr std::size_t kMarkBytes = 65536;
/// What may wait in memory for a disk that is full. Points are dropped beyond; other facts, which
/// are few, never.
constexpr std::size_t kMostWaiting = std::size_t{2} << 20;

template <typename Number>
void append_number(std::string& out, Number number) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  if (error == std::errc{}) out.append(digits, end);
}

void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    append_number(out, value);
  }
}

}  // namespace

StreamLog::StreamLog(int directory) {
  fd_ = ::openat(directory,
                 attempt_files::kStream,
                 O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                 0600);
  if (fd_ < 0) {
    throw std::system_error(
        errno, std::generic_category(), std::string("cannot create ") + attempt_files::kStream);
  }
}

StreamLog::~StreamLog() {
  if (fd_ >= 0) ::close(fd_);
}

void StreamLog::begin_record(std::string_view kind) {
  record_begin_ = waiting_.size();
  const std::int64_t offset = end_offset();
  if (marks_.empty() || offset - marks_.back().offset >= static_cast<std::int64_t>(kMarkBytes)) {
    marks_.push_back({next_sequence_, offset});
  }
  waiting_ += "{\"n\":";
  append_number(waiting_, next_sequence_);
  waiting_ += ",\"k\":\"";
  waiting_ += kind;
  waiting_ += '"';
}

void StreamLog::end_record() {
  seal_record(waiting_, record_begin_);
  ++next_sequence_;
}

void StreamLog::add_started(std::int64_t process_id, std::string_view where, std::int64_t time_us) {
  close_points();
  begin_record("started");
  waiting_ += ",\"pid\":";
  append_number(waiting_, process_id);
  waiting_ += ",\"where\":";
  append_json_string(waiting_, where);
  waiting_ += ",\"t\":";
  append_number(waiting_, time_us);
  end_record();
}

void StreamLog::add_point(std::string_view encoded_name,
                          const HeardPoint& point,
                          std::optional<std::int64_t> step,
                          std::int64_t time_us) {
  if (waiting_.size() + points_.size() > kMostWaiting) {
    ++lost_points_;
    return;
  }
  if (point_count_ > 0) points_ += ',';
  points_ += '[';
  points_ += encoded_name;
  points_ += ',';
  if (point.json.empty()) {
    append_value(points_, point.value);
  } else {
    points_ += "{\"json\":";
    points_ += point.json;
    points_ += '}';
  }
  points_ += ',';
  if (step) {
    append_number(points_, *step);
  } else {
    points_ += "null";
  }
  points_ += ',';
  append_number(points_, time_us);
  points_ += ']';
  if (++point_count_ >= kPointsPerRecord || points_.size() >= kRecordBytes) close_points();
}

void StreamLog::close_points() {
  if (point_count_ == 0) return;
  begin_record("m");
  waiting_ += ",\"p\":[";
  waiting_ += points_;
  waiting_ += ']';
  seal_record(waiting_, record_begin_);
  next_sequence_ += point_count_;
  points_.clear();
  point_count_ = 0;
}

void StreamLog::add_tag(std::string_view key,
                        const std::optional<std::string>& value,
                        bool is_property) {
  close_points();
  begin_record("tag");
  waiting_ += ",\"key\":";
  append_json_string(waiting_, key);
  waiting_ += ",\"value\":";
  if (value) {
    append_json_string(waiting_, *value);
  } else {
    waiting_ += "null";
  }
  waiting_ += is_property ? ",\"property\":true" : ",\"property\":false";
  end_record();
}

void StreamLog::add_said(std::string_view status, std::string_view message) {
  close_points();
  begin_record("said");
  waiting_ += ",\"status\":";
  append_json_string(waiting_, status);
  waiting_ += ",\"message\":";
  append_json_string(waiting_, message);
  end_record();
}

void StreamLog::add_note(std::string_view text) {
  close_points();
  begin_record("note");
  waiting_ += ",\"text\":";
  append_json_string(waiting_, text);
  end_record();
}

std::string StreamLog::add_exited(std::string_view members) {
  close_points();
  begin_record("exited");
  waiting_ += ',';
  waiting_ += members;
  end_record();
  return waiting_.substr(record_begin_);
}

void StreamLog::flush() {
  close_points();
  std::size_t written = 0;
  int problem = 0;
  while (written < waiting_.size()) {
    const ssize_t done = ::write(fd_, waiting_.data() + written, waiting_.size() - written);
    if (done < 0) {
      if (errno == EINTR) continue;
      problem = errno;
      break;
    }
    written += static_cast<std::size_t>(done);
  }
  if (written > 0) {
    waiting_.erase(0, written);
    file_size_ += static_cast<std::int64_t>(written);
  }
  if (problem != 0 && !trouble_noted_) {
    trouble_noted_ = true;
    add_note("cannot write the attempt's stream: " + std::string(std::strerror(problem)) +
             "; facts are kept in memory (2 MiB at most) until the disk takes them");
  }
  if (problem == 0 && lost_points_ > 0) {
    const std::int64_t lost = std::exchange(lost_points_, 0);
    add_note(std::to_string(lost) + " metric points were lost while the disk took no writes");
    flush();
  }
  // A burst should not keep its memory for the rest of a long run.
  if (waiting_.empty() && waiting_.capacity() > (std::size_t{1} << 20)) waiting_.shrink_to_fit();
}

bool StreamLog::sync() {
  flush();
  return waiting_.empty() && ::fdatasync(fd_) == 0;
}

std::size_t StreamLog::read(std::int64_t offset, char* out, std::size_t most) const {
  std::size_t copied = 0;
  while (copied < most && offset < file_size_) {
    const std::size_t want = std::min(most - copied, static_cast<std::size_t>(file_size_ - offset));
    const ssize_t got = ::pread(fd_, out + copied, want, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return copied;
    copied += static_cast<std::size_t>(got);
    offset += got;
  }
  if (copied < most && offset >= file_size_) {
    const auto skip = static_cast<std::size_t>(offset - file_size_);
    if (skip < waiting_.size()) {
      const std::size_t count = std::min(most - copied, waiting_.size() - skip);
      std::memcpy(out + copied, waiting_.data() + skip, count);
      copied += count;
    }
  }
  return copied;
}

std::int64_t StreamLog::offset_of(std::int64_t sequence) const {
  const auto after = std::upper_bound(
      marks_.begin(), marks_.end(), sequence, [](std::int64_t wanted, const Mark& mark) {
        return wanted < mark.sequence;
      });
  return after == marks_.begin() ? 0 : std::prev(after)->offset;
}

}  // namespace hd
