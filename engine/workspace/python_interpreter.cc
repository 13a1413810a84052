#include "engine/workspace/python_interpreter.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "engine/core/error.h"
#include "engine/workspace/identifiers.h"
#include "engine/workspace/run_process.h"

namespace hd {
namespace {

constexpr std::chrono::seconds kTimeout{30};  // a cold start from a network file system
// One line for the version, one for the path; no site packages, so nothing of the user's runs.
constexpr const char* kQuestion =
    "import sys; sys.stdout.write('%d.%d.%d\\n%s\\n' % (sys.version_info[:3] + (sys.executable,)))";

bool is_executable_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

bool is_script(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char start[2] = {0, 0};
  return file.read(start, sizeof start) && start[0] == '#' && start[1] == '!';
}

std::vector<std::string> search_path() {
  const char* text = std::getenv("PATH");
  std::istringstream parts(text != nullptr ? text : "/usr/local/bin:/usr/bin:/bin");
  std::vector<std::string> folders;
  std::string folder;
  // Relative ones would make the interpreter depend on where a submit is typed.
  while (std::getline(parts, folder, ':')) {
    if (!folder.empty() && folder[0] == '/') folders.push_back(folder);
  }
  return folders;
}

/// The first useful line of what a program said when it failed.
std::string first_line(const std::string& text) {
  return text.substr(0, std::min(text.find('\n'), text.size()));
}

/// Asks a candidate what it is; on failure `problem` says why it will not do.
std::optional<PythonInterpreter> ask(const std::string& path,
                                     const std::string& directory,
                                     std::string& problem) {
  ProcessRequest request;
  request.argv = {path, "-E", "-S", "-c", kQuestion};
  request.directory = directory;
  request.timeout = kTimeout;
  request.output_limit = 65536;
  const ProcessResult result = run_process(request);
  if (!result.succeeded()) {
    problem = describe(result);
    if (!result.errors.empty()) problem += ", " + first_line(result.errors);
    return std::nullopt;
  }
  std::istringstream lines(result.output);
  PythonInterpreter python{path, {}};
  std::string executable;
  std::getline(lines, python.version);
  std::getline(lines, executable);
  if (python.version.substr(0, 2) != "3.") {
    problem = "Python 3 is needed, found " + first_line(result.output);
    return std::nullopt;
  }
  // A shim chooses by folder and environment, which are others in a child run: keep its choice.
  if (is_script(path) && !executable.empty() && executable[0] == '/' &&
      is_executable_file(executable)) {
    python.path = executable;
  }
  return python;
}

PythonInterpreter from_path(const std::string& given, const std::string& directory) {
  std::string path = given;
  if (path.rfind("~/", 0) == 0) {
    const char* home = std::getenv("HOME");
    if (home != nullptr) path = std::string(home) + path.substr(1);
  } else if (path[0] != '/') {
    path = directory + "/" + path;
  }
  if (!is_executable_file(path)) {
    struct stat status {};
    const char* reason = ::stat(path.c_str(), &status) != 0 ? "there is no such file"
                         : S_ISREG(status.st_mode)          ? "the file is not executable"
                                                            : "it is not a file";
    throw UsageError("the Python interpreter " + quoted(given) + " of the run configuration " +
                         "cannot be used: " + reason + " (" + path + ")",
                     "set environment.python.interpreterPath to an interpreter of this machine, or "
                     "to `python` for the first one on PATH");
  }
  return {path, {}};
}

}  // namespace

PythonInterpreter find_python(const std::string& interpreter_path, const std::string& directory) {
  if (interpreter_path.find('\0') != std::string::npos) {
    throw UsageError("the Python interpreter " + quoted(interpreter_path) + " is no file name");
  }
  if (interpreter_path.find('/') != std::string::npos) {
    return from_path(interpreter_path, directory);
  }
  std::vector<std::string> names{interpreter_path};
  if (interpreter_path.empty() || interpreter_path == "python") names = {"python", "python3"};
  const std::vector<std::string> folders = search_path();
  std::string tried;
  for (const std::string& name : names) {
    for (const std::string& folder : folders) {
      const std::string candidate = folder + "/" + name;
      if (!is_executable_file(candidate)) continue;
      std::string problem;
      if (auto python = ask(candidate, directory, problem)) return *python;
      tried.append(tried.empty() ? "" : "; ").append(candidate).append(": ").append(problem);
    }
  }
  std::string wanted;
  for (const std::string& name : names)
    wanted.append(wanted.empty() ? "" : " or ").append(quoted(name));
  std::string looked_in;
  for (const std::string& folder : folders)
    looked_in.append(looked_in.empty() ? "" : ":").append(folder);
  throw UsageError("no usable Python interpreter: looked for " + wanted + " in " + looked_in +
                       (tried.empty() ? ", found none" : ", found " + tried),
                   "install Python 3 (Debian: apt-get install python3), or set "
                   "environment.python.interpreterPath in the run configuration");
}

}  // namespace hd
