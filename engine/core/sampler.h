#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/metric.h"
#include "engine/core/parameter_space.h"

namespace hd {

/// What is known of one asked configuration. Immutable snapshot; replaced when more becomes known.
struct Trial {
  enum class Outcome {
    kPending,   ///< still running; `value` is its best so far, NaN before the first report
    kFinished,  ///< `value` is its best primary metric; NaN if it never reported one
    kCensored,  ///< canceled by a policy: at least this poor, the true value is unknown
    kFailed,    ///< ended with an error: learned as bad
  };
  int id = 0;  ///< index of the child run, or of the asked configuration in a tuning loop
  Configuration configuration;
  Outcome outcome = Outcome::kPending;
  double value = 0;
};

struct AskRequest {
  int first_index = 0;  ///< index the first new configuration will have
  int count = 1;
  std::uint64_t seed = 0;
  Goal goal = Goal::kMinimize;
  /// Everything asked before, by rising index, pending ones included. Empty when the sampler says
  /// that it does not need it.
  std::vector<std::shared_ptr<const Trial>> trials;
  std::string notes;  ///< what the previous ask returned in `notes`
};

struct AskResult {
  std::vector<Configuration> configurations;  ///< fewer than asked: the space is exhausted
  std::vector<std::string> reasons;           ///< one per configuration: how it was found
  std::vector<Value> details;                 ///< none, or one per configuration: the same in parts
  std::string notes;                          ///< kept with the history and given to the next ask
  std::string warning;                        ///< something the user should see; usually empty
};

/// Proposes configurations. A function of the request alone: const, stateless, callable from any
/// thread, so an answer can be repeated from the history.
class Sampler {
 public:
  virtual ~Sampler() = default;

  [[nodiscard]] virtual AskResult ask(const AskRequest& request) const = 0;

  /// Whether an ask reads `trials`. A sampler that does not is asked on the loop thread.
  [[nodiscard]] virtual bool needs_trials() const = 0;

  /// How many configurations exist at all, when that is a finite number.
  [[nodiscard]] virtual std::optional<std::uint64_t> limit() const = 0;
};

}  // namespace hd
