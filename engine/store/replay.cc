#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/core/error.h"
#include "engine/store/metric_rows.h"
#include "engine/store/store_state.h"

namespace hd {

namespace {

// The runs whose metrics and verdicts belong to parent run ?1.
#define HD_RUNS_OF_PARENT "(SELECT id FROM run WHERE parent=?1 UNION ALL SELECT ?1)"

constexpr const char* kEvents =
    "SELECT parent,number,time_us,kind,child,payload,checksum FROM event WHERE parent=?1 "
    "AND number>?2 ORDER BY number";
// A row may also hold the verdict with the next number.
constexpr const char* kMetrics =
    "SELECT " HD_METRIC_COLUMNS " FROM metric WHERE run IN " HD_RUNS_OF_PARENT
    " AND (number>?2 OR (number=?2 AND verdict_outcome IS NOT NULL)) ORDER BY number";
constexpr const char* kVerdicts =
    "SELECT run,number,time_us,outcome,interval,value,bound,population,checksum "
    "FROM verdict WHERE run IN " HD_RUNS_OF_PARENT " AND number>?2 ORDER BY number";

/// Merges the three tables that hold one history. Each cursor is in order of number already, so one
/// row of each is in memory at a time (SQLite sorts metrics on disk when they are many).
class Replay {
 public:
  /// Of the events above number `after`.
  Replay(RunStore::State& state, const std::string& run_id, std::int64_t parent, std::int64_t after)
      : state_(state),
        run_id_(run_id),
        after_(after),
        events_{sqlite::Statement(state.database, kEvents)},
        metrics_{sqlite::Statement(state.database, kMetrics)},
        verdicts_{sqlite::Statement(state.database, kVerdicts)} {
    read_children(parent);
    for (Cursor* cursor : {&events_, &metrics_, &verdicts_}) {
      cursor->row.bind(1, parent).bind(2, after);
      cursor->advance();
    }
  }

  void run(std::int64_t last_number, const std::function<void(const Event&)>& visit) {
    for (std::int64_t number = after_ + 1; number <= last_number; ++number) {
      if (events_.is_at(number)) {
        if (events_.row.view(3) != kRepeatedMetric) visit(state_.read_event(events_.row, run_id_));
        events_.advance();
      } else if (metrics_.is_at(number)) {
        const ReadMetricRow read = read_metric_row(state_, metrics_.row, run_id_);
        visit({number,
               read.engine_us,
               MetricReported{child_of(metrics_.row), read.attempt, read.point}});
        if (!read.is_judged) metrics_.advance();
      } else if (metrics_.is_at(number - 1)) {
        const ReadMetricRow read = read_metric_row(state_, metrics_.row, run_id_);
        visit({number, read.engine_us, PolicyJudged{child_of(metrics_.row), read.verdict}});
        metrics_.advance();
      } else if (verdicts_.is_at(number)) {
        visit(state_.read_verdict(verdicts_.row, child_of(verdicts_.row), run_id_));
        verdicts_.advance();
      } else {
        state_.damaged("event " + std::to_string(number) + " of run " + run_id_ + " is missing");
      }
    }
    if (events_.more || metrics_.more || verdicts_.more) {
      state_.damaged("run " + run_id_ + " has events after its last one, number " +
                     std::to_string(last_number));
    }
  }

 private:
  struct Cursor {
    sqlite::Statement row;
    bool more = false;
    [[nodiscard]] bool is_at(std::int64_t number) const { return more && row.integer(1) == number; }
    void advance() { more = row.step(); }
  };

  void read_children(std::int64_t parent) {
    sqlite::Statement query(state_.database,
                            "SELECT id,child FROM run WHERE parent=?1 UNION ALL "
                            "SELECT id,iif(kind='script',0,-1) FROM run WHERE id=?1");
    query.bind(1, parent);
    while (query.step()) children_.emplace(query.integer(0), static_cast<int>(query.integer(1)));
  }

  [[nodiscard]] int child_of(const sqlite::Statement& row) const {
    const auto known = children_.find(row.integer(0));
    if (known == children_.end()) state_.damaged("a row of run " + run_id_ + " has no child run");
    return known->second;
  }

