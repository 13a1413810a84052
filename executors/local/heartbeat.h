#pragma once
#include <chrono>

namespace hd {

/// When a supervisor counts as hanging.
struct HeartbeatTiming {
  /// Between two checks.
  std::chrono::milliseconds interval{5000};
  /// Silent checks in a row until it is said, and until the supervisor is ended. A minute is long
  /// for a program that wakes up only to read, and short for a sweep.
  int silent_until_told = 6;
  int silent_until_ended = 12;
  /// Instead, once a user wants the child run gone at once.
  int silent_when_forced = 2;
};

/// Counts the checks that a supervisor did not answer. Silence is counted in checks, not in time:
/// when the whole machine sleeps or is frozen, nobody checks, and the first check afterwards is one
/// like any other.
class Heartbeat {
 public:
  explicit Heartbeat(HeartbeatTiming timing) : timing_(timing) {}

  enum class Finding {
    kNothing,
    kSilent,  ///< to be told
    kBack,    ///< a silence that was told is over
    kHangs,   ///< to be ended
    kStuck,   ///< was to be ended, and is still there: not even SIGKILL reaches it
  };
  /// Takes in one check.
  [[nodiscard]] Finding check(bool answered, bool forced);

 private:
  HeartbeatTiming timing_;
  int silent_ = 0;
  int since_end_ = -1;  ///< checks since kHangs; -1 = not yet
  bool told_ = false;
};

}  // namespace hd
