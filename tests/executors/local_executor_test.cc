// What holds between engines: attempts outlive the executor that started them.
#include "executors/local/local_executor.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "executors/local/attempt_files_writer.h"
#include "executors/local/supervisor_process.h"
#include "tests/executors/executor_harness.h"

namespace hd::testing {
namespace {

using Kind = ExitStatus::Kind;

class LocalExecutorAdoption : public ExecutorHarness {
 protected:
  std::unique_ptr<LocalExecutor> make_executor() {
    return std::make_unique<LocalExecutor>(
        loop_, listener_, LocalExecutorOptions{.supervisor = HD_SUPERVISOR_PROGRAM});
  }
  // Starts the attempt and lets the executor go once `points` points arrived; returns the number
  // that the next engine asks for.
  std::int64_t start_and_leave(const ChildRunSpec& spec, std::size_t points) {
    auto first = make_executor();
    first->start(spec);
    run_until([&] { return listener_.points.size() >= points; }, "points arrived");
    first.reset();
    return listener_.points.empty() ? 1 : listener_.points.back().sequence + 1;
  }
  void wait_for_file(const ChildRunSpec& spec, const char* name) {
    run_until([&] { return attempt_file_exists(spec, name); }, name);
  }
  void expect_values_once(const std::string& name, int count) {
    const auto values = listener_.values(name);
    ASSERT_EQ(values.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
  }
  pid_t supervisor_of(const ChildRunSpec& spec) {
    pid_t pid = 0;
    run_until([&] { return (pid = probe_attempt(spec.attempt_directory).pid) > 0; }, "the claim");
    return pid;
  }
};

constexpr const char* kCounting =
    R"(i=0; while [ $i -lt 200 ]; do echo "{\"t\":\"m\",\"m\":{\"x\":$i}}" >> "$HDRIVE_METRICS"; i=$((i+1)); sleep 0.002; done)";

TEST_F(LocalExecutorAdoption, GoesOnWithALivingAttempt) {
  write_script(kCounting);
  const auto spec = make_spec();
  const auto next = start_and_leave(spec, 10);
  run_for_ms(30);
  auto second = make_executor();
  second->adopt(spec, next);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_values_once("x", 200);
  EXPECT_EQ(listener_.started, 1);
}

TEST_F(LocalExecutorAdoption, ReadsTheRestOfAnEndedAttempt) {
  write_script(kCounting);
  const auto spec = make_spec();
  const auto next = start_and_leave(spec, 10);
  wait_for_file(spec, "exit");
  auto second = make_executor();
  second->adopt(spec, next);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_values_once("x", 200);
}

TEST_F(LocalExecutorAdoption, TakesOverFromEngineToEngine) {
  write_script(kCounting);
  const auto spec = make_spec();
  auto next = start_and_leave(spec, 5);
  for (std::size_t round = 2; round < 12; ++round) {
    auto executor = make_executor();
    executor->adopt(spec, next);
    run_until([&] { return listener_.points.size() >= round * 10; }, "more points arrived");
    next = listener_.points.back().sequence + 1;
  }
  auto last = make_executor();
  last->adopt(spec, next);
  run_to_end();
  expect_values_once("x", 200);
}

TEST_F(LocalExecutorAdoption, StartsAnAttemptThatNeverCameToRun) {
  write_script("echo x=0 >> $HDRIVE_METRICS");
  const auto spec = make_spec();
  auto executor = make_executor();
  executor->adopt(spec, 1);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_values_once("x", 1);
}

TEST_F(LocalExecutorAdoption, StartsAnAttemptWhoseDirectoryWasJustMade) {
  write_script("echo x=0 >> $HDRIVE_METRICS");
  const auto spec = make_spec();
  ASSERT_TRUE(prepare_attempt(spec));
  auto executor = make_executor();
  executor->adopt(spec, 1);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
}

TEST_F(LocalExecutorAdoption, CancelsAnAdoptedAttempt) {
  write_script("echo x=0 >> $HDRIVE_METRICS; sleep 1000");
  const auto spec = make_spec();
  const auto next = start_and_leave(spec, 1);
  auto second = make_executor();
  second->adopt(spec, next);
  second->request_cancel(spec.child, spec.attempt, false);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kSignaled);
  EXPECT_EQ(listener_.exits.at(0).code, SIGTERM);
}

TEST_F(LocalExecutorAdoption, ASecondStartOfTheSameAttemptJoinsTheFirst) {
  write_script("echo run >> ../ran; " + std::string(kCounting));
  const auto spec = make_spec();
  start_and_leave(spec, 10);
  auto second = make_executor();
  listener_.points.clear();
  second->start(spec);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_values_once("x", 200);
  EXPECT_EQ(read_attempt_file(spec, "ran"), "run\n");
}

TEST_F(LocalExecutorAdoption, StartingAnEndedAttemptTellsItsEnd) {
  write_script("echo run >> ../ran; exit 6");
  const auto spec = make_spec();
  auto first = make_executor();
  first->start(spec);
  run_to_end();
  first.reset();
  listener_ = {};
  auto second = make_executor();
  second->start(spec);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).code, 6);
  EXPECT_EQ(read_attempt_file(spec, "ran"), "run\n");
}

