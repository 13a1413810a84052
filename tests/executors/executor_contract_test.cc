// What every executor promises, on real processes. An executor joins with one line at the end.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "executors/local/local_executor.h"
#include "executors/ssh/ssh_executor.h"
#include "tests/executors/executor_harness.h"
#include "tests/executors/ssh_server.h"

namespace hd::testing {
namespace {

namespace fs = std::filesystem;
using Kind = ExitStatus::Kind;

class ExecutorContract : public ExecutorHarness,
                         public ::testing::WithParamInterface<ExecutorKind> {
 protected:
  ExecutorContract() : executor_(GetParam().make(loop_, listener_, folder_)) {}

  void SetUp() override {
    if (!executor_) GTEST_SKIP() << "there is no SSH server on this machine";
  }

  ~ExecutorContract() override {
    // Whatever else happened: one end per attempt, and silence after it.
    run_for_ms(20);
    EXPECT_EQ(listener_.exits.size(), nonces_.size());
    EXPECT_EQ(listener_.after_end, 0);
  }

  const ExitStatus& run(const ChildRunSpec& spec) {
    executor_->start(spec);
    EXPECT_FALSE(listener_.ended()) << "the end was told inside start";
    run_to_end();
    static const ExitStatus none;
    return listener_.ended() ? listener_.exits[0] : none;
  }
  // Until the script has logged its first point.
  void run_to_first_point() {
    run_until([this] { return !listener_.points.empty(); }, "a point arrived");
  }

  std::unique_ptr<Executor> executor_;
};

TEST_P(ExecutorContract, TellsStartMetricsAndEnd) {
  write_script(R"(echo '{"t":"m","m":{"loss":0.5},"s":1,"ts":1760000000.125}' >> "$HDRIVE_METRICS"
echo '{"t":"tag","k":"a","v":"b"}' >> "$HDRIVE_METRICS"
echo '{"t":"end","status":"completed"}' >> "$HDRIVE_METRICS")");
  const auto& exit = run(make_spec());
  EXPECT_TRUE(exit.succeeded()) << describe(exit) << exit.message;
  EXPECT_EQ(exit.log_tail, "");
  EXPECT_GT(exit.cpu_seconds, 0);
  EXPECT_GT(exit.max_resident_bytes, 0);
  EXPECT_EQ(listener_.started, 1);
  ASSERT_EQ(listener_.points.size(), 1u);
  const MetricPoint expected{2, "loss", 0.5, "", 1, 1760000000125000};
  EXPECT_EQ(listener_.points[0], expected);
  ASSERT_EQ(listener_.tags.size(), 1u);
  EXPECT_EQ(listener_.tags[0].value, "b");
  EXPECT_EQ(listener_.tags[0].sequence, 3);
  ASSERT_EQ(listener_.said.size(), 1u);
  EXPECT_EQ(listener_.said[0].status, "completed");
}

TEST_P(ExecutorContract, TellsTheExitCodeWithTheEndOfTheLog) {
  write_script("echo one >&2; echo 'Error: no data' >&2; exit 3");
  const auto& exit = run(make_spec());
  EXPECT_EQ(exit.kind, Kind::kExited);
  EXPECT_EQ(exit.code, 3);
  EXPECT_EQ(exit.log_tail, "one\nError: no data");
}

TEST_P(ExecutorContract, TellsTheSignal) {
  write_script("kill -SEGV $$");
  const auto& exit = run(make_spec());
  EXPECT_EQ(exit.kind, Kind::kSignaled);
  EXPECT_EQ(exit.code, SIGSEGV);
}

TEST_P(ExecutorContract, HearsThePointsOfAScriptThatEndsAtOnce) {
  write_script(R"(i=0; while [ $i -lt 100 ]; do echo "loss=$i"; i=$((i+1)); done)");
  run(make_spec());
  const auto values = listener_.values("loss");
  ASSERT_EQ(values.size(), 100u);
  EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
}

TEST_P(ExecutorContract, GivesExactlyTheEnvironment) {
  write_script("env | sort | sed 's/=.*//' | tr '\\n' ' '");
  const auto spec = make_spec();
  run(spec);
  // PWD is the shell's own doing.
  EXPECT_EQ(
      read_attempt_file(spec, "logs/stdout.txt"),
      "GREETING HDRIVE_ATTEMPT HDRIVE_METRICS HDRIVE_OUTPUT_DIR "
      "MLFLOW_ASYNC_LOGGING_BUFFERING_SECONDS MLFLOW_DISABLE_TELEMETRY MLFLOW_EXPERIMENT_ID "
      "MLFLOW_HTTP_REQUEST_MAX_RETRIES MLFLOW_HTTP_REQUEST_TIMEOUT MLFLOW_RUN_ID "
      "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT MLFLOW_TRACKING_TOKEN MLFLOW_TRACKING_URI PATH PWD ");
}

TEST_P(ExecutorContract, KeepsArgumentsAndEnvironmentByteForByte) {
  write_script("printf '%s|' \"$@\" \"$ODD\"");
  auto spec = make_spec({"./run.sh", "a b", "$HOME;`id`", "", "\xff\xfe", "line\nbreak"});
  spec.environment.emplace_back("ODD", "\xe9t\xe9 = 1");
  run(spec);
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"),
            "a b|$HOME;`id`||\xff\xfe|line\nbreak|\xe9t\xe9 = 1|");
}

TEST_P(ExecutorContract, RunsInItsOwnCopyOfTheSnapshot) {
  write_snapshot_file("data/input.txt", "original");
  write_snapshot_file("tool.sh", "#!/bin/sh\necho tool\n", 0500);
  ASSERT_EQ(::symlink("data/input.txt", (folder_ + "/snapshot/link").c_str()), 0);
  write_script(
      "pwd; ./tool.sh; test -L link && cat link; echo changed > data/input.txt; "
      "echo model > outputs/model; test -d logs && echo; ls ..");
  const auto spec = make_spec();
  EXPECT_TRUE(run(spec).succeeded());
  const std::string out = read_attempt_file(spec, "logs/stdout.txt");
  const std::string place = GetParam().directory(folder_, spec);
  EXPECT_EQ(out.substr(0, out.find('\n')), place + "/work");
  EXPECT_NE(out.find("tool\noriginal\n"), std::string::npos) << out;
  std::string changed;
  std::getline(std::ifstream(place + "/work/data/input.txt"), changed);
  EXPECT_EQ(changed, "changed");
  EXPECT_EQ(read_attempt_file(spec, "work/outputs/model"), "model\n");
  EXPECT_EQ(read_attempt_file(spec, "../../../snapshot/data/input.txt"), "original");
}

TEST_P(ExecutorContract, GoesOnFromACopyOfEarlierOutputs) {
  write_snapshot_file("outputs/model", "of the snapshot");
  write_snapshot_file("outputs/other", "of the snapshot");
  const std::string earlier = folder_ + "/earlier/work/outputs";
  fs::create_directories(earlier + "/deep");
  std::ofstream(earlier + "/model") << "first\n";
  std::ofstream(earlier + "/deep/step") << "1\n";
  ASSERT_EQ(::symlink("deep/step", (earlier + "/latest").c_str()), 0);
  write_script(
      "ls outputs; cat outputs/model outputs/latest; echo 2 > outputs/deep/step; "
      "rm outputs/model");
  auto spec = make_spec();
  spec.resume_from = earlier;
  EXPECT_TRUE(run(spec).succeeded());
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"), "deep\nlatest\nmodel\nfirst\n1\n");
  EXPECT_EQ(read_attempt_file(spec, "work/outputs/latest"), "2\n");
  EXPECT_EQ(read_attempt_file(spec, "../../../earlier/work/outputs/latest"), "1\n")
      << "the earlier one is kept";
  EXPECT_TRUE(fs::exists(earlier + "/model"));
}

TEST_P(ExecutorContract, CopiesALinkInThePlaceOfEarlierOutputsAsALink) {
  fs::create_directories(folder_ + "/elsewhere");
  fs::create_directories(folder_ + "/earlier");
  fs::create_symlink(folder_ + "/elsewhere", folder_ + "/earlier/outputs");
  write_script("echo here > outputs/model");
  auto spec = make_spec();
  spec.resume_from = folder_ + "/earlier/outputs";
  EXPECT_TRUE(run(spec).succeeded());
  EXPECT_TRUE(fs::exists(folder_ + "/elsewhere/model"));
}

TEST_P(ExecutorContract, SaysThatTheEarlierOutputsAreMissing) {
  write_script("true");
  auto spec = make_spec();
  spec.resume_from = folder_ + "/nowhere/outputs";
  const ExitStatus exit = run(spec);
  EXPECT_EQ(exit.kind, ExitStatus::Kind::kNotStarted);
  EXPECT_NE(exit.message.find("/nowhere"), std::string::npos) << exit.message;
}

TEST_P(ExecutorContract, KeepsBinaryOutputIntact) {
  write_script("cat bytes; cat bytes >&2");
  std::string bytes;
  for (int i = 0; i < 70000; ++i) bytes += static_cast<char>((i * 7 + i / 256) % 256);
  write_snapshot_file("bytes", bytes);
  const auto spec = make_spec();
  run(spec);
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"), bytes);
  EXPECT_EQ(read_attempt_file(spec, "logs/stderr.txt"), bytes);
}

TEST_P(ExecutorContract, BearsAMegabyteWithoutNewline) {
  write_script("head -c 1048576 /dev/zero | tr '\\0' 'x'; echo; echo 'loss=0.25'");
  const auto spec = make_spec();
  EXPECT_TRUE(run(spec).succeeded());
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt").size(), 1048576u + 1 + 10);
  EXPECT_EQ(listener_.values("loss"), std::vector<double>{0.25});
  EXPECT_NE(listener_.notes_text().find("over 64 KiB"), std::string::npos);
}

TEST_P(ExecutorContract, BearsAScriptThatClosesItsOutput) {
  write_script("exec >&- 2>&- <&-; echo '{\"t\":\"m\",\"m\":{\"x\":1}}' >> \"$HDRIVE_METRICS\"");
  EXPECT_TRUE(run(make_spec()).succeeded());
  EXPECT_EQ(listener_.values("x"), std::vector<double>{1});
}

TEST_P(ExecutorContract, GivesAnEmptyStandardInput) {
  write_script("cat; echo done");
  const auto spec = make_spec();
  run(spec);
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"), "done\n");
}

TEST_P(ExecutorContract, LeavesNothingOpenButTheStandardDescriptors) {
  const auto spec = make_spec({"ls", "/proc/self/fd"});
  run(spec);
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"), "0\n1\n2\n3\n") << "3 is that of ls itself";
}

TEST_P(ExecutorContract, SaysThatAProgramIsMissing) {
  const auto& exit = run(make_spec({"no-such-program"}));
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("no such program in PATH"), std::string::npos) << exit.message;
  EXPECT_EQ(listener_.started, 0);
}

