#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/compose.h"
#include "cli/engine_process.h"
#include "cli/exit_code.h"
#include "cli/final_summary.h"
#include "cli/output.h"
#include "cli/plain_view.h"
#include "cli/program.h"
#include "cli/run_document.h"
#include "cli/run_story.h"
#include "cli/run_watcher.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"

namespace hd {

namespace {

namespace fs = std::filesystem;
constexpr std::chrono::milliseconds kPoll{200};

volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int signal) { interrupted = signal; }

/// Ends a watching command, not the run that it watches.
void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

/// One growing log file, copied to a descriptor byte for byte.
class FollowedLog {
 public:
  FollowedLog(std::string path, int output) : path_(std::move(path)), output_(output) {}

  void copy_new_bytes() {
    if (!file_.is_open()) {
      // The script may have put anything there: a link is not followed, a pipe not waited for.
      file_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
      struct stat status {};
      if (!file_.is_open() || ::fstat(file_.get(), &status) != 0) return;
      if (!S_ISREG(status.st_mode)) return file_.reset();
    }
    std::string block(std::size_t{1} << 16U, '\0');
    for (;;) {
      const ssize_t size = ::read(file_.get(), block.data(), block.size());
      if (size <= 0) return;
      const std::string_view bytes(block.data(), static_cast<std::size_t>(size));
      if (output_ == STDOUT_FILENO) {
        write_stdout(bytes);
      } else {
        std::cerr.write(bytes.data(), size).flush();
      }
      if (interrupted != 0) return;
    }
  }

 private:
  std::string path_;
  int output_;
  FileDescriptor file_;
};

ExitCode interrupt_code() { return interrupted == SIGTERM ? kExitTerminated : kExitInterrupted; }

int follow_child(const OpenedHistory& history, const RunSummary& first, bool follow) {
  RunSummary run = first;
  int attempt = -2;
  std::vector<FollowedLog> logs;
  for (;;) {
    // Asked before the logs are read: what was written before the end is then never missed.
    const bool over = is_terminal(run.status) || !follow;
    const int latest = std::max(0, run.attempt);
    if (latest != attempt) {
      for (FollowedLog& log : logs) log.copy_new_bytes();
      attempt = latest;
      const std::string directory = history.workspace.attempt_directory(run.run_id, attempt);
      logs.clear();
      logs.emplace_back(directory + "/logs/stdout.txt", STDOUT_FILENO);
      logs.emplace_back(directory + "/logs/stderr.txt", STDERR_FILENO);
    }
    for (FollowedLog& log : logs) log.copy_new_bytes();
    if (interrupted != 0) return interrupt_code();
    if (over) return kExitDone;
    std::this_thread::sleep_for(kPoll);
    run = require_run(history, run.run_id);
  }
}

ParentRunSpec require_spec(const OpenedHistory& history, const std::string& run_id) {
  auto spec = history.store.spec(run_id);
  if (!spec) throw NotFoundError("the history does not hold how " + run_id + " was submitted");
  return *spec;
}

/// Whether nobody drives the run any more although it is not over.
bool is_abandoned(const OpenedHistory& history, const std::string& run_id) {
  return !EngineLock::is_held(history.workspace, run_id);
}

int watch_sweep(const CommonOptions& options,
                OpenedHistory& history,
                const std::string& run_id,
                RunView& view,
                int timeout_seconds) {
  const ParentRunSpec spec = require_spec(history, run_id);
  const HyperDriveConfig config = config_of(spec);
  RunWatcher watcher(history.store, run_id, config);
  const auto start = std::chrono::steady_clock::now();
  while (interrupted == 0) {
    const auto before = std::chrono::steady_clock::now();
    const bool abandoned = is_abandoned(history, run_id);
    (void)watcher.poll(view);
    view.tick();
    if (is_terminal(watcher.history().status())) break;
    if (abandoned) {
      view.finish();
      throw CommandFailure(kExitUnusable,
                           "E0507",
                           "no engine drives " + run_id,
                           "hdrive run resume -r " + run_id + " takes it up again");
    }
    const auto now = std::chrono::steady_clock::now();
    if (timeout_seconds > 0 && now - start > std::chrono::seconds(timeout_seconds)) {
      view.finish();
      explain_exit(kExitTimeout, "the time given by --timeout passed");
      return kExitTimeout;
    }
    // A long history takes long to read: never spend more than a fifth of the time on it.
    std::this_thread::sleep_for(std::max<std::chrono::nanoseconds>(kPoll, 4 * (now - before)));
  }
  view.finish();
  if (interrupted != 0) {
    note(options, run_id + " goes on; hdrive run watch -r " + run_id + " shows it again");
    return interrupt_code();
  }
  if (!options.quiet) {
    const RunFacts facts = facts_of(spec, config, history.workspace);
    const auto failure = common_failure(history.store, run_id, watcher.history());
    for (const std::string& line : final_summary(watcher.history(), spec, facts, failure)) {
      std::cerr << line << '\n';
    }
  }
  if (watcher.history().status() == RunStatus::kCanceled) return kExitCanceledBySomeone;
  return watcher.history().status() == RunStatus::kFailed ? kExitSweepFailed : kExitDone;
}

int watch(const CommonOptions& options, const std::string& run_id, int timeout_seconds) {
  OpenedHistory history = open_history(options);
  const RunSummary run = require_run(history, run_id);
  if (run.is_child) {
    throw UsageError(run_id + " is a child run",
                     "hdrive run monitor-logs -r " + run_id + " follows it");
  }
  watch_for_interrupt();
  const ParentRunSpec spec = require_spec(history, run_id);
  const std::unique_ptr<RunView> view =
      make_run_view(facts_of(spec, config_of(spec), history.workspace), options.quiet);
  const int code = watch_sweep(options, history, run_id, *view, timeout_seconds);
  if (code == kExitSweepFailed || code == kExitCanceledBySomeone) {
    const RunSummary end = require_run(history, run_id);
    explain_exit(
        static_cast<ExitCode>(code),
        run_id + ' ' + std::string(status_name(end.status)) + ": " + end.termination_reason);
  }
  if (!wants_text(options)) {
    print_result(options, run_document(require_run(history, run_id)), run_columns());
  }
  return code;
}

int monitor_logs(const CommonOptions& options, const std::string& run_id, bool follow) {
  OpenedHistory history = open_history(options);
  const RunSummary run = require_run(history, run_id);
  watch_for_interrupt();
  if (run.is_child || run.kind == RunKind::kScript) return follow_child(history, run, follow);
  const ParentRunSpec spec = require_spec(history, run_id);
  const HyperDriveConfig config = config_of(spec);
  const RunFacts facts = facts_of(spec, config, history.workspace);
  PlainView view(facts, STDOUT_FILENO);
  if (follow && !is_terminal(run.status)) return watch_sweep(options, history, run_id, view, 0);
  RunWatcher watcher(history.store, run_id, config);
  (void)watcher.poll(view);
  view.finish();
  return kExitDone;
}

void copy_logs(const OpenedHistory& history,
               const RunSummary& run,
               const std::string& output,
               Value::List& written) {
  for (int attempt = 0; attempt <= run.attempt; ++attempt) {
    const fs::path from = history.workspace.attempt_directory(run.run_id, attempt) + "/logs";
    for (const char* name : {"stdout.txt", "stderr.txt"}) {
      if (!fs::is_regular_file(fs::symlink_status(from / name))) continue;
      const fs::path folder = fs::path(output) / run.run_id / std::to_string(attempt);
      fs::create_directories(folder);
      fs::copy_file(from / name, folder / name, fs::copy_options::overwrite_existing);
      written.emplace_back((folder / name).string());
    }
  }
}

int download_logs(const CommonOptions& options,
                  const std::string& run_id,
                  const std::string& output) {
  const OpenedHistory history = open_history(options);
  RunSummary run = require_run(history, run_id);
  Value::List written;
  if (run.is_child || run.kind == RunKind::kScript) {
    run.attempt = std::max(0, run.attempt);
    copy_logs(history, run, output, written);
  } else {
    RunFilter filter;
    filter.parent_run_id = run_id;
    filter.last = 0;
    for (const RunSummary& child : history.store.runs(filter)) {
      copy_logs(history, child, output, written);
    }
    const fs::path engine_log = history.workspace.run_directory(run_id) + "/engine.log";
    if (fs::is_regular_file(fs::symlink_status(engine_log))) {
      const fs::path to = fs::path(output) / run_id / "engine.log";
      fs::create_directories(to.parent_path());
      fs::copy_file(engine_log, to, fs::copy_options::overwrite_existing);
      written.emplace_back(to.string());
    }
  }
  if (written.empty()) note(options, run_id + " has left no logs");
  print_result(options, written);
  return kExitDone;
}

}  // namespace

