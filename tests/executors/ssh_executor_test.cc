// What is particular to hosts reached over SSH, with real servers.
#include "executors/ssh/ssh_executor.h"

#include <algorithm>
#include <csignal>
#include <dirent.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "executors/ssh/placement.h"
#include "executors/supervisor_protocol/attempt_sweep.h"
#include "executors/supervisor_protocol/process_identity.h"
#include "tests/executors/executor_harness.h"
#include "tests/executors/ssh_server.h"

namespace hd::testing {
namespace {

namespace fs = std::filesystem;
using Kind = ExitStatus::Kind;

constexpr const char* kSteps =
    "i=0; while [ $i -lt 20 ]; do echo \"loss=$i\" >> $HDRIVE_METRICS; i=$((i+1)); sleep 0.1; done";

/// Processes that were started through a server, and still run.
int processes_through(const SshServer& server) {
  const std::string mark = "HD_TEST_SERVER=" + server.folder();
  int found = 0;
  DIR* proc = ::opendir("/proc");
  while (const dirent* entry = ::readdir(proc)) {
    std::ifstream environment("/proc/" + std::string(entry->d_name) + "/environ");
    for (std::string text; std::getline(environment, text, '\0');) found += text == mark ? 1 : 0;
  }
  ::closedir(proc);
  return found;
}

/// Children of this process that are or were an ssh.
int own_clients() {
  const std::string id = std::to_string(::getpid());
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  int found = 0;
  for (std::string pid; children >> pid;) {
    std::string name;
    std::getline(std::ifstream("/proc/" + pid + "/comm"), name);
    found += name == "ssh" ? 1 : 0;
  }
  return found;
}

class SshExecutorTest : public ExecutorHarness {
 protected:
  void SetUp() override {
    if (!SshServer::can_run()) GTEST_SKIP() << "there is no SSH server on this machine";
    server_ = std::make_unique<SshServer>();
    target_ = server_->target(folder_ + "/host", 4);
  }

  ~SshExecutorTest() override {
    executor_.reset();
    if (!server_) return;
    run_until([this] { return processes_through(*server_) == 0; }, "nothing was left on the host");
    EXPECT_EQ(own_clients(), 0) << "an ssh was left, running or not waited for";
  }

  [[nodiscard]] SshExecutorOptions options() const {
    SshExecutorOptions options;
    options.target = target_;
    options.agent = HD_AGENT_PROGRAM;
    options.supervisor = HD_SUPERVISOR_PROGRAM;
    return options;
  }
  void make_executor() { make_executor(options()); }
  void make_executor(SshExecutorOptions options) {
    executor_ = std::make_unique<SshExecutor>(loop_, listener_, std::move(options));
  }
  /// What runs at a login instead of what was asked for.
  void set_login_command(const std::string& command) const {
    std::string key;
    std::getline(std::ifstream(server_->folder() + "/user_key.pub"), key);
    std::ofstream(server_->folder() + "/authorized_keys")
        << "command=\"" << command << "\" " << key << "\n";
  }
  /// Starts the script and waits until it has logged something.
  ChildRunSpec start_to_first_point() {
    const ChildRunSpec spec = make_spec();
    executor_->start(spec);
    run_until([this] { return !listener_.points.empty(); }, "a point arrived");
    return spec;
  }
  [[nodiscard]] std::string directory(const ChildRunSpec& spec) const {
    return folder_ + "/host/runs/" + spec.run_id + "/" + std::to_string(spec.attempt);
  }
  void expect_all_steps() {
    const auto values = listener_.values("loss");
    ASSERT_EQ(values.size(), 20u) << listener_.notes_text();
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<double>(i));
  }
  const ExitStatus& run() {
    executor_->start(make_spec());
    run_to_end();
    static const ExitStatus none;
    return listener_.ended() ? listener_.exits[0] : none;
  }

