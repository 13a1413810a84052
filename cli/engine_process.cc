#include "cli/engine_process.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <iostream>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "cli/compose.h"
#include "cli/compute_targets.h"
#include "cli/final_summary.h"
#include "cli/run_view.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/loop/real_clock.h"
#include "engine/loop/tuner_loop.h"
#include "engine/workspace/files.h"

namespace hd {

namespace {

constexpr std::chrono::milliseconds kTick{100};

/// Keeps the view alive and turns signals into requests, on the loop's thread.
class Attendant {
 public:
  Attendant(boost::asio::io_context& io, TunerLoop& loop, RunView& view, bool leaves_on_terminate)
      : loop_(loop),
        view_(view),
        timer_(io),
        signals_(io, SIGINT, SIGTERM, SIGHUP),
        leaves_on_terminate_(leaves_on_terminate) {
    wait_for_signal();
    tick();
  }

  [[nodiscard]] int first_signal() const { return first_signal_; }

 private:
  void tick() {
    view_.tick();
    timer_.expires_after(kTick);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      // A closed terminal must not end the sweep: it goes on, and writes to nobody.
      if (signal != SIGHUP) on_interrupt(signal);
      wait_for_signal();
    });
  }

  void on_interrupt(int signal) {
    const int active = loop_.history().active();
    if (signal == SIGTERM && leaves_on_terminate_) {
      loop_.detach();
      return;
    }
    if (first_signal_ == 0) {
      first_signal_ = signal;
      view_.say(fmt::format("stopping {} child runs; interrupt again to kill them", active));
    } else {
      view_.say(fmt::format("killing {} child runs", active));
    }
    loop_.interrupt();
  }

  TunerLoop& loop_;
  RunView& view_;
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  bool leaves_on_terminate_;
  int first_signal_ = 0;
};

bool caused_by_user(const History& history) {
  return history.cancel() && history.cancel()->cause == CancelCause::kUser;
}

struct Ending {
  ExitCode code = kExitDone;
  std::string message;
};

Ending ending_of(const History& history, const ParentRunSpec& spec, bool strict, int signal) {
  const bool interrupted = history.cancel() && history.cancel()->cause == CancelCause::kInterrupt;
  if (signal != 0 && interrupted) {
    return {signal == SIGTERM ? kExitTerminated : kExitInterrupted,
            spec.run_id + " was canceled by a signal"};
  }
  const RunStatus status = history.status();
  if (status == RunStatus::kCanceled && caused_by_user(history)) {
    return {kExitCanceledBySomeone, spec.run_id + " was canceled by somebody else"};
  }
  if (status != RunStatus::kCompleted) {
    return {kExitSweepFailed,
            spec.run_id + ' ' + std::string(status_name(status)) +
                (history.end_reason().empty() ? "" : ": " + history.end_reason())};
  }
  if (spec.kind == RunKind::kHyperDrive && history.best_child() < 0) {
    return {kExitSweepFailed, no_best_text(history)};
  }
  if (strict && history.failed() > 0) {
    return {kExitChildrenFailed,
            fmt::format("{} of the child runs failed, and --strict was given", history.failed())};
  }
  return {};
}

std::string own_program() {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) {
    throw std::system_error(errno, std::generic_category(), "finding the hdrive program");
  }
  path.resize(static_cast<std::size_t>(size));
  return path;
}

/// Spawn settings that are freed on every way out.
class DetachedSpawn {
 public:
  explicit DetachedSpawn(const std::string& log) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(
        &actions_, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  }
  ~DetachedSpawn() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  DetachedSpawn(const DetachedSpawn&) = delete;
  DetachedSpawn& operator=(const DetachedSpawn&) = delete;