void add_log_commands(Program& program, CLI::App& run) {
  auto run_id = std::make_shared<std::string>();
  auto timeout = std::make_shared<int>(0);
  CLI::App* command = add_command(program,
                                  run,
                                  "watch",
                                  "Show a running sweep; interrupting ends only the view",
                                  "hdrive run watch -r HD_...",
                                  [run_id, timeout](const CommonOptions& options) {
                                    return watch(options, *run_id, *timeout);
                                  });
  add_run_option(*command, *run_id);
  command->add_option("--timeout", *timeout, "Give up after this many seconds (exit code 124)");

  auto no_follow = std::make_shared<bool>(false);
  command = add_command(program,
                        run,
                        "monitor-logs",
                        "The logs of a run, followed to its end; of a sweep, what happened",
                        "hdrive run monitor-logs -r HD_..._3",
                        [run_id, no_follow](const CommonOptions& options) {
                          return monitor_logs(options, *run_id, !*no_follow);
                        });
  add_run_option(*command, *run_id);
  command->add_flag(
      "-f,--follow", [](std::int64_t) {}, "Follow to the end of the run (the default)");
  command->add_flag("--no-follow", *no_follow, "Print what there is and end");

  auto output = std::make_shared<std::string>();
  command = add_command(program,
                        run,
                        "download-logs",
                        "Copy the logs of a run, or of all child runs of a sweep",
                        "hdrive run download-logs -r HD_... -d logs",
                        [run_id, output](const CommonOptions& options) {
                          return download_logs(options, *run_id, *output);
                        });
  add_run_option(*command, *run_id);
  command->add_option("-d,--output-dir", *output, "Folder to copy into")->required();
}

}  // namespace hd
