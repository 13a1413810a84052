#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/text.h"
#include "engine/core/error.h"
#include "engine/workspace/files.h"

namespace hd {

namespace {

namespace fs = std::filesystem;
constexpr std::chrono::milliseconds kPoll{200};
constexpr int kLookEvery = 10;  ///< polls between looks for new child runs

struct BoardOptions {
  std::string run_id;
  std::string directory;
  std::string host = "127.0.0.1";
  int port = 6006;  ///< TensorBoard's own
};

volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int signal) { interrupted = signal; }

/// One link per child run to its working directory, under the child's number: TensorBoard shows the
/// folders below its log directory as runs, and follows links.
class LinkFolder {
 public:
  LinkFolder(const OpenedHistory& history, const RunSummary& run, fs::path folder)
      : history_(history), run_(run), folder_(std::move(folder)) {}

  void update() {
    if (!run_.is_sweep()) {
      return link(run_.run_id, require_run(history_, run_.run_id));
    }
    RunFilter filter;
    filter.parent_run_id = run_.run_id;
    filter.last = 0;
    for (const RunSummary& child : history_.store.runs(filter)) {
      link(std::to_string(child.child), child);
    }
  }

 private:
  void link(const std::string& name, const RunSummary& run) {
    const std::string shown =
        run.attempt > 0 ? name + "-attempt-" + std::to_string(run.attempt) : name;
    if (linked_.contains(shown)) return;
    const fs::path work =
        history_.workspace.attempt_directory(run.run_id, std::max(0, run.attempt)) + "/work";
    if (!fs::is_directory(fs::symlink_status(work))) return;
    std::error_code error;
    fs::create_directory_symlink(work, folder_ / shown, error);
    if (error && error != std::errc::file_exists) {
      throw FileError(error.value(), "make a link in", folder_.string());
    }
    linked_.insert(shown);
  }

  const OpenedHistory& history_;
  const RunSummary run_;
  const fs::path folder_;
  std::set<std::string> linked_;
};

/// A folder of the user's, or one of ours that goes with this object.
class BoardFolder {
 public:
  explicit BoardFolder(const std::string& wanted) : path_(wanted), own_(wanted.empty()) {
    if (!own_) {
      make_directories(wanted);
      return;
    }
    std::string name = (fs::temp_directory_path() / "hdrive-tensorboard-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw FileError(errno, "make a folder for TensorBoard", name);
    }
    path_ = name;
  }
  BoardFolder(const BoardFolder&) = delete;
  BoardFolder& operator=(const BoardFolder&) = delete;
  ~BoardFolder() {
    if (own_) remove_tree(path_);  // links are removed, not followed
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool own_;
};

pid_t start_tensorboard(const std::string& folder, const BoardOptions& board) {
  std::vector<std::string> words = {"tensorboard",
                                    "--logdir",
                                    folder,
                                    "--host",
                                    board.host,
                                    "--port",
                                    std::to_string(board.port)};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int problem = ::posix_spawnp(&pid, "tensorboard", nullptr, nullptr, argv.data(), environ);
  if (problem == 0) return pid;
  throw CommandFailure(kExitUnusable,
                       "E0503",
                       "cannot start tensorboard: " + std::string(std::strerror(problem)),
                       "pip install tensorboard, and have it in PATH");
}

int monitor(const CommonOptions& options, const BoardOptions& board) {
  const OpenedHistory history = open_history(options);
  const BoardFolder folder(board.directory);
  LinkFolder links(history, require_run(history, board.run_id), folder.path());
  links.update();
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  const pid_t tensorboard = start_tensorboard(folder.path(), board);
  note(options, "TensorBoard looks at " + folder.path() + "; end with Ctrl+C");
  int status = 0;
  for (int polls = 1; ::waitpid(tensorboard, &status, WNOHANG) == 0; ++polls) {
    if (interrupted != 0) ::kill(tensorboard, SIGTERM);
    if (polls % kLookEvery == 0) links.update();
    std::this_thread::sleep_for(kPoll);
  }
  if (interrupted != 0) return kExitDone;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return kExitDone;
  throw CommandFailure(kExitUnusable,
                       "E0504",
                       "tensorboard ended by itself; its last lines say why",
                       "another --port may help");
}

}  // namespace

void add_tensorboard_command(Program& program, CLI::App& run) {
  const auto board = std::make_shared<BoardOptions>();
  CLI::App* command =
      add_command(program,
                  run,
                  "monitor-tensorboard",
                  "Start TensorBoard over the child runs of a sweep, new ones as they start",
                  "hdrive run monitor-tensorboard -r HD_...",
                  [board](const CommonOptions& options) { return monitor(options, *board); });
  add_run_option(*command, board->run_id);
  command->add_option(
      "--local-directory",
      board->directory,
      "Folder for links to the runs' folders (default: one that is removed at the end)");
  command->add_option("--port", board->port, "TensorBoard's port")->capture_default_str();
  command->add_option("--host", board->host, "Its address")->capture_default_str();
}

}  // namespace hd
