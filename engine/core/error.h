#pragma once
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hd {

/// One finding about an input file. Printed as `file:line:column: key: message`.
struct Diagnostic {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  std::string file;
  int line = 0;         ///< from 1; 0 = the whole file
  int column = 0;       ///< from 1
  std::string key;      ///< path such as sampling.parameter_space[1].values
  std::string message;  ///< what was expected, what was found
};

[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

/// The user's input cannot be used: every mistake found, in file order. Exit code 2.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Diagnostic> diagnostics);
  [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

/// Wrong use of the command line or of a name; a hint says what to do. Exit code 2.
class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const std::string& message, std::string hint = {})
      : std::runtime_error(message), hint_(std::move(hint)) {}
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

/// No such run, experiment or file. Exit code 4.
class NotFoundError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The history cannot be opened, read or written (locked, damaged, newer than us, disk full).
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Another engine took the parent run over; this one must stop writing.
class FencedError : public StoreError {
 public:
  using StoreError::StoreError;
};

}  // namespace hd