  std::unique_ptr<SshServer> server_;
  RemoteTarget target_;
  std::unique_ptr<SshExecutor> executor_;
};

TEST_F(SshExecutorTest, BringsOutputsAndLogsBackAndLeavesNoFiles) {
  write_script(
      "mkdir outputs/deep; echo model > outputs/deep/model; chmod +x outputs/deep/model; "
      "ln -s deep/model outputs/latest; echo scratch > scratch; echo said");
  make_executor();
  const ChildRunSpec spec = make_spec();
  executor_->start(spec);
  run_to_end();
  EXPECT_EQ(read_attempt_file(spec, "work/outputs/deep/model"), "model\n");
  EXPECT_EQ(::access((spec.attempt_directory + "/work/outputs/deep/model").c_str(), X_OK), 0);
  EXPECT_TRUE(fs::is_symlink(spec.attempt_directory + "/work/outputs/latest"));
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"), "said\n");
  EXPECT_FALSE(attempt_file_exists(spec, "work/scratch")) << "only outputs and logs come back";
  EXPECT_TRUE(attempt_file_exists(spec, "exit"));
  run_until([&] { return !fs::exists(directory(spec)); }, "its files on the host were removed");
}

TEST_F(SshExecutorTest, ShowsWhatIsPrintedWhileItRuns) {
  write_script("echo early; while [ ! -e outputs/go ]; do sleep 0.05; done; echo late");
  make_executor();
  const ChildRunSpec spec = make_spec();
  executor_->start(spec);
  run_until([&] { return read_attempt_file(spec, "logs/stdout.txt") == "early\n"; }, "a line came");
  std::ofstream(directory(spec) + "/work/outputs/go") << "go";
  run_to_end();
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"), "early\nlate\n");
}

TEST_F(SshExecutorTest, LosesNothingWhenTheConnectionIsLost) {
  write_script(kSteps);
  make_executor();
  start_to_first_point();
  for (int drop = 0; drop < 3; ++drop) {
    server_->drop_connections();
    run_until([&] { return listener_.notes.size() >= static_cast<std::size_t>(2 * drop + 2); },
              "loss and return were told");
  }
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_all_steps();
  EXPECT_EQ(listener_.started, 1);
  EXPECT_NE(listener_.notes_text().find("what runs there goes on"), std::string::npos);
  EXPECT_NE(listener_.notes_text().find("can be reached again"), std::string::npos);
}

TEST_F(SshExecutorTest, WaitsForAHostThatIsDown) {
  write_script(kSteps);
  make_executor();
  start_to_first_point();
  server_->stop();
  run_until([this] { return !listener_.notes.empty(); }, "the loss was told");
  run_for_ms(3000);
  EXPECT_FALSE(listener_.ended());
  server_->start();
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_all_steps();
}

TEST_F(SshExecutorTest, AnotherEngineTakesUpWhatRuns) {
  write_script(kSteps);
  make_executor();
  const ChildRunSpec spec = start_to_first_point();
  executor_.reset();
  make_executor();
  executor_->adopt(spec, listener_.points.back().sequence + 1);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded());
  expect_all_steps();
}

TEST_F(SshExecutorTest, AnotherEngineLearnsHowItEnded) {
  write_script("echo loss=1 >> $HDRIVE_METRICS; sleep 0.3; echo bye >&2; exit 3");
  make_executor();
  const ChildRunSpec spec = start_to_first_point();
  executor_.reset();
  run_until([&] { return fs::exists(directory(spec) + "/exit"); }, "the record of the end");
  make_executor();
  executor_->adopt(spec, listener_.points.back().sequence + 1);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).code, 3);
  EXPECT_EQ(listener_.exits.at(0).log_tail, "bye");
  EXPECT_EQ(listener_.points.size(), 1u);
}

// The engine died between the return of the files and the moment its history had the end.
TEST_F(SshExecutorTest, AnEndThatWasBroughtBackIsReadHere) {
  write_script("echo loss=1 >> $HDRIVE_METRICS; exit 4");
  make_executor();
  const ChildRunSpec spec = make_spec();
  executor_->start(spec);
  run_to_end();
  run_until([&] { return !fs::exists(directory(spec)); }, "its files on the host were removed");
  make_executor();
  executor_->adopt(spec, 1);
  run_until([this] { return listener_.exits.size() == 2; }, "the end was told again");
  EXPECT_EQ(listener_.exits.at(1).code, 4);
  EXPECT_FALSE(fs::exists(directory(spec))) << "it ran twice";
}

