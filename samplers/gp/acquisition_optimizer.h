#pragma once
#include <vector>

#include <Eigen/Core>

#include "engine/core/rng.h"
#include "samplers/gp/encoding.h"
#include "samplers/gp/gaussian_process.h"

namespace hd::gp {

struct SearchOptions {
  int spread_points = 400;  ///< raw points over the whole space
  int near_points = 200;    ///< raw points around the best observations
  int starts = 4;           ///< how many of them are improved
  int evaluations = 30;     ///< of the continuous search, a start
  int exchange_rounds = 6;  ///< of the discrete search, a start
};

/// A point and its ln EI.
struct Proposal {
  Point point;
  double value = 0;
};

/// Finds points of high expected improvement in a mixed space: raw points spread over the space and
/// around the best observations, then L-BFGS over the numbers in turn with the exchange of single
/// discrete coordinates.
class AcquisitionOptimizer {
 public:
  /// Both must outlive this object.
  AcquisitionOptimizer(const Encoding& encoding, const SearchOptions& options);

  /// `best`: observed points, best first, around which to look. Best proposals first; the points
  /// are valid but may have been asked before.
  [[nodiscard]] std::vector<Proposal> search(const GaussianProcess& model,
                                             double incumbent,
                                             const std::vector<Point>& best,
                                             Rng& rng) const;

  /// ln EI of each point.
  [[nodiscard]] Eigen::VectorXd evaluate(const GaussianProcess& model,
                                         double incumbent,
                                         const std::vector<Point>& points) const;

 private:
  [[nodiscard]] std::vector<Point> raw_points(const std::vector<Point>& best, Rng& rng) const;
  [[nodiscard]] Point near(const Point& center, const std::vector<Point>& best, Rng& rng) const;
  [[nodiscard]] std::vector<Proposal> pick_starts(const GaussianProcess& model,
                                                  const std::vector<Proposal>& raw) const;
  void climb(const GaussianProcess& model,
             double incumbent,
             std::vector<Proposal>& proposals) const;
  bool exchange(const GaussianProcess& model,
                double incumbent,
                const std::vector<Point>& best,
                Proposal& proposal) const;
  [[nodiscard]] std::vector<Point> neighbors(const Point& point,
                                             const std::vector<Point>& best) const;
  void fill_newly_active(Point& point, const Point& before, const std::vector<Point>& best) const;

  const Encoding& encoding_;
  SearchOptions options_;
  std::vector<int> smooth_;    ///< dimensions that the continuous search moves
  std::vector<int> discrete_;  ///< dimensions that the exchange moves
};

}  // namespace hd::gp
