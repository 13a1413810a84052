#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/metric_pattern.h"
#include "engine/core/warm_start.h"

namespace hd {

enum class RunKind { kHyperDrive, kScript };

/// What the script of every child run is started with, after runconfig and command line were
/// merged.
struct ScriptSpec {
  std::string script;                  ///< relative to the source directory; empty with `command`
  std::vector<std::string> arguments;  ///< fixed ones, before the sampled ones
  std::string command;                 ///< runs through /bin/sh -c; nothing is appended to it
  std::string interpreter;             ///< absolute path of the Python for `.py` scripts
  std::vector<std::pair<std::string, std::string>> environment;  ///< of the runconfig
  std::optional<std::int64_t> max_run_duration_seconds;
  MetricPatterns metric_patterns;
  /// The script's own text speaks of the argument --resume-from, so that it can be given.
  bool takes_resume_from = false;
};

/// A submitted parent run (or single script run), complete: an engine needs nothing else to start
/// or resume it. Stored once at submission and never changed.
struct ParentRunSpec {
  std::string run_id;
  RunKind kind = RunKind::kHyperDrive;
  std::string experiment;
  std::string target = "local";
  std::string hdconfig_file;  ///< name for messages
  std::string hdconfig_text;  ///< as submitted; empty for a script run
  std::uint64_t seed = 0;     ///< the hdconfig's, or drawn at submission
  ScriptSpec script;
  std::string source_directory;  ///< absolute, as submitted
  std::string snapshot_id;       ///< SHA-256 of the snapshot, lower-case hex
  std::vector<std::pair<std::string, std::string>> properties;  ///< git facts and the like
  std::vector<std::pair<std::string, std::string>> tags;
  bool keep_going = false;  ///< do not stop when the first children all fail
  int grace_seconds = 30;
  WarmStart warm_start;
};

/// `HD_<uuid>_<n>` for children of a sweep. A script run is its own only child.
[[nodiscard]] std::string child_run_id(const ParentRunSpec& parent, int child);

}  // namespace hd
