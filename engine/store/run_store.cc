#include "engine/store/run_store.h"

#include <utility>

#include "engine/core/error.h"
#include "engine/store/spec_codec.h"
#include "engine/store/store_state.h"

namespace hd {

using sqlite::Transaction;

RunStore::RunStore(const std::string& file) : state_(std::make_unique<State>(file)) {}
RunStore::~RunStore() = default;
RunStore::RunStore(RunStore&&) noexcept = default;
RunStore& RunStore::operator=(RunStore&&) noexcept = default;

void RunStore::create_parent(const ParentRunSpec& spec,
                             const std::string& primary_metric_name,
                             Goal goal,
                             std::int64_t time_us) {
  State& state = *state_;
  state.set_durability(Durability::kPowerLoss);
  Transaction transaction(state.database, Transaction::Kind::kWrite);
  {
    const sqlite::Use known(state.database.cached("SELECT 1 FROM run WHERE run_id=?"));
    known->bind(1, std::string_view(spec.run_id));
    if (known->step()) {
      throw StoreError("the history " + state.database.file() + " has a run " + spec.run_id +
                       " already");
    }
  }
  sqlite::Statement& experiment =
      state.database.cached("INSERT OR IGNORE INTO experiment(name,created_us) VALUES(?,?)");
  experiment.bind(1, std::string_view(spec.experiment)).bind(2, time_us).run();

  const bool has_goal = spec.kind == RunKind::kHyperDrive;
  sqlite::Statement& run = state.database.cached(
      "INSERT INTO run(run_id,kind,experiment,target,status,created_us,primary_metric_name,"
      "primary_metric_goal) VALUES(?,?,?,?,?,?,?,?)");
  run.bind(1, std::string_view(spec.run_id));
  run.bind(2, std::string_view(spec.kind == RunKind::kScript ? "script" : "hyperdrive"));
  run.bind(3, std::string_view(spec.experiment)).bind(4, std::string_view(spec.target));
  run.bind(5, status_name(RunStatus::kNotStarted)).bind(6, time_us);
  run.bind(7, has_goal ? std::string_view(primary_metric_name) : std::string_view());
  const std::string_view goal_name = goal == Goal::kMaximize ? "maximize" : "minimize";
  run.bind(8, has_goal ? goal_name : std::string_view()).run();
  const std::int64_t key = state.database.last_row_id();

  const std::string text = encode_spec(spec);
  sqlite::Statement& stored =
      state.database.cached("INSERT INTO parent_run_spec(parent,spec,checksum) VALUES(?,?,?)");
  stored.bind(1, key).bind(2, std::string_view(text));
  stored.bind(3, std::int64_t{spec_checksum(key, text)}).run();
  sqlite::Statement& engine =
      state.database.cached("INSERT INTO engine(parent,epoch,last_number) VALUES(?,0,0)");
  engine.bind(1, key).run();

  const auto insert_pairs = [&](const char* sql, const auto& pairs) {
    sqlite::Statement& insert = state.database.cached(sql);
    for (const auto& [name, value] : pairs) {
      insert.bind(1, key).bind(2, std::string_view(name)).bind(3, std::string_view(value)).run();
    }
  };
  insert_pairs("INSERT OR REPLACE INTO tag(run,key,value) VALUES(?,?,?)", spec.tags);
  insert_pairs("INSERT OR REPLACE INTO property(run,key,value) VALUES(?,?,?)", spec.properties);
  transaction.commit();
}

int RunStore::take_over(const std::string& parent_run_id) {
  State& state = *state_;
  state.forget();
  state.set_durability(Durability::kPowerLoss);
  Transaction transaction(state.database, Transaction::Kind::kWrite);
  const std::int64_t parent = state.parent_key_of(parent_run_id);
  state.database.cached("UPDATE engine SET epoch=epoch+1 WHERE parent=?").bind(1, parent).run();
  int epoch = 0;
  {
    const sqlite::Use query(state.database.cached("SELECT epoch FROM engine WHERE parent=?"));
    query->bind(1, parent);
    if (!query->step()) state.damaged("run " + parent_run_id + " has no engine row");
    epoch = static_cast<int>(query->integer(0));
  }
  transaction.commit();
  state.checkpoint_in_background();
  return epoch;
}

std::optional<ParentRunSpec> RunStore::spec(const std::string& parent_run_id) const {
  State& state = *state_;
  const sqlite::Use query(
      state.database.cached("SELECT s.parent,s.spec,s.checksum FROM parent_run_spec s "
                            "JOIN run r ON r.id=s.parent WHERE r.run_id=?"));
  query->bind(1, std::string_view(parent_run_id));
  if (!query->step()) return std::nullopt;
  const std::string_view text = query->view(1);
  if (spec_checksum(query->integer(0), text) != query->integer(2)) {
    state.damaged("the specification of run " + parent_run_id + " was altered");
  }
  try {
    return decode_spec(text);
  } catch (const std::invalid_argument& error) {
    throw StoreError("cannot read the specification of run " + parent_run_id + " in the history " +
                     state.database.file() + ": " + error.what());
  }
}

void RunStore::post(const std::string& parent_run_id, const Command& command) {
  State& state = *state_;
  state.set_durability(Durability::kPowerLoss);
  Transaction transaction(state.database, Transaction::Kind::kWrite);
  const std::int64_t parent = state.parent_key_of(parent_run_id);
  sqlite::Statement& insert =
      state.database.cached("INSERT INTO command(parent,kind,child,reason) VALUES(?,?,?,?)");
  insert.bind(1, parent).bind(2, static_cast<int>(command.kind)).bind(3, command.child);
  insert.bind(4, std::string_view(command.reason)).run();
  transaction.commit();
}

std::vector<Command> RunStore::commands(const std::string& parent_run_id) const {
  State& state = *state_;
  std::vector<Command> commands;
  const sqlite::Use query(
      state.database.cached("SELECT id,kind,child,reason FROM command WHERE parent=? ORDER BY id"));
  query->bind(1, state.parent_key_of(parent_run_id));
  while (query->step()) {
    commands.push_back({query->integer(0),
                        static_cast<Command::Kind>(query->integer(1)),
                        static_cast<int>(query->integer(2)),
                        query->text(3)});
  }
  return commands;
}

void RunStore::forget_commands(const std::string& parent_run_id, std::int64_t up_to) {
  State& state = *state_;
  const std::int64_t parent = state.parent_key_of(parent_run_id);
  state.set_durability(Durability::kProcessCrash);
  Transaction transaction(state.database, Transaction::Kind::kWrite);
  state.database.cached("DELETE FROM command WHERE parent=? AND id<=?")
      .bind(1, parent)
      .bind(2, up_to)
      .run();
  transaction.commit();
}

bool RunStore::changed_by_others() {
  state_->database.require_in_place();
  const sqlite::Use query(state_->database.cached("PRAGMA data_version"));
  if (!query->step()) return true;
  const std::int64_t before = std::exchange(state_->data_version, query->integer(0));
  return before != state_->data_version;
}

void RunStore::set_tag(const std::string& run_id,
                       const std::string& key,
                       const std::string& value) {
  State& state = *state_;
  state.set_durability(Durability::kProcessCrash);
  Transaction transaction(state.database, Transaction::Kind::kWrite);
  const std::int64_t run = state.key_of(run_id);
  sqlite::Statement& insert =
      state.database.cached("INSERT OR REPLACE INTO tag(run,key,value) VALUES(?,?,?)");
  insert.bind(1, run).bind(2, std::string_view(key)).bind(3, std::string_view(value)).run();
  transaction.commit();
}

void RunStore::create_experiment(const std::string& name, std::int64_t time_us) {
  State& state = *state_;
  state.set_durability(Durability::kProcessCrash);
  Transaction transaction(state.database, Transaction::Kind::kWrite);
  sqlite::Statement& insert =
      state.database.cached("INSERT OR IGNORE INTO experiment(name,created_us) VALUES(?,?)");
  insert.bind(1, std::string_view(name)).bind(2, time_us).run();
  transaction.commit();
}

std::vector<std::pair<std::string, std::int64_t>> RunStore::experiments() const {
  const sqlite::Use query(
      state_->database.cached("SELECT name,created_us FROM experiment ORDER BY created_us,name"));
  std::vector<std::pair<std::string, std::int64_t>> experiments;
  while (query->step()) experiments.emplace_back(query->text(0), query->integer(1));
  return experiments;
}

}  // namespace hd