TEST_F(SshExecutorTest, AnAttemptThatNeverArrivedIsStartedWhereItWasPlaced) {
  write_script("true");
  const ChildRunSpec spec = make_spec();
  ASSERT_TRUE(write_placement(spec.attempt_directory, target_.hosts[0]));
  make_executor();
  executor_->adopt(spec, 1);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded()) << listener_.exits.at(0).message;
}

TEST_F(SshExecutorTest, AnAttemptWhoseFolderVanishedIsLostAndNotRunAgain) {
  write_script("echo loss=1 >> $HDRIVE_METRICS; sleep 1000");
  make_executor();
  const ChildRunSpec spec = start_to_first_point();
  executor_.reset();
  int left = 0;
  const auto running = find_marked_processes(spec.nonce);
  ASSERT_TRUE(running);
  EXPECT_GT(sweep_marked_processes(spec.nonce, left), 0);
  run_until([&] { return fs::exists(directory(spec) + "/exit"); }, "the record of the end");
  fs::remove_all(directory(spec));
  make_executor();
  executor_->adopt(spec, listener_.points.back().sequence + 1);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kLost);
  EXPECT_EQ(listener_.points.size(), 1u);
}

TEST_F(SshExecutorTest, SaysThatTheTargetNoLongerNamesTheHost) {
  write_script("true");
  const ChildRunSpec spec = make_spec();
  RemoteHost other = target_.hosts[0];
  other.address = "elsewhere";
  ASSERT_TRUE(write_placement(spec.attempt_directory, other));
  make_executor();
  executor_->adopt(spec, 1);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kLost);
  EXPECT_NE(listener_.exits.at(0).message.find("elsewhere"), std::string::npos);
}

TEST_F(SshExecutorTest, AKilledSupervisorIsALostAttempt) {
  write_script("echo loss=1 >> $HDRIVE_METRICS; sleep 1000");
  make_executor();
  const ChildRunSpec spec = start_to_first_point();
  std::ifstream claim(directory(spec) + "/claim");
  std::string text;
  std::getline(claim, text);
  const std::size_t at = text.find("\"pid\":");
  ASSERT_NE(at, std::string::npos) << text;
  ASSERT_EQ(::kill(std::stoi(text.substr(at + 6)), SIGKILL), 0);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kLost);
  EXPECT_FALSE(any_process_left(spec));
}

TEST_F(SshExecutorTest, SpreadsAttemptsOverTheSlotsOfTwoHosts) {
  const SshServer second("127.0.0.2");
  target_.hosts = {server_->host(1), second.host(2)};
  std::ofstream(target_.known_hosts_file, std::ios::app) << second.known_host();
  fs::copy_file(server_->folder() + "/authorized_keys",
                second.folder() + "/authorized_keys",
                fs::copy_options::overwrite_existing);
  // Each notes how many run beside it.
  write_script("touch " + folder_ + "/run.$$; ls " + folder_ + " | grep -c '^run[.]' >> " +
               folder_ + "/counts; echo $HD_TEST_SERVER; sleep 0.5; rm " + folder_ + "/run.$$");
  make_executor();
  EXPECT_EQ(executor_->capacity(), 3);
  std::vector<ChildRunSpec> specs;
  for (int i = 0; i < 7; ++i) specs.push_back(make_spec());
  for (const auto& spec : specs) executor_->start(spec);
  run_until([this] { return listener_.exits.size() == 7; }, "all ended");
  std::map<std::string, int> places;
  for (const auto& spec : specs) ++places[read_attempt_file(spec, "logs/stdout.txt")];
  EXPECT_EQ(places.size(), 2u);
  EXPECT_GE(places[second.folder() + "\n"], 3);
  std::ifstream counts(folder_ + "/counts");
  int most = 0;
  for (int count = 0; counts >> count;) most = std::max(most, count);
  EXPECT_LE(most, 3);
  executor_.reset();
  run_until([&] { return processes_through(second) == 0; }, "nothing was left on the second");
}