  [[nodiscard]] pid_t start(const std::string& program, std::vector<std::string> words) const {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int error =
        posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv.data(), environ);
    if (error != 0) {
      throw std::system_error(error, std::generic_category(), "starting " + program);
    }
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

void explain_exit(ExitCode code, const std::string& message) {
  if (code == kExitDone) return;
  std::cerr << "error[E"
            << (code < 100 ? fmt::format("{:02}01", static_cast<int>(code))
                           : fmt::format("{}", static_cast<int>(code)))
            << "]: " << printable(message) << '\n';
}

int drive(const CommonOptions& options,
          const Workspace& workspace,
          RunStore& store,
          const ParentRunSpec& spec,
          HyperDriveConfig config,
          DriveOptions drive_options) {
  const auto target = require_target(workspace.project_directory(), spec.target);
  if (target) bound_by_slots(config, *target);
  boost::asio::io_context io(1);
  const std::unique_ptr<Clock> clock = make_real_clock(io);
  TunerLoop loop(io, *clock, store, compose_parts(spec, config, workspace, target.has_value()));
  const std::unique_ptr<Executor> executor = compose_executor(target, io, loop);
  loop.set_executor(*executor);
  const RunFacts facts = facts_of(spec, config, workspace);
  const std::unique_ptr<RunView> view = make_run_view(facts, options.quiet);
  loop.add_observer(*view);
  loop.on_trouble([&](const std::string& trouble) {
    view->say(trouble.empty() ? "the history can be used again"
                              : "waiting for the history: " + printable(trouble));
  });
  int signal = 0;
  {
    Attendant attendant(io, loop, *view, drive_options.leaves_on_terminate);
    (void)loop.run();
    signal = attendant.first_signal();
  }
  view->finish();
  if (!is_terminal(loop.history().status())) {
    explain_exit(kExitTerminated,
                 spec.run_id + " is not over, but its engine was terminated; the same line, or " +
                     "hdrive run resume -r " + spec.run_id + ", goes on with it");
    return kExitTerminated;
  }
  if (!options.quiet) {
    const auto failure = common_failure(store, spec.run_id, loop.history());
    for (const std::string& line : final_summary(loop.history(), spec, facts, failure)) {
      std::cerr << line << '\n';
    }
  }
  const Ending ending = ending_of(loop.history(), spec, drive_options.strict, signal);
  if (ending.code == kExitCanceledBySomeone && drive_options.cancel_expected) return kExitDone;
  explain_exit(ending.code, ending.message);
  return ending.code;
}

void start_detached_engine(const Workspace& workspace,
                           const std::string& run_id,
                           DriveOptions drive_options) {
  const std::string log = workspace.create_run_directory(run_id) + "/engine.log";
  const DetachedSpawn spawn(log);
  std::vector<std::string> words = {
      "hdrive", "engine", "--run", run_id, "--path", workspace.project_directory()};
  if (drive_options.strict) words.emplace_back("--strict");
  if (drive_options.leaves_on_terminate) words.emplace_back("--leaves-on-terminate");
  const pid_t pid = spawn.start(own_program(), std::move(words));
  // The caller's command returns once the run has an engine, or the reason why it has none.
  for (int waited_ms = 0; waited_ms < 10'000; waited_ms += 10) {
    if (EngineLock::holder(workspace, run_id) == std::int64_t{pid}) return;
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
      const auto said = read_file(log, std::size_t{1} << 20U);
      throw CommandFailure(kExitUnusable,
                           "E0504",
                           "the engine of " + run_id + " ended at once",
                           said ? "it said: " + printable(*said) : "see " + log);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw CommandFailure(
      kExitUnusable, "E0505", "the engine of " + run_id + " did not come up in 10 s", "see " + log);
}

EngineLock require_engine_lock(const Workspace& workspace, const std::string& run_id) {
  auto lock = EngineLock::try_acquire(workspace, run_id);
  if (lock) return std::move(*lock);
  const auto holder = EngineLock::holder(workspace, run_id);
  throw CommandFailure(
      kExitUnusable,
      "E0506",
      "an engine drives " + run_id + " already" +
          (holder ? ", process " + std::to_string(*holder) : std::string()),
      "hdrive run watch -r " + run_id + " shows it; hdrive run cancel -r " + run_id + " ends it");
}

}  // namespace hd
