#include "executors/supervisor/child_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executors/supervisor_protocol/process_identity.h"

namespace hd {
namespace {

std::string path_variable(const ChildProcessPlan& plan) {
  for (const auto& [name, value] : plan.environment) {
    if (name == "PATH") return value;
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

bool is_regular_file(int folder, const std::string& path) {
  struct stat status {};
  return ::fstatat(folder, path.c_str(), &status, 0) == 0 && S_ISREG(status.st_mode);
}

// Finds the program as a shell would, seen from the working folder.
Result<std::string> find_program(const ChildProcessPlan& plan) {
  const std::string& name = plan.argv[0];
  if (name.find('/') != std::string::npos) return name;
  const std::string path = path_variable(plan);
  std::string not_executable;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    std::size_t end = path.find(':', begin);
    if (end == std::string::npos) end = path.size();
    const std::string folder = end == begin ? "." : path.substr(begin, end - begin);
    const std::string candidate = folder + "/" + name;
    if (is_regular_file(plan.work_descriptor, candidate)) {
      if (::faccessat(plan.work_descriptor, candidate.c_str(), X_OK, AT_EACCESS) == 0) {
        return candidate;
      }
      not_executable = candidate;
    }
    begin = end + 1;
  }
  if (!not_executable.empty()) {
    return Error{"cannot start '" + name + "': " + not_executable +
                 " is not executable; chmod +x makes it so"};
  }
  return Error{"cannot start '" + name + "': there is no such program in PATH (" + path + ")"};
}

// The interpreter named in the first line, or empty. Kept as it is, a carriage return included.
std::string interpreter_of(int folder, const std::string& program) {
  const int fd = ::openat(folder, program.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  std::array<char, 256> start{};
  const ssize_t got = ::read(fd, start.data(), start.size());
  ::close(fd);
  if (got < 3 || start[0] != '#' || start[1] != '!') return {};
  std::string_view line(start.data() + 2, static_cast<std::size_t>(got) - 2);
  line = line.substr(0, line.find('\n'));
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

std::string explain(const ChildProcessPlan& plan, const std::string& program, int problem) {
  const std::string start = "cannot start '" + plan.argv[0] + "': ";
  struct stat status {};
  const bool exists = ::fstatat(plan.work_descriptor, program.c_str(), &status, 0) == 0;
  if (problem == ENOENT && exists) {
    std::string interpreter = interpreter_of(plan.work_descriptor, program);
    if (!interpreter.empty() && interpreter.back() == '\r') {
      return start +
             "its first line ends with a carriage return (Windows line endings); "
             "convert the file with dos2unix";
    }
    if (!interpreter.empty()) {
      return start + "the interpreter named in its first line, " + interpreter + ", does not exist";
    }
    return start + "the loader or interpreter it needs does not exist on this machine";
  }
  if (problem == ENOENT)
    return start + "there is no such file (looked from " + plan.work_path + ")";
  if (exists && S_ISDIR(status.st_mode)) return start + "it is a folder";
  if (problem == EACCES && exists && (status.st_mode & 0111U) == 0) {
    return start + "the file is not executable; chmod +x makes it so";
  }
  if (problem == ENOEXEC) {
    return start +
           "it is neither a program for this machine nor a script with a first line such as "
           "#!/usr/bin/env python3";
  }
  if (problem == E2BIG) return start + "arguments and environment are longer than the system takes";
  return start + std::strerror(problem);
}

struct StartArguments {
  const char* program;
  char* const* argv;
  char* const* environment;
  int null_descriptor;
  int work_descriptor;
  int stdout_descriptor;
  int stderr_descriptor;
  pid_t supervisor;
  volatile int problem;
};

// Runs in the child, on a stack of its own but in our memory, until exec: system calls only.
int run_child(void* opaque) {
  auto* arguments = static_cast<StartArguments*>(opaque);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  bool good = ::getppid() == arguments->supervisor;
  good = good && ::fchdir(arguments->work_descriptor) == 0;
  good = good && ::dup2(arguments->null_descriptor, 0) == 0;
  good = good && ::dup2(arguments->stdout_descriptor, 1) == 1;
  good = good && ::dup2(arguments->stderr_descriptor, 2) == 2;
  if (good) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(arguments->program, arguments->argv, arguments->environment);
  }
  arguments->problem = errno == 0 ? ESRCH : errno;
  ::_exit(127);
}

}  // namespace

Result<pid_t> start_child_process(const ChildProcessPlan& plan) {
  auto program = find_program(plan);
  if (!program) return program.error();
  std::vector<char*> argv;
  for (const auto& argument : plan.argv) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<std::string> entries;
  entries.reserve(plan.environment.size());
  for (const auto& [name, value] : plan.environment) entries.push_back(name + "=" + value);
  std::vector<char*> environment;
  environment.reserve(entries.size() + 1);
  for (auto& entry : entries) environment.push_back(entry.data());
  environment.push_back(nullptr);

  const int null_descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null_descriptor < 0)
    return Error{std::string("cannot open /dev/null: ") + std::strerror(errno), is_shortage(errno)};
  StartArguments arguments{program->c_str(),
                           argv.data(),
                           environment.data(),
                           null_descriptor,
                           plan.work_descriptor,
                           plan.stdout_descriptor,
                           plan.stderr_descriptor,
                           ::getpid(),
                           0};
  // Like posix_spawn, which cannot set the parent-death signal: the child borrows our memory and we
  // sleep until it has called exec, so a failure comes back in `arguments` without a pipe.
  constexpr std::size_t kStackSize = 65536;
  const std::unique_ptr<char[]> stack(new char[kStackSize]);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid =
      ::clone(run_child, stack.get() + kStackSize, CLONE_VM | CLONE_VFORK | SIGCHLD, &arguments);
  const int clone_problem = errno;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ::close(null_descriptor);
  if (pid < 0) {
    return Error{
        std::string("cannot create a process: ") + std::strerror(clone_problem) +
            (clone_problem == EAGAIN ? "; the limit of processes (ulimit -u) is reached" : ""),
        is_shortage(clone_problem)};
  }
  if (arguments.problem != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return Error{explain(plan, *program, arguments.problem)};
  }
  return pid;
}

}  // namespace hd
