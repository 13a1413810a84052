#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/program.h"
#include "engine/core/error.h"
#include "engine/core/hyperdrive_config.h"
#include "engine/core/parent_run_spec.h"

namespace hd {

/// `--resume` without a run id; what CLI11 gives a flag that has no value.
inline constexpr std::string_view kResumeEarlier = "true";

/// A submit command as it was typed.
struct SubmitRequest {
  RunKind kind = RunKind::kHyperDrive;
  std::string runconfig;         ///< `-c`
  std::string hdconfig;          ///< `--hyperdrive-configuration-name`
  std::string source_directory;  ///< empty = the project folder
  std::string target;
  std::string conda_dependencies;
  std::optional<std::uint64_t> seed;
  bool detached = false;
  bool strict = false;
  bool keep_going = false;
  std::vector<std::string> resume_from;        ///< parent runs; win over the hdconfig's
  std::vector<std::string> resume_child_runs;  ///< child runs; win over the hdconfig's
  std::string resume;                          ///< `--resume`: kResumeEarlier, or a run id
  std::vector<std::string> script_words;       ///< script and its arguments, untouched
};

/// Everything that can be known before anything is touched. `spec` still lacks its run id,
/// snapshot and properties.
struct Submission {
  std::string project;  ///< absolute
  ParentRunSpec spec;
  HyperDriveConfig config;
  std::vector<Diagnostic> warnings;
};

/// Reads the files that the command names and checks them against each other. Throws ConfigError
/// with all mistakes of all files at once; writes nothing.
[[nodiscard]] Submission read_submission(const CommonOptions& options,
                                         const SubmitRequest& request);

/// The experiment that a folder's runs belong to unless one is named: what `folder attach` wrote
/// down, otherwise made from the folder's name.
[[nodiscard]] std::string default_experiment(const std::string& project);

}  // namespace hd
