#include "engine/loop/tuner_loop.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "engine/core/ask_events.h"
#include "engine/core/error.h"
#include "engine/core/fault_point.h"
#include "engine/core/tuner.h"
#include "engine/loop/engine_start.h"
#include "engine/loop/metric_name_hint.h"
#include "engine/loop/thread_ask_worker.h"

namespace hd {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long the engine waits before it tries again to write a history it could not write.
constexpr seconds kStoreRetry{2};
constexpr seconds kFirstBackOff{1};
constexpr seconds kLongestBackOff{300};

TunerConfig tuner_config(const TunerLoopParts& parts) {
  TunerConfig config;
  config.primary_metric_name = parts.config.primary_metric_name;
  config.primary_metric_goal = parts.config.primary_metric_goal;
  config.max_total_runs = parts.config.max_total_runs;
  config.max_concurrent_runs = parts.config.max_concurrent_runs;
  config.max_retries = parts.config.max_retries;
  config.resumed_children = static_cast<int>(parts.spec.warm_start.children.size());
  config.stop_on_first_failures = !parts.spec.keep_going;
  // A sampler that does not look at results loses nothing by being asked early.
  config.sampler_learns = parts.sampler->needs_trials();
  if (!config.sampler_learns) config.ask_ahead = std::min(config.max_concurrent_runs, 64);
  return config;
}

microseconds back_off(int attempt) {
  const auto factor = std::int64_t{1} << std::clamp(attempt, 0, 20);
  return std::min<microseconds>(kFirstBackOff * factor, kLongestBackOff);
}

}  // namespace

struct TunerLoop::State {
  State(TunerLoop& loop_in,
        boost::asio::io_context& io_in,
        Clock& clock_in,
        RunStore& store_in,
        TunerLoopParts parts_in)
      : loop(loop_in),
        io(io_in),
        clock(clock_in),
        store(store_in),
        parts(std::move(parts_in)),
        tuner(tuner_config(parts), std::move(parts.policy)),
        asks(std::move(parts.ask_worker)) {
    if (!asks) asks = std::make_unique<ThreadAskWorker>(io);
    replay();
  }

  void replay();
  void begin();
  void adopt_children();
  void arm_duration_limit();
  void call_after(microseconds delay, std::function<void()> action);
  void poll_commands();
  void take_commands();
  void forget_commands();
  void obey(const Command& command);
  void look_for_commands();
  void tell_trouble(const std::string& message);
  void push(EventBody body);
  void handle(EventBody body);
  void schedule_commit();
  void commit();
  void carry_out(const Event& event);
  void push_asks();
  void issue_ask();
  void carry_out_start(const ChildStarting& starting);
  void answer(AskResult result);
  void arm_retry(const ChildRun& run);
  void note_missing_metric(const ChildRun& run);
  void cancel_everything(CancelCause cause, const std::string& reason);
  [[nodiscard]] const ChildRun* current(int child, int attempt) const;

  TunerLoop& loop;
  boost::asio::io_context& io;
  Clock& clock;
  RunStore& store;
  TunerLoopParts parts;
  Tuner tuner;
  std::unique_ptr<AskWorker> asks;
  Executor* executor = nullptr;
  std::vector<RunObserver*> observers;
  std::vector<Event> pending;  ///< applied, not yet durable, not yet carried out
  std::int64_t last_number = 0;
  std::int64_t elapsed_us = 0;  ///< at the latest EngineStarted
  std::int64_t obeyed_command = 0;
  std::int64_t forgotten_command = 0;
  std::optional<EngineStarted> latest_engine;
  std::int64_t latest_engine_time_us = 0;
  /// Of the outstanding ask, as the history stood when it was issued: the answer depends on nothing
  /// that came later, also when another engine gets it.
  std::optional<AskRequest> asked;
  int epoch = 0;
  bool commit_scheduled = false;
  bool stalled = false;        ///< the last append failed and is tried again
  bool troubled = false;       ///< a trouble with the history was told and is not over
  bool commands_wait = false;  ///< there were some when the history could not be read
  bool gives_up = false;
  bool ended = false;
  bool detached = false;
  bool warned_of_metric = false;
  std::shared_ptr<int> alive = std::make_shared<int>(0);
};

void TunerLoop::State::replay() {
  store.replay(parts.spec.run_id, [&](const Event& event) {
    tuner.apply(event);
    tuner.forget_ended();
    last_number = event.number;
    if (const auto* engine = std::get_if<EngineStarted>(&event.body)) {
      latest_engine = *engine;
      latest_engine_time_us = event.time_us;
    } else if (const auto* issued = std::get_if<AskIssued>(&event.body)) {
      asked = ask_request(*issued, tuner.history(), *parts.sampler, parts.spec.seed);
    } else if (std::holds_alternative<AskAnswered>(event.body)) {
      asked.reset();
    }
  });
}

