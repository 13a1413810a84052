#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/hyperdrive_config.h"
#include "engine/core/sampler.h"

namespace hd {

struct TuningLoopOptions {
  std::string metric = "metric";  ///< name of what is told, for messages
  Goal goal = Goal::kMinimize;
};

/// A sampler in a loop where the caller does the work: ask for configurations, try them, tell what
/// came out. Any number may be outstanding, and results may come in any order. For one thread at a
/// time. The same seed and the same order of calls give the same configurations.
class TuningLoop {
 public:
  /// Throws UsageError when the sampler cannot serve the space. Without a seed in the algorithm one
  /// is drawn; seed() tells it.
  TuningLoop(ParameterSpace space,
             const SamplingAlgorithm& algorithm,
             TuningLoopOptions options = {});

  /// `count` configurations, with ids that count up from 0. Fewer, then none, when every
  /// configuration of the space has been asked.
  [[nodiscard]] std::vector<Trial> ask(int count = 1);

  /// What came out of trial `id`; NaN counts as worst. Throws UsageError for an id that was never
  /// asked or was told before.
  void tell(int id, double value);
  /// Trial `id` gave no result; learned as bad. Throws like tell.
  void tell_failed(int id);

  [[nodiscard]] bool has_best() const { return best_ >= 0; }
  /// The best trial told so far, the earliest told of equals. Throws UsageError when no number has
  /// been told yet.
  [[nodiscard]] const Trial& best() const;

  /// No further ask gives anything.
  [[nodiscard]] bool exhausted() const;

  /// Everything asked, by id, with what is known of it.
  [[nodiscard]] const std::vector<std::shared_ptr<const Trial>>& trials() const { return trials_; }
  [[nodiscard]] const ParameterSpace& space() const { return space_; }
  [[nodiscard]] const TuningLoopOptions& options() const { return options_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  /// What the sampler had to say to the user with the latest ask; usually empty.
  [[nodiscard]] const std::string& warning() const { return warning_; }

 private:
  void close(int id, Trial::Outcome outcome, double value);

  ParameterSpace space_;
  TuningLoopOptions options_;
  std::uint64_t seed_;
  std::unique_ptr<const Sampler> sampler_;
  std::vector<std::shared_ptr<const Trial>> trials_;
  std::string notes_, warning_;
  int best_ = -1;
  bool exhausted_ = false;
};

}  // namespace hd
