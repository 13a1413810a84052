#include "engine/store/sqlite.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <sqlite3.h>

namespace hd::sqlite {

namespace {

constexpr int kBusyTimeoutMilliseconds = 10'000;

/// SQLite gives its side files the mode of the database, so only this one has to be made private.
void create_private_file(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    if (errno == EEXIST) return;
    throw StoreError("cannot create the history " + file + ": " + std::strerror(errno));
  }
  ::close(descriptor);
  // The name of the new file must survive a power loss like its content.
  const std::filesystem::path parent = std::filesystem::path(file).parent_path();
  const int folder =
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

std::string system_reason(int system_errno) {
  return system_errno == 0 ? std::string("input/output error") : std::strerror(system_errno);
}

std::string explain(const std::string& file, int extended, int system_errno, const char* detail) {
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program kept the history " + file + " locked for " +
             std::to_string(kBusyTimeoutMilliseconds / 1000) +
             " seconds; nothing was changed. End that program (a database browser, a backup) and "
             "try again";
    case SQLITE_FULL:
      return "no space is left for the history " + file +
             "; nothing of this step was stored. Free some space and try again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "the history " + file +
             " may not be written; nothing was changed. Check the permissions of the file and its "
             "folder, and whether the file system is mounted read-only";
    case SQLITE_CANTOPEN:
      return "cannot open the history " + file + ": " + system_reason(system_errno) +
             ". Check that its folder exists and may be written";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "the history " + file + " is damaged or not a history (" + detail +
             "). Nothing was changed. Keep a copy, then restore a backup, or let `sqlite3 " + file +
             " .recover` rescue what can be read";
    case SQLITE_IOERR:
      if (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG) {
        return "no space is left for the history " + file + " (" + std::strerror(system_errno) +
               "); nothing of this step was stored. Free some space or raise the quota and try "
               "again";
      }
      if (extended == SQLITE_IOERR_SHORT_READ) {
        return "the history " + file +
               " is damaged (it ends too early). Keep a copy, then restore "
               "a backup, or let `sqlite3 " +
               file + " .recover` rescue what can be read";
      }
      return "cannot read or write the history " + file + ": " + system_reason(system_errno) +
             "; nothing of this step was stored";
    default:
      return "the history " + file + " cannot be used: " + detail;
  }
}

}  // namespace

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  const int code = sqlite3_prepare_v3(database.connection_,
                                      sql.data(),
                                      static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT,
                                      &statement_,
                                      nullptr);
  if (code != SQLITE_OK) database.fail(code);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int position, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_, position, value);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(int position, double value) {
  const int code = sqlite3_bind_double(statement_, position, value);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind(int position, std::string_view value) {
  // A null pointer would bind NULL, and an empty view may have one.
  const char* data = value.data() == nullptr ? "" : value.data();
  const int code =
      sqlite3_bind_text64(statement_, position, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

Statement& Statement::bind_null(int position) {
  const int code = sqlite3_bind_null(statement_, position);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  database_.fail(code);
}

void Statement::run() {
  errno = 0;
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_DONE && code != SQLITE_ROW) {
    // The message belongs to the connection and has to be read before the reset.
    const Use ended(*this);
    database_.fail(code);
  }
  sqlite3_reset(statement_);
}

void Statement::reset() { sqlite3_reset(statement_); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const {
  if (is_null(column)) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(statement_, column);
}

std::string_view Statement::view(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Database::Database(std::string file, Open open) : file_(std::move(file)) {
  if (open == Open::kOrCreate) create_private_file(file_);
  const int code = sqlite3_open_v2(
      file_.c_str(), &connection_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const std::string message =
        explain(file_,
                connection_ == nullptr ? code : sqlite3_extended_errcode(connection_),
                connection_ == nullptr ? 0 : sqlite3_system_errno(connection_),
                sqlite3_errstr(code));
    sqlite3_close_v2(connection_);
    throw StoreError(message);
  }
  struct stat status {};
  if (::stat(file_.c_str(), &status) == 0) identity_ = {status.st_dev, status.st_ino};
  sqlite3_extended_result_codes(connection_, 1);
  sqlite3_busy_timeout(connection_, kBusyTimeoutMilliseconds);
}

Database::~Database() {
  cache_.clear();
  sqlite3_close_v2(connection_);
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

Statement& Database::cached(const char* sql) {
  std::unique_ptr<Statement>& statement = cache_[sql];
  if (statement == nullptr) statement = std::make_unique<Statement>(*this, sql);
  return *statement;
}

std::int64_t Database::number(const char* sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(connection_); }

std::int64_t Database::changed_rows() const { return sqlite3_changes(connection_); }

void Database::watch_log(std::function<void(int pages)> on_commit) {
  on_commit_ = std::move(on_commit);
  const auto forward = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<Database*>(self)->on_commit_(pages);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(connection_, forward, this);
}

void Database::checkpoint() {
  sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(connection_) == 0; }

void Database::require_in_place() const {
  struct stat status {};
  const bool there = ::stat(file_.c_str(), &status) == 0;
  if (there && identity_ == std::pair{status.st_dev, status.st_ino}) return;
  throw StoreError(
      "the history " + file_ +
      (there ? " was replaced by another file"
             : " is not there any more: " + system_reason(errno)) +
      "; nothing of this step was stored. Put it back where it was, with its -wal and -shm files");
}

void Database::fail(int code) const {
  // A failing commit does not pass on its reason; then it is the latest one.
  const int latest = errno;
  const int kept = sqlite3_system_errno(connection_);
  const int extended = sqlite3_extended_errcode(connection_);
  const bool same = (extended & 0xff) == (code & 0xff);
  const std::string message = explain(file_,
                                      same ? extended : code,
                                      kept != 0 ? kept : latest,
                                      same ? sqlite3_errmsg(connection_) : sqlite3_errstr(code));
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) throw LockedError(message);
  throw StoreError(message);
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  if (database.in_transaction()) {
    if (kind == Kind::kRead) return;
    // Joining a reader's transaction would lose the writing when that one ends.
    throw StoreError("the history " + database.file() + " cannot be written while it is visited");
  }
  if (kind == Kind::kWrite) database.require_in_place();
  database.cached(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN").run();
  open_ = true;
}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back by itself.
  if (!open_ || !database_.in_transaction()) return;
  try {
    database_.cached("ROLLBACK").run();
  } catch (const StoreError&) {
    // A rollback only fails when the connection is beyond use; the next call will say so.
    return;
  }
}

void Transaction::commit() {
  if (!open_) return;
  database_.cached("COMMIT").run();
  open_ = false;
}

}  // namespace hd::sqlite
