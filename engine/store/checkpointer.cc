#include "engine/store/checkpointer.h"

#include <memory>
#include <pthread.h>
#include <signal.h>
#include <system_error>

#include "engine/core/error.h"
#include "engine/store/sqlite.h"

namespace hd {

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::request() {
  {
    const std::lock_guard lock(mutex_);
    requested_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) return;
  // Signals are for the thread that drives the engine.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { work(); });
  } catch (const std::system_error&) {
    // No thread to be had: the writer copies the log itself when it has grown long.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Checkpointer::work() {
  std::unique_ptr<sqlite::Database> database;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return requested_ || stopping_; });
    if (stopping_) return;
    requested_ = false;
    lock.unlock();
    try {
      if (!database) {
        database = std::make_unique<sqlite::Database>(file_, sqlite::Database::Open::kExisting);
      }
      database->checkpoint();
    } catch (const StoreError&) {
      database.reset();  // for example a folder that vanished and may come back
    }
    lock.lock();
  }
}

}  // namespace hd
