#pragma once
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include <Eigen/Core>

#include "engine/core/sampler.h"
#include "samplers/gp/encoding.h"
#include "samplers/gp/gaussian_process.h"
#include "samplers/gp/output_transform.h"

namespace hd::gp {

/// Trials with their texts and points. A trial is immutable, so what was worked out for one holds
/// as long as it lives; kept between asks, this saves most of their preparation.
class EncodedTrials {
 public:
  struct Entry {
    std::shared_ptr<const Trial> trial;
    std::string text;            ///< of the configuration, as JSON
    std::optional<Point> point;  ///< nullopt: of another space
  };
  /// One entry per trial, in order.
  [[nodiscard]] const std::vector<Entry>& encode(
      const Encoding& encoding, const std::vector<std::shared_ptr<const Trial>>& trials);

 private:
  std::vector<Entry> entries_;
};

/// What an ask says of earlier configurations, as the model takes it: first the rows of those that
/// have ended, then those of the running ones, each by rising id.
class TrialData {
 public:
  TrialData(const Encoding& encoding,
            const AskRequest& request,
            OutputWarp warp,
            EncodedTrials& encoded);

  /// Configurations asked before, as JSON: none of them is asked again.
  [[nodiscard]] const std::unordered_set<std::string>& asked() const { return asked_; }

  [[nodiscard]] Eigen::Index ended() const { return ended_; }
  [[nodiscard]] int pending() const {
    return static_cast<int>(points_.size()) - static_cast<int>(ended_);
  }
  /// How many ended with a number.
  [[nodiscard]] int finished() const { return finished_; }
  /// The best of those numbers, as reported; NaN when there is none.
  [[nodiscard]] double best_value() const { return best_value_; }

  [[nodiscard]] const std::vector<Point>& points() const { return points_; }
  [[nodiscard]] const Eigen::MatrixXd& features() const { return features_; }  ///< F × rows
  [[nodiscard]] const std::vector<Target>& targets() const { return targets_; }

  /// A target as the user's metric.
  [[nodiscard]] double to_value(double target) const;

 private:
  [[nodiscard]] static double oriented(Goal goal, double value);
  [[nodiscard]] Target target_of(const Trial& trial) const;

  Goal goal_;
  std::unordered_set<std::string> asked_;
  Eigen::Index ended_ = 0;
  int finished_ = 0;
  double best_value_;
  std::vector<Point> points_;
  Eigen::MatrixXd features_;
  std::vector<Target> targets_;
  OutputTransform transform_;
};

}  // namespace hd::gp
