#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/document.h"
#include "engine/core/error.h"

namespace hd {

/// How a configuration file is read.
struct ReadOptions {
  bool strict = false;  ///< unknown keys and values beyond HyperDrive's limits are mistakes
  /// For a tuning loop, which starts no child runs: what only they need may be missing, and advice
  /// on their number is left out.
  bool for_loop = false;
};

/// Collects what is found in one file, so that all mistakes are told at once.
class Findings {
 public:
  Findings(std::string file, ReadOptions options) : file_(std::move(file)), options_(options) {}

  void error(Mark mark, std::string key, std::string message);
  void warn(Mark mark, std::string key, std::string message);
  /// A mistake when reading strictly, otherwise a warning.
  void warn_or_error(Mark mark, std::string key, std::string message);
  void add(std::vector<Diagnostic> mistakes);
  /// Moves over what was found in another file.
  void absorb(Findings other);

  [[nodiscard]] bool has_errors() const { return !errors_.empty(); }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const ReadOptions& options() const { return options_; }

  /// Appends the warnings to `warnings`, then throws ConfigError with all mistakes in file order if
  /// there are any.
  void finish(std::vector<Diagnostic>& warnings);

 private:
  std::string file_;
  ReadOptions options_;
  std::vector<Diagnostic> errors_;
  std::vector<Diagnostic> warnings_;
};

/// The candidate closest to `word` in spelling, or empty when none is close. Case is ignored.
[[nodiscard]] std::string nearest_name(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

/// " (did you mean 'x'?)" or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

/// "a, b or c".
[[nodiscard]] std::string join_alternatives(const std::vector<std::string_view>& words);

/// Lower case without underscores and dashes, so that spellings of a name can be compared.
[[nodiscard]] std::string fold_name(std::string_view name);

/// The value of the map's member whose name is the same spelling apart, or null pointer.
[[nodiscard]] const ConfigNode* find_folded(const ConfigNode& map, std::string_view key);

}  // namespace hd
