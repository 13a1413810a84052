#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace hd {

/// The platform's own state spellings (Canceled has one l). Frozen: stored by name.
enum class RunStatus : std::uint8_t {
  kNotStarted,
  kQueued,
  kPreparing,
  kProvisioning,
  kStarting,
  kRunning,
  kFinalizing,
  kCancelRequested,
  kPaused,
  kNotResponding,
  kCompleted,
  kFailed,
  kCanceled,
};

[[nodiscard]] std::string_view status_name(RunStatus status);
/// Throws std::invalid_argument for an unknown name. Case-insensitive.
[[nodiscard]] RunStatus parse_status(std::string_view name);
[[nodiscard]] inline bool is_terminal(RunStatus status) {
  return status == RunStatus::kCompleted || status == RunStatus::kFailed ||
         status == RunStatus::kCanceled;
}

/// How one attempt of a child run ended.
struct ExitStatus {
  enum class Kind {
    kExited,      ///< `code` is the exit code
    kSignaled,    ///< `code` is the signal
    kNotStarted,  ///< the script never ran: `message` says why
    kLost,        ///< the supervisor vanished without a record
    kTimeLimit,   ///< ended because the run's own time limit passed
  };
  Kind kind = Kind::kExited;
  int code = 0;
  std::string message;   ///< for people; may be empty
  std::string log_tail;  ///< last lines of stderr (or stdout) when it did not succeed
  double cpu_seconds = 0;
  std::int64_t max_resident_bytes = 0;
  std::int64_t time_us = 0;  ///< when, Unix microseconds

  [[nodiscard]] bool succeeded() const { return kind == Kind::kExited && code == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

/// "exit code 1", "signal 9 (Killed)", ...
[[nodiscard]] std::string describe(const ExitStatus& exit);

}  // namespace hd
