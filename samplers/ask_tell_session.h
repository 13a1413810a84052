#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "samplers/tuning_loop.h"

namespace hd {

/// A tuning loop for programs in any language: one request line in, one answer line out, JSON both
/// (docs/tuning_loops.md). Knows no files or streams.
///
///   {"op":"ask","n":2}                 {"trials":[{"id":0,"params":{"--lr":0.01}},...]}
///   {"op":"tell","id":0,"value":0.31}  {"ok":true}; also with "status":"failed" for the value, and
///                                      with "params":{...} for the id of what was not asked
///   {"op":"best"}                      {"id":0,"params":{...},"value":0.31}
///   {"op":"pending"}                   {"trials":[...]}, asked and not told yet
///
/// Whatever else a line holds is answered with {"error":"..."} and changes nothing.
class AskTellSession {
 public:
  static constexpr std::size_t kLongestRequest = std::size_t{1} << 20U;  ///< bytes
  static constexpr int kMostTrials = 10'000;                             ///< of one ask

  /// `loop` must outlive the session.
  explicit AskTellSession(TuningLoop& loop) : loop_(loop) {}

  /// The answer to one line, without newline. Takes any bytes. Throws only what the loop's journal
  /// throws, and std::bad_alloc.
  [[nodiscard]] std::string answer(std::string_view request);

  /// The answer to a line that was longer than kLongestRequest and therefore not kept.
  [[nodiscard]] static std::string answer_to_long_line();

 private:
  std::string ask(const Value& request);
  std::string tell(const Value& request);
  std::string best(const Value& request) const;
  std::string pending(const Value& request) const;

  TuningLoop& loop_;
};

}  // namespace hd
