#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/store/event_codec.h"
#include "engine/store/metric_rows.h"
#include "engine/store/store_state.h"

namespace hd {

namespace {

constexpr const char* kSelectProjection =
    "SELECT status,attempt,started_us,ended_us,best_primary_metric,best_child,error_code,"
    "error_message,termination_reason FROM run WHERE id=?";
constexpr const char* kUpdateProjection =
    "UPDATE run SET status=?1,attempt=?2,started_us=?3,ended_us=?4,best_primary_metric=?5,"
    "best_child=?6,error_code=?7,error_message=?8,termination_reason=?9 WHERE id=?10";

// Frozen: shown to users and stored.
const char* error_code_of(ExitStatus::Kind kind) {
  switch (kind) {
    case ExitStatus::Kind::kExited:
      return "ScriptFailed";
    case ExitStatus::Kind::kSignaled:
      return "ScriptKilled";
    case ExitStatus::Kind::kNotStarted:
      return "NotStarted";
    case ExitStatus::Kind::kLost:
      return "Lost";
    case ExitStatus::Kind::kTimeLimit:
      return "TimeLimit";
  }
  return "ScriptFailed";
}

/// Puts events into the tables of one parent run and brings its projections up to date, in memory
/// first: a row is written once per append, however many events changed it.
class Appender {
 public:
  Appender(RunStore::State& state, ParentProjection& parent)
      : state_(state),
        parent_(parent),
        metrics_(state, [this](const MetricRow& row, bool is_written) {
          on_metric_row(row, is_written);
        }) {}

  void append(std::span<const Event> events) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      const Event& event = events[i];
      take_number(event);
      const auto* reported = std::get_if<MetricReported>(&event.body);
      if (reported == nullptr) {
        append(event);
        continue;
      }
      const Event* verdict = nullptr;
      if (i + 1 < events.size() && share_a_row(event, events[i + 1])) {
        verdict = &events[++i];
        take_number(*verdict);
      }
      add_metric(event, *reported, verdict);
    }
    metrics_.flush();
    for (RunProjection* row : changed_) write(*row);
    forget_ended();
    sqlite::Statement& progress =
        state_.database.cached("UPDATE engine SET last_number=? WHERE parent=?");
    progress.bind(1, parent_.last_number).bind(2, parent_.self.key).run();
  }

 private:
  void take_number(const Event& event) {
    if (event.number != parent_.last_number + 1) {
      throw StoreError("cannot append event " + std::to_string(event.number) + " to run " +
                       parent_.identity.run_id + ": its history ends at " +
                       std::to_string(parent_.last_number));
    }
    parent_.last_number = event.number;
  }

  void append(const Event& event) {
    if (const auto* judged = std::get_if<PolicyJudged>(&event.body)) {
      insert_verdict(event, *judged);
      return;
    }
    insert_event(event, event_name(event.body), event_child(event.body), encode_event(event.body));
    std::visit([&](const auto& body) { project(body, event); }, event.body);
  }

  [[nodiscard]] bool is_script() const { return parent_.identity.kind == RunKind::kScript; }

  void insert_event(const Event& event,
                    std::string_view kind,
                    int child,
                    std::string_view payload) {
    sqlite::Statement& insert = state_.database.cached(
        "INSERT INTO event(parent,number,time_us,kind,child,payload,checksum) "
        "VALUES(?,?,?,?,?,?,?)");
    insert.bind(1, parent_.self.key).bind(2, event.number).bind(3, event.time_us);
    insert.bind(4, kind).bind(5, child).bind(6, payload);
    insert.bind(7,
                std::int64_t{event_checksum(
                    parent_.self.key, event.number, event.time_us, kind, child, payload)});
    insert.run();
  }

  void add_metric(const Event& event, const MetricReported& reported, const Event* verdict) {
    const RunProjection& run = row(reported.child);
    const MetricPoint& point = reported.point;
    const bool is_result = point.text.empty() && reported.attempt == run.attempt &&
                           point.name == parent_.primary_metric_name;
    metrics_.add({run.key, &event, verdict, is_result});
  }

  void on_metric_row(const MetricRow& metric, bool is_written) {
    const auto& reported = std::get<MetricReported>(metric.metric->body);
    if (!is_written) {
      // Its number is used up all the same: a hole in the history would look like damage.
      insert_event(*metric.metric, kRepeatedMetric, reported.child, "{}");
      if (metric.verdict != nullptr) {
        insert_verdict(*metric.verdict, std::get<PolicyJudged>(metric.verdict->body));
      }
      return;
    }
    if (!metric.is_result) return;
    RunProjection& run = row(reported.child);
    const double value = reported.point.value;
    if (!is_better(parent_.goal, value, run.best)) return;
    run.best = value;
    touch(run);
    if (!is_script() && is_better(parent_.goal, value, parent_.self.best)) {
      parent_.self.best = value;
      parent_.self.best_child = reported.child;
      touch(parent_.self);
    }
  }

