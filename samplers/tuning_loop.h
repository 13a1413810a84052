#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/core/hyperdrive_config.h"
#include "engine/core/sampler.h"
#include "samplers/tuning_loop_text.h"

namespace hd {

struct TuningLoopOptions {
  std::string metric = "metric";  ///< name of what is told, for messages
  Goal goal = Goal::kMinimize;
};

/// A sampler in a loop where the caller does the work: ask for configurations, try them, tell what
/// came out. Any number may be outstanding, and results may come in any order. What is known of
/// configurations that were never asked can be told too. For one thread at a time.
///
/// The same seed and the same order of calls give the same configurations. A call that throws
/// changes nothing.
class TuningLoop {
 public:
  /// The id of a trial that was not asked.
  static constexpr int kNoId = -1;

  /// Throws UsageError when the sampler cannot serve the space. Without a seed in the algorithm one
  /// is drawn; seed() tells it.
  TuningLoop(ParameterSpace space,
             const SamplingAlgorithm& algorithm,
             TuningLoopOptions options = {});

  /// `count` configurations, with ids that count up from 0. Fewer, then none, when every
  /// configuration of the space has been asked or told.
  [[nodiscard]] std::vector<Trial> ask(int count = 1);

  /// What came out of trial `id`; NaN counts as worst. Throws UsageError for an id that was never
  /// asked or was told before.
  void tell(int id, double value);
  /// Trial `id` gave no result; learned as bad. Throws like tell.
  void tell_failed(int id);

  /// Knowledge from elsewhere: what a configuration gave that need not have been asked. It may be
  /// the best, the Bayesian sampler learns from it, and no sampler asks it any more (grid and
  /// random sampling pass over it). Telling a configuration again is another measurement of it; a
  /// trial asked with the same values stays open until it is told by its id. Throws UsageError
  /// naming all mistakes when the space cannot produce the configuration (adopt_configuration).
  void tell(const Configuration& configuration, double value);
  /// The same for one that gave no result.
  void tell_failed(const Configuration& configuration);

  [[nodiscard]] bool has_best() const { return state_.best != kNone; }
  /// The best trial told so far, the earliest told of equals. Throws UsageError when no number has
  /// been told yet.
  [[nodiscard]] const Trial& best() const;

  /// No further ask gives anything.
  [[nodiscard]] bool exhausted() const;

  /// Everything asked, and told without having been asked, in that order; the latter have kNoId.
  [[nodiscard]] const std::vector<std::shared_ptr<const Trial>>& trials() const {
    return state_.trials;
  }
  /// What was asked and not told yet, by id.
  [[nodiscard]] std::vector<Trial> pending() const;

  [[nodiscard]] const ParameterSpace& space() const { return space_; }
  [[nodiscard]] const TuningLoopOptions& options() const { return options_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  /// What the sampler had to say to the user with the latest ask; usually empty.
  [[nodiscard]] const std::string& warning() const { return warning_; }

  /// The whole loop as text: lines, the first of which names sampler, goal, space and seed. A loop
  /// that loads it goes on with the answers this one would have given. (To keep it in a file, write
  /// another file beside it, then rename that one.)
  [[nodiscard]] std::string save() const;

  /// Takes up what save() returned, followed or not by what the journal received. A seed that was
  /// drawn is replaced by the saved one. Throws UsageError when this loop was used already, or when
  /// sampler, goal, space or a given seed differ, naming all that differ; StoreError when the text
  /// is damaged or of a newer version.
  void load(std::string_view text);

  /// Receives a line (newline included) that brings a saved loop up to date. One that is
  /// `repeatable` can be lost without harm: it is an ask of a sampler that follows a sequence,
  /// which would give the same configurations under the same ids again.
  using Journal = std::function<void(std::string_view line, bool repeatable)>;

  /// From now on `write` is called before each ask or tell takes effect. When it throws, the call
  /// fails and nothing has changed.
  void set_journal(Journal write) { journal_ = std::move(write); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct State {
    std::vector<std::shared_ptr<const Trial>> trials;
    std::vector<std::size_t> asked;  ///< place in `trials`, by id
    /// Configurations as JSON: those asked, kept only in a space that can be exhausted, and those
    /// told from outside that are not among them.
    std::unordered_set<std::string> asked_texts, outside_texts;
    tuning_text::Progress progress;
    std::size_t best = kNone;  ///< place in `trials`
  };

  [[nodiscard]] std::vector<Configuration> ask_sampler(int count, tuning_text::Progress& progress);
  void tell(int id, Trial::Outcome outcome, double value);
  void tell(const Configuration& configuration, Trial::Outcome outcome, double value);

  // What a record does to the state, when it is written and when it is read again.
  const Trial& add_asked(State& state, Configuration configuration) const;
  void add_outside(State& state,
                   Configuration configuration,
                   Trial::Outcome outcome,
                   double value) const;
  void close(State& state, std::size_t place, Trial::Outcome outcome, double value) const;
  void consider_best(State& state, std::size_t place) const;
  void apply(State& state, const Value& record) const;
  void apply_tell(State& state, const Value& record) const;
  [[nodiscard]] Configuration adopt(const Value& item) const;
  [[nodiscard]] tuning_text::Identity identity() const;

  ParameterSpace space_;
  TuningLoopOptions options_;
  std::string sampler_name_;
  bool seed_given_;
  std::uint64_t seed_;
  std::unique_ptr<const Sampler> sampler_;
  State state_;
  std::string warning_;
  Journal journal_;
};

}  // namespace hd