TEST_P(ExecutorContract, SaysThatAFileIsMissing) {
  const auto& exit = run(make_spec({"./absent.sh"}));
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("there is no such file"), std::string::npos) << exit.message;
}

TEST_P(ExecutorContract, SaysThatAFileIsNotExecutable) {
  write_snapshot_file("plain.sh", "#!/bin/sh\n", 0600);
  const auto& exit = run(make_spec({"./plain.sh"}));
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("chmod +x"), std::string::npos) << exit.message;
}

TEST_P(ExecutorContract, SaysThatAnInterpreterIsMissing) {
  write_snapshot_file("train", "#!/opt/none/python9 -u\n", 0700);
  const auto& exit = run(make_spec({"./train"}));
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("/opt/none/python9, does not exist"), std::string::npos)
      << exit.message;
}

TEST_P(ExecutorContract, SaysThatAFileHasWindowsLineEndings) {
  write_snapshot_file("train", "#!/bin/sh\r\necho\r\n", 0700);
  const auto& exit = run(make_spec({"./train"}));
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("carriage return"), std::string::npos) << exit.message;
}

TEST_P(ExecutorContract, SaysThatAFileIsNoProgram) {
  write_snapshot_file("train", "echo hello\n", 0700);
  const auto& exit = run(make_spec({"./train"}));
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("#!/usr/bin/env python3"), std::string::npos) << exit.message;
}