  RunStore::State& state_;
  const std::string& run_id_;
  std::int64_t after_;
  std::unordered_map<std::int64_t, int> children_;
  Cursor events_, metrics_, verdicts_;
};

template <typename T>
void keep_one(std::vector<T>& all, std::size_t place) {
  if (place > 0 && place < all.size()) all.front() = std::move(all[place]);
  all.resize(place < all.size() ? 1 : 0);
}

/// Reduces an answer to the configuration at `place`.
void narrow(AskAnswered& answer, std::size_t place) {
  if (place >= answer.configurations.size()) return;
  if (answer.first_child >= 0) answer.first_child += static_cast<int>(place);
  keep_one(answer.configurations, place);
  keep_one(answer.reasons, place);
  keep_one(answer.details, place);
}

}  // namespace

void RunStore::replay(const std::string& parent_run_id,
                      const std::function<void(const Event&)>& visit,
                      std::int64_t after) const {
  State& state = *state_;
  const sqlite::Transaction transaction(state.database, sqlite::Transaction::Kind::kRead);
  const std::int64_t parent = state.parent_key_of(parent_run_id);
  std::int64_t last_number = 0;
  {
    const sqlite::Use query(state.database.cached("SELECT last_number FROM engine WHERE parent=?"));
    query->bind(1, parent);
    if (!query->step()) state.damaged("run " + parent_run_id + " has no engine row");
    last_number = query->integer(0);
  }
  Replay(state, parent_run_id, parent, after).run(last_number, visit);
}

std::vector<Event> RunStore::events_of_child(const std::string& parent_run_id, int child) const {
  State& state = *state_;
  const sqlite::Transaction transaction(state.database, sqlite::Transaction::Kind::kRead);
  const std::int64_t parent = state.parent_key_of(parent_run_id);
  std::vector<Event> events;
  {
    const sqlite::Use query(
        state.database.cached("SELECT parent,number,time_us,kind,child,payload,checksum FROM event "
                              "WHERE parent=?1 AND child=?2 ORDER BY number"));
    query->bind(1, parent).bind(2, child);
    while (query->step()) {
      if (query->view(3) != kRepeatedMetric) {
        events.push_back(state.read_event(*query.operator->(), parent_run_id));
      }
    }
  }
  if (child < 0) return events;
  {
    const sqlite::Use query(state.database.cached(
        "SELECT e.parent,e.number,e.time_us,e.kind,e.child,e.payload,e.checksum,"
        "r.child-(SELECT min(s.child) FROM run s WHERE s.parent=?1 AND "
        "s.asked_number=r.asked_number) FROM run r JOIN event e ON e.parent=r.parent AND "
        "e.number=r.asked_number WHERE r.parent=?1 AND r.child=?2"));
    query->bind(1, parent).bind(2, child);
    if (query->step()) {
      Event event = state.read_event(*query.operator->(), parent_run_id);
      if (auto* answer = std::get_if<AskAnswered>(&event.body)) {
        const int place = answer->first_child < 0 ? static_cast<int>(query->integer(7))
                                                  : child - answer->first_child;
        narrow(*answer, static_cast<std::size_t>(place));
      }
      events.push_back(std::move(event));
    }
  }
  {
    const sqlite::Use query(state.database.cached(
        "SELECT v.run,v.number,v.time_us,v.outcome,v.interval,v.value,v.bound,v.population,"
        "v.checksum FROM run r JOIN verdict v ON v.run=r.id WHERE (r.parent=?1 AND r.child=?2) OR "
        "(r.id=?1 AND r.kind='script' AND ?2=0) ORDER BY v.number"));
    query->bind(1, parent).bind(2, child);
    while (query->step()) {
      events.push_back(state.read_verdict(*query.operator->(), child, parent_run_id));
    }
  }
  {
    const sqlite::Use query(state.database.cached(
        "SELECT " HD_METRIC_COLUMNS
        " FROM metric WHERE verdict_outcome IS NOT NULL AND run=(SELECT "
        "id FROM run WHERE (parent=?1 AND child=?2) OR (id=?1 AND kind='script' AND ?2=0))"));
    query->bind(1, parent).bind(2, child);
    while (query->step()) {
      const ReadMetricRow read = read_metric_row(state, *query.operator->(), parent_run_id);
      events.push_back({read.number + 1, read.engine_us, PolicyJudged{child, read.verdict}});
    }
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.number < b.number;
  });
  return events;
}

void RunStore::child_ends(const std::string& parent_run_id,
                          const std::function<void(const ChildEnded&)>& visit) const {
  State& state = *state_;
  const sqlite::Transaction transaction(state.database, sqlite::Transaction::Kind::kRead);
  const std::int64_t parent = state.parent_key_of(parent_run_id);
  const sqlite::Use query(
      state.database.cached("SELECT parent,number,time_us,kind,child,payload,checksum FROM event "
                            "WHERE parent=?1 AND kind=?2 ORDER BY number"));
  query->bind(1, parent).bind(2, event_name(ChildEnded{}));
  while (query->step()) {
    visit(std::get<ChildEnded>(state.read_event(*query.operator->(), parent_run_id).body));
  }
}

void RunStore::metrics(const std::string& run_id,
                       const std::string& name,
                       const std::function<void(int attempt, const MetricPoint&)>& visit) const {
  State& state = *state_;
  const sqlite::Transaction transaction(state.database, sqlite::Transaction::Kind::kRead);
  const std::int64_t run = state.key_of(run_id);
  sqlite::Statement query(state.database,
                          "SELECT " HD_METRIC_COLUMNS
                          " FROM metric WHERE run=?1 AND (?2='' OR name=(SELECT id FROM "
                          "metric_name WHERE name=?2)) ORDER BY attempt,sequence");
  query.bind(1, run).bind(2, std::string_view(name));
  while (query.step()) {
    const ReadMetricRow read = read_metric_row(state, query, run_id);
    visit(read.attempt, read.point);
  }
}

void RunStore::parent_metrics(
    const std::string& parent_run_id,
    const std::string& name,
    const std::function<void(int child, int attempt, const MetricPoint&)>& visit) const {
  constexpr std::string_view kPrefix = "parent/";
  State& state = *state_;
  const sqlite::Transaction transaction(state.database, sqlite::Transaction::Kind::kRead);
  // Most histories have no such name: those cost one look at the names, not one at every point.
  if (state.database.number("SELECT count(*) FROM metric_name WHERE substr(name,1,7)='parent/'") ==
      0) {
    return;
  }
  sqlite::Statement query(
      state.database,
      "SELECT " HD_METRIC_COLUMNS
      ",(SELECT child FROM run WHERE id=run) FROM metric WHERE name IN (SELECT id "
      "FROM metric_name WHERE CASE WHEN ?2='' THEN substr(name,1,7)='parent/' ELSE "
      "name='parent/'||?2 END) AND run IN (SELECT id FROM run WHERE parent=?1) "
      "ORDER BY number");
  query.bind(1, state.key_of(parent_run_id)).bind(2, std::string_view(name));
  while (query.step()) {
    ReadMetricRow read = read_metric_row(state, query, parent_run_id);
    read.point.name.erase(0, kPrefix.size());
    visit(static_cast<int>(query.integer(16)), read.attempt, read.point);
  }
}

#undef HD_RUNS_OF_PARENT

}  // namespace hd
