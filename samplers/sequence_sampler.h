#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/sampler.h"

namespace hd {

/// Samplers that follow an endless sequence of draws and learn nothing: configuration n is the n-th
/// distinct draw, a function of (seed, n) alone.
///
/// Where draws can repeat, finding number n takes the ones before it. Where they were found is kept
/// for the latest seed, behind a mutex, so that each is found once; the answers do not depend on
/// it. A configuration takes some 60 bytes there, whatever is in it.
class SequenceSampler : public Sampler {
 public:
  [[nodiscard]] AskResult ask(const AskRequest& request) const final;
  [[nodiscard]] bool needs_trials() const final { return false; }
  [[nodiscard]] std::optional<std::uint64_t> limit() const final { return space_.size(); }

 protected:
  explicit SequenceSampler(ParameterSpace space) : space_(std::move(space)) {}

  [[nodiscard]] const ParameterSpace& space() const { return space_; }
  /// Draw `number` of the sequence. Precondition when draws never repeat: number < limit().
  [[nodiscard]] virtual Configuration draw(std::uint64_t seed, std::uint64_t number) const = 0;
  [[nodiscard]] virtual bool can_repeat() const = 0;
  /// How a configuration was found, for people.
  [[nodiscard]] virtual std::string reason(std::uint64_t seed, int index) const = 0;
  /// What the user should know of this sampler and space; said with the first configuration.
  [[nodiscard]] virtual std::string remark() const { return {}; }

 private:
  struct Found {
    std::uint64_t seed = 0;
    /// By index: the number of its draw, and from `drawn` on its place in the keyed order.
    std::vector<std::uint64_t> numbers;
    std::size_t drawn = 0;
    std::unordered_multimap<std::size_t, int> indexes;  ///< by hash of the configuration as JSON
    std::uint64_t next_draw = 0;
    std::uint64_t next_place = 0;  ///< in the keyed order of a finite space
    bool is_walking = false;       ///< draws hardly ever give anything new: take what is left
    bool is_exhausted = false;
  };
  [[nodiscard]] Configuration configuration(const Found& found, std::size_t index) const;
  [[nodiscard]] bool add(Found& found, std::uint64_t number) const;
  void find_next(Found& found) const;
  void walk(Found& found) const;

  ParameterSpace space_;
  mutable std::mutex mutex_;
  mutable Found found_;
};

/// Whether every configuration holds a value of a continuous expression, so that two draws are
/// never the same.
[[nodiscard]] bool is_always_continuous(const ParameterSpace& space);

}  // namespace hd
