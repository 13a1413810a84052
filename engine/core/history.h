#pragma once
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/sampler.h"

namespace hd {

/// What is known of a child run beside what became of it: needed while it goes on, and to tell its
/// end.
struct ChildDetails {
  std::string sampler_reason;
  int known_results = 0;       ///< how many results its configuration was asked with
  int ran_attempt = -1;        ///< the latest whose script came to run; -1 = none
  int continued_attempt = -1;  ///< the one that the latest goes on from; -1 = none
  std::string where;
  std::int64_t next_sequence = 1;  ///< first stream number of this attempt not yet in the history
  double last = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> recent;            ///< the last ten primary values, oldest first
  std::optional<PolicyVerdict> verdict;  ///< the latest
  std::string cancel_reason;
  ExitStatus exit;  ///< of the latest attempt that ended
};

/// One child run. There may be hundreds of thousands, so what is kept of each for ever is small.
struct ChildRun {
  int index = 0;
  int attempt = -1;   ///< -1 before the first start
  int intervals = 0;  ///< reports of the primary metric
  RunStatus status = RunStatus::kQueued;
  std::optional<CancelCause> cancel_cause;
  bool waits_for_retry = false;  ///< failed, and its back-off is not over
  std::int64_t started_us = 0;   ///< of the latest attempt; 0 = not yet
  std::int64_t ended_us = 0;     ///< 0 = not yet
  double best = std::numeric_limits<double>::quiet_NaN();
  /// Its configuration and, as it becomes known, its result; null when forgotten.
  std::shared_ptr<const Trial> trial;
  std::unique_ptr<ChildDetails> details = std::make_unique<ChildDetails>();  ///< null = forgotten

  /// Precondition: the trial was not forgotten.
  [[nodiscard]] const Configuration& configuration() const { return trial->configuration; }
  /// Starting or running: it takes one of the max_concurrent_runs places.
  [[nodiscard]] bool is_active() const;
  /// Has a configuration and has never been started.
  [[nodiscard]] bool is_standby() const { return status == RunStatus::kQueued && attempt < 0; }
};

/// An ask that was issued and is not answered yet.
struct OutstandingAsk {
  AskIssued issued;
  int known_results = 0;  ///< when it was issued
  std::int64_t issued_us = 0;
  /// A child it asks for anew was started or canceled in the meantime, so that the answer, which
  /// knows nothing of that child's configuration, cannot be used.
  bool overtaken = false;
};

/// Exponentially weighted mean of durations.
struct RecentTime {
  double mean_us = std::numeric_limits<double>::quiet_NaN();
  void add(std::int64_t duration_us);
};

/// The read model of one parent run, built by applying its events and by nothing else. Cheap per
/// event, whatever the number of children.
class History {
 public:
  History(std::string primary_metric_name, Goal goal, int max_retries);

  void apply(const Event& event);

  /// Forgets the details of the children that ended, and their trials unless `keeps_trials`; all
  /// but those of the best child. They are in the store for whoever asks. Everything that is
  /// applied later has the same effect with and without.
  void forget_ended(bool keeps_trials);

