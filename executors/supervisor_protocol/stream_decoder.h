#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/executor.h"

namespace hd {

/// Turns the lines of an attempt's stream.jsonl, however they arrive, into calls of a listener.
/// Facts below the wanted sequence number are skipped, so a stream may be read again from anywhere.
/// Lines that are not as they were written are skipped and reported through on_note once, and so is
/// every gap in the numbers: what is told is what was written, or it is said what is missing.
/// Never calls on_ended: the executor asks `exit` and decides when the attempt is over.
class StreamDecoder {
 public:
  StreamDecoder(int child, int attempt, ExecutorListener& listener, std::int64_t next_sequence);

  /// Takes bytes in the order of the stream, cut anywhere. Points of one call arrive together.
  void feed(std::string_view bytes);

  /// Forgets an unfinished line: the stream is read again, from the start of some line.
  void restart() { partial_.clear(); }

  /// First sequence number not seen yet.
  [[nodiscard]] std::int64_t next_sequence() const { return next_sequence_; }
  /// How the script ended, once the stream has said so.
  [[nodiscard]] const std::optional<ExitStatus>& exit() const { return exit_; }

 private:
  void take_line(std::string_view line);
  bool take_metrics_fast(std::string_view content);
  void take_other(std::string_view line);
  bool accept(std::int64_t sequence);
  void note_gap(std::int64_t sequence);
  void deliver_points();
  void note_damage(std::string_view line);

  int child_;
  int attempt_;
  ExecutorListener& listener_;
  std::int64_t next_sequence_;
  std::string partial_;
  std::vector<MetricPoint> points_;
  std::optional<ExitStatus> exit_;
  bool damage_noted_ = false;
};

}  // namespace hd