  void insert_verdict(const Event& event, const PolicyJudged& judged) {
    const RunProjection& run = row(judged.child);
    const PolicyVerdict& verdict = judged.verdict;
    sqlite::Statement& insert = state_.database.cached(
        "INSERT INTO verdict(run,number,time_us,outcome,interval,value,bound,population,checksum) "
        "VALUES(?,?,?,?,?,?,?,?,?)");
    insert.bind(1, run.key).bind(2, event.number).bind(3, event.time_us);
    insert.bind(4, static_cast<int>(verdict.outcome)).bind(5, verdict.interval);
    insert.bind(6, verdict.value).bind(7, verdict.limit).bind(8, verdict.population);
    insert.bind(9, std::int64_t{verdict_checksum(run.key, event.number, event.time_us, verdict)});
    insert.run();
  }

  /// A script run is its own child; -1 is the parent run itself.
  RunProjection& row(int child) {
    if (child == -1 || (is_script() && child == 0)) return parent_.self;
    if (child < 0 || child >= parent_.child_count) {
      throw StoreError("event " + std::to_string(parent_.last_number) + " of run " +
                       parent_.identity.run_id + " names child " + std::to_string(child) +
                       ", but only " + std::to_string(parent_.child_count) + " were generated");
    }
    RunProjection& run = parent_.children[child];
    if (run.key == 0) load(run, child);
    return run;
  }

  void load(RunProjection& run, int child) {
    const sqlite::Use query(
        state_.database.cached("SELECT id FROM run WHERE parent=? AND child=?"));
    query->bind(1, parent_.self.key).bind(2, child);
    if (!query->step()) {
      state_.damaged("child run " + std::to_string(child) + " of " + parent_.identity.run_id +
                     " is missing");
    }
    load_projection(state_, run, query->integer(0));
    run.child = child;
    used_.push_back(child);
  }

  void touch(RunProjection& run) {
    if (run.changed) return;
    run.changed = true;
    changed_.push_back(&run);
  }

  void write(RunProjection& run) {
    run.changed = false;
    used_.push_back(run.child);
    sqlite::Statement& update = state_.database.cached(kUpdateProjection);
    update.bind(1, status_name(run.status)).bind(2, run.attempt).bind(3, run.started_us);
    update.bind(4, run.ended_us).bind(5, run.best).bind(6, run.best_child);
    update.bind(7, std::string_view(run.error_code)).bind(8, std::string_view(run.error_message));
    update.bind(9, std::string_view(run.termination_reason)).bind(10, run.key);
    update.run();
  }

  /// A sweep may have hundreds of thousands of children, of which few are going on.
  void forget_ended() {
    for (const int child : used_) {
      const auto run = parent_.children.find(child);
      if (run != parent_.children.end() && is_terminal(run->second.status)) {
        parent_.children.erase(run);
      }
    }
  }

  void set_status(RunProjection& run, RunStatus status) {
    run.status = status;
    touch(run);
  }