  [[nodiscard]] const std::deque<ChildRun>& children() const { return children_; }
  [[nodiscard]] const std::string& primary_metric_name() const { return primary_metric_name_; }
  [[nodiscard]] Goal goal() const { return goal_; }
  [[nodiscard]] RunStatus status() const { return status_; }
  [[nodiscard]] int best_child() const { return best_child_; }  ///< -1 = none yet
  /// Children asked to run or running, by rising index.
  [[nodiscard]] const std::vector<int>& active_children() const { return active_children_; }
  [[nodiscard]] int active() const { return static_cast<int>(active_children_.size()); }
  /// Children that may be started now, in the order in which they should be.
  [[nodiscard]] const std::deque<int>& startable_children() const { return startable_; }
  [[nodiscard]] int queued() const { return queued_; }  ///< asked, not yet started
  [[nodiscard]] int completed() const { return completed_; }
  [[nodiscard]] int failed() const { return failed_; }
  [[nodiscard]] int canceled() const { return canceled_; }
  [[nodiscard]] int canceled_by_policy() const { return canceled_by_policy_; }
  [[nodiscard]] bool exhausted() const { return exhausted_; }
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] const std::optional<ParentCancelRequested>& cancel() const { return cancel_; }
  [[nodiscard]] std::int64_t started_us() const { return started_us_; }
  [[nodiscard]] std::int64_t ended_us() const { return ended_us_; }
  [[nodiscard]] const std::string& end_reason() const { return end_reason_; }
  [[nodiscard]] int epoch() const { return epoch_; }
  [[nodiscard]] int next_ask() const { return next_ask_; }
  [[nodiscard]] bool ask_outstanding() const { return outstanding_ask_.has_value(); }
  [[nodiscard]] const std::optional<OutstandingAsk>& outstanding_ask() const {
    return outstanding_ask_;
  }
  /// Children that ran and ended, in whatever way: what a sampler can learn from.
  [[nodiscard]] int results() const { return results_; }
  /// First of the standby children at the end of the list: those an ask may ask for anew. The
  /// number of children when there is none.
  [[nodiscard]] int first_standby() const;
  /// How long an ask, and an attempt of a child run, took of late; NaN before the first.
  [[nodiscard]] double mean_ask_us() const { return ask_time_.mean_us; }
  [[nodiscard]] double mean_attempt_us() const { return attempt_time_.mean_us; }
  [[nodiscard]] const std::string& sampler_notes() const { return sampler_notes_; }
  /// Names of metrics seen that are not the primary one, with how often; at most 50.
  [[nodiscard]] const std::vector<std::pair<std::string, std::int64_t>>& other_metrics() const {
    return other_metrics_;
  }
  /// All asked configurations with what is known of them, for a sampler. O(children) shared
  /// pointers. Precondition: none was forgotten.
  [[nodiscard]] std::vector<std::shared_ptr<const Trial>> trials() const;

 private:
  ChildRun& child(int index);
  ChildRun* living_child(int index);
  void advance_sequence(int index, std::int64_t sequence);
  void apply_body(const EngineStarted& body, const Event& event);
  void apply_body(const AskIssued& body, const Event& event);
  void apply_body(const AskAnswered& body, const Event& event);
  void apply_body(const ChildStarting& body, const Event& event);
  void apply_body(const ChildStarted& body, const Event& event);
  void apply_body(const MetricReported& body, const Event& event);
  void apply_body(const PolicyJudged& body, const Event& event);
  void apply_body(const CancelRequested& body, const Event& event);
  void apply_body(const ChildEnded& body, const Event& event);
  void apply_body(const ParentCancelRequested& body, const Event& event);
  void apply_body(const ChildCancelRequested& body, const Event& event);
  void apply_body(const PauseRequested& body, const Event& event);
  void apply_body(const UnpauseRequested& body, const Event& event);
  void apply_body(const ParentEnded& body, const Event& event);
  void apply_body(const Noted& body, const Event& event);
  void apply_body(const TagSet& body, const Event& event);
  void apply_body(const ScriptSaid& body, const Event& event);
  void apply_body(const RetryDue& body, const Event& event);
  void settle(ChildRun& run, RunStatus status);
  void leave_standby(const ChildRun& run);
  void update_trial(ChildRun& run, Trial::Outcome outcome);

  std::string primary_metric_name_;
  Goal goal_;
  RunStatus status_ = RunStatus::kNotStarted;
  std::deque<ChildRun> children_;
  int best_child_ = -1;
  std::vector<int> forgettable_;  ///< ended, and may still have details
  std::vector<int> active_children_;
  std::deque<int> startable_;
  int max_retries_ = 0;
  int queued_ = 0, completed_ = 0, failed_ = 0, canceled_ = 0, canceled_by_policy_ = 0;
  bool exhausted_ = false, paused_ = false;
  int epoch_ = 0, next_ask_ = 0, results_ = 0;
  std::optional<OutstandingAsk> outstanding_ask_;
  RecentTime ask_time_, attempt_time_;
  std::optional<ParentCancelRequested> cancel_;
  std::int64_t started_us_ = 0, ended_us_ = 0;
  std::string end_reason_, sampler_notes_;
  std::vector<std::pair<std::string, std::int64_t>> other_metrics_;
};

}  // namespace hd
