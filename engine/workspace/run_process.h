#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hd {

/// A short helper program to run to its end. Not for child runs: those have an executor.
struct ProcessRequest {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH when it has no slash
  std::string directory;          ///< working directory; empty = the caller's
  /// Changes to the caller's environment; nullopt removes a variable.
  std::vector<std::pair<std::string, std::optional<std::string>>> environment;
  std::string input;  ///< given to standard input, which is at its end afterwards
  std::chrono::milliseconds timeout{10'000};
  std::size_t output_limit = std::size_t{16} << 20U;  ///< per stream; the rest is read and dropped
};

struct ProcessResult {
  enum class Kind { kExited, kSignaled, kNotStarted, kTimedOut };
  Kind kind = Kind::kNotStarted;
  int code = 0;        ///< exit code, signal, or errno of the failed start
  std::string output;  ///< standard output
  std::string errors;  ///< standard error
  bool truncated = false;

  [[nodiscard]] bool succeeded() const { return kind == Kind::kExited && code == 0; }
};

/// Runs the program in its own process group and waits for its end. Past the timeout the group is
/// killed. Ends with the program itself, even if a process that it left behind keeps its output
/// open. Blocks: not for the loop thread. Throws std::system_error when no pipe can be made.
[[nodiscard]] ProcessResult run_process(const ProcessRequest& request);

/// "exit code 1", "signal 9 (Killed)", "could not be started: No such file or directory", ...
[[nodiscard]] std::string describe(const ProcessResult& result);

}  // namespace hd