  // The rules of these are History's, kept apart because a row also serves runs whose history is
  // not in memory.
  void project(const EngineStarted& /*body*/, const Event& event) {
    RunProjection& run = parent_.self;
    if (run.started_us == 0 && !is_script()) run.started_us = event.time_us;
    if (run.status == RunStatus::kNotStarted) {
      set_status(run, is_script() ? RunStatus::kPreparing : RunStatus::kRunning);
    }
  }
  void project(const AskIssued& /*body*/, const Event& /*event*/) {}
  void project(const AskAnswered& body, const Event& event) {
    if (is_script()) return;
    const int known = parent_.child_count;
    int child = body.first_child < 0 ? known : body.first_child;
    if (child > known) (void)row(child);  // says what is wrong
    for (const Configuration& configuration : body.configurations) {
      if (child < known) {
        refresh_child(child, configuration, event);
      } else {
        insert_child(configuration, event);
      }
      ++child;
    }
  }
  void refresh_child(int child, const Configuration& configuration, const Event& event) {
    const std::string hyperparameters = to_json(configuration);
    sqlite::Statement& update =
        state_.database.cached("UPDATE run SET asked_number=?,hyperparameters=? WHERE id=?");
    update.bind(1, event.number).bind(2, std::string_view(hyperparameters));
    update.bind(3, row(child).key).run();
  }
  void insert_child(const Configuration& configuration, const Event& event) {
    const int child = parent_.child_count++;
    const std::string run_id = child_run_id(parent_.identity, child);
    const std::string hyperparameters = to_json(configuration);
    RunProjection& run = parent_.children[child];
    run.child = child;
    run.status = RunStatus::kQueued;
    sqlite::Statement& insert = state_.database.cached(
        "INSERT INTO run(run_id,kind,parent,child,experiment,target,status,created_us,"
        "asked_number,hyperparameters) VALUES(?,'hyperdrive',?,?,?,?,?,?,?,?)");
    insert.bind(1, std::string_view(run_id)).bind(2, parent_.self.key).bind(3, child);
    insert.bind(4, std::string_view(parent_.experiment));
    insert.bind(5, std::string_view(parent_.target)).bind(6, status_name(run.status));
    insert.bind(7, event.time_us).bind(8, event.number);
    insert.bind(9, std::string_view(hyperparameters)).run();
    run.key = state_.database.last_row_id();
  }
  void project(const ChildStarting& body, const Event& /*event*/) {
    RunProjection& run = row(body.child);
    run.attempt = body.attempt;
    run.started_us = run.ended_us = 0;
    run.error_code.clear();
    run.error_message.clear();
    set_status(run, RunStatus::kStarting);
  }
  void project(const ChildStarted& body, const Event& event) {
    RunProjection& run = row(body.child);
    if (body.attempt != run.attempt) return;
    run.started_us = event.time_us;
    set_status(run, run.status == RunStatus::kStarting ? RunStatus::kRunning : run.status);
  }
  void project(const CancelRequested& body, const Event& event) {
    RunProjection& run = row(body.child);
    if (run.status == RunStatus::kStarting || run.status == RunStatus::kRunning) {
      set_status(run, RunStatus::kCancelRequested);
    } else if (run.status == RunStatus::kQueued || run.status == RunStatus::kFailed) {
      // Never started, or failed and waiting for its next attempt.
      run.ended_us = event.time_us;
      set_status(run, RunStatus::kCanceled);
    }
    if (run.termination_reason.empty()) run.termination_reason = body.reason;
    touch(run);
  }
  void project(const ChildEnded& body, const Event& event) {
    RunProjection& run = row(body.child);
    if (body.attempt != run.attempt || is_terminal(run.status)) return;
    run.ended_us = event.time_us;
    const bool time_limit = body.exit.kind == ExitStatus::Kind::kTimeLimit;
    if (run.status == RunStatus::kCancelRequested || time_limit) {
      if (time_limit && run.termination_reason.empty())
        run.termination_reason = describe(body.exit);
      set_status(run, RunStatus::kCanceled);
    } else if (body.exit.succeeded()) {
      set_status(run, RunStatus::kCompleted);
    } else {
      run.error_code = error_code_of(body.exit.kind);
      run.error_message = describe(body.exit);
      set_status(run, RunStatus::kFailed);
    }
  }
  void project(const ParentCancelRequested& body, const Event& /*event*/) {
    RunProjection& run = parent_.self;
    if (is_terminal(run.status)) return;
    if (run.termination_reason.empty()) run.termination_reason = body.reason;
    set_status(run, RunStatus::kCancelRequested);
  }
  void project(const PauseRequested& /*body*/, const Event& /*event*/) {
    const RunStatus now = parent_.self.status;
    if (is_terminal(now) || now == RunStatus::kCancelRequested) return;
    set_status(parent_.self, RunStatus::kPaused);
  }
  void project(const UnpauseRequested& /*body*/, const Event& /*event*/) {
    if (parent_.self.status == RunStatus::kPaused) set_status(parent_.self, RunStatus::kRunning);
  }
  void project(const ParentEnded& body, const Event& event) {
    RunProjection& run = parent_.self;
    run.ended_us = event.time_us;
    run.termination_reason = body.reason;
    if (!is_script()) run.best_child = body.best_child;
    if (body.status == RunStatus::kFailed && run.error_code.empty()) {
      run.error_code = "RunFailed";
      run.error_message = body.reason;
    }
    set_status(run, body.status);
  }
  void project(const TagSet& body, const Event& /*event*/) {
    const std::int64_t run = row(body.child).key;
    if (body.removed && !body.is_property) {
      sqlite::Statement& remove = state_.database.cached("DELETE FROM tag WHERE run=? AND key=?");
      remove.bind(1, run).bind(2, std::string_view(body.key)).run();
      return;
    }
    sqlite::Statement& insert = state_.database.cached(
        body.is_property ? "INSERT OR IGNORE INTO property(run,key,value) VALUES(?,?,?)"
                         : "INSERT OR REPLACE INTO tag(run,key,value) VALUES(?,?,?)");
    insert.bind(1, run).bind(2, std::string_view(body.key)).bind(3, std::string_view(body.value));
    insert.run();
  }
  void project(const RetryDue& body, const Event& /*event*/) {
    RunProjection& run = row(body.child);
    run.ended_us = 0;
    set_status(run, RunStatus::kQueued);
  }
  // These change nothing that a list of runs shows.
  void project(const MetricReported& /*body*/, const Event& /*event*/) {}
  void project(const PolicyJudged& /*body*/, const Event& /*event*/) {}
  void project(const ChildCancelRequested& /*body*/, const Event& /*event*/) {}
  void project(const Noted& /*body*/, const Event& /*event*/) {}
  void project(const ScriptSaid& /*body*/, const Event& /*event*/) {}

