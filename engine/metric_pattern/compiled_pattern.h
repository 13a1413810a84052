#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/metric_pattern.h"
#include "engine/core/result.h"

namespace hd {

/// A MetricPattern ready to be used. Which groups of the expression mean what:
///  - groups named `value`, `name` and `step`, where there are any: `value` is needed, `name` only
///    where the pattern names no metric, `step` never;
///  - without these, in a pattern that names its metric, the first group is the value (SageMaker's
///    form); in one that does not, the first is the name and the second the value (Katib's form).
class CompiledPattern {
 public:
  /// The error says what is wrong with the expression and how to write it.
  [[nodiscard]] static Result<CompiledPattern> compile(const MetricPattern& pattern);

  CompiledPattern(CompiledPattern&&) noexcept;
  CompiledPattern& operator=(CompiledPattern&&) noexcept;
  ~CompiledPattern();

  struct Match {
    std::string_view name;   ///< the pattern's own, or into the line
    std::string_view value;  ///< into the line, like `step`; empty where the group took no part
    std::string_view step;
  };
  /// Appends the matches in the line, in order, none overlapping another; at most kMostMatches. The
  /// time is linear in the line for each of them, whatever expression and line are.
  void find(std::string_view line, std::vector<Match>& matches) const;

  [[nodiscard]] const MetricPattern& pattern() const;

  static constexpr std::size_t kMostMatches = 64;
  static constexpr std::size_t kLongestRegex = 500;  ///< bytes; SageMaker's limit
  static constexpr std::size_t kMostPatterns = 40;   ///< of a script; SageMaker's limit

 private:
  struct Expression;
  explicit CompiledPattern(std::unique_ptr<Expression> expression);

  std::unique_ptr<Expression> expression_;
};

}  // namespace hd
