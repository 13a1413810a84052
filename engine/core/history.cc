#include "engine/core/history.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace hd {

namespace {

constexpr std::size_t kRecentValues = 10;
constexpr std::size_t kOtherMetrics = 50;
constexpr double kNewestShare = 0.125;  ///< of the latest duration in the mean of recent ones

}  // namespace

bool ChildRun::is_active() const {
  return status == RunStatus::kStarting || status == RunStatus::kRunning ||
         (status == RunStatus::kCancelRequested && attempt >= 0);
}

void RecentTime::add(std::int64_t duration_us) {
  // The wall clock may have been set back.
  const auto time = static_cast<double>(std::max<std::int64_t>(duration_us, 0));
  mean_us = std::isnan(mean_us) ? time : mean_us + kNewestShare * (time - mean_us);
}

History::History(std::string primary_metric_name, Goal goal, int max_retries)
    : primary_metric_name_(std::move(primary_metric_name)),
      goal_(goal),
      max_retries_(max_retries) {}

void History::apply(const Event& event) {
  std::visit([&](const auto& body) { apply_body(body, event); }, event.body);
}

std::vector<std::shared_ptr<const Trial>> History::trials() const {
  std::vector<std::shared_ptr<const Trial>> trials;
  trials.reserve(children_.size());
  for (const ChildRun& run : children_) {
    if (run.is_active() && is_better(goal_, run.best, run.trial->value)) {
      auto trial = std::make_shared<Trial>(*run.trial);
      trial->value = run.best;
      trials.push_back(std::move(trial));
    } else {
      trials.push_back(run.trial);
    }
  }
  return trials;
}

int History::first_standby() const {
  auto first = static_cast<int>(children_.size());
  while (first > 0 && children_[static_cast<std::size_t>(first) - 1].is_standby()) --first;
  return first;
}

void History::forget_ended(bool keeps_trials) {
  for (const int index : forgettable_) {
    if (index == best_child_) continue;  // until there is a better one
    ChildRun& run = child(index);
    run.details.reset();
    if (!keeps_trials) run.trial.reset();
  }
  forgettable_.clear();
}

ChildRun& History::child(int index) {
  if (index < 0 || static_cast<std::size_t>(index) >= children_.size()) {
    throw std::logic_error("the history names child " + std::to_string(index) + " of " +
                           std::to_string(children_.size()));
  }
  return children_[static_cast<std::size_t>(index)];
}

/// The child, or null after its end: nothing that is said of it then changes anything.
ChildRun* History::living_child(int index) {
  ChildRun& run = child(index);
  return is_terminal(run.status) ? nullptr : &run;
}

void History::advance_sequence(int index, std::int64_t sequence) {
  if (ChildRun* run = living_child(index)) {
    run->details->next_sequence = std::max(run->details->next_sequence, sequence + 1);
  }
}

void History::apply_body(const EngineStarted& body, const Event& event) {
  epoch_ = body.epoch;
  if (started_us_ == 0) started_us_ = event.time_us;
  if (status_ == RunStatus::kNotStarted) status_ = RunStatus::kRunning;
  // The new engine issues the ask again; how long nobody was there says nothing of asks.
  if (outstanding_ask_) outstanding_ask_->issued_us = event.time_us;
}

void History::apply_body(const AskIssued& body, const Event& event) {
  next_ask_ = body.ask + 1;
  outstanding_ask_ = OutstandingAsk{body, results_, event.time_us, false};
}