TEST_P(ExecutorContract, SaysThatTheSnapshotIsMissing) {
  auto spec = make_spec();
  spec.snapshot_directory = folder_ + "/absent";
  const auto& exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("/absent"), std::string::npos) << exit.message;
}

TEST_P(ExecutorContract, CancelsBeforeTheScriptCameToRun) {
  write_script("sleep 1000");
  const auto spec = make_spec();
  executor_->start(spec);
  executor_->request_cancel(spec.child, spec.attempt, false);
  run_to_end();
  ASSERT_TRUE(listener_.ended());
  EXPECT_FALSE(listener_.exits[0].succeeded());
}

TEST_P(ExecutorContract, CancelsWithTerminateFirst) {
  write_script(
      "trap 'echo saved; exit 5' TERM; echo loss=1 >> $HDRIVE_METRICS; "
      "while true; do sleep 0.01; done");
  const auto spec = make_spec();
  executor_->start(spec);
  run_to_first_point();
  executor_->request_cancel(spec.child, spec.attempt, false);
  executor_->request_cancel(spec.child, spec.attempt, false);
  run_to_end();
  ASSERT_TRUE(listener_.ended());
  EXPECT_EQ(listener_.exits[0].kind, Kind::kExited);
  EXPECT_EQ(listener_.exits[0].code, 5);
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"), "saved\n");
}

