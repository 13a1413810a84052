#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/core/metric.h"
#include "engine/core/parameter_space.h"
#include "engine/core/policy.h"
#include "engine/core/run_state.h"

namespace hd {

// The history of one parent run is a list of these, numbered from 1 and never changed. Some report
// what happened outside, the others are decisions: they are appended first and carried out after.

/// An engine took the parent run up: at its submission, or to resume it.
struct EngineStarted {
  int epoch = 1;        ///< rises by one with every engine; a lower one may not write any more
  std::string boot_id;  ///< of the engine's machine
  std::int64_t boottime_us = 0;
  std::int64_t elapsed_us = 0;  ///< how long the parent run had been under way by then
  std::int64_t process_id = 0;
};
/// Decision: ask the sampler. Children from `first_child` on that exist already have not been
/// started and are asked for anew.
struct AskIssued {
  int ask = 0;          ///< from 0
  int first_child = 0;  ///< index the first answer will have
  int count = 0;
};
struct AskAnswered {
  int ask = 0;
  std::vector<Configuration> configurations;
  std::vector<std::string> reasons;
  bool exhausted = false;
  std::string notes;
  std::string warning;
  /// Index of the first configuration's child; children that exist are given theirs in place of the
  /// one they had. -1 = all are new.
  int first_child = -1;
  std::vector<Value> details;  ///< the reasons in parts, for programs; samplers may give none
};
/// Decision: start an attempt of a child run.
struct ChildStarting {
  int child = 0;
  int attempt = 0;  ///< from 0
};
struct ChildStarted {
  int child = 0;
  int attempt = 0;
  std::string where;  ///< host, slot or job, for people
  std::int64_t process_id = 0;
};
struct MetricReported {
  int child = 0;
  int attempt = 0;
  MetricPoint point;
};
/// Decision: what the policy said of a child's latest interval.
struct PolicyJudged {
  int child = 0;
  PolicyVerdict verdict;
};
enum class CancelCause : std::uint8_t {
  kPolicy = 1,
  kUser = 2,
  kDuration = 3,
  kFirstFailures = 4,
  kInterrupt = 5
};
/// Decision: end a child run.
struct CancelRequested {
  int child = 0;
  CancelCause cause = CancelCause::kPolicy;
  std::string reason;  ///< with the numbers compared
};
struct ChildEnded {
  int child = 0;
  int attempt = 0;
  ExitStatus exit;
};
/// Somebody, or a limit, wants the whole parent run to end.
struct ParentCancelRequested {
  CancelCause cause = CancelCause::kUser;
  std::string reason;
};
/// A user asked to end one child.
struct ChildCancelRequested {
  int child = 0;
  std::string reason;
};
struct PauseRequested {};
struct UnpauseRequested {};
/// Decision: the parent run is over.
struct ParentEnded {
  RunStatus status = RunStatus::kCompleted;
  std::string reason;
  int best_child = -1;  ///< -1 when no child reported the primary metric
};
/// Something the user should know; changes nothing.
struct Noted {
  int child = -1;  ///< -1 = the parent run
  std::string text;
  std::int64_t sequence = 0;  ///< place in the attempt's stream; 0 = said by the engine
};
struct TagSet {
  int child = -1;  ///< -1 = the parent run
  std::string key;
  std::string value;
  bool removed = false;
  bool is_property = false;   ///< properties cannot change once set
  std::int64_t sequence = 0;  ///< as in Noted
};
/// The script called `complete` or `fail`; advisory, the exit code decides.
struct ScriptSaid {
  int child = 0;
  std::string status;
  std::string message;
  std::int64_t sequence = 0;  ///< as in Noted
};

/// The back-off before another attempt of a failed child run is over.
struct RetryDue {
  int child = 0;
};

using EventBody = std::variant<EngineStarted,
                               AskIssued,
                               AskAnswered,
                               ChildStarting,
                               ChildStarted,
                               MetricReported,
                               PolicyJudged,
                               CancelRequested,
                               ChildEnded,
                               ParentCancelRequested,
                               ChildCancelRequested,
                               PauseRequested,
                               UnpauseRequested,
                               ParentEnded,
                               Noted,
                               TagSet,
                               ScriptSaid,
                               RetryDue>;

struct Event {
  std::int64_t number = 0;   ///< position in the parent run's history, from 1
  std::int64_t time_us = 0;  ///< wall clock of the engine, Unix microseconds
  EventBody body;
};

/// Stable name of the event kind, as stored and shown ("child_started").
[[nodiscard]] std::string_view event_name(const EventBody& body);
/// Child the event is about, or -1.
[[nodiscard]] int event_child(const EventBody& body);

}  // namespace hd
