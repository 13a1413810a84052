// What the machine may do to attempts, their supervisors and their files.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>

#include "engine/core/rng.h"
#include "executors/local/heartbeat.h"
#include "executors/local/local_executor.h"
#include "executors/local/supervisor_process.h"
#include "tests/executors/executor_harness.h"
#include "tests/executors/sealed.h"

namespace hd::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Finding = Heartbeat::Finding;
using Kind = ExitStatus::Kind;

constexpr const char* kCounting =
    R"(i=0; while [ $i -lt 60 ]; do echo "{\"t\":\"m\",\"m\":{\"x\":$i}}" >> "$HDRIVE_METRICS"; i=$((i+1)); sleep 0.01; done)";
constexpr const char* kForever =
    "(setsid sleep 1000 </dev/null >/dev/null 2>&1 &); echo x=0 >> $HDRIVE_METRICS; sleep 1000";

TEST(Heartbeat, TellsThenEndsThenGivesUp) {
  Heartbeat heartbeat({.silent_until_told = 2, .silent_until_ended = 4});
  std::vector<Finding> found;
  for (int i = 0; i < 8; ++i) found.push_back(heartbeat.check(false, false));
  EXPECT_EQ(found,
            (std::vector<Finding>{Finding::kNothing,
                                  Finding::kSilent,
                                  Finding::kNothing,
                                  Finding::kHangs,
                                  Finding::kNothing,
                                  Finding::kNothing,
                                  Finding::kStuck,
                                  Finding::kNothing}));
}

TEST(Heartbeat, OneAnswerEndsTheSilence) {
  Heartbeat heartbeat({.silent_until_told = 2, .silent_until_ended = 4});
  for (int i = 0; i < 3; ++i) (void)heartbeat.check(false, false);
  EXPECT_EQ(heartbeat.check(true, false), Finding::kBack);
  EXPECT_EQ(heartbeat.check(true, false), Finding::kNothing);
  for (int i = 0; i < 3; ++i) EXPECT_NE(heartbeat.check(false, false), Finding::kHangs);
  EXPECT_EQ(heartbeat.check(false, false), Finding::kHangs);
}

TEST(Heartbeat, IsShorterForARunThatMustGoAtOnce) {
  Heartbeat heartbeat({.silent_until_ended = 1000, .silent_when_forced = 2});
  EXPECT_EQ(heartbeat.check(false, true), Finding::kNothing);
  EXPECT_EQ(heartbeat.check(false, true), Finding::kHangs);
}

class LocalTrouble : public ExecutorHarness {
 protected:
  std::unique_ptr<LocalExecutor> make_executor(HeartbeatTiming timing = {}) {
    return std::make_unique<LocalExecutor>(
        loop_,
        listener_,
        LocalExecutorOptions{.supervisor = HD_SUPERVISOR_PROGRAM,
                             .heartbeat = timing,
                             .shortage_retry = milliseconds(20)});
  }
  // Silence of `checks` checks of a twentieth of a second ends a supervisor.
  static HeartbeatTiming short_timing(int checks) {
    return {.interval = milliseconds(50),
            .silent_until_told = 3,
            .silent_until_ended = checks,
            .silent_when_forced = 2};
  }
  void run_to_points(std::size_t count) {
    run_until([&] { return listener_.points.size() >= count; }, "points arrived");
  }
  void run_to_note(const char* text) {
    run_until([&] { return listener_.notes_text().find(text) != std::string::npos; }, text);
  }
  pid_t supervisor_of(const ChildRunSpec& spec) {
    pid_t pid = 0;
    run_until([&] { return (pid = probe_attempt(spec.attempt_directory).pid) > 0; }, "the claim");
    return pid;
  }
  /// Runs the attempt until its first points, and lets the engine go.
  ChildRunSpec start_and_leave() {
    const auto spec = make_spec();
    auto first = make_executor();
    first->start(spec);
    run_to_points(1);
    return spec;
  }
  void expect_lost_for_silence(const ChildRunSpec& spec) {
    ASSERT_EQ(listener_.exits.size(), 1u);
    EXPECT_EQ(listener_.exits[0].kind, Kind::kLost);
    EXPECT_NE(listener_.exits[0].message.find("no sign of life"), std::string::npos);
    EXPECT_FALSE(any_process_left(spec));
  }
  void expect_counted_once() {
    const auto values = listener_.values("x");
    ASSERT_EQ(values.size(), 60u) << listener_.notes_text();
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<double>(i));
  }
};

