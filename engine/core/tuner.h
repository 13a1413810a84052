#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/core/ask_ahead.h"
#include "engine/core/history.h"
#include "engine/core/policy.h"

namespace hd {

struct TunerConfig {
  std::string primary_metric_name;
  Goal primary_metric_goal = Goal::kMaximize;
  int max_total_runs = 1;
  int max_concurrent_runs = 1;
  int max_retries = 0;
  /// So many children, the first ones, go on from where an earlier one stood. Policies neither
  /// judge them nor compare others with them: their first interval is nobody else's first.
  int resumed_children = 0;
  /// Stop when the first children all fail (the first five, or three within the first minute).
  bool stop_on_first_failures = true;
  /// Configurations kept ready beyond the free places, so that no place waits for an ask.
  int ask_ahead = 0;
  /// The sampler learns from results: what is kept ready, and when it is asked for anew, follows
  /// from how long asks and children take (plan_ask_ahead) instead.
  bool sampler_learns = false;
};

/// All of HyperDrive's rules as a function of the history: whom to ask, start, judge and cancel,
/// and when the parent run is over. No clock, no thread, no input or output, no randomness;
/// replaying a prefix of a history and going on gives the same decisions.
class Tuner {
 public:
  Tuner(TunerConfig config, std::unique_ptr<Policy> policy);

  /// Takes in one event, in order of number. Consults nobody.
  void apply(const Event& event);

  /// Forgets of the children that ended what no decision needs (History::forget_ended).
  void forget_ended() { history_.forget_ended(config_.sampler_learns); }

  /// What has to be done now, in order: each body becomes an event, is applied, made durable, and
  /// then carried out. Call again after applying them all. Empty = nothing but, perhaps, an ask.
  [[nodiscard]] std::vector<EventBody> decide() const;

  /// The ask that is due once `decide` has nothing left. Apart from it, so that places which become
  /// free at the same moment are filled by one ask. Nothing = wait for the world.
  [[nodiscard]] std::optional<AskIssued> decide_ask() const;

  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const Policy& policy() const { return *policy_; }
  [[nodiscard]] const TunerConfig& config() const { return config_; }

 private:
  void decide_verdict(std::vector<EventBody>& decisions) const;
  void decide_stop(std::vector<EventBody>& decisions) const;
  void decide_starts(std::vector<EventBody>& decisions) const;
  [[nodiscard]] AskAhead ask_ahead() const;
  [[nodiscard]] std::optional<ParentEnded> decide_end() const;

  TunerConfig config_;
  std::unique_ptr<Policy> policy_;
  History history_;
  int judge_child_ = -1;      ///< whose primary metric the latest event was
  int condemned_child_ = -1;  ///< whom the latest event, a verdict, wants canceled
  bool answered_ = false;     ///< nothing but starts came after the answer of an ask
};

}  // namespace hd
