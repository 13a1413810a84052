#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace hd {

/// What the process returns to its caller. Frozen: scripts rely on the numbers.
enum ExitCode : int {
  kExitDone = 0,
  kExitSweepFailed = 1,        ///< no child reported the primary metric, or a limit stopped it
  kExitUsage = 2,              ///< wrong command line or configuration; nothing was started
  kExitChildrenFailed = 3,     ///< finished, but some children failed and --strict was given
  kExitNotFound = 4,           ///< no such run, experiment or file
  kExitUnusable = 5,           ///< the history or another engine is in the way
  kExitNotAllowed = 6,         ///< a token is missing or wrong
  kExitCanceledBySomeone = 7,  ///< canceled from elsewhere while this command waited
  kExitTimeout = 124,          ///< the time given by --timeout passed, as timeout(1) has it
  kExitInterrupted = 130,
  kExitTerminated = 143,
};

/// A command that ends without success for a reason of its own. The last line on standard error
/// becomes `error[<code>]: <what> (<hint>)`.
class CommandFailure : public std::runtime_error {
 public:
  CommandFailure(ExitCode exit_code,
                 std::string code,
                 const std::string& message,
                 std::string hint = {})
      : std::runtime_error(message),
        exit_code_(exit_code),
        code_(std::move(code)),
        hint_(std::move(hint)) {}
  [[nodiscard]] ExitCode exit_code() const { return exit_code_; }
  [[nodiscard]] const std::string& code() const { return code_; }  ///< "E0501"
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  ExitCode exit_code_;
  std::string code_;
  std::string hint_;
};

}  // namespace hd
