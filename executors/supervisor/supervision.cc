#include "executors/supervisor/supervision.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "engine/core/fault_point.h"
#include "executors/supervisor/child_process.h"
#include "executors/supervisor/engine_link.h"
#include "executors/supervisor/exit_record.h"
#include "executors/supervisor/file_watch.h"
#include "executors/supervisor/listening.h"
#include "executors/supervisor/process_tree.h"
#include "executors/supervisor/stream_log.h"
#include "executors/supervisor/tracking/tracking_server.h"
#include "executors/supervisor/working_copy.h"
#include "executors/supervisor_protocol/attempt_files.h"
#include "executors/supervisor_protocol/script_text.h"

namespace hd {
namespace {

using boost::system::error_code;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// What is left over when the script itself has ended gets this long to end as well.
constexpr auto kLeftoverGrace = milliseconds(1000);
constexpr auto kKillRound = milliseconds(20);
constexpr auto kDiskRetry = milliseconds(1000);
constexpr int kDiskRetries = 600;
constexpr int kMostShortStarts = 600;
constexpr int kEnginePatienceMs = 5000;
constexpr auto kEventSearch = milliseconds(1000);

sigset_t supervisor_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  return set;
}

class Supervision {
 public:
  Supervision(const AttemptDirectory& directory,
              std::string path,
              const ChildRunSpec& spec,
              int engine_descriptor)
      : directory_(directory),
        path_(std::move(path)),
        spec_(spec),
        log_(directory.descriptor()),
        listening_(directory.descriptor(), log_, spec.metric_patterns),
        link_(loop_,
              log_,
              directory.descriptor(),
              spec.nonce,
              {[this](std::optional<int> grace, bool force) { cancel(grace, force); },
               [this](const std::string& text) {
                 log_.add_note(text);
                 write_out();
               }}),
        tracking_(loop_, {listening_.router(), log_, [this] { write_out(); }}, path_, spec),
        watch_(loop_),
        signals_(loop_),
        kill_timer_(loop_),
        limit_timer_(loop_),
        hold_timer_(loop_),
        event_timer_(loop_),
        disk_timer_(loop_),
        start_timer_(loop_) {
    const sigset_t set = supervisor_signals();
    const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot create a signalfd");
    signals_.assign(fd);
    if (engine_descriptor >= 0) {
      link_.attach(engine_descriptor);
    } else {
      link_.listen();
    }
  }

  bool run() {
    hear_signals();
    prepare_and_start();
    for (int troubles = 0; !over_ && troubles < 100;) {
      try {
        loop_.restart();
        loop_.run();
        break;
      } catch (const std::exception& error) {
        // The script must not suffer from our troubles, and its end must be recorded.
        ++troubles;
        log_.add_note(std::string("the supervisor met a problem and goes on: ") + error.what());
      }
    }
    return recorded_;
  }

 private:
  void prepare_and_start() {
    fault("claimed");
    auto work =
        make_working_copy(directory_.descriptor(), spec_.snapshot_directory, spec_.resume_from);
    if (!work) return start_later_or_end(work.error());
    // A cancel that came meanwhile is heard before the script exists.
    loop_.poll();
    if (cancel_requested_) {
      ::close(*work);
      return end_unstarted("canceled before the script was started");
    }
    watch_.watch_file(listening_.file(Listening::kMetricsFile).descriptor(),
                      Listening::kMetricsFile);
    watch_.watch_file(listening_.file(Listening::kStdout).descriptor(), Listening::kStdout);
    watch_.watch_file(listening_.file(Listening::kStderr).descriptor(), Listening::kStderr);
    watch_.watch_entry(directory_.descriptor(), attempt_files::kMetrics, Listening::kMetricsEntry);
    auto variables = environment();
    if (const auto shortage = tracking_.open(directory_.descriptor(), *work, variables)) {
      ::close(*work);
      return start_later_or_end(*shortage);
    }
    ChildProcessPlan plan{spec_.argv,
                          std::move(variables),
                          *work,
                          path_ + "/" + attempt_files::kWork,
                          listening_.file(Listening::kStdout).descriptor(),
                          listening_.file(Listening::kStderr).descriptor()};
    listening_.follow_event_files(*work);
    fault("copied");
    auto started = start_child_process(plan);
    ::close(*work);
    if (!started) return start_later_or_end(started.error());
    script_ = *started;
    fault("script_started");
    log_.add_started(script_, host_name(), Listening::now().wall_us);
    write_out();
    if (spec_.time_limit_seconds) arm_time_limit(*spec_.time_limit_seconds);
    watch_.start([this](unsigned channels) { read(channels); });
    arm_event_search(kEventSearch);
  }