TEST_F(LocalExecutorAdoption, TwoSupervisorsAtOnceRunTheScriptOnce) {
  write_script("echo run >> ../ran; sleep 0.2");
  const auto spec = make_spec();
  ASSERT_TRUE(prepare_attempt(spec));
  std::vector<StartedSupervisor> all;
  for (int i = 0; i < 5; ++i) {
    auto started = start_supervisor(HD_SUPERVISOR_PROGRAM, spec.attempt_directory);
    ASSERT_TRUE(started);
    all.push_back(*started);
  }
  int supervised = 0;
  for (const auto& one : all) {
    int status = 0;
    ASSERT_EQ(::waitpid(one.pid, &status, 0), one.pid);
    if (WEXITSTATUS(status) == 0) {
      ++supervised;
    } else {
      EXPECT_TRUE(WEXITSTATUS(status) == 75 || WEXITSTATUS(status) == 76) << WEXITSTATUS(status);
    }
    ::close(one.socket);
    ::close(one.process_descriptor);
  }
  EXPECT_EQ(supervised, 1);
  EXPECT_EQ(read_attempt_file(spec, "ran"), "run\n");
}

TEST_F(LocalExecutorAdoption, AKilledSupervisorIsLostAndNothingIsLeft) {
  write_script(
      "echo failing >&2; (setsid sleep 1000 </dev/null >/dev/null 2>&1 &) ; "
      "echo x=0 >> $HDRIVE_METRICS; sleep 1000");
  const auto spec = make_spec();
  auto executor = make_executor();
  executor->start(spec);
  run_until([this] { return !listener_.points.empty(); }, "a point arrived");
  ASSERT_EQ(::kill(supervisor_of(spec), SIGKILL), 0);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kLost);
  EXPECT_EQ(listener_.exits.at(0).log_tail, "failing");
  EXPECT_FALSE(any_process_left(spec));
  expect_values_once("x", 1);
}

TEST_F(LocalExecutorAdoption, ASupervisorKilledWhileNoEngineWasThereIsLost) {
  write_script("(setsid sleep 1000 </dev/null >/dev/null 2>&1 &) ; " + std::string(kCounting));
  const auto spec = make_spec();
  const auto next = start_and_leave(spec, 10);
  const pid_t supervisor = supervisor_of(spec);
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  ASSERT_EQ(::waitpid(supervisor, nullptr, 0), supervisor);
  auto second = make_executor();
  second->adopt(spec, next);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kLost);
  EXPECT_FALSE(any_process_left(spec));
  const auto values = listener_.values("x");
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<double>(i));
}

TEST_F(LocalExecutorAdoption, ASupervisorThatDiesBeforeItsClaimIsAFailureToStart) {
  const auto spec = make_spec();
  LocalExecutor executor(loop_, listener_, {.supervisor = "/bin/false"});
  executor.start(spec);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kNotStarted);
  EXPECT_NE(listener_.exits.at(0).message.find("with code 1"), std::string::npos);
}