TEST_F(LocalTrouble, AStoppedSupervisorIsToldAndEnded) {
  write_script(kForever);
  const auto spec = make_spec();
  auto executor = make_executor(short_timing(8));
  executor->start(spec);
  run_to_points(1);
  ASSERT_EQ(::kill(supervisor_of(spec), SIGSTOP), 0);
  run_to_end();
  expect_lost_for_silence(spec);
  EXPECT_NE(listener_.notes_text().find("gives no sign of life"), std::string::npos);
}

TEST_F(LocalTrouble, ASupervisorThatGoesOnInTimeIsLeftAlone) {
  write_script(kCounting);
  const auto spec = make_spec();
  auto executor = make_executor(short_timing(100'000));
  executor->start(spec);
  run_to_points(1);
  const pid_t supervisor = supervisor_of(spec);
  ASSERT_EQ(::kill(supervisor, SIGSTOP), 0);
  run_to_note("gives no sign of life");
  ASSERT_EQ(::kill(supervisor, SIGCONT), 0);
  run_to_note("signs of life again");
  // The script may have ended meanwhile, and no later check is needed for that.
  if (!listener_.ended()) run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_counted_once();
}

TEST_F(LocalTrouble, AStoppedSupervisorOfACanceledRunIsEnded) {
  write_script(kForever);
  const auto spec = make_spec();
  auto executor = make_executor(short_timing(8));
  executor->start(spec);
  run_to_points(1);
  ASSERT_EQ(::kill(supervisor_of(spec), SIGSTOP), 0);
  executor->request_cancel(spec.child, spec.attempt, false);
  run_to_end();
  expect_lost_for_silence(spec);
}

TEST_F(LocalTrouble, ForceDoesNotWaitForTheWholeSilence) {
  write_script(kForever);
  const auto spec = make_spec();
  auto executor = make_executor(short_timing(100'000));
  executor->start(spec);
  run_to_points(1);
  ASSERT_EQ(::kill(supervisor_of(spec), SIGSTOP), 0);
  executor->request_cancel(spec.child, spec.attempt, true);
  run_to_end();
  expect_lost_for_silence(spec);
}

TEST_F(LocalTrouble, ASupervisorThatWasStoppedBeforeTheNextEngineIsEnded) {
  write_script(kForever);
  const auto spec = make_spec();
  auto first = make_executor();
  first->start(spec);
  run_to_points(1);
  // It has no socket yet: nobody can connect, and its lock is held.
  ASSERT_EQ(::kill(supervisor_of(spec), SIGSTOP), 0);
  first.reset();
  auto second = make_executor(short_timing(8));
  second->adopt(spec, 3);
  run_to_end();
  expect_lost_for_silence(spec);
}

TEST_F(LocalTrouble, AMachineThatSleptHasNoHangingSupervisors) {
  write_script(kCounting);
  const auto spec = make_spec();
  auto executor = make_executor(short_timing(40));
  executor->start(spec);
  run_to_points(1);
  const pid_t supervisor = supervisor_of(spec);
  // Engine and supervisor stand still together, for longer than the silence that ends one.
  ASSERT_EQ(::kill(supervisor, SIGSTOP), 0);
  std::this_thread::sleep_for(milliseconds(2500));
  ASSERT_EQ(::kill(supervisor, SIGCONT), 0);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded()) << listener_.exits.at(0).message;
  expect_counted_once();
}

/// No descriptor can be opened in this process while it lives.
class NoDescriptors {
 public:
  explicit NoDescriptors(boost::asio::io_context& loop) {
    const boost::asio::steady_timer first(loop);  // with it the loop makes its own
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 3;
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

// The check of virtual tables asks the kernel for pipes, and takes the want of them for damage.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define HD_SANITIZER_NEEDS_DESCRIPTORS
#endif
#endif
#ifdef HD_SANITIZER_NEEDS_DESCRIPTORS
#define HD_SKIP_UNDER_SANITIZER() GTEST_SKIP() << "the sanitizer needs descriptors of its own"
#else
#define HD_SKIP_UNDER_SANITIZER()
#endif

TEST_F(LocalTrouble, WaitsForDescriptorsToStart) {
  HD_SKIP_UNDER_SANITIZER();
  write_script(kCounting);
  const auto spec = make_spec();
  auto executor = make_executor();
  {
    const NoDescriptors none(loop_);
    executor->start(spec);
    run_to_note("waits to be started");
    run_for_ms(100);
    EXPECT_FALSE(listener_.ended());
  }
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded()) << listener_.exits.at(0).message;
  EXPECT_EQ(listener_.notes.size(), 1u) << "told once: " << listener_.notes_text();
}

TEST_F(LocalTrouble, ARunThatWaitsForDescriptorsCanBeCanceled) {
  HD_SKIP_UNDER_SANITIZER();
  const auto spec = make_spec();
  auto executor = make_executor();
  const NoDescriptors none(loop_);
  executor->start(spec);
  executor->request_cancel(spec.child, spec.attempt, false);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kNotStarted);
}

TEST_F(LocalTrouble, AShortageThatStaysIsAFailureToStart) {
  HD_SKIP_UNDER_SANITIZER();
  const auto spec = make_spec();
  auto executor = make_executor();
  const NoDescriptors none(loop_);
  executor->start(spec);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kNotStarted);
  EXPECT_NE(listener_.exits.at(0).message.find("Too many open files"), std::string::npos);
}

TEST_F(LocalTrouble, AnEngineWithoutDescriptorsTakesNoLivingRunForDead) {
  write_script(kCounting);
  const auto spec = start_and_leave();
  const auto next = listener_.points.back().sequence + 1;
  auto second = make_executor();
  {
    const NoDescriptors none(loop_);
    second->adopt(spec, next);
    run_for_ms(200);
    EXPECT_FALSE(listener_.ended());
    EXPECT_FALSE(probe_attempt(spec.attempt_directory).known);
  }
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded()) << listener_.exits.at(0).message;
  expect_counted_once();
}

TEST_F(LocalTrouble, ARunWhoseFolderVanishedIsEndedAndNotRunAgain) {
  const std::string ran = folder_ + "/ran";
  write_script("echo run >> " + ran + "; " + kForever);
  const auto spec = start_and_leave();
  std::error_code busy;  // files may come while others are removed
  while (fs::exists(spec.attempt_directory)) fs::remove_all(spec.attempt_directory, busy);
  auto second = make_executor();
  second->adopt(spec, 3);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kLost);
  std::ifstream lines(ran);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(lines), {}), "run\n");
}

