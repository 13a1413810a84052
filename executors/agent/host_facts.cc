#include "executors/agent/host_facts.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "executors/local/supervisor_process.h"
#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{5};

utsname system_names() {
  utsname names{};
  ::uname(&names);
  return names;
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string file = std::string(rest.substr(0, end)) + "/" + name;
    if (file.front() == '/' && ::access(file.c_str(), X_OK) == 0) return file;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

/// Output of a short program, both streams; empty when it fails or takes too long.
std::string output_of(std::vector<std::string> words) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int problem = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string output;
  const auto deadline = Clock::now() + kPatience;
  while (problem == 0) {
    pollfd readable{ends[0], POLLIN, 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) break;
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    if (got <= 0) break;
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  if (problem != 0) return {};
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    if (::waitpid(pid, &status, WNOHANG) == 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
    }
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? output : std::string();
}

nlohmann::json lines_of(const std::string& text) {
  nlohmann::json lines = nlohmann::json::array();
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

int count_running(const std::string& work) {
  int running = 0;
  std::error_code error;
  for (fs::directory_iterator run(work + "/runs", error), end; !error && run != end;
       run.increment(error)) {
    std::error_code inner;
    for (fs::directory_iterator attempt(run->path(), inner); !inner && attempt != end;
         attempt.increment(inner)) {
      if (probe_attempt(attempt->path().string()).alive) ++running;
    }
  }
  return running;
}

}  // namespace

nlohmann::json greeting(const std::string& work) {
  std::string python = find_program("python");
  if (python.empty()) python = find_program("python3");
  return {{"re", "hello"},
          {"host", system_names().nodename},
          {"boot_id", boot_id()},
          {"work", work},
          {"python", python}};
}

nlohmann::json describe_host(const std::string& work, const std::string& python) {
  const utsname names = system_names();
  struct statvfs room {};
  ::statvfs(work.c_str(), &room);
  const std::string version = python.empty() ? std::string() : output_of({python, "--version"});
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  return {{"re", "described"},
          {"system", std::string(names.sysname) + " " + names.release + " " + names.machine},
          {"cores", std::thread::hardware_concurrency()},
          {"memory", static_cast<std::int64_t>(pages) * ::sysconf(_SC_PAGESIZE)},
          {"room", static_cast<std::uint64_t>(room.f_bavail) * room.f_frsize},
          {"python", python},
          {"python_version", version.substr(0, version.find('\n'))},
          {"gpus", lines_of(output_of({"nvidia-smi", "-L"}))},
          {"running", count_running(work)}};
}

std::string login_environment() {
  std::string text;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    if (variable.starts_with("SSH_") || variable.starts_with("OLDPWD=") ||
        variable.starts_with("PWD=") || variable.starts_with("_=") ||
        variable.starts_with("SHLVL=") || variable.starts_with("HDRIVE_") ||
        variable.find('=') == std::string_view::npos) {
      continue;
    }
    text += variable;
    text += '\0';
  }
  return text;
}

}  // namespace hd
