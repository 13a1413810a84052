#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/metric_pattern/compiled_pattern.h"
#include "executors/supervisor/heard_line.h"

namespace hd {

/// The expressions that the user gave for what the script prints, for all its text streams.
class OwnPatterns {
 public:
  /// Expressions that cannot be used, which only another program's spec could hold, are left out.
  explicit OwnPatterns(const std::vector<MetricPattern>& patterns);

  /// Appends what the expressions find in a line without escape sequences. True when one of them
  /// found a value: then nobody else needs to search the line.
  bool read(std::string_view line, HeardLine& out);

  /// What a person should know at the end: expressions that found nothing, or no numbers.
  [[nodiscard]] std::vector<std::string> notes() const;

 private:
  struct Counted {
    CompiledPattern pattern;
    std::size_t values = 0;
    std::string no_number;  ///< the first text in a value's place that is none
  };

  void take(Counted& counted, HeardLine& out);

  std::vector<Counted> patterns_;
  std::vector<CompiledPattern::Match> matches_;
};

}  // namespace hd
