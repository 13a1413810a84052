#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_map>
#include <utility>

#include "engine/core/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hd::sqlite {

class Database;

/// Somebody else holds the lock that is needed.
class LockedError : public StoreError {
 public:
  using StoreError::StoreError;
};

/// One prepared statement. Every failure is a StoreError in the words of Database::fail. Text and
/// numbers are bound by position from 1, read by position from 0; texts are not copied when bound
/// and must live until the statement was run.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int position, std::int64_t value);
  Statement& bind(int position, int value) { return bind(position, std::int64_t{value}); }
  /// NaN becomes NULL, which is what SQLite makes of it.
  Statement& bind(int position, double value);
  Statement& bind(int position, std::string_view value);
  Statement& bind_null(int position);

  /// Moves to the next row; false at the end.
  [[nodiscard]] bool step();
  /// Runs a statement that yields no rows, and makes it ready for the next use.
  void run();
  void reset();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  /// NULL reads as NaN.
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string(view(column)); }
  /// Valid until the next step.
  [[nodiscard]] std::string_view view(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

/// Ends the use of a cached statement at the end of a scope, so that it holds no read lock.
class Use {
 public:
  explicit Use(Statement& statement) : statement_(statement) {}
  ~Use() { statement_.reset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Statement* operator->() const { return &statement_; }

 private:
  Statement& statement_;
};

/// A connection to one file. Not thread-safe.
class Database {
 public:
  enum class Open { kOrCreate, kExisting };
  /// A new file gets the mode 0600.
  explicit Database(std::string file, Open open = Open::kOrCreate);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const char* sql);
  /// Prepared once per connection. `sql` must be a literal or another text that outlives this.
  [[nodiscard]] Statement& cached(const char* sql);
  /// The number a one-row, one-column query gives.
  [[nodiscard]] std::int64_t number(const char* sql);
  [[nodiscard]] std::int64_t last_row_id() const;
  [[nodiscard]] std::int64_t changed_rows() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] const std::string& file() const { return file_; }
  /// Has `on_commit` called after each commit with the length of the write-ahead log in pages, in
  /// place of SQLite's own rule when to copy it into the file. It must not throw.
  void watch_log(std::function<void(int pages)> on_commit);
  /// Copies of the write-ahead log into the file what no reader needs there. What cannot be copied
  /// now, for want of space or for any other reason, stays in the log.
  void checkpoint();
  /// Throws StoreError when the file's name leads to another file by now, or nowhere: SQLite would
  /// go on writing to one that nobody will ever read again.
  void require_in_place() const;
  /// Throws StoreError for the code SQLite returned: which file, what is wrong, what to do.
  [[noreturn]] void fail(int code) const;

 private:
  friend class Statement;
  std::string file_;
  std::pair<dev_t, ino_t> identity_{};  ///< of the file that was opened
  sqlite3* connection_ = nullptr;
  std::function<void(int)> on_commit_;
  std::unordered_map<const char*, std::unique_ptr<Statement>> cache_;
};

/// A transaction that rolls back unless committed. A read inside another one joins it; a write
/// there is refused.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = false;
};

}  // namespace hd::sqlite