TEST_P(ExecutorContract, KillsAScriptThatIgnoresTerminateAfterTheGrace) {
  write_script("trap '' TERM; echo loss=1 >> $HDRIVE_METRICS; while true; do sleep 0.05; done");
  auto spec = make_spec();
  spec.grace_seconds = 1;
  executor_->start(spec);
  run_to_first_point();
  executor_->request_cancel(spec.child, spec.attempt, false);
  run_to_end();
  ASSERT_TRUE(listener_.ended());
  EXPECT_EQ(listener_.exits[0].kind, Kind::kSignaled);
  EXPECT_EQ(listener_.exits[0].code, SIGKILL);
  EXPECT_FALSE(any_process_left(spec));
}

TEST_P(ExecutorContract, ForceDoesNotWaitForTheGrace) {
  write_script("trap '' TERM; echo loss=1 >> $HDRIVE_METRICS; while true; do sleep 0.05; done");
  auto spec = make_spec();
  spec.grace_seconds = 3600;
  executor_->start(spec);
  run_to_first_point();
  executor_->request_cancel(spec.child, spec.attempt, false);
  executor_->request_cancel(spec.child, spec.attempt, true);
  run_to_end();
  ASSERT_TRUE(listener_.ended());
  EXPECT_EQ(listener_.exits[0].code, SIGKILL);
}

TEST_P(ExecutorContract, CancelsAStoppedScript) {
  write_script("echo loss=1 >> $HDRIVE_METRICS; kill -STOP $$; sleep 1000");
  const auto spec = make_spec();
  executor_->start(spec);
  run_to_first_point();
  executor_->request_cancel(spec.child, spec.attempt, false);
  run_to_end();
  ASSERT_TRUE(listener_.ended());
  EXPECT_EQ(listener_.exits[0].code, SIGTERM);
}

TEST_P(ExecutorContract, EndsDaemonsOnCancel) {
  write_script(
      "(setsid sh -c 'trap \"\" TERM HUP; echo loss=1 >> $HDRIVE_METRICS; "
      "while true; do sleep 0.05; done' </dev/null >/dev/null 2>&1 &); sleep 1000");
  auto spec = make_spec();
  spec.grace_seconds = 2;
  executor_->start(spec);
  run_to_first_point();
  executor_->request_cancel(spec.child, spec.attempt, false);
  run_to_end();
  EXPECT_FALSE(any_process_left(spec));
}

TEST_P(ExecutorContract, EndsWhatTheScriptLeftBehind) {
  write_script(
      "(setsid sleep 1000 </dev/null >/dev/null 2>&1 &); sleep 1000 & "
      "sh -c 'sleep 1000 & exec sleep 1000' & exit 4");
  const auto spec = make_spec();
  const auto& exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kExited);
  EXPECT_EQ(exit.code, 4);
  EXPECT_FALSE(any_process_left(spec));
}

TEST_P(ExecutorContract, HearsWhatALeftoverSaysBeforeItsEnd) {
  write_script(
      "sh -c 'trap \"echo last=1 >> $HDRIVE_METRICS; exit\" TERM; echo up=1 >> $HDRIVE_METRICS; "
      "while true; do sleep 0.01; done' & "
      "while ! grep -q up $HDRIVE_METRICS; do sleep 0.01; done; exit 0");
  const auto& exit = run(make_spec());
  EXPECT_TRUE(exit.succeeded());
  EXPECT_EQ(listener_.values("last"), std::vector<double>{1});
}

TEST_P(ExecutorContract, StopsAtTheTimeLimit) {
  write_script("sleep 1000");
  auto spec = make_spec();
  spec.time_limit_seconds = 1;
  const auto& exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kTimeLimit);
  EXPECT_NE(exit.message.find("time limit of 1 s"), std::string::npos);
}

TEST_P(ExecutorContract, SurvivesAScriptThatRemovesItsFolder) {
  write_script("rm -rf \"$PWD\"; echo loss=1 >> $HDRIVE_METRICS");
  EXPECT_TRUE(run(make_spec()).succeeded());
  EXPECT_EQ(listener_.values("loss"), std::vector<double>{1});
}

