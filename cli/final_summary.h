#pragma once
#include <map>
#include <string>
#include <vector>

#include "cli/progress.h"
#include "engine/core/history.h"
#include "engine/core/parent_run_spec.h"
#include "engine/store/run_store.h"

namespace hd {

/// The command line that starts the script as a child run with this configuration was started.
[[nodiscard]] std::string reproducing_command(const ParentRunSpec& parent,
                                              const Configuration& configuration);

/// The configuration of a child run as the history shows it.
[[nodiscard]] Configuration configuration_of(const RunSummary& child);

/// What failed child runs have in common: how they ended, and the log lines most of them share.
class CommonFailure {
 public:
  /// Takes in how a failed child run ended.
  void add(int child, const ExitStatus& exit);
  /// In words; nothing when none failed.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  /// The last log line of some children.
  struct LastWords {
    int count = 0;
    int example = 0;                ///< the first of these children
    std::vector<std::string> tail;  ///< the lines that led to it
  };
  int failed_ = 0;
  std::map<std::string, int> endings_;
  std::map<std::string, LastWords> last_words_;
};

/// The same of the children of a stored parent run; `history` is its read model. A store that
/// cannot be read is told instead.
[[nodiscard]] std::vector<std::string> common_failure(const RunStore& store,
                                                      const std::string& parent_run_id,
                                                      const History& history);

/// The last words on a parent run: how it ended, the best configuration and how to repeat it, what
/// early termination saved, where the outputs are, why children failed (`failure`: common_failure).
[[nodiscard]] std::vector<std::string> final_summary(const History& history,
                                                     const ParentRunSpec& parent,
                                                     const RunFacts& facts,
                                                     const std::vector<std::string>& failure);

}  // namespace hd