 public:
  static void load_projection(RunStore::State& state, RunProjection& run, std::int64_t key) {
    const sqlite::Use query(state.database.cached(kSelectProjection));
    query->bind(1, key);
    if (!query->step()) state.damaged("the row of run " + std::to_string(key) + " is missing");
    run.key = key;
    run.status = parse_status(query->view(0));
    run.attempt = static_cast<int>(query->integer(1));
    run.started_us = query->integer(2);
    run.ended_us = query->integer(3);
    run.best = query->real(4);
    run.best_child = static_cast<int>(query->integer(5));
    run.error_code = query->text(6);
    run.error_message = query->text(7);
    run.termination_reason = query->text(8);
  }

 private:
  RunStore::State& state_;
  ParentProjection& parent_;
  MetricRows metrics_;
  std::vector<RunProjection*> changed_;
  std::vector<int> used_;  ///< children whose rows were read or written
};

ParentProjection load_parent(RunStore::State& state, const std::string& run_id) {
  ParentProjection parent;
  parent.identity.run_id = run_id;
  {
    const sqlite::Use query(state.database.cached(
        "SELECT r.id,r.kind,r.experiment,r.target,r.primary_metric_name,r.primary_metric_goal,"
        "e.epoch,e.last_number,(SELECT ifnull(max(c.child)+1,0) FROM run c WHERE c.parent=r.id) "
        "FROM run r JOIN engine e ON e.parent=r.id WHERE r.run_id=?"));
    query->bind(1, std::string_view(run_id));
    if (!query->step()) {
      throw NotFoundError("there is no parent run " + run_id + " in " + state.database.file());
    }
    parent.self.key = query->integer(0);
    parent.identity.kind = query->view(1) == "script" ? RunKind::kScript : RunKind::kHyperDrive;
    parent.experiment = query->text(2);
    parent.target = query->text(3);
    parent.primary_metric_name = query->text(4);
    parent.goal = query->view(5) == "maximize" ? Goal::kMaximize : Goal::kMinimize;
    parent.epoch = static_cast<int>(query->integer(6));
    parent.last_number = query->integer(7);
    parent.child_count = static_cast<int>(query->integer(8));
  }
  Appender::load_projection(state, parent.self, parent.self.key);
  return parent;
}

}  // namespace

void RunStore::append(const std::string& parent_run_id,
                      int epoch,
                      std::span<const Event> events,
                      Durability durability) {
  if (events.empty()) return;
  State& state = *state_;
  state.set_durability(durability);
  try {
    sqlite::Transaction transaction(state.database, sqlite::Transaction::Kind::kWrite);
    if (!state.parent || state.parent->identity.run_id != parent_run_id) {
      state.parent = load_parent(state, parent_run_id);
    }
    {
      const sqlite::Use query(
          state.database.cached("SELECT epoch,last_number FROM engine WHERE parent=?"));
      query->bind(1, state.parent->self.key);
      if (!query->step()) state.damaged("run " + parent_run_id + " has no engine row");
      if (query->integer(0) != epoch) {
        throw FencedError("another engine (number " + std::to_string(query->integer(0)) +
                          ") took over run " + parent_run_id + "; this one (number " +
                          std::to_string(epoch) + ") may not go on");
      }
      // Somebody else wrote in between, which takes an epoch of his own: start from the file.
      if (state.parent->epoch != epoch || state.parent->last_number != query->integer(1)) {
        state.parent = load_parent(state, parent_run_id);
      }
    }
    Appender(state, *state.parent).append(events);
    transaction.commit();
  } catch (...) {
    state.forget();
    throw;
  }
}

}  // namespace hd