void TunerLoop::State::begin() {
  EngineStarted started = engine_started(clock, epoch, latest_engine, latest_engine_time_us);
  elapsed_us = started.elapsed_us;
  push(std::move(started));
  if (asked) issue_ask();
  adopt_children();
  arm_duration_limit();
  take_commands();
  poll_commands();
  schedule_commit();
}

/// Timers may outlive this engine when several follow each other on one clock.
void TunerLoop::State::call_after(microseconds delay, std::function<void()> action) {
  clock.call_after(delay, [alive = std::weak_ptr<int>(alive), action = std::move(action)] {
    if (!alive.expired()) action();
  });
}

void TunerLoop::State::adopt_children() {
  const std::vector<int> active = tuner.history().active_children();
  for (const int child : active) {
    const ChildRun& run = tuner.history().children()[static_cast<std::size_t>(child)];
    // Children decided on just now are started by the commit that makes the decision durable.
    const bool decided_now = std::any_of(pending.begin(), pending.end(), [&](const Event& event) {
      const auto* starting = std::get_if<ChildStarting>(&event.body);
      return starting != nullptr && starting->child == child;
    });
    if (decided_now) continue;
    executor->adopt(parts.child_spec(run, run.attempt), run.details->next_sequence);
    if (run.cancel_cause) executor->request_cancel(child, run.attempt, false);
  }
  for (const ChildRun& run : tuner.history().children()) {
    if (run.waits_for_retry) arm_retry(run);
  }
}

void TunerLoop::State::arm_duration_limit() {
  const std::int64_t limit_seconds =
      parts.config.max_duration_seconds.value_or(parts.config.max_duration_minutes * 60);
  const std::string name = parts.config.max_duration_seconds
                               ? std::to_string(limit_seconds) + " seconds"
                               : std::to_string(limit_seconds / 60) + " minutes";
  const microseconds left{std::max<std::int64_t>(limit_seconds * 1'000'000 - elapsed_us, 0)};
  call_after(left, [this, name] {
    cancel_everything(CancelCause::kDuration, "the maximum duration of " + name + " was reached");
  });
}

void TunerLoop::State::poll_commands() {
  if (parts.command_poll.count() <= 0) return;
  call_after(parts.command_poll, [this] {
    if (ended || detached) return;
    look_for_commands();
    poll_commands();
  });
}

/// A history that cannot be read now can be read later; the children go on meanwhile.
void TunerLoop::State::look_for_commands() {
  try {
    commands_wait = store.changed_by_others() || commands_wait;
    if (commands_wait) take_commands();
    commands_wait = false;
    if (!stalled) tell_trouble({});
  } catch (const FencedError&) {
    throw;
  } catch (const StoreError& error) {
    tell_trouble(error.what());
  }
}

void TunerLoop::State::tell_trouble(const std::string& message) {
  if (std::exchange(troubled, !message.empty()) == troubled) return;
  if (loop.trouble_) loop.trouble_(message);
}

void TunerLoop::State::take_commands() {
  for (const Command& command : store.commands(parts.spec.run_id)) {
    if (command.id <= obeyed_command) continue;
    obeyed_command = command.id;
    obey(command);
  }
  if (pending.empty()) forget_commands();
}

/// Only after what a command led to is durable: an engine that dies in between leaves it to the
/// next.
void TunerLoop::State::forget_commands() {
  if (obeyed_command == forgotten_command) return;
  try {
    store.forget_commands(parts.spec.run_id, obeyed_command);
    forgotten_command = obeyed_command;
  } catch (const StoreError&) {
    // Obeying one twice does no harm, so this can wait for the next commit.
  }
}

void TunerLoop::State::obey(const Command& command) {
  const History& history = tuner.history();
  switch (command.kind) {
    case Command::Kind::kCancel:
      cancel_everything(CancelCause::kUser, command.reason);
      return;
    case Command::Kind::kPause:
      if (!history.paused()) handle(PauseRequested{});
      return;
    case Command::Kind::kUnpause:
      if (history.paused()) handle(UnpauseRequested{});
      return;
    case Command::Kind::kCancelChild:
      break;
  }
  const auto count = static_cast<int>(history.children().size());
  if (command.child < 0 || command.child >= count) return;
  const ChildRun& run = history.children()[static_cast<std::size_t>(command.child)];
  if (is_terminal(run.status) || run.cancel_cause) return;
  push(ChildCancelRequested{command.child, command.reason});
  handle(CancelRequested{command.child, CancelCause::kUser, command.reason});
}

