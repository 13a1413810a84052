#pragma once
#include <optional>
#include <string>

#include "engine/core/sampler.h"

namespace hd {

/// HyperDrive's grid sampling: every configuration once, in row-major order (the last parameter of
/// the file varies fastest). Takes choice, randint and the q-expressions over a bounded range.
class GridSampler final : public Sampler {
 public:
  /// Throws UsageError naming every parameter that cannot be listed, and why.
  explicit GridSampler(ParameterSpace space);

  [[nodiscard]] AskResult ask(const AskRequest& request) const override;
  [[nodiscard]] bool needs_trials() const override { return false; }
  [[nodiscard]] std::optional<std::uint64_t> limit() const override { return space_.size(); }

 private:
  ParameterSpace space_;
};

/// Why the values of an expression cannot be listed ("uniform is continuous: ..."); nullopt when
/// they can.
[[nodiscard]] std::optional<std::string> why_not_in_grid(const ParameterExpression& expression);

}  // namespace hd