TEST_F(SshExecutorTest, UsesTheOtherHostWhenOneIsDown) {
  RemoteHost absent = server_->host(8);
  absent.address = "127.0.0.9";
  target_.hosts = {absent, server_->host(1)};
  write_script("true");
  make_executor();
  EXPECT_TRUE(run().succeeded());
}

TEST_F(SshExecutorTest, SendsCodeAndProgramsOnce) {
  write_script("cat data");
  write_snapshot_file("data", std::string(300'000, 'x'));
  make_executor();
  EXPECT_TRUE(run().succeeded());
  const auto written = fs::last_write_time(folder_ + "/host/programs");
  std::set<std::string> before;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/host/contents")) {
    before.insert(entry.path());
  }
  make_executor();
  executor_->start(make_spec());
  run_until([this] { return listener_.exits.size() == 2; }, "the second ended");
  EXPECT_TRUE(listener_.exits.at(1).succeeded());
  EXPECT_EQ(fs::last_write_time(folder_ + "/host/programs"), written);
  for (const auto& entry : fs::recursive_directory_iterator(folder_ + "/host/contents")) {
    EXPECT_TRUE(before.contains(entry.path()));
  }
}

TEST_F(SshExecutorTest, GivesTheEnvironmentOfALoginAndOfTheTarget) {
  target_.environment = {{"FROM_TARGET", "yes"}, {"GREETING", "of the target"}};
  write_script("echo $HD_TEST_SERVER:$FROM_TARGET:$GREETING:$SSH_CONNECTION:$HOME");
  make_executor();
  const ChildRunSpec spec = make_spec();
  executor_->start(spec);
  run_to_end();
  const std::string said = read_attempt_file(spec, "logs/stdout.txt");
  EXPECT_EQ(said.find(server_->folder() + ":yes:hello::/"), 0u) << said;
}

TEST_F(SshExecutorTest, MovesFoldersThatAttemptsName) {
  fs::create_directories(folder_ + "/package/inner");
  std::ofstream(folder_ + "/package/inner/module") << "text";
  auto with_package = options();
  with_package.shipped_folders = {folder_ + "/package"};
  write_script("cat ${LIBRARY%%:*}/inner/module; echo; echo $LIBRARY");
  make_executor(std::move(with_package));
  auto spec = make_spec();
  spec.environment.emplace_back("LIBRARY", folder_ + "/package:/usr/lib");
  executor_->start(spec);
  run_to_end();
  const std::string said = read_attempt_file(spec, "logs/stdout.txt");
  EXPECT_EQ(said.find("text\n" + folder_ + "/host/packages/"), 0u) << said;
  EXPECT_NE(said.find(":/usr/lib\n"), std::string::npos);
}

TEST_F(SshExecutorTest, SaysThatTheKeyIsRefused) {
  std::ofstream(server_->folder() + "/authorized_keys") << "";
  write_script("true");
  make_executor();
  const ExitStatus& exit = run();
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("refuses the login"), std::string::npos) << exit.message;
}

TEST_F(SshExecutorTest, RefusesAHostWithAnotherKey) {
  const SshServer other;
  std::string line = server_->known_host();
  line = line.substr(0, line.find(' ')) + other.known_host().substr(other.known_host().find(' '));
  std::ofstream(target_.known_hosts_file) << line;
  write_script("touch " + folder_ + "/ran");
  make_executor();
  const ExitStatus& exit = run();
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("is not the one that was accepted"), std::string::npos)
      << exit.message;
  EXPECT_FALSE(fs::exists(folder_ + "/ran"));
}

TEST_F(SshExecutorTest, RefusesAHostWhoseKeyIsNotKnown) {
  std::ofstream(target_.known_hosts_file) << "";
  write_script("true");
  make_executor();
  const ExitStatus& exit = run();
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("has not been accepted yet"), std::string::npos) << exit.message;
}