void History::apply_body(const AskAnswered& body, const Event& event) {
  int known_results = results_;
  if (outstanding_ask_) {
    known_results = outstanding_ask_->known_results;
    ask_time_.add(event.time_us - outstanding_ask_->issued_us);
  }
  outstanding_ask_.reset();
  exhausted_ = body.exhausted;
  sampler_notes_ = body.notes;
  int index = body.first_child < 0 ? static_cast<int>(children_.size()) : body.first_child;
  for (std::size_t i = 0; i < body.configurations.size(); ++i, ++index) {
    if (index == static_cast<int>(children_.size())) {
      children_.emplace_back().index = index;
      startable_.push_back(index);
      ++queued_;
    }
    ChildRun* run = living_child(index);
    if (run == nullptr) continue;
    run->details->known_results = known_results;
    run->details->sampler_reason = i < body.reasons.size() ? body.reasons[i] : std::string();
    auto trial = std::make_shared<Trial>();
    trial->id = index;
    trial->configuration = body.configurations[i];
    trial->value = std::numeric_limits<double>::quiet_NaN();
    run->trial = std::move(trial);
  }
}

void History::apply_body(const ChildStarting& body, const Event& /*event*/) {
  ChildRun* const living = living_child(body.child);
  if (living == nullptr) return;
  ChildRun& run = *living;
  leave_standby(run);
  const auto place = std::find(startable_.begin(), startable_.end(), body.child);
  if (place != startable_.end()) startable_.erase(place);
  if (run.status == RunStatus::kQueued) --queued_;
  run.status = RunStatus::kStarting;
  run.attempt = body.attempt;
  run.details->continued_attempt = run.details->ran_attempt;
  run.details->next_sequence = 1;
  run.started_us = 0;
  run.waits_for_retry = false;
  active_children_.insert(
      std::lower_bound(active_children_.begin(), active_children_.end(), body.child), body.child);
}

void History::apply_body(const ChildStarted& body, const Event& event) {
  ChildRun* const run = living_child(body.child);
  if (run == nullptr || body.attempt != run->attempt) return;
  if (run->status == RunStatus::kStarting) run->status = RunStatus::kRunning;
  run->started_us = event.time_us;
  run->details->ran_attempt = body.attempt;
  run->details->where = body.where;
  advance_sequence(body.child, 1);
}

void History::apply_body(const MetricReported& body, const Event& /*event*/) {
  ChildRun* const run = living_child(body.child);
  if (run == nullptr || body.attempt != run->attempt) return;
  advance_sequence(body.child, body.point.sequence);
  if (!body.point.text.empty()) return;
  if (body.point.name != primary_metric_name_) {
    for (auto& [name, count] : other_metrics_) {
      if (name == body.point.name) {
        ++count;
        return;
      }
    }
    if (other_metrics_.size() < kOtherMetrics) other_metrics_.emplace_back(body.point.name, 1);
    return;
  }
  const double value = body.point.value;
  ++run->intervals;
  run->details->last = value;
  std::vector<double>& recent = run->details->recent;
  if (recent.size() == kRecentValues) recent.erase(recent.begin());
  recent.push_back(value);
  if (!is_better(goal_, value, run->best)) return;
  run->best = value;
  if (best_child_ >= 0) {
    const ChildRun& best = child(best_child_);
    if (!is_better(goal_, value, best.best)) return;
    if (is_terminal(best.status)) forgettable_.push_back(best_child_);
  }
  best_child_ = run->index;
}

void History::apply_body(const PolicyJudged& body, const Event& /*event*/) {
  if (ChildRun* run = living_child(body.child)) run->details->verdict = body.verdict;
}

void History::apply_body(const CancelRequested& body, const Event& event) {
  ChildRun* const living = living_child(body.child);
  if (living == nullptr) return;
  ChildRun& run = *living;
  run.cancel_cause = body.cause;
  run.details->cancel_reason = body.reason;
  if (run.is_active()) {
    run.status = RunStatus::kCancelRequested;
    return;
  }
  // Never started, or waiting for its next attempt: there is nothing to wait for.
  leave_standby(run);
  run.ended_us = event.time_us;
  settle(run, RunStatus::kCanceled);
}

