#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config/findings.h"
#include "engine/core/hyperdrive_config.h"

namespace hd {

inline constexpr std::size_t kMostResumedParents = 5;

struct RunIdMistake {
  std::optional<std::size_t> place;  ///< in the list; nullopt = the whole list
  std::string message;
};
/// What can be said against a list of run ids without knowing any run.
[[nodiscard]] std::vector<RunIdMistake> check_run_ids(const std::vector<std::string>& ids,
                                                      std::size_t most);

/// Reads an hdconfig (YAML or JSON text). `file` is the name used in messages. Appends to
/// `warnings` whatever does not prevent the sweep; throws ConfigError with every mistake at once.
[[nodiscard]] HyperDriveConfig read_hdconfig(std::string_view text,
                                             const std::string& file,
                                             ReadOptions options,
                                             std::vector<Diagnostic>& warnings);

/// An input of a v2 sweep file. The command refers to it by `variable`, which must be part of the
/// child runs' environment.
struct SweepInput {
  std::string name;
  std::string variable;
  std::string value;
  bool is_path = false;  ///< `value` is a local path, relative to the file's folder
};

/// What a v2 sweep file says beyond the tuning itself: what v1 keeps in a runconfig.
struct SweepTrial {
  std::string command;  ///< for /bin/sh -c; references are quoted variables already
  std::string code;     ///< folder relative to the file's folder; empty = that folder
  std::vector<std::pair<std::string, std::string>> environment_variables;
  std::vector<SweepInput> inputs;
  std::string compute;          ///< empty = not given
  std::string experiment_name;  ///< empty = not given
  std::vector<std::pair<std::string, std::string>> tags;
};

struct SweepJob {
  HyperDriveConfig config;
  SweepTrial trial;
};

/// Reads a v2 sweep file; otherwise as read_hdconfig.
[[nodiscard]] SweepJob read_sweep_job(std::string_view text,
                                      const std::string& file,
                                      ReadOptions options,
                                      std::vector<Diagnostic>& warnings);

/// Either of the two.
struct HyperDriveFile {
  HyperDriveConfig config;
  std::optional<SweepTrial> trial;  ///< set when the file is a v2 sweep
};

/// Detects which of the two the text is (a v2 sweep has `type: sweep`, `search_space`, `objective`
/// or `trial`) and reads it.
[[nodiscard]] HyperDriveFile read_hyperdrive_file(std::string_view text,
                                                  const std::string& file,
                                                  ReadOptions options,
                                                  std::vector<Diagnostic>& warnings);

}  // namespace hd