TEST_F(SshExecutorTest, GivesUpOnAHostThatStaysUnreachable) {
  server_->stop();
  write_script("true");
  auto impatient = options();
  impatient.patience = std::chrono::milliseconds(700);
  make_executor(std::move(impatient));
  const ExitStatus& exit = run();
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("Connection refused"), std::string::npos) << exit.message;
  EXPECT_NE(listener_.notes_text().find("waits for a host"), std::string::npos);
}

TEST_F(SshExecutorTest, BearsALoginThatTalks) {
  set_login_command(R"(echo Welcome; echo {}; eval \"$SSH_ORIGINAL_COMMAND\")");
  write_script("true");
  make_executor();
  EXPECT_TRUE(run().succeeded()) << listener_.exits.at(0).message;
}

TEST_F(SshExecutorTest, GivesUpOnALoginThatHangs) {
  set_login_command("cat > /dev/null");
  write_script("true");
  auto impatient = options();
  impatient.patience = std::chrono::milliseconds(300);
  impatient.login_patience = std::chrono::milliseconds(700);
  make_executor(std::move(impatient));
  const ExitStatus& exit = run();
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("its login shell gives no sign of life"), std::string::npos)
      << exit.message;
}

TEST_F(SshExecutorTest, SaysThatTheWorkFolderCannotBeUsed) {
  target_.work_folder = "/proc/none/hdrive";
  write_script("true");
  make_executor();
  const ExitStatus& exit = run();
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("cannot use the work folder /proc/none/hdrive"), std::string::npos)
      << exit.message;
}

/// A small file system stands for a full disk.
class FullHostTest : public SshExecutorTest {
 protected:
  void SetUp() override {
    SshExecutorTest::SetUp();
    if (IsSkipped()) return;
    fs::create_directory(folder_ + "/host");
    if (::geteuid() != 0 || !resize("-t tmpfs tmpfs", 1)) GTEST_SKIP() << "mounting needs rights";
  }
  ~FullHostTest() override {
    executor_.reset();
    // What still ends there has it as its working folder.
    (void)std::system(("umount -l " + folder_ + "/host 2>/dev/null").c_str());
  }
  bool resize(const std::string& how, int megabytes) const {
    const std::string command = "mount -o " + std::string(how[0] == '-' ? "" : how + ",") +
                                "size=" + std::to_string(megabytes) + "m " +
                                (how[0] == '-' ? how + " " : "") + folder_ + "/host";
    return std::system((command + " 2>/dev/null").c_str()) == 0;
  }
};

TEST_F(FullHostTest, SaysThatTheProgramsDoNotFit) {
  write_script("true");
  auto impatient = options();
  impatient.patience = std::chrono::milliseconds(500);
  make_executor(std::move(impatient));
  const ExitStatus& exit = run();
  EXPECT_EQ(exit.kind, Kind::kNotStarted);
  EXPECT_NE(exit.message.find("cannot store the programs in " + folder_ + "/host"),
            std::string::npos)
      << exit.message;
  EXPECT_NE(exit.message.find("No space left on device"), std::string::npos) << exit.message;
}

TEST_F(FullHostTest, WaitsForRoomForTheCode) {
  const auto programs = fs::file_size(HD_AGENT_PROGRAM) + fs::file_size(HD_SUPERVISOR_PROGRAM);
  const int room = static_cast<int>(programs >> 20U) + 4;
  ASSERT_TRUE(resize("remount", room));
  write_snapshot_file("data", std::string(std::size_t{8} << 20U, 'x'));
  write_script("wc -c < data");
  make_executor();
  const ChildRunSpec spec = make_spec();
  executor_->start(spec);
  run_until(
      [this] { return listener_.notes_text().find("waits to be started") != std::string::npos; },
      "the shortage was told");
  EXPECT_NE(listener_.notes_text().find("No space left on device"), std::string::npos);
  EXPECT_FALSE(listener_.ended());
  ASSERT_TRUE(resize("remount", room + 40));
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded()) << listener_.exits.at(0).message;
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt"), "8388608\n");
}

