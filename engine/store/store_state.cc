#include "engine/store/store_state.h"

#include <bit>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <thread>

#include <boost/crc.hpp>

#include "engine/core/error.h"
#include "engine/store/event_codec.h"
#include "engine/store/migrations.h"

namespace hd {

namespace {

/// A checkpoint of this size (8 MB) stays short, and few of them are needed.
constexpr int kCheckpointPages = 2000;
constexpr int kLongestLogPages = 8 * kCheckpointPages;

class Checksum {
 public:
  Checksum& add(std::int64_t value) {
    crc_.process_bytes(&value, sizeof value);
    return *this;
  }
  Checksum& add(double value) {
    // SQLite keeps neither the payload of a NaN nor the sign of a zero.
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
    return add(std::bit_cast<std::int64_t>(value + 0.0));
  }
  Checksum& add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    crc_.process_bytes(text.data(), text.size());
    return *this;
  }
  Checksum& add(const PolicyVerdict& verdict) {
    add(static_cast<std::int64_t>(verdict.outcome)).add(std::int64_t{verdict.interval});
    return add(verdict.value).add(verdict.limit).add(std::int64_t{verdict.population});
  }
  [[nodiscard]] std::uint32_t value() const { return crc_.checksum(); }

 private:
  boost::crc_32_type crc_;
};

/// Going to write-ahead logging needs the file for itself, and SQLite does not wait for that.
void enter_write_ahead_logging(sqlite::Database& database) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    try {
      database.execute("PRAGMA journal_mode=WAL");
      return;
    } catch (const sqlite::LockedError&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

std::uint32_t event_checksum(std::int64_t parent,
                             std::int64_t number,
                             std::int64_t time_us,
                             std::string_view kind,
                             std::int64_t child,
                             std::string_view payload) {
  Checksum sum;
  sum.add(parent).add(number).add(time_us).add(kind).add(child).add(payload);
  return sum.value();
}

std::uint32_t metric_checksum(std::int64_t run,
                              std::int64_t attempt,
                              std::int64_t number,
                              std::int64_t engine_us,
                              std::int64_t name,
                              const MetricPoint& point,
                              const PolicyVerdict* verdict) {
  Checksum sum;
  sum.add(run).add(attempt).add(point.sequence).add(number).add(engine_us).add(point.time_us);
  sum.add(name).add(point.value).add(point.text);
  if (point.step) sum.add(*point.step);
  if (verdict != nullptr) sum.add(*verdict);
  return sum.value();
}

std::uint32_t verdict_checksum(std::int64_t run,
                               std::int64_t number,
                               std::int64_t time_us,
                               const PolicyVerdict& verdict) {
  Checksum sum;
  sum.add(run).add(number).add(time_us).add(verdict);
  return sum.value();
}

std::uint32_t spec_checksum(std::int64_t parent, std::string_view spec) {
  Checksum sum;
  sum.add(parent).add(spec);
  return sum.value();
}

RunStore::State::State(const std::string& file) : database(file) {
  // Foreign and newer files are refused before anything, even the journal mode, is changed.
  {
    // As of one moment: another process may be making the file just now.
    const sqlite::Transaction transaction(database, sqlite::Transaction::Kind::kRead);
    sqlite::refuse_unusable(database);
  }
  enter_write_ahead_logging(database);
  database.execute(
      ("PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=" + std::to_string(kCheckpointPages) +
       "; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-8000")
          .c_str());
  sqlite::migrate(database);
  data_version = database.number("PRAGMA data_version");
}

void RunStore::State::checkpoint_in_background() {
  if (checkpointer_) return;
  checkpointer_ = std::make_unique<Checkpointer>(database.file());
  database.watch_log([this, asked_at = 0](int pages) mutable {
    if (pages < asked_at) asked_at = 0;  // the log began anew
    if (pages >= kLongestLogPages) {
      // The log begins anew only after a moment in which all of it has been copied, and an engine
      // that never rests leaves no such moment. Most of it has been copied by now.
      database.checkpoint();
    } else if (pages - asked_at >= kCheckpointPages) {
      asked_at = pages;
      checkpointer_->request();
    }
  });
}

void RunStore::State::set_durability(Durability durability) {
  const bool full = durability == Durability::kPowerLoss;
  if (full == full_synchronous) return;
  database.execute(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  full_synchronous = full;
}

std::int64_t RunStore::State::key_of(const std::string& run_id) {
  const sqlite::Use query(database.cached("SELECT id FROM run WHERE run_id=?"));
  query->bind(1, std::string_view(run_id));
  if (!query->step()) {
    throw NotFoundError("there is no run " + run_id + " in " + database.file());
  }
  return query->integer(0);
}

std::int64_t RunStore::State::parent_key_of(const std::string& run_id) {
  const sqlite::Use query(database.cached("SELECT id FROM run WHERE run_id=? AND parent IS NULL"));
  query->bind(1, std::string_view(run_id));
  if (!query->step()) {
    throw NotFoundError("there is no parent run " + run_id + " in " + database.file());
  }
  return query->integer(0);
}

std::int64_t RunStore::State::name_key(const std::string& name) {
  const auto known = name_keys_.find(std::string_view(name));
  if (known != name_keys_.end()) return known->second;
  std::int64_t key = 0;
  {
    const sqlite::Use query(database.cached("SELECT id FROM metric_name WHERE name=?"));
    query->bind(1, std::string_view(name));
    if (query->step()) key = query->integer(0);
  }
  if (key == 0) {
    sqlite::Statement& insert = database.cached("INSERT INTO metric_name(name) VALUES(?)");
    insert.bind(1, std::string_view(name)).run();
    key = database.last_row_id();
  }
  name_keys_.emplace(name, key);
  return key;
}

const std::string& RunStore::State::name_of(std::int64_t key) {
  const auto known = names_.find(key);
  if (known != names_.end()) return known->second;
  const sqlite::Use query(database.cached("SELECT name FROM metric_name WHERE id=?"));
  query->bind(1, key);
  if (!query->step()) damaged("metric name " + std::to_string(key) + " is missing");
  return names_.emplace(key, query->text(0)).first->second;
}

void RunStore::State::forget() {
  parent.reset();
  name_keys_.clear();
  names_.clear();
}

void RunStore::State::damaged(const std::string& what) const {
  throw StoreError("the history " + database.file() + " is damaged: " + what +
                   ". What comes before it is sound. Keep a copy, then restore a backup, or let "
                   "`sqlite3 " +
                   database.file() + " .recover` rescue what can be read");
}

Event RunStore::State::read_event(const sqlite::Statement& row, const std::string& run_id) const {
  Event event;
  event.number = row.integer(1);
  event.time_us = row.integer(2);
  const std::string_view kind = row.view(3);
  const std::string_view payload = row.view(5);
  const std::string which = "event " + std::to_string(event.number) + " of run " + run_id;
  if (event_checksum(row.integer(0), event.number, event.time_us, kind, row.integer(4), payload) !=
      row.integer(6)) {
    damaged(which + " was altered");
  }
  try {
    event.body = decode_event(kind, payload);
  } catch (const std::invalid_argument& error) {
    throw StoreError("cannot read " + which + " in the history " + database.file() + ": " +
                     error.what() + ". A newer hdrive may have written it");
  }
  return event;
}

Event RunStore::State::read_verdict(const sqlite::Statement& row,
                                    int child,
                                    const std::string& run_id) const {
  PolicyJudged judged;
  judged.child = child;
  judged.verdict.outcome = static_cast<PolicyVerdict::Outcome>(row.integer(3));
  judged.verdict.interval = static_cast<int>(row.integer(4));
  judged.verdict.value = row.real(5);
  judged.verdict.limit = row.real(6);
  judged.verdict.population = static_cast<int>(row.integer(7));
  Event event{row.integer(1), row.integer(2), judged};
  if (verdict_checksum(row.integer(0), event.number, event.time_us, judged.verdict) !=
      row.integer(8)) {
    damaged("event " + std::to_string(event.number) + " of run " + run_id + " was altered");
  }
  return event;
}

}  // namespace hd