class ForeignConnections : public LocalTrouble {
 protected:
  int connect_to(const ChildRunSpec& spec) {
    int fd = -1;
    run_until([&] { return (fd = connect_to_supervisor(spec.attempt_directory, 0)) >= 0; },
              "the supervisor listens");
    return fd;
  }
  static void send_to(int fd, const std::string& text) {
    (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }
};

TEST_F(ForeignConnections, AreRefusedAndToldOnce) {
  write_script(kCounting);
  const auto spec = start_and_leave();
  const auto next = listener_.points.back().sequence + 1;
  std::vector<int> foreign;
  for (const std::string& said :
       {std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("{\"op\":\"cancel\",\"force\":true}\n"),
        std::string("{\"op\":\"from\",\"n\":1}\n"),
        std::string("{\"op\":\"cancel\",\"force\":true,\"nonce\":\"of another run\"}\n"),
        std::string("{\"op\":\"cancel\",\"nonce\":7}\n[]\n\n"),
        std::string(100'000, 'x'),
        std::string("\0\xff\n", 3)}) {
    foreign.push_back(connect_to(spec));
    send_to(foreign.back(), said);
  }
  for (int i = 0; i < 20; ++i) foreign.push_back(connect_to(spec));  // say nothing at all
  auto second = make_executor();
  second->adopt(spec, next);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded()) << describe(listener_.exits.at(0));
  expect_counted_once();
  ASSERT_EQ(listener_.notes.size(), 1u) << listener_.notes_text();
  EXPECT_NE(listener_.notes[0].text.find("nonce"), std::string::npos);
  for (const int fd : foreign) ::close(fd);
}

TEST_F(ForeignConnections, ASocketOfSomebodyElseIsNotBelieved) {
  write_script(kCounting);
  const auto spec = start_and_leave();
  const auto next = listener_.points.back().sequence + 1;
  ::close(connect_to(spec));
  const std::string path = spec.attempt_directory + "/supervisor.sock";
  ASSERT_TRUE(fs::remove(path));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int impostor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(impostor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(impostor, 8), 0);
  auto second = make_executor();
  second->adopt(spec, next);
  std::thread invents([impostor] {
    const int fd = ::accept(impostor, nullptr, nullptr);
    send_to(fd, sealed("{\"n\":3,\"k\":\"exited\",\"kind\":\"exited\",\"code\":77}\n"));
    ::close(fd);
  });
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded()) << describe(listener_.exits.at(0));
  expect_counted_once();
  invents.join();
  ::close(impostor);
}

