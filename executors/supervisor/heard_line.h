#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "executors/supervisor_protocol/read_number.h"

namespace hd {

/// One value found in a line. The views point into the line or into HeardLine::storage.
struct HeardPoint {
  std::string_view name;
  double value = 0;
  std::string_view json;  ///< not empty: a non-numeric value, as JSON text
};

/// What one line of a script said. Made to be used again for the next line, so that its memory is.
struct HeardLine {
  enum class Kind {
    kNothing,     ///< understood, and nothing in it is for us
    kPlainText,   ///< not of the native form: the patterns may find something
    kMetrics,     ///< `points`, all with the same `step` and `time_us`
    kTag,         ///< `key`, `value`; no value = removed
    kProperty,    ///< `key`, `value`
    kSaid,        ///< `key` = completed or failed, `value` = message
    kParameters,  ///< `points`, every value as text or number
    kMalformed,   ///< meant for us and not usable: `problem`
  };
  Kind kind = Kind::kNothing;
  std::vector<HeardPoint> points;
  std::optional<std::int64_t> step;
  std::optional<std::int64_t> time_us;
  std::string key;
  std::optional<std::string> value;
  const char* problem = "";         ///< why it is malformed; constant text
  std::size_t skipped = 0;          ///< points left out because name or value is not usable
  std::deque<std::string> storage;  ///< addresses must stay when it grows

  void clear() {
    kind = Kind::kNothing;
    points.clear();
    step.reset();
    time_us.reset();
    key.clear();
    value.reset();
    problem = "";
    skipped = 0;
    if (!storage.empty()) storage.clear();
  }
};

/// Lines longer than this are counted and skipped, in every channel.
inline constexpr std::size_t kLongestScriptLine = 65536;
inline constexpr std::size_t kLongestName = 250;

/// Removes blanks around a name. Empty when it cannot be one: no bytes, more than kLongestName, or
/// control characters in it.
[[nodiscard]] std::string_view usable_name(std::string_view name);

}  // namespace hd
