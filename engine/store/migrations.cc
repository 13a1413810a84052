#include "engine/store/migrations.h"

#include <array>
#include <string>

#include "engine/core/error.h"

namespace hd::sqlite {

namespace {

// A released migration never changes: the next schema is one more entry below. docs/store.md
// explains the tables.
constexpr const char* kMigration1 = R"sql(
CREATE TABLE experiment(
  name TEXT PRIMARY KEY NOT NULL,
  created_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE run(
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  parent INTEGER,
  child INTEGER,
  experiment TEXT NOT NULL,
  target TEXT NOT NULL,
  status TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  started_us INTEGER NOT NULL DEFAULT 0,
  ended_us INTEGER NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT -1,
  best_primary_metric REAL,
  best_child INTEGER NOT NULL DEFAULT -1,
  error_code TEXT NOT NULL DEFAULT '',
  error_message TEXT NOT NULL DEFAULT '',
  termination_reason TEXT NOT NULL DEFAULT '',
  primary_metric_name TEXT NOT NULL DEFAULT '',
  primary_metric_goal TEXT NOT NULL DEFAULT '',
  asked_number INTEGER,
  hyperparameters TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX run_by_parent ON run(parent, child) WHERE parent IS NOT NULL;
CREATE INDEX parent_run_by_time ON run(created_us) WHERE parent IS NULL;

CREATE TABLE parent_run_spec(
  parent INTEGER PRIMARY KEY,
  spec TEXT NOT NULL,
  checksum INTEGER NOT NULL
);

CREATE TABLE engine(
  parent INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  last_number INTEGER NOT NULL
);

CREATE TABLE event(
  parent INTEGER NOT NULL,
  number INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  kind TEXT NOT NULL,
  child INTEGER NOT NULL,
  payload TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY(parent, number)
) WITHOUT ROWID;

CREATE TABLE metric_name(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE metric(
  run INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  number INTEGER NOT NULL,
  engine_us INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  name INTEGER NOT NULL,
  value REAL,
  text TEXT,
  step INTEGER,
  checksum INTEGER NOT NULL,
  PRIMARY KEY(run, attempt, sequence)
) WITHOUT ROWID;

CREATE TABLE verdict(
  run INTEGER NOT NULL,
  number INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  interval INTEGER NOT NULL,
  value REAL,
  bound REAL,
  population INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY(run, number)
) WITHOUT ROWID;

CREATE TABLE tag(
  run INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(run, key)
) WITHOUT ROWID;

CREATE TABLE property(
  run INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY(run, key)
) WITHOUT ROWID;

CREATE TABLE command(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  child INTEGER NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX command_by_parent ON command(parent, id);

CREATE VIEW child_run AS
  SELECT parent_run.run_id AS parent_run_id, run.child, run.run_id, run.status, run.attempt,
         run.hyperparameters, run.best_primary_metric, run.started_us, run.ended_us,
         run.error_code, run.error_message
  FROM run JOIN run AS parent_run ON parent_run.id = run.parent;

CREATE VIEW metric_point AS
  SELECT run.run_id, metric.attempt, metric.sequence, metric_name.name, metric.step,
         metric.value, metric.text, metric.time_us
  FROM metric JOIN run ON run.id = metric.run JOIN metric_name ON metric_name.id = metric.name;
)sql";

// A verdict lies beside the metric point it judged: one row instead of two.
constexpr const char* kMigration2 = R"sql(
ALTER TABLE metric ADD COLUMN verdict_outcome INTEGER;
ALTER TABLE metric ADD COLUMN verdict_interval INTEGER;
ALTER TABLE metric ADD COLUMN verdict_value REAL;
ALTER TABLE metric ADD COLUMN verdict_bound REAL;
ALTER TABLE metric ADD COLUMN verdict_population INTEGER;

CREATE VIEW policy_verdict AS
  SELECT run.run_id, verdict_interval AS interval, verdict_outcome AS outcome,
         verdict_value AS value, verdict_bound AS bound, verdict_population AS population,
         engine_us AS time_us
  FROM metric JOIN run ON run.id = metric.run WHERE verdict_outcome IS NOT NULL
  UNION ALL
  SELECT run.run_id, interval, outcome, value, bound, population, time_us
  FROM verdict JOIN run ON run.id = verdict.run;
)sql";

constexpr std::array<const char*, kSchemaVersion> kMigrations = {kMigration1, kMigration2};

}  // namespace

void refuse_unusable(Database& database) {
  const std::int64_t owner = database.number("PRAGMA application_id");
  const std::int64_t version = database.number("PRAGMA user_version");
  const bool empty =
      owner == 0 && version == 0 && database.number("SELECT count(*) FROM sqlite_master") == 0;
  if (owner != kApplicationId && !empty) {
    throw StoreError("the file " + database.file() +
                     " is an SQLite database of another program, not an hdrive history; nothing "
                     "was changed. Move it away and try again");
  }
  if (version > kSchemaVersion) {
    throw StoreError(
        "the history " + database.file() + " has schema version " + std::to_string(version) +
        ", written by a newer hdrive; this one knows up to " + std::to_string(kSchemaVersion) +
        ". Nothing was changed. Use the newer hdrive");
  }
}

void migrate(Database& database) {
  if (database.number("PRAGMA user_version") == kSchemaVersion) return;
  Transaction transaction(database, Transaction::Kind::kWrite);
  refuse_unusable(database);  // another process may have been faster, and newer
  for (std::int64_t version = database.number("PRAGMA user_version"); version < kSchemaVersion;
       ++version) {
    database.execute(kMigrations.at(static_cast<std::size_t>(version)));
  }
  database.execute(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str());
  database.execute(("PRAGMA user_version=" + std::to_string(kSchemaVersion)).c_str());
  transaction.commit();
}

}  // namespace hd::sqlite
