#include "engine/core/tuner.h"

#include <algorithm>

namespace hd {

namespace {

constexpr int kFirstFailures = 5;
constexpr int kEarlyFailures = 3;
constexpr std::int64_t kEarlyFailuresWindowUs = 60'000'000;

}  // namespace

Tuner::Tuner(TunerConfig config, std::unique_ptr<Policy> policy)
    : config_(std::move(config)),
      policy_(std::move(policy)),
      history_(config_.primary_metric_name, config_.primary_metric_goal, config_.max_retries) {}

void Tuner::apply(const Event& event) {
  judge_child_ = -1;
  condemned_child_ = -1;
  // Several starts may follow from one answer.
  answered_ = std::holds_alternative<AskAnswered>(event.body) ||
              (answered_ && std::holds_alternative<ChildStarting>(event.body));
  const int about = event_child(event.body);
  const auto run_of = [&](int child) -> const ChildRun& {
    return history_.children()[static_cast<std::size_t>(child)];
  };
  int intervals_before = 0;
  bool was_terminal = false;
  // A child that was told to end cannot argue any more: what it reports afterwards is kept in the
  // history, but no verdict of another child may depend on how long it took to die.
  bool was_judged = false;
  if (about >= 0) {
    intervals_before = run_of(about).intervals;
    was_terminal = is_terminal(run_of(about).status);
    was_judged = about >= config_.resumed_children && !run_of(about).cancel_cause.has_value();
  }
  history_.apply(event);
  if (about < 0) return;
  const ChildRun& run = run_of(about);
  if (run.intervals > intervals_before && was_judged) {
    policy_->record(about, run.intervals, run.details->last);
    judge_child_ = about;
  }
  const auto* judged = std::get_if<PolicyJudged>(&event.body);
  if (judged != nullptr && judged->verdict.outcome == PolicyVerdict::Outcome::kCancel) {
    condemned_child_ = about;
  }
  if (!was_terminal && is_terminal(run.status) && about >= config_.resumed_children) {
    policy_->end(about);
  }
}

std::vector<EventBody> Tuner::decide() const {
  std::vector<EventBody> decisions;
  if (history_.status() == RunStatus::kNotStarted || is_terminal(history_.status())) {
    return decisions;
  }
  decide_verdict(decisions);
  if (!decisions.empty()) return decisions;
  decide_stop(decisions);
  if (!decisions.empty()) return decisions;
  if (auto end = decide_end()) {
    decisions.emplace_back(std::move(*end));
    return decisions;
  }
  decide_starts(decisions);
  return decisions;
}

void Tuner::decide_verdict(std::vector<EventBody>& decisions) const {
  const int child = std::max(judge_child_, condemned_child_);
  if (child < 0) return;
  const ChildRun& run = history_.children()[static_cast<std::size_t>(child)];
  if (!run.is_active() || run.cancel_cause) return;
  if (condemned_child_ >= 0) {
    decisions.emplace_back(
        CancelRequested{child, CancelCause::kPolicy, policy_->explain(*run.details->verdict)});
    return;
  }
  const PolicyVerdict verdict = policy_->judge(child);
  if (verdict.outcome == PolicyVerdict::Outcome::kNotDue) return;
  decisions.emplace_back(PolicyJudged{child, verdict});
}

void Tuner::decide_stop(std::vector<EventBody>& decisions) const {
  if (const auto& cancel = history_.cancel()) {
    for (const int child : history_.active_children()) {
      const ChildRun& run = history_.children()[static_cast<std::size_t>(child)];
      if (run.cancel_cause) continue;
      decisions.emplace_back(CancelRequested{child, cancel->cause, cancel->reason});
    }
    for (const ChildRun& run : history_.children()) {
      if (run.status == RunStatus::kQueued) {
        decisions.emplace_back(CancelRequested{run.index, cancel->cause, cancel->reason});
      }
    }
    return;
  }
  if (!config_.stop_on_first_failures || config_.max_total_runs < kEarlyFailures) return;
  const int failed = history_.failed();
  if (history_.completed() + history_.canceled() > 0 || failed < kEarlyFailures) return;
  int within_first_minute = 0;
  for (const ChildRun& run : history_.children()) {
    if (run.status == RunStatus::kFailed &&
        run.ended_us - history_.started_us() <= kEarlyFailuresWindowUs) {
      ++within_first_minute;
    }
  }
  if (failed < kFirstFailures && within_first_minute < kEarlyFailures) return;
  decisions.emplace_back(ParentCancelRequested{
      CancelCause::kFirstFailures,
      "the first " + std::to_string(failed) + " child runs to end all failed"});
}

std::optional<ParentEnded> Tuner::decide_end() const {
  if (history_.active() > 0 || history_.queued() > 0) return std::nullopt;
  const int generated = static_cast<int>(history_.children().size());
  const auto& cancel = history_.cancel();
  if (!cancel) {
    if (history_.ask_outstanding()) return std::nullopt;
    if (generated < config_.max_total_runs && !history_.exhausted()) return std::nullopt;
  }
  ParentEnded end;
  end.best_child = history_.best_child();
  if (cancel && cancel->cause == CancelCause::kFirstFailures) {
    end.status = RunStatus::kFailed;
    end.reason = cancel->reason;
  } else if (cancel && cancel->cause != CancelCause::kDuration) {
    end.status = RunStatus::kCanceled;
    end.reason = cancel->reason;
  } else if (generated > 0 && history_.failed() == generated) {
    end.status = RunStatus::kFailed;
    end.reason = generated == 1 ? "the run failed" : "every child run failed";
  } else if (cancel) {
    end.reason = cancel->reason;
  } else if (generated < config_.max_total_runs) {
    end.reason = "the parameter space is exhausted after " + std::to_string(generated) +
                 (generated == 1 ? " child run" : " child runs");
  } else {
    end.reason = "max_total_runs " + std::to_string(config_.max_total_runs) + " reached";
  }
  return end;
}

AskAhead Tuner::ask_ahead() const {
  if (!config_.sampler_learns) return {config_.ask_ahead, false, false};
  return plan_ask_ahead(
      history_.mean_ask_us(), history_.mean_attempt_us(), config_.max_concurrent_runs);
}

void Tuner::decide_starts(std::vector<EventBody>& decisions) const {
  if (history_.paused() || history_.cancel()) return;
  int places = config_.max_concurrent_runs - history_.active();
  if (places <= 0 || history_.startable_children().empty()) return;
  // An answer is used even if results came while it was computed: no place waits for a second ask.
  const bool only_fresh = !answered_ && !history_.exhausted() && ask_ahead().waits;
  const int standby = history_.first_standby();
  for (const int child : history_.startable_children()) {
    if (places <= 0) break;
    const ChildRun& run = history_.children()[static_cast<std::size_t>(child)];
    if (only_fresh && child >= standby && run.details->known_results < history_.results()) continue;
    decisions.emplace_back(ChildStarting{child, run.attempt + 1});
    --places;
  }
}

std::optional<AskIssued> Tuner::decide_ask() const {
  if (history_.status() == RunStatus::kNotStarted || is_terminal(history_.status()) ||
      history_.paused() || history_.cancel() || history_.ask_outstanding() ||
      history_.exhausted()) {
    return std::nullopt;
  }
  const AskAhead ahead = ask_ahead();
  const auto generated = static_cast<int>(history_.children().size());
  const int places = config_.max_concurrent_runs - history_.active();
  // Places that the ready configurations cannot fill; negative = what is left over of these.
  const int shortage = places - static_cast<int>(history_.startable_children().size());
  // Asking one at a time while the stock shrinks would mean one ask for each child; asking when
  // half of it is gone keeps a freed place from waiting and the number of asks small.
  const bool is_short = -shortage <= ahead.stock / 2;
  const int left = config_.max_total_runs - generated;
  const int more = is_short ? std::max(std::min(shortage + ahead.stock, left), 0) : 0;
  int first = generated;
  if (ahead.refreshes || (ahead.waits && places > 0)) {
    const int standby = history_.first_standby();
    // By rising index is by rising knowledge.
    if (standby < generated &&
        history_.children()[static_cast<std::size_t>(standby)].details->known_results <
            history_.results()) {
      first = standby;
    }
  }
  const int count = generated + more - first;
  if (count <= 0) return std::nullopt;
  return AskIssued{history_.next_ask(), first, count};
}

}  // namespace hd
