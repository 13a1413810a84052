#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "executors/supervisor/heard_line.h"
#include "executors/supervisor/stream_log.h"

namespace hd {

/// The ways a metric reaches the supervisor, the most trusted first.
enum class Route : int { kNative = 1, kMlflow = 2, kEventFile = 3, kPattern = 4 };

/// The time, by the two clocks that matter: one to stamp points with, one to wait by.
struct Now {
  std::int64_t wall_us = 0;    ///< Unix microseconds
  std::int64_t steady_us = 0;  ///< monotonic
};

/// Decides which of the heard values count. A name belongs to the best route that used it: once it
/// was heard natively, what patterns find under it is dropped. Scripts often print a value and log
/// it in the same moment, so the first values that a pattern finds under a new name are held for
/// kHoldUs, to see whether those of a better route arrive. Event files are written minutes late and
/// tell everything from the start: a name whose printed values count already stays with these.
class MetricRouter {
 public:
  static constexpr std::int64_t kHoldUs = 100'000;
  /// The longest time for which `expect_more` keeps a value.
  static constexpr std::int64_t kLongestHoldUs = 1'000'000;
  static constexpr std::size_t kMostNames = 10'000;
  /// Points, tags and words of one attempt; whoever says more fills disks and tells nobody
  /// anything.
  static constexpr std::int64_t kMostFacts = 20'000'000;

  explicit MetricRouter(StreamLog& log, std::int64_t most_facts = kMostFacts)
      : log_(log), facts_left_(most_facts) {}

  /// Points that bring no time get `now`.
  void hear(const HeardLine& line, Route route, const Now& now);

  /// The script is about to say something by a better route, which takes its time: what is held
  /// waits for that.
  void expect_more(std::int64_t steady_us);

  /// Passes on what was held for long enough; with `all`, everything.
  void release(std::int64_t steady_us, bool all);
  /// When the oldest held value is due, by the monotonic clock; nullopt = nothing is held.
  [[nodiscard]] std::optional<std::int64_t> next_release_us() const;

 private:
  struct Name {
    Route route = Route::kNative;
    bool settled = true;  ///< false while its first values are held
    std::string encoded;  ///< as a JSON string
  };
  struct Held {
    Name* name;
    HeardPoint point;  ///< without views
    std::optional<std::int64_t> step;
    std::int64_t time_us;
    std::int64_t heard_us;
    std::int64_t due_us;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  Name* find_or_add(std::string_view text, Route route);
  void hear_point(const HeardPoint& point, const HeardLine& line, Route route, const Now& now);
  void note_once(bool& noted, const std::string& text);
  [[nodiscard]] bool take_place();

  StreamLog& log_;
  // Node-based: names stay at their address.
  std::unordered_map<std::string, Name, Hash, std::equal_to<>> names_;
  std::vector<Held> held_;
  std::int64_t facts_left_;
  bool too_many_facts_noted_ = false;
  bool too_many_noted_ = false;
  bool skipped_noted_ = false;
  bool malformed_noted_ = false;
};

}  // namespace hd
