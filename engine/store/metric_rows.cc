#include "engine/store/metric_rows.h"

#include <array>
#include <string>
#include <variant>

namespace hd {

namespace {

constexpr int kColumns = 16;

std::string insert_of(std::size_t rows) {
  std::string sql = "INSERT OR IGNORE INTO metric(" HD_METRIC_COLUMNS ") VALUES";
  for (std::size_t row = 0; row < rows; ++row) {
    sql += row == 0 ? "(?" : ",(?";
    for (int column = 1; column < kColumns; ++column) sql += ",?";
    sql += ')';
  }
  return sql;
}

/// Statement lengths, longest first; the last is 1, so that any number of rows can be written.
constexpr std::array<std::size_t, 3> kLengths = {64, 8, 1};

const char* insert_sql(std::size_t rows) {
  static const std::array<std::string, 3> kSql = {
      insert_of(kLengths[0]), insert_of(kLengths[1]), insert_of(kLengths[2])};
  for (std::size_t i = 0; i < kLengths.size(); ++i) {
    if (kLengths.at(i) == rows) return kSql.at(i).c_str();
  }
  return kSql.back().c_str();
}

const MetricReported& reported(const MetricRow& row) {
  return std::get<MetricReported>(row.metric->body);
}

const PolicyVerdict* verdict_of(const MetricRow& row) {
  return row.verdict == nullptr ? nullptr : &std::get<PolicyJudged>(row.verdict->body).verdict;
}

void bind_verdict(sqlite::Statement& insert, int at, const PolicyVerdict* verdict) {
  if (verdict == nullptr) {
    for (int column = 0; column < 5; ++column) insert.bind_null(at + column);
    return;
  }
  insert.bind(at, static_cast<int>(verdict->outcome)).bind(at + 1, verdict->interval);
  insert.bind(at + 2, verdict->value).bind(at + 3, verdict->limit);
  insert.bind(at + 4, verdict->population);
}

}  // namespace

bool share_a_row(const Event& metric, const Event& verdict) {
  const auto* reported = std::get_if<MetricReported>(&metric.body);
  const auto* judged = std::get_if<PolicyJudged>(&verdict.body);
  return reported != nullptr && judged != nullptr && reported->child == judged->child &&
         metric.number + 1 == verdict.number && metric.time_us == verdict.time_us;
}

void MetricRows::flush() {
  std::size_t done = 0;
  for (const std::size_t length : kLengths) {
    for (; rows_.size() - done >= length; done += length) write(done, length);
  }
  rows_.clear();
}

void MetricRows::write(std::size_t first, std::size_t count) {
  sqlite::Statement& insert = state_.database.cached(insert_sql(count));
  for (std::size_t i = 0; i < count; ++i) {
    const MetricRow& row = rows_[first + i];
    const auto& [child, attempt, point] = reported(row);
    const std::int64_t name = state_.name_key(point.name);
    const int at = static_cast<int>(i) * kColumns;
    insert.bind(at + 1, row.run).bind(at + 2, row.metric->number);
    insert.bind(at + 3, row.metric->time_us).bind(at + 4, attempt);
    insert.bind(at + 5, point.sequence).bind(at + 6, point.time_us).bind(at + 7, name);
    insert.bind(at + 8, point.value);
    point.text.empty() ? insert.bind_null(at + 9)
                       : insert.bind(at + 9, std::string_view(point.text));
    point.step ? insert.bind(at + 10, *point.step) : insert.bind_null(at + 10);
    const PolicyVerdict* verdict = verdict_of(row);
    insert.bind(
        at + 11,
        std::int64_t{metric_checksum(
            row.run, attempt, row.metric->number, row.metric->time_us, name, point, verdict)});
    bind_verdict(insert, at + 12, verdict);
  }
  insert.run();
  const bool all = state_.database.changed_rows() == static_cast<std::int64_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const MetricRow& row = rows_[first + i];
    listener_(row, all || is_written(row));
  }
}

bool MetricRows::is_written(const MetricRow& row) {
  const sqlite::Use query(
      state_.database.cached("SELECT number FROM metric WHERE run=? AND attempt=? AND sequence=?"));
  query->bind(1, row.run).bind(2, reported(row).attempt).bind(3, reported(row).point.sequence);
  return query->step() && query->integer(0) == row.metric->number;
}

ReadMetricRow read_metric_row(RunStore::State& state,
                              const sqlite::Statement& row,
                              const std::string& run_id) {
  ReadMetricRow read;
  read.run = row.integer(0);
  read.number = row.integer(1);
  read.engine_us = row.integer(2);
  read.attempt = static_cast<int>(row.integer(3));
  read.point.sequence = row.integer(4);
  read.point.time_us = row.integer(5);
  const std::int64_t name = row.integer(6);
  read.point.name = state.name_of(name);
  read.point.value = row.real(7);
  read.point.text = row.text(8);
  if (!row.is_null(9)) read.point.step = row.integer(9);
  read.is_judged = !row.is_null(11);
  if (read.is_judged) {
    read.verdict.outcome = static_cast<PolicyVerdict::Outcome>(row.integer(11));
    read.verdict.interval = static_cast<int>(row.integer(12));
    read.verdict.value = row.real(13);
    read.verdict.limit = row.real(14);
    read.verdict.population = static_cast<int>(row.integer(15));
  }
  if (metric_checksum(read.run,
                      read.attempt,
                      read.number,
                      read.engine_us,
                      name,
                      read.point,
                      read.is_judged ? &read.verdict : nullptr) != row.integer(10)) {
    state.damaged("event " + std::to_string(read.number) + " of run " + run_id + " was altered");
  }
  return read;
}

}  // namespace hd