/// An attempt that has ended, whose files can be damaged and read again.
class DamagedAttempt : public LocalTrouble {
 protected:
  void run_once() {
    write_script(
        R"(for i in 1 2 3 4 5; do echo "{\"t\":\"m\",\"m\":{\"x\":$i,\"y\":\"NaN\"}}" >> "$HDRIVE_METRICS"; echo '{"t":"tag","k":"a","v":"b"}' >> "$HDRIVE_METRICS"; sleep 0.01; done; exit 3)");
    spec_ = make_spec();
    auto executor = make_executor();
    executor->start(spec_);
    run_until([&] { return attempt_file_exists(spec_, "exit"); }, "the record of the end");
    executor.reset();
    stream_ = read_attempt_file(spec_, "stream.jsonl");
    exit_ = read_attempt_file(spec_, "exit");
    points_ = read_again(stream_, exit_);
    ASSERT_EQ(points_.size(), 10u);
    ASSERT_EQ(listener_.notes_text(), "");
  }

  std::vector<MetricPoint> read_again(const std::string& stream, const std::string& exit) {
    std::ofstream(spec_.attempt_directory + "/stream.jsonl", std::ios::binary) << stream;
    std::ofstream(spec_.attempt_directory + "/exit", std::ios::binary) << exit;
    listener_ = {};
    auto executor = make_executor();
    executor->adopt(spec_, 1);
    run_to_end();
    return listener_.points;
  }

  /// What was told is what was written; what is missing is said; the end is the right one or lost.
  void expect_truth(const std::string& stream, const std::string& exit, const std::string& what) {
    const auto told = read_again(stream, exit);
    std::size_t next = 0;
    for (const MetricPoint& point : told) {
      while (next < points_.size() && points_[next].sequence != point.sequence) ++next;
      ASSERT_LT(next, points_.size()) << what << ": invented point " << point.sequence;
      const MetricPoint& written = points_[next];
      EXPECT_EQ(point.name, written.name) << what;
      EXPECT_TRUE(point.value == written.value ||
                  (point.value != point.value && written.value != written.value))
          << what;
      EXPECT_EQ(point.time_us, written.time_us) << what;
    }
    for (const TagSet& tag : listener_.tags) EXPECT_EQ(tag.key + tag.value, "ab") << what;
    const ExitStatus& end = listener_.exits.at(0);
    if (end.kind == Kind::kLost) return;
    EXPECT_EQ(end.kind, Kind::kExited) << what;
    EXPECT_EQ(end.code, 3) << what;
    if (told.size() < points_.size()) {
      EXPECT_NE(listener_.notes_text(), "") << what << ": " << told.size() << " points, not a word";
    }
  }

  ChildRunSpec spec_;
  std::string stream_, exit_;
  std::vector<MetricPoint> points_;
};

TEST_F(DamagedAttempt, AnyCutOfTheStreamIsAPrefixOrIsSaid) {
  run_once();
  for (std::size_t size = 0; size < stream_.size(); ++size) {
    const bool boundary = size == 0 || stream_[size - 1] == '\n' || stream_[size] == '\n';
    if (!boundary && size % 17 != 0) continue;
    const std::string what = "cut to " + std::to_string(size);
    expect_truth(stream_.substr(0, size), exit_, what);
    if (boundary) expect_truth(stream_.substr(0, size), "", what + ", no record of the end");
    if (HasFailure()) return;
  }
}

TEST_F(DamagedAttempt, AlteredBytesInventNothing) {
  run_once();
  Rng rng(5, RngPurpose::kTest, 1);
  for (int round = 0; round < 300; ++round) {
    std::string stream = stream_;
    std::string exit = exit_;
    std::string what = "round " + std::to_string(round);
    const std::uint64_t count = 1 + rng.next_below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string& file = rng.next_below(3) == 0 ? exit : stream;
      file[rng.next_below(file.size())] = static_cast<char>(rng.next_below(256));
    }
    expect_truth(stream, exit, what);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace hd::testing