TEST_P(ExecutorContract, FollowsAMetricsFileThatIsCutOrReplaced) {
  write_script(R"(echo 'first=1' >> "$HDRIVE_METRICS"; sleep 0.3
echo 'b=2' > "$HDRIVE_METRICS"; sleep 0.3
rm "$HDRIVE_METRICS"; echo 'third=3' >> "$HDRIVE_METRICS"; sleep 0.3
echo 'fourth=4' >> "$HDRIVE_METRICS")");
  EXPECT_TRUE(run(make_spec()).succeeded());
  ASSERT_EQ(listener_.points.size(), 4u);
  EXPECT_EQ(listener_.points[3].name, "fourth");
  EXPECT_NE(listener_.notes_text().find("cut short or replaced"), std::string::npos);
}

TEST_P(ExecutorContract, PrefersTheNativeRouteOverPrintedLines) {
  write_script(R"(echo 'acc: 0.5'; echo '{"t":"m","m":{"acc":0.5}}' >> "$HDRIVE_METRICS"; sleep 0.3
echo 'acc: 0.6'; echo '{"t":"m","m":{"acc":0.6}}' >> "$HDRIVE_METRICS"
echo 'printed: 7')");
  run(make_spec());
  EXPECT_EQ(listener_.values("acc"), (std::vector<double>{0.5, 0.6}));
  EXPECT_EQ(listener_.values("printed"), std::vector<double>{7});
}

TEST_P(ExecutorContract, NumbersPointsWithoutGaps) {
  write_script(
      R"(i=0; while [ $i -lt 500 ]; do echo "a=$i b=$i"; echo "{\"t\":\"m\",\"m\":{\"c\":$i}}" >> "$HDRIVE_METRICS"; i=$((i+1)); done)");
  run(make_spec());
  ASSERT_EQ(listener_.points.size(), 1500u);
  for (std::size_t i = 0; i < listener_.points.size(); ++i) {
    ASSERT_EQ(listener_.points[i].sequence, static_cast<std::int64_t>(i) + 2);
  }
}

TEST_P(ExecutorContract, ReportsAnUnusableAttemptDirectory) {
  auto spec = make_spec();
  spec.attempt_directory = "/proc/none/attempt";
  const auto& exit = run(spec);
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("/proc/none"), std::string::npos) << exit.message;
}

TEST_P(ExecutorContract, KeepsTheFilesPrivate) {
  write_script("true");
  const auto spec = make_spec();
  run(spec);
  run_until([&] { return attempt_file_exists(spec, "exit"); }, "the record of the end");
  for (const char* name : {"spec", "stream.jsonl", "exit", "metrics", "logs/stdout.txt"}) {
    struct stat status {};
    ASSERT_EQ(::stat((spec.attempt_directory + "/" + name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 077U, 0u) << name;
  }
}

TEST_P(ExecutorContract, RunsManyAtOnce) {
  write_script("echo loss=0.5 >> $HDRIVE_METRICS");
  for (int i = 0; i < 40; ++i) executor_->start(make_spec());
  run_until([this] { return listener_.exits.size() == 40; }, "all attempts ended");
  EXPECT_EQ(listener_.points.size(), 40u);
  for (const auto& exit : listener_.exits) EXPECT_TRUE(exit.succeeded()) << exit.message;
}

ExecutorKind local_executor() {
  return {"Local",
          [](boost::asio::io_context& loop, ExecutorListener& listener, const std::string&) {
            return std::make_unique<LocalExecutor>(
                loop, listener, LocalExecutorOptions{.supervisor = HD_SUPERVISOR_PROGRAM});
          },
          [](const std::string&, const ChildRunSpec& spec) { return spec.attempt_directory; }};
}

ExecutorKind ssh_executor() {
  return {"Ssh",
          [](boost::asio::io_context& loop,
             ExecutorListener& listener,
             const std::string& folder) -> std::unique_ptr<Executor> {
            if (!SshServer::can_run()) return nullptr;
            static const SshServer server;
            SshExecutorOptions options;
            options.target = server.target(folder + "/host", 64);
            options.target.keep_files = true;
            options.agent = HD_AGENT_PROGRAM;
            options.supervisor = HD_SUPERVISOR_PROGRAM;
            options.with_login_environment = false;
            return std::make_unique<SshExecutor>(loop, listener, std::move(options));
          },
          [](const std::string& folder, const ChildRunSpec& spec) {
            return folder + "/host/runs/" + spec.run_id + "/" + std::to_string(spec.attempt);
          }};
}

INSTANTIATE_TEST_SUITE_P(Executors,
                         ExecutorContract,
                         ::testing::Values(local_executor(), ssh_executor()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace hd::testing