  // Room on the disk, descriptors and processes come back; meanwhile the attempt can be canceled.
  void start_later_or_end(const Error& error) {
    // Not for ever: supervisors that all wait for a process keep each other from having one.
    if (cancel_requested_ || !error.may_pass || ++short_starts_ > kMostShortStarts) {
      return end_unstarted(error.message);
    }
    if (short_starts_ == 1) {
      log_.add_note("waits to be started: " + error.message);
      write_out();
    }
    start_timer_.expires_after(kDiskRetry);
    start_timer_.async_wait([this](const error_code& failed) {
      if (failed || over_ || draining_) return;
      if (cancel_requested_) return end_unstarted("canceled before the script was started");
      prepare_and_start();
    });
  }

  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const {
    const std::vector<std::pair<std::string, std::string>> ours{
        {"HDRIVE_METRICS", path_ + "/" + attempt_files::kMetrics},
        {"HDRIVE_OUTPUT_DIR", path_ + "/" + attempt_files::kWork + "/outputs"},
        {attempt_files::kMark, spec_.nonce}};
    auto all = spec_.environment;
    for (const auto& entry : ours) {
      std::erase_if(all, [&](const auto& other) { return other.first == entry.first; });
      all.push_back(entry);
    }
    return all;
  }

  void hear_signals() {
    signals_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
          if (error || over_) return;
          signalfd_siginfo info{};
          bool child_changed = false;
          while (::read(signals_.native_handle(), &info, sizeof info) == ssize_t{sizeof info}) {
            const auto signal = static_cast<int>(info.ssi_signo);
            if (signal == SIGCHLD) child_changed = true;
            if (signal == SIGTERM || signal == SIGINT) cancel(std::nullopt, false);
            if (signal == SIGUSR1) cancel(std::nullopt, true);
          }
          if (child_changed) reap();
          if (!over_) hear_signals();
        });
  }

  // Tests kill the supervisor of one child run, in its first attempt: a second one must get
  // through.
  void fault(const char* name) const {
    if (spec_.attempt == 0) fault_point(name, spec_.child + 1);
  }

  // ----- what the script says

  void read(unsigned channels) {
    const int generation = listening_.file(Listening::kMetricsFile).generation();
    unread_ |= listening_.read(channels);
    auto& metrics = listening_.file(Listening::kMetricsFile);
    if (metrics.generation() != generation) {
      watch_.watch_file(metrics.descriptor(), Listening::kMetricsFile);
    }
    write_out();
    arm_hold();
    if (unread_ != 0 && !std::exchange(reading_, true)) {
      boost::asio::post(loop_, [this] {
        reading_ = false;
        if (!draining_) read(std::exchange(unread_, 0));
      });
    }
  }

  // Event files appear in folders that do not exist yet, and their writers flush them every two
  // minutes: looking now and then is enough, and takes a fiftieth of the time at most.
  void arm_event_search(Clock::duration after) {
    event_timer_.expires_after(after);
    event_timer_.async_wait([this](const error_code& error) {
      if (error || draining_) return;
      const auto begin = Clock::now();
      read(1U << Listening::kEventFiles);
      arm_event_search(std::max<Clock::duration>(kEventSearch, 50 * (Clock::now() - begin)));
    });
  }

  void arm_hold() {
    const auto due = listening_.router().next_release_us();
    if (!due || std::exchange(holding_, true)) return;
    hold_timer_.expires_after(std::chrono::microseconds(*due - Listening::now().steady_us + 100));
    hold_timer_.async_wait([this](const error_code& error) {
      holding_ = false;
      if (error || draining_) return;
      // What was logged by now must be known before what was printed counts.
      read(1U << Listening::kMetricsFile);
      listening_.router().release(Listening::now().steady_us, false);
      write_out();
      arm_hold();
    });
  }

  void write_out() {
    log_.flush();
    link_.poke();
    if (log_.is_written() || std::exchange(retrying_, true)) return;
    disk_timer_.expires_after(kDiskRetry);
    disk_timer_.async_wait([this](const error_code& error) {
      retrying_ = false;
      if (!error && !over_ && !draining_) write_out();
    });
  }

  // ----- ending it

  void arm_time_limit(std::int64_t seconds) {
    constexpr std::int64_t kLongest = std::int64_t{10} * 366 * 86400;  // keeps the clock in range
    limit_timer_.expires_after(
        std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongest)));
    limit_timer_.async_wait([this](const error_code& error) {
      if (error || script_ended_ || cancel_requested_) return;
      time_limit_passed_ = true;
      cancel(std::nullopt, false);
    });
  }

  void cancel(std::optional<int> grace_seconds, bool force) {
    const bool first = !std::exchange(cancel_requested_, true);
    if (over_ || draining_ || script_ == 0) return;  // one that waits to be started looks itself
    if (force) {
      if (!script_ended_) ::kill(-script_, SIGKILL);
      return begin_killing();
    }
    if (!first || script_ended_) return;
    ::kill(-script_, SIGTERM);
    ::kill(-script_, SIGCONT);  // a stopped process hears nothing else
    kill_at_ = Clock::now() +
               std::chrono::seconds(std::max(0, grace_seconds.value_or(spec_.grace_seconds)));
    arm_kill(kill_at_);
  }

  void arm_kill(Clock::time_point when) {
    kill_timer_.expires_at(when);
    kill_timer_.async_wait([this](const error_code& error) {
      if (!error && !draining_) begin_killing();
    });
  }

  // SIGKILL for everything, again and again until nothing is left: orphans come to us round by
  // round.
  void begin_killing() {
    killing_ = true;
    if (!script_ended_) ::kill(-script_, SIGKILL);
    signal_children(SIGKILL);
    arm_kill(Clock::now() + kKillRound);
  }

  void reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
      if (pid > 0) tracking_.process_ended(pid, status);
      if (pid == script_) {
        script_ended_ = true;
        script_status_ = status;
        ended_us_ = Listening::now().wall_us;
      }
    }
    if (!script_ended_ || draining_) return;
    if (pid < 0) return drain();  // ECHILD: no process of the attempt is left
    if (killing_) {
      signal_children(SIGKILL);
    } else if (!std::exchange(leftovers_told_, true)) {
      signal_children(SIGTERM);
      const auto soon = Clock::now() + kLeftoverGrace;
      arm_kill(kill_at_ == Clock::time_point{} ? soon : std::min(soon, kill_at_));
    }
  }

  // Everything the script wrote is heard before its end is told.
  void drain() {
    if (!std::exchange(draining_, true)) {
      kill_timer_.cancel();
      limit_timer_.cancel();
      hold_timer_.cancel();
      event_timer_.cancel();
      watch_.stop();
      unread_ = (1U << Listening::kMetricsEntry) | (1U << Listening::kStdout) |
                (1U << Listening::kStderr) | (1U << Listening::kEventFiles);
    }
    unread_ = listening_.read(unread_);
    log_.flush();
    link_.poke();
    if (unread_ != 0) {
      boost::asio::post(loop_, [this] { drain(); });
      return;
    }
    tracking_.finish([this] {
      listening_.end();
      finish(exit_of_script(
          script_status_, ended_us_, time_limit_passed_ ? spec_.time_limit_seconds : std::nullopt));
    });
  }

  void end_unstarted(const std::string& message) {
    ExitStatus exit;
    exit.kind = ExitStatus::Kind::kNotStarted;
    exit.message = message;
    exit.time_us = Listening::now().wall_us;
    draining_ = true;
    finish(std::move(exit));
  }

  void finish(ExitStatus exit) {
    if (!exit.succeeded()) {
      exit.log_tail = log_tail(listening_.file(Listening::kStderr).descriptor());
      if (exit.log_tail.empty()) {
        exit.log_tail = log_tail(listening_.file(Listening::kStdout).descriptor());
      }
    }
    add_usage(exit);
    const std::string members = exit_members(exit);
    fault("script_ended");
    exit_record_ = log_.add_exited(members);
    // Told before it is durable: the next child run does not wait for the disk. A machine that dies
    // in between takes the engine's note along, and the run counts as lost.
    write_out();
    fault("end_told");
    recorded_ = record();
    fault("end_recorded");
    link_.finish(kEnginePatienceMs, [this](bool delivered) { retry_record(delivered); });
  }

  bool record() { return log_.sync() && directory_.write_exit(exit_record_); }

  // A full disk: an engine that heard the end suffices after a few tries, without one we wait
  // longer.
  void retry_record(bool delivered) {
    if (!recorded_) recorded_ = record();
    const int most = delivered ? 5 : directory_.is_removed() ? 0 : kDiskRetries;
    if (recorded_ || ++record_tries_ >= most) {
      over_ = true;
      loop_.stop();
      return;
    }
    disk_timer_.expires_after(kDiskRetry);
    disk_timer_.async_wait([this, delivered](const error_code& error) {
      if (!error) retry_record(delivered);
    });
  }

  const AttemptDirectory& directory_;
  std::string path_;
  const ChildRunSpec& spec_;
  boost::asio::io_context loop_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};  // one thread, no locks
  StreamLog log_;
  Listening listening_;
  EngineLink link_;
  TrackingServer tracking_;
  FileWatch watch_;
  boost::asio::posix::stream_descriptor signals_;
  boost::asio::steady_timer kill_timer_;
  boost::asio::steady_timer limit_timer_;
  boost::asio::steady_timer hold_timer_;
  boost::asio::steady_timer event_timer_;
  boost::asio::steady_timer disk_timer_;
  boost::asio::steady_timer start_timer_;
  pid_t script_ = 0;  ///< 0 = not started
  int script_status_ = 0;
  std::int64_t ended_us_ = 0;
  Clock::time_point kill_at_{};
  unsigned unread_ = 0;
  bool reading_ = false;   ///< another turn of reading is posted
  bool holding_ = false;   ///< the hold timer runs
  bool retrying_ = false;  ///< the disk timer runs
  bool script_ended_ = false;
  bool cancel_requested_ = false;
  bool time_limit_passed_ = false;
  bool leftovers_told_ = false;
  bool killing_ = false;
  bool draining_ = false;  ///< no process is left, the end is being told
  bool recorded_ = false;
  bool over_ = false;
  int record_tries_ = 0;
  int short_starts_ = 0;  ///< starts that a shortage has put off
  std::string exit_record_;
};

}  // namespace

void block_supervisor_signals() {
  const sigset_t set = supervisor_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool supervise(const AttemptDirectory& directory,
               const std::string& path,
               const ChildRunSpec& spec,
               int engine_descriptor) {
  if (::mkdirat(directory.descriptor(), attempt_files::kLogs, 0700) != 0 && errno != EEXIST) {
    throw std::system_error(errno, std::generic_category(), "cannot create the logs folder");
  }
  Supervision supervision(directory, path, spec, engine_descriptor);
  return supervision.run();
}

}  // namespace hd
