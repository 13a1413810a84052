#include <cmath>
#include <deque>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/store/store_state.h"

namespace hd {

namespace {

#define HD_SELECT_SUMMARY                                                                       \
  "SELECT r.id,r.run_id,r.kind,p.run_id,r.child,r.experiment,r.target,r.status,r.created_us,"   \
  "r.started_us,r.ended_us,r.hyperparameters,r.best_primary_metric,r.error_code,"               \
  "r.error_message,r.termination_reason,r.primary_metric_name,r.primary_metric_goal,r.attempt," \
  "(SELECT b.run_id FROM run b WHERE b.parent=r.id AND b.child=r.best_child) "                  \
  "FROM run r LEFT JOIN run p ON p.id=r.parent "

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs read_pairs(sqlite::Database& database, const char* sql, std::int64_t run) {
  const sqlite::Use query(database.cached(sql));
  query->bind(1, run);
  Pairs pairs;
  while (query->step()) pairs.emplace_back(query->text(0), query->text(1));
  return pairs;
}

}  // namespace

RunSummary RunStore::State::read_summary(const sqlite::Statement& row) {
  RunSummary run;
  const std::int64_t key = row.integer(0);
  run.run_id = row.text(1);
  run.kind = row.view(2) == "script" ? RunKind::kScript : RunKind::kHyperDrive;
  run.is_child = !row.is_null(3);
  run.parent_run_id = row.text(3);
  run.child = run.is_child ? static_cast<int>(row.integer(4)) : -1;
  run.experiment = row.text(5);
  run.target = row.text(6);
  run.status = parse_status(row.view(7));
  run.created_us = row.integer(8);
  run.started_us = row.integer(9);
  run.ended_us = row.integer(10);
  run.hyperparameters = row.text(11);
  if (!row.is_null(12)) run.best_primary_metric = row.real(12);
  run.error_code = row.text(13);
  run.error_message = row.text(14);
  run.termination_reason = row.text(15);
  run.primary_metric_name = row.text(16);
  if (!run.primary_metric_name.empty()) {
    run.primary_metric_goal = row.view(17) == "maximize" ? Goal::kMaximize : Goal::kMinimize;
  }
  run.attempt = static_cast<int>(row.integer(18));
  run.best_child_run_id = row.text(19);
  run.tags = read_pairs(database, "SELECT key,value FROM tag WHERE run=? ORDER BY key", key);
  run.properties =
      read_pairs(database, "SELECT key,value FROM property WHERE run=? ORDER BY key", key);
  if (run.is_child || run.kind == RunKind::kScript) return run;
  const sqlite::Use query(database.cached(
      "SELECT status,count(*) FROM run WHERE parent=? GROUP BY status ORDER BY min(child)"));
  query->bind(1, key);
  while (query->step()) {
    run.children_by_status.emplace_back(parse_status(query->view(0)),
                                        static_cast<int>(query->integer(1)));
  }
  return run;
}

std::optional<RunSummary> RunStore::run(const std::string& run_id) const {
  const sqlite::Transaction transaction(state_->database, sqlite::Transaction::Kind::kRead);
  const sqlite::Use query(state_->database.cached(HD_SELECT_SUMMARY "WHERE r.run_id=?"));
  query->bind(1, std::string_view(run_id));
  if (!query->step()) return std::nullopt;
  return state_->read_summary(*query.operator->());
}

std::vector<RunSummary> RunStore::runs(const RunFilter& filter) const {
  const sqlite::Transaction transaction(state_->database, sqlite::Transaction::Kind::kRead);
  std::string sql = HD_SELECT_SUMMARY;
  std::deque<std::string> texts;  // what is bound has to stay where it is
  const auto require = [&](const std::string& condition, std::string text) {
    sql += condition;
    texts.push_back(std::move(text));
  };
  if (filter.parent_run_id.empty()) {
    sql += "WHERE r.parent IS NULL";
  } else {
    require("WHERE r.parent=(SELECT q.id FROM run q WHERE q.run_id=?)", filter.parent_run_id);
  }
  if (!filter.experiment.empty()) require(" AND r.experiment=?", filter.experiment);
  if (!filter.target.empty()) require(" AND r.target=?", filter.target);
  if (filter.status) require(" AND r.status=?", std::string(status_name(*filter.status)));
  for (const auto& [key, value] : filter.tags) {
    require(" AND EXISTS(SELECT 1 FROM tag t WHERE t.run=r.id AND t.key=?", key);
    require(" AND t.value=?)", value);
  }
  sql += " ORDER BY r.created_us DESC,r.id DESC";
  if (filter.last > 0) sql += " LIMIT " + std::to_string(filter.last);

  sqlite::Statement query(state_->database, sql);
  int position = 0;
  for (const std::string& text : texts) query.bind(++position, std::string_view(text));
  std::vector<RunSummary> runs;
  while (query.step()) runs.push_back(state_->read_summary(query));
  return runs;
}

#undef HD_SELECT_SUMMARY

}  // namespace hd
