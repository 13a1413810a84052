#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "executors/supervisor/tracking/tracked_attempt.h"

namespace hd {

/// MLflow's filter of runs: terms joined by AND, each `metrics.k`, `params.k`, `tags.k` or an
/// attribute, a comparison and a value: "metrics.loss < 0.5 AND params.`opt` = 'adam'". Keys may be
/// in back quotes or double quotes.
class RunFilter {
 public:
  /// Throws TrackingError for a text that is no filter, saying where.
  explicit RunFilter(std::string_view text);

  [[nodiscard]] bool accepts(const TrackedRun& run, const TrackedIdentity& identity) const;

  struct Key {
    enum class Kind { kMetric, kParameter, kTag, kAttribute };
    Kind kind = Kind::kAttribute;
    std::string name;
  };

 private:
  struct Term {
    Key key;
    std::string comparison;  ///< upper case: =, !=, >, >=, <, <=, LIKE, ILIKE, IN, NOT IN
    std::vector<std::string> texts;
    double number = 0;
    bool is_number = false;
  };
  static bool holds(const Term& term, const TrackedRun& run, const TrackedIdentity& identity);

  std::vector<Term> terms_;
};

/// Sorts by keys as "metrics.loss DESC", the first one foremost. Runs without a value, and those
/// with NaN, come last. Otherwise the latest start comes first. Throws TrackingError.
void sort_runs(std::vector<const TrackedRun*>& runs,
               const std::vector<std::string>& order_by,
               const TrackedIdentity& identity);

}  // namespace hd