void History::apply_body(const ChildEnded& body, const Event& event) {
  ChildRun& run = child(body.child);
  if (body.attempt != run.attempt || !run.is_active()) return;
  run.details->exit = body.exit;
  run.ended_us = event.time_us;
  if (run.started_us > 0) attempt_time_.add(run.ended_us - run.started_us);
  const auto place = std::lower_bound(active_children_.begin(), active_children_.end(), body.child);
  if (place != active_children_.end() && *place == body.child) active_children_.erase(place);
  if (run.cancel_cause) {
    settle(run, RunStatus::kCanceled);
  } else if (body.exit.succeeded()) {
    settle(run, RunStatus::kCompleted);
  } else if (body.exit.kind == ExitStatus::Kind::kTimeLimit) {
    run.cancel_cause = CancelCause::kDuration;
    run.details->cancel_reason =
        body.exit.message.empty() ? describe(body.exit) : body.exit.message;
    settle(run, RunStatus::kCanceled);
  } else if (run.attempt < max_retries_ && !cancel_) {
    run.status = RunStatus::kQueued;
    run.waits_for_retry = true;
    ++queued_;
  } else {
    settle(run, RunStatus::kFailed);
  }
}

void History::leave_standby(const ChildRun& run) {
  if (outstanding_ask_ && run.index >= outstanding_ask_->issued.first_child) {
    outstanding_ask_->overtaken = true;
  }
}

void History::settle(ChildRun& run, RunStatus status) {
  if (run.attempt >= 0) ++results_;
  if (run.status == RunStatus::kQueued) --queued_;
  const auto waiting = std::find(startable_.begin(), startable_.end(), run.index);
  if (waiting != startable_.end()) startable_.erase(waiting);
  run.waits_for_retry = false;
  run.status = status;
  forgettable_.push_back(run.index);
  if (status == RunStatus::kCompleted) {
    ++completed_;
    update_trial(run, Trial::Outcome::kFinished);
  } else if (status == RunStatus::kFailed) {
    ++failed_;
    update_trial(run, Trial::Outcome::kFailed);
  } else {
    ++canceled_;
    if (run.cancel_cause == CancelCause::kPolicy) ++canceled_by_policy_;
    update_trial(run, Trial::Outcome::kCensored);
  }
}

/// Only at the end of a run: renewing the snapshot for each improvement would cost more than all
/// the rest of taking in a point.
void History::update_trial(ChildRun& run, Trial::Outcome outcome) {
  auto trial = std::make_shared<Trial>(*run.trial);
  trial->outcome = outcome;
  trial->value = run.best;
  run.trial = std::move(trial);
}

void History::apply_body(const ParentCancelRequested& body, const Event& /*event*/) {
  if (cancel_ || is_terminal(status_)) return;
  cancel_ = body;
  status_ = RunStatus::kCancelRequested;
}

void History::apply_body(const ChildCancelRequested& /*body*/, const Event& /*event*/) {}

void History::apply_body(const PauseRequested& /*body*/, const Event& /*event*/) {
  if (is_terminal(status_) || cancel_) return;
  paused_ = true;
  status_ = RunStatus::kPaused;
}

void History::apply_body(const UnpauseRequested& /*body*/, const Event& /*event*/) {
  if (!paused_) return;
  paused_ = false;
  if (status_ == RunStatus::kPaused) status_ = RunStatus::kRunning;
}

void History::apply_body(const ParentEnded& body, const Event& event) {
  status_ = body.status;
  end_reason_ = body.reason;
  ended_us_ = event.time_us;
}

void History::apply_body(const Noted& body, const Event& /*event*/) {
  if (body.child >= 0 && body.sequence > 0) advance_sequence(body.child, body.sequence);
}

void History::apply_body(const TagSet& body, const Event& /*event*/) {
  if (body.child >= 0 && body.sequence > 0) advance_sequence(body.child, body.sequence);
}

void History::apply_body(const ScriptSaid& body, const Event& /*event*/) {
  if (body.sequence > 0) advance_sequence(body.child, body.sequence);
}

void History::apply_body(const RetryDue& body, const Event& /*event*/) {
  ChildRun& run = child(body.child);
  if (!run.waits_for_retry) return;
  run.waits_for_retry = false;
  startable_.push_back(body.child);
}

}  // namespace hd
