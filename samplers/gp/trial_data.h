#pragma once
#include <string>
#include <unordered_set>
#include <vector>

#include <Eigen/Core>

#include "engine/core/sampler.h"
#include "samplers/gp/encoding.h"
#include "samplers/gp/gaussian_process.h"
#include "samplers/gp/output_transform.h"

namespace hd::gp {

/// What an ask says of earlier configurations, as the model takes it: first the rows of those that
/// have ended, then those of the running ones, each by rising id.
class TrialData {
 public:
  TrialData(const Encoding& encoding, const AskRequest& request, OutputWarp warp);

  /// Configurations asked before, as JSON: none of them is asked again.
  [[nodiscard]] const std::unordered_set<std::string>& asked() const { return asked_; }
  /// How many of those belong to the space as it is.
  [[nodiscard]] std::size_t asked_in_space() const { return asked_in_space_; }

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
  std::size_t asked_in_space_ = 0;
  Eigen::Index ended_ = 0;
  int finished_ = 0;
  double best_value_;
  std::vector<Point> points_;
  Eigen::MatrixXd features_;
  std::vector<Target> targets_;
  OutputTransform transform_;
};

}  // namespace hd::gp