TEST_F(LocalExecutorAdoption, AMissingSupervisorIsAFailureToStart) {
  const auto spec = make_spec();
  LocalExecutor executor(loop_, listener_, {.supervisor = "/opt/none/hdrive-supervisor"});
  executor.start(spec);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kNotStarted);
  EXPECT_NE(listener_.exits.at(0).message.find("/opt/none/hdrive-supervisor"), std::string::npos);
}

TEST_F(LocalExecutorAdoption, DamagedStreamLinesAreSkippedAndTold) {
  write_script("echo x=0 >> $HDRIVE_METRICS; echo x=1 >> $HDRIVE_METRICS");
  const auto spec = make_spec();
  auto first = make_executor();
  first->start(spec);
  run_to_end();
  first.reset();
  listener_ = {};
  std::string stream = read_attempt_file(spec, "stream.jsonl");
  stream.insert(stream.find('\n') + 1, "{\"n\":2,\"k\":\"m\",\"p\":[[garbage\n");
  std::ofstream(spec.attempt_directory + "/stream.jsonl") << stream;
  auto second = make_executor();
  second->adopt(spec, 1);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_values_once("x", 2);
  EXPECT_NE(listener_.notes_text().find("damaged"), std::string::npos);
}

TEST_F(LocalExecutorAdoption, TheExitRecordCountsWhenTheStreamIsGone) {
  write_script("exit 9");
  const auto spec = make_spec();
  auto first = make_executor();
  first->start(spec);
  run_to_end();
  first.reset();
  listener_ = {};
  std::filesystem::remove(spec.attempt_directory + "/stream.jsonl");
  auto second = make_executor();
  second->adopt(spec, 1);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kExited);
  EXPECT_EQ(listener_.exits.at(0).code, 9);
}

TEST_F(LocalExecutorAdoption, WorksInAVeryDeepDirectory) {
  write_script(kCounting);
  auto spec = make_spec();
  spec.attempt_directory = folder_;
  for (int i = 0; i < 20; ++i) spec.attempt_directory += "/a-folder-with-a-long-name";
  const auto next = start_and_leave(spec, 5);
  auto second = make_executor();
  second->adopt(spec, next);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_values_once("x", 200);
}

TEST_F(LocalExecutorAdoption, AFrozenEngineDoesNotHoldTheSupervisor) {
  // Far more than the socket takes, and nobody reads.
  write_script("i=0; while [ $i -lt 30000 ]; do echo \"x=$i\"; i=$((i+1)); done");
  const auto spec = make_spec();
  ASSERT_TRUE(prepare_attempt(spec));
  auto started = start_supervisor(HD_SUPERVISOR_PROGRAM, spec.attempt_directory);
  ASSERT_TRUE(started);
  int status = 0;
  ASSERT_EQ(::waitpid(started->pid, &status, 0), started->pid);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ::close(started->socket);
  ::close(started->process_descriptor);
  auto executor = make_executor();
  executor->adopt(spec, 1);
  run_to_end();
  expect_values_once("x", 30000);
}

TEST_F(LocalExecutorAdoption, AForeignEngineMayAskForAnyNumber) {
  write_script("i=0; while [ $i -lt 5000 ]; do echo \"x=$i\"; i=$((i+1)); done");
  const auto spec = make_spec();
  auto first = make_executor();
  first->start(spec);
  run_to_end();
  first.reset();
  for (const std::int64_t next : {1, 2, 3, 700, 2500, 5001, 5002, 9999}) {
    listener_ = {};
    auto executor = make_executor();
    executor->adopt(spec, next);
    run_to_end();
    EXPECT_TRUE(listener_.exits.at(0).succeeded());
    const std::int64_t expected = std::max<std::int64_t>(0, 5002 - std::max<std::int64_t>(2, next));
    EXPECT_EQ(static_cast<std::int64_t>(listener_.points.size()), expected) << next;
    if (!listener_.points.empty()) {
      EXPECT_EQ(listener_.points[0].sequence, std::max<std::int64_t>(2, next));
    }
  }
}

}  // namespace
}  // namespace hd::testing
