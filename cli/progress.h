#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/history.h"
#include "engine/core/parent_run_spec.h"

namespace hd {

/// What a view knows of a parent run beside its history.
struct RunFacts {
  std::string run_id;
  std::string experiment;
  RunKind kind = RunKind::kHyperDrive;
  int total = 1;        ///< how many child runs there can be at most
  int concurrency = 1;  ///< how many at once
  std::string runs_directory;
};

/// The figures of a status line.
struct Progress {
  int total = 0;
  int finished = 0;  ///< terminal child runs
  int running = 0;
  int completed = 0;
  int stopped_early = 0;  ///< canceled by the policy
  int failed = 0;
  int canceled = 0;  ///< canceled for another reason
  std::int64_t elapsed_us = 0;
  std::optional<std::int64_t> left_us;  ///< estimate; from the third finished child run on
  bool left_is_rough = true;            ///< fewer than ten child runs stand behind it
};

[[nodiscard]] Progress measure(const History& history, const RunFacts& facts, std::int64_t now_us);

/// `lr=0.0031 batch_size=64`: names without dashes, values as the script gets them.
[[nodiscard]] std::string parameters_text(const Configuration& configuration);

/// "run 41" of a sweep; "run" of a script run, which has no number of its own.
[[nodiscard]] std::string child_name(const RunFacts& facts, int child);

/// Why nothing is best yet, in words.
[[nodiscard]] std::string no_best_text(const History& history);

/// How long child runs canceled by the policy would have gone on, judged by the median of the
/// completed ones; 0 when nothing can be said.
[[nodiscard]] std::int64_t time_saved_us(const History& history);

}  // namespace hd
