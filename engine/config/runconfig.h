#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config/findings.h"
#include "engine/core/metric_pattern.h"

namespace hd {

/// What a .runconfig says about running a script, in plain types.
struct RunConfig {
  std::string script;                  ///< relative to the source directory; may be empty
  std::vector<std::string> arguments;  ///< as written in the file
  std::string command;                 ///< for /bin/sh -c; empty = script and arguments
  std::string target = "local";
  std::string framework = "Python";
  std::string communicator = "None";
  int node_count = 1;
  std::optional<std::int64_t> max_run_duration_seconds;
  std::vector<std::pair<std::string, std::string>> environment_variables;
  MetricPatterns metric_patterns;
  std::string interpreter_path = "python";  ///< a path, or a name to look up in PATH
  bool user_managed_dependencies = true;    ///< use the interpreter as it is
  std::string conda_dependencies_file;      ///< empty = none given
  bool use_docker = false;
  std::string docker_base_image;

  /// What the file asks for that cannot be run, each saying which line to change. Kept apart so
  /// that such a file can be read and shown.
  std::vector<Diagnostic> refused;
};

/// Returns the text of a file named by the runconfig (a path relative to the project), or nullopt
/// when there is none. Paths that leave the project are refused before it is asked.
using ReadRelatedFile = std::function<std::optional<std::string>(const std::string& path)>;

/// Reads a .runconfig (YAML or JSON; keys in any case; also the format from before `environment`
/// existed). Appends one note naming the keys that are set but not applicable here; throws
/// ConfigError with every mistake at once.
[[nodiscard]] RunConfig read_runconfig(std::string_view text,
                                       const std::string& file,
                                       ReadOptions options,
                                       std::vector<Diagnostic>& warnings,
                                       const ReadRelatedFile& read_related = {});

/// Throws ConfigError when the file asks for something that cannot be run.
void require_runnable(const RunConfig& runconfig);

}  // namespace hd
