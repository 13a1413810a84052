#pragma once
#include <string>

namespace hd {

struct PythonInterpreter {
  std::string path;     ///< absolute, links kept: a virtual environment is found by its link
  std::string version;  ///< "3.11.2"; empty when the interpreter was given by path and not asked
};

/// The interpreter that a runconfig's `interpreterPath` means.
/// - `python`, or nothing: the first `python`, else the first `python3` on PATH that runs and is
///   Python 3;
/// - another name without a slash: the first of that name on PATH that does;
/// - a path: that file, which must be executable; relative ones count from `directory`, `~/` from
/// home. A program that only passes on to an interpreter (a pyenv shim) is asked, in `directory`,
/// for the one it chooses. Throws UsageError that names everything tried and why it would not do.
[[nodiscard]] PythonInterpreter find_python(const std::string& interpreter_path,
                                            const std::string& directory);

}  // namespace hd