void TunerLoop::State::cancel_everything(CancelCause cause, const std::string& reason) {
  const History& history = tuner.history();
  if (is_terminal(history.status())) return;
  if (!history.cancel()) {
    handle(ParentCancelRequested{cause, reason});
    return;
  }
  if (cause == CancelCause::kDuration) return;
  // Asked a second time: the grace is over, and so is waiting for a history that cannot be written.
  gives_up = true;
  for (const int child : history.active_children()) {
    const ChildRun& run = history.children()[static_cast<std::size_t>(child)];
    executor->request_cancel(child, run.attempt, true);
  }
}

/// Takes one event in together with every decision that follows from it. Nothing of it is carried
/// out before `commit` has made it durable.
void TunerLoop::State::push(EventBody body) {
  const std::int64_t now_us = clock.now_us();
  const auto take = [&](EventBody&& one) {
    pending.push_back({++last_number, now_us, std::move(one)});
    tuner.apply(pending.back());
  };
  take(std::move(body));
  for (;;) {
    std::vector<EventBody> decisions = tuner.decide();
    if (decisions.empty()) return;
    for (EventBody& one : decisions) take(std::move(one));
  }
}

/// At the end of a turn of the loop, so that places freed together are filled by one ask.
void TunerLoop::State::push_asks() {
  while (const std::optional<AskIssued> issued = tuner.decide_ask()) {
    push(*issued);
    asked = ask_request(*issued, tuner.history(), *parts.sampler, parts.spec.seed);
    // Carried out after the commit, unless it is a pure function that costs microseconds: asking
    // that here saves a turn and a transaction.
    if (parts.sampler->needs_trials()) return;
    answer(parts.sampler->ask(*asked));
  }
}

void TunerLoop::State::answer(AskResult result) {
  AskAnswered answered = ask_answered(tuner.history(), std::move(result));
  asked.reset();
  const std::string warning = answered.warning;
  push(std::move(answered));
  if (!warning.empty()) push(Noted{-1, warning, 0});
}

void TunerLoop::State::handle(EventBody body) {
  push(std::move(body));
  schedule_commit();
}

/// One transaction for all that the handlers of this turn of the loop brought.
void TunerLoop::State::schedule_commit() {
  if (commit_scheduled || stalled) return;
  commit_scheduled = true;
  boost::asio::post(io, [this] { commit(); });
}

void TunerLoop::State::commit() {
  commit_scheduled = false;
  if (pending.empty() || ended || detached) return;
  push_asks();
  const bool outlives = executor->outlives_this_machine();
  const bool last = std::holds_alternative<ParentEnded>(pending.back().body);
  fault_point("before_append");
  try {
    store.append(parts.spec.run_id,
                 epoch,
                 pending,
                 outlives || last ? Durability::kPowerLoss : Durability::kProcessCrash);
  } catch (const FencedError&) {
    throw;
  } catch (const StoreError& error) {
    // What is left to store is the end of children that are gone; the next engine finds it out.
    if (gives_up && tuner.history().active() == 0) throw;
    tell_trouble(error.what());
    stalled = true;
    call_after(kStoreRetry, [this] { commit(); });
    return;
  }
  stalled = false;
  tell_trouble({});
  fault_point("after_append");
  forget_commands();
  const std::vector<Event> events = std::exchange(pending, {});
  for (RunObserver* observer : observers) observer->on_events(events, tuner.history());
  tuner.forget_ended();
  for (const Event& event : events) {
    carry_out(event);
    fault_point("carried_out");
  }
}

void TunerLoop::State::carry_out(const Event& event) {
  if (const auto* starting = std::get_if<ChildStarting>(&event.body)) {
    carry_out_start(*starting);
  } else if (const auto* cancel = std::get_if<CancelRequested>(&event.body)) {
    const ChildRun& run = tuner.history().children()[static_cast<std::size_t>(cancel->child)];
    if (run.is_active()) executor->request_cancel(cancel->child, run.attempt, false);
  } else if (std::holds_alternative<AskIssued>(event.body)) {
    if (asked) issue_ask();  // otherwise answered on the spot
  } else if (const auto* child_ended = std::get_if<ChildEnded>(&event.body)) {
    const ChildRun& run = tuner.history().children()[static_cast<std::size_t>(child_ended->child)];
    if (run.waits_for_retry) arm_retry(run);
    note_missing_metric(run);
  } else if (std::holds_alternative<ParentEnded>(event.body)) {
    ended = true;
  }
}

void TunerLoop::State::issue_ask() {
  asks->ask(*parts.sampler, *asked, [this, life = std::weak_ptr<int>(alive)](AskResult result) {
    if (life.expired() || ended || detached) return;
    answer(std::move(result));
    schedule_commit();
  });
}