TEST_F(SshExecutorTest, TakesTheSecretFromItsFileAlone) {
  const std::string key = server_->folder() + "/locked_key";
  const std::string command = "ssh-keygen -q -t ed25519 -N 'open sesame' -f " + key + " && cat " +
                              key + ".pub > " + server_->folder() + "/authorized_keys";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ofstream(folder_ + "/secret") << "open sesame\n";
  std::ofstream(folder_ + "/askpass") << "#!/bin/sh\ncat \"$HDRIVE_SSH_SECRET_FILE\"\n";
  fs::permissions(folder_ + "/askpass", fs::perms::owner_all);
  target_.private_key_file = key;
  target_.secret_file = folder_ + "/secret";
  write_script("env");
  auto with_secret = options();
  with_secret.askpass = folder_ + "/askpass";
  make_executor(std::move(with_secret));
  const ChildRunSpec spec = make_spec();
  executor_->start(spec);
  run_to_end();
  EXPECT_TRUE(listener_.exits.at(0).succeeded()) << listener_.exits.at(0).message;
  EXPECT_EQ(read_attempt_file(spec, "logs/stdout.txt").find("sesame"), std::string::npos);
}

TEST_F(SshExecutorTest, CancelsWhatWaitsForASlot) {
  target_.hosts[0].slots = 1;
  write_script("echo loss=1 >> $HDRIVE_METRICS; sleep 1000");
  make_executor();
  const ChildRunSpec running = start_to_first_point();
  const ChildRunSpec waiting = make_spec();
  executor_->start(waiting);
  run_for_ms(100);
  executor_->request_cancel(waiting.child, waiting.attempt, false);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).message, "canceled before it could start");
  executor_->request_cancel(running.child, running.attempt, false);
  run_until([this] { return listener_.exits.size() == 2; }, "the other ended");
  EXPECT_EQ(listener_.exits.at(1).code, SIGTERM);
}

TEST_F(SshExecutorTest, SendsACancelWhenTheHostCanBeReachedAgain) {
  write_script("echo loss=1 >> $HDRIVE_METRICS; sleep 1000");
  make_executor();
  const ChildRunSpec spec = start_to_first_point();
  server_->stop();
  run_until([this] { return !listener_.notes.empty(); }, "the loss was told");
  executor_->request_cancel(spec.child, spec.attempt, false);
  run_for_ms(300);
  EXPECT_FALSE(listener_.ended());
  server_->start();
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).code, SIGTERM);
}

TEST_F(SshExecutorTest, ForceDoesNotWaitForAHostThatIsGone) {
  write_script("echo loss=1 >> $HDRIVE_METRICS; sleep 1000");
  make_executor();
  const ChildRunSpec spec = start_to_first_point();
  server_->stop();
  run_until([this] { return !listener_.notes.empty(); }, "the loss was told");
  executor_->request_cancel(spec.child, spec.attempt, true);
  run_to_end();
  EXPECT_EQ(listener_.exits.at(0).kind, Kind::kLost);
  EXPECT_NE(listener_.exits.at(0).message.find("it may go on there"), std::string::npos);
  int left = 0;
  EXPECT_GT(sweep_marked_processes(spec.nonce, left), 0);
  run_until([&] { return fs::exists(directory(spec) + "/exit"); }, "the record of the end");
}

TEST_F(SshExecutorTest, BringsBackMoreThanFitsIntoAnyBuffer) {
  write_script("head -c 30000000 /dev/urandom > outputs/model; cksum < outputs/model");
  make_executor();
  const ChildRunSpec spec = make_spec();
  executor_->start(spec);
  run_to_end();
  const std::string command = "test \"$(cksum < " + spec.attempt_directory +
                              "/work/outputs/model)\" = \"$(cat " + spec.attempt_directory +
                              "/logs/stdout.txt)\"";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace hd::testing