void TunerLoop::State::carry_out_start(const ChildStarting& starting) {
  const ChildRun& run = tuner.history().children()[static_cast<std::size_t>(starting.child)];
  if (run.attempt != starting.attempt || !run.is_active()) return;
  executor->start(parts.child_spec(run, starting.attempt));
}

void TunerLoop::State::arm_retry(const ChildRun& run) {
  call_after(back_off(run.attempt), [this, child = run.index, attempt = run.attempt] {
    const ChildRun& now = tuner.history().children()[static_cast<std::size_t>(child)];
    if (now.waits_for_retry && now.attempt == attempt) handle(RetryDue{child});
  });
}

/// A policy can judge nothing when the script logs under another name; silence would cost the user
/// the whole sweep.
void TunerLoop::State::note_missing_metric(const ChildRun& run) {
  const std::string& name = parts.config.primary_metric_name;
  if (warned_of_metric || name.empty() || run.status != RunStatus::kCompleted) return;
  warned_of_metric = true;
  if (run.intervals > 0 || tuner.history().best_child() >= 0) return;
  handle(Noted{-1, missing_metric_hint(name, tuner.history().other_metrics()), 0});
}

const ChildRun* TunerLoop::State::current(int child, int attempt) const {
  const auto& children = tuner.history().children();
  if (child < 0 || static_cast<std::size_t>(child) >= children.size()) return nullptr;
  const ChildRun& run = children[static_cast<std::size_t>(child)];
  return run.attempt == attempt && run.is_active() ? &run : nullptr;
}

TunerLoop::TunerLoop(boost::asio::io_context& io,
                     Clock& clock,
                     RunStore& store,
                     TunerLoopParts parts)
    : state_(std::make_unique<State>(*this, io, clock, store, std::move(parts))) {}

TunerLoop::~TunerLoop() = default;

void TunerLoop::set_executor(Executor& executor) { state_->executor = &executor; }

void TunerLoop::add_observer(RunObserver& observer) { state_->observers.push_back(&observer); }

void TunerLoop::on_trouble(std::function<void(const std::string&)> handler) {
  trouble_ = std::move(handler);
}

RunStatus TunerLoop::run() {
  if (is_terminal(state_->tuner.history().status())) return state_->tuner.history().status();
  state_->epoch = state_->store.take_over(state_->parts.spec.run_id);
  state_->begin();
  const auto work = boost::asio::make_work_guard(state_->io);
  while (!state_->ended && !state_->detached) {
    if (state_->io.poll() > 0) continue;
    if (state_->ended || state_->detached) break;
    // A virtual clock must not run ahead of an ask that is being answered in real time.
    if (state_->asks->is_busy() || !state_->clock.advance()) state_->io.run_one();
  }
  return state_->detached ? RunStatus::kRunning : state_->tuner.history().status();
}

void TunerLoop::interrupt() { state_->cancel_everything(CancelCause::kInterrupt, "interrupted"); }

void TunerLoop::detach() {
  state_->commit();
  state_->detached = true;
}

const History& TunerLoop::history() const { return state_->tuner.history(); }

const Policy& TunerLoop::policy() const { return state_->tuner.policy(); }

void TunerLoop::on_started(int child, int attempt, std::string where, std::int64_t process_id) {
  if (state_->current(child, attempt) == nullptr) return;
  state_->handle(ChildStarted{child, attempt, std::move(where), process_id});
}

void TunerLoop::on_metrics(int child, int attempt, std::vector<MetricPoint> points) {
  for (MetricPoint& point : points) {
    const ChildRun* run = state_->current(child, attempt);
    if (run == nullptr) return;
    if (point.sequence < run->details->next_sequence) continue;  // delivered before
    state_->push(MetricReported{child, attempt, std::move(point)});
  }
  state_->schedule_commit();
}

void TunerLoop::on_tag(int child, int attempt, TagSet tag) {
  const ChildRun* run = state_->current(child, attempt);
  if (run == nullptr || tag.sequence < run->details->next_sequence) return;
  tag.child = child;
  state_->handle(std::move(tag));
}

void TunerLoop::on_script_said(int child, int attempt, ScriptSaid said) {
  const ChildRun* run = state_->current(child, attempt);
  if (run == nullptr || said.sequence < run->details->next_sequence) return;
  said.child = child;
  state_->handle(std::move(said));
}

void TunerLoop::on_note(int child, int attempt, Noted note) {
  const ChildRun* run = state_->current(child, attempt);
  if (run == nullptr || (note.sequence > 0 && note.sequence < run->details->next_sequence)) return;
  note.child = child;
  state_->handle(std::move(note));
}

void TunerLoop::on_ended(int child, int attempt, ExitStatus exit) {
  if (state_->current(child, attempt) == nullptr) return;
  state_->handle(ChildEnded{child, attempt, std::move(exit)});
}

}  // namespace hd
