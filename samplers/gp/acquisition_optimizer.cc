#include "samplers/gp/acquisition_optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "engine/core/normal_quantile.h"
#include "samplers/gp/acquisition.h"
#include "samplers/gp/lbfgs.h"
#include "samplers/sobol_directions.h"

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Points evaluated at once: enough for fast matrix products, little enough for the cache.
constexpr std::size_t kBatch = 128;

/// Stepped dimensions with more levels than this are moved step by step, not tried level by level.
constexpr std::size_t kMostTriedLevels = 24;

bool by_value(const Proposal& a, const Proposal& b) { return a.value > b.value; }

MatrixXd features_of(const Encoding& encoding, const std::vector<Point>& points) {
  MatrixXd x(static_cast<Index>(encoding.groups().size()), static_cast<Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) {
    x.col(static_cast<Index>(i)) = encoding.features(points[i]);
  }
  return x;
}

}  // namespace

AcquisitionOptimizer::AcquisitionOptimizer(const Encoding& encoding, const SearchOptions& options)
    : encoding_(encoding), options_(options) {
  for (std::size_t d = 0; d < encoding.dimensions().size(); ++d) {
    const Dimension& dimension = encoding.dimensions()[d];
    const int index = static_cast<int>(d);
    if (dimension.kind == Dimension::Kind::kFixed) continue;
    if (dimension.kind == Dimension::Kind::kContinuous) {
      smooth_.push_back(index);
      continue;
    }
    discrete_.push_back(index);
    const bool many = dimension.kind == Dimension::Kind::kStepped &&
                      (dimension.levels.empty() || dimension.levels.size() > kMostTriedLevels);
    if (many) smooth_.push_back(index);
  }
}

VectorXd AcquisitionOptimizer::evaluate(const GaussianProcess& model,
                                        double incumbent,
                                        const std::vector<Point>& points) const {
  VectorXd values(static_cast<Index>(points.size()));
  const MatrixXd x = features_of(encoding_, points);
  for (std::size_t first = 0; first < points.size(); first += kBatch) {
    const auto begin = static_cast<Index>(first);
    const auto count = static_cast<Index>(std::min(kBatch, points.size() - first));
    values.segment(begin, count) =
        log_expected_improvement(model, incumbent, x.middleCols(begin, count), false).value;
  }
  return values;
}

std::vector<Point> AcquisitionOptimizer::raw_points(const std::vector<Point>& best,
                                                    Rng& rng) const {
  std::vector<Point> points;
  const std::size_t dimensions = encoding_.dimensions().size();
  std::vector<SobolDirections> directions;
  std::vector<std::uint32_t> shifts;
  for (std::size_t d = 0; d < dimensions; ++d) {
    shifts.push_back(static_cast<std::uint32_t>(rng.next_u64()));
    if (d < static_cast<std::size_t>(kSobolDimensions)) {
      directions.push_back(sobol_directions(static_cast<int>(d)));
    }
  }
  std::vector<double> unit(dimensions);
  for (int i = 0; i < options_.spread_points; ++i) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      // A digital shift randomises the sequence well enough for raw points, at one operation.
      unit[d] = d < directions.size()
                    ? (sobol_coordinate(directions[d], static_cast<std::uint32_t>(i)) ^ shifts[d]) *
                          0x1p-32
                    : rng.next_unit();
    }
    points.push_back(encoding_.from_unit(unit));
  }
  for (int i = 0; i < options_.near_points && !best.empty(); ++i) {
    points.push_back(near(best[static_cast<std::size_t>(i) % best.size()], best, rng));
  }
  return points;
}

Point AcquisitionOptimizer::near(const Point& center,
                                 const std::vector<Point>& best,
                                 Rng& rng) const {
  constexpr double kWidest = 0.5;
  constexpr double kNarrowest = 0.002;
  const double width = kNarrowest * std::pow(kWidest / kNarrowest, rng.next_unit());
  const double active = static_cast<double>(encoding_.axes());
  // Some points move a few coordinates only, some move all.
  const double share = std::max(std::min(1.0, 2 / active), rng.next_unit());
  Point point = center;
  for (std::size_t d = 0; d < encoding_.dimensions().size(); ++d) {
    const Dimension& dimension = encoding_.dimensions()[d];
    double& x = point[static_cast<Index>(d)];
    const double chance = rng.next_unit();
    const double number = rng.next_unit();
    if (x == kInactive || dimension.kind == Dimension::Kind::kFixed || chance > share) continue;
    if (dimension.kind == Dimension::Kind::kCategorical) {
      if (number < 0.5) {
        x = static_cast<double>(rng.next_below(static_cast<std::uint64_t>(dimension.options)));
      }
      continue;
    }
    const double moved = x + width * normal_quantile(number);
    x = moved < 0 || moved > 1 ? std::clamp(moved, 0.0, 1.0) : moved;
  }
  fill_newly_active(point, center, best);
  return encoding_.snap(std::move(point));
}

void AcquisitionOptimizer::fill_newly_active(Point& point,
                                             const Point& before,
                                             const std::vector<Point>& best) const {
  for (std::size_t d = 0; d < encoding_.dimensions().size(); ++d) {
    const auto i = static_cast<Index>(d);
    const Dimension& dimension = encoding_.dimensions()[d];
    if (dimension.parent < 0 || point[dimension.parent] == before[dimension.parent]) continue;
    if (point[dimension.parent] != dimension.option) continue;
    for (const Point& known : best) {
      if (known[i] == kInactive) continue;
      point[i] = known[i];
      break;
    }
  }
}

std::vector<Proposal> AcquisitionOptimizer::pick_starts(const GaussianProcess& model,
                                                        const std::vector<Proposal>& raw) const {
  constexpr double kLeastDistance2 = 1e-3;  // in length scales: closer ones climb the same hill
  std::vector<Proposal> starts;
  MatrixXd taken(static_cast<Index>(encoding_.groups().size()), 0);
  for (const Proposal& candidate : raw) {
    if (starts.size() >= static_cast<std::size_t>(options_.starts)) break;
    const MatrixXd z = scale_features(encoding_.features(candidate.point),
                                      encoding_.groups(),
                                      model.hyperparameters().log_length_scales);
    if (taken.cols() > 0 && squared_distances(taken, z).minCoeff() < kLeastDistance2) continue;
    taken.conservativeResize(Eigen::NoChange, taken.cols() + 1);
    taken.col(taken.cols() - 1) = z;
    starts.push_back(candidate);
  }
  return starts;
}

void AcquisitionOptimizer::climb(const GaussianProcess& model,
                                 double incumbent,
                                 std::vector<Proposal>& proposals) const {
  struct Climb {
    std::vector<int> moved;  ///< active smooth dimensions
    VectorXd scales;         ///< coordinate = scale × search coordinate
    Lbfgs search;
  };
  std::vector<Climb> climbs;
  Lbfgs::Options options;
  options.max_evaluations = options_.evaluations;
  options.gradient_tolerance = 1e-3;
  options.value_tolerance = 1e-3;  // a thousandth of the expected improvement
  for (const Proposal& proposal : proposals) {
    std::vector<int> moved;
    for (const int d : smooth_) {
      if (proposal.point[d] != kInactive) moved.push_back(d);
    }
    const auto count = static_cast<Index>(moved.size());
    VectorXd scales(count), start(count);
    for (Index i = 0; i < count; ++i) {
      const int d = moved[static_cast<std::size_t>(i)];
      const int axis = encoding_.dimensions()[static_cast<std::size_t>(d)].axis;
      scales[i] = std::clamp(std::exp(model.hyperparameters().log_length_scales[axis]), 0.02, 2.0);
      start[i] = proposal.point[d] / scales[i];
    }
    Lbfgs search(start, VectorXd::Zero(count), scales.cwiseInverse(), options);
    climbs.push_back({std::move(moved), std::move(scales), std::move(search)});
  }
  std::vector<Point> trials;
  std::vector<std::size_t> owners;
  while (true) {
    trials.clear();
    owners.clear();
    for (std::size_t c = 0; c < climbs.size(); ++c) {
      if (climbs[c].search.done()) continue;
      Point point = proposals[c].point;
      for (std::size_t i = 0; i < climbs[c].moved.size(); ++i) {
        const auto k = static_cast<Index>(i);
        point[climbs[c].moved[i]] = climbs[c].search.trial()[k] * climbs[c].scales[k];
      }
      trials.push_back(std::move(point));
      owners.push_back(c);
    }
    if (trials.empty()) break;
    const auto result =
        log_expected_improvement(model, incumbent, features_of(encoding_, trials), true);
    for (std::size_t t = 0; t < trials.size(); ++t) {
      Climb& climb = climbs[owners[t]];
      VectorXd gradient(climb.scales.size());
      for (Index i = 0; i < gradient.size(); ++i) {
        const auto d = static_cast<std::size_t>(climb.moved[static_cast<std::size_t>(i)]);
        const int f = encoding_.dimensions()[d].first_feature;
        gradient[i] = -result.gradient(f, static_cast<Index>(t)) * climb.scales[i];
      }
      climb.search.advance(-result.value[static_cast<Index>(t)], gradient);
    }
  }
  for (std::size_t c = 0; c < climbs.size(); ++c) {
    if (climbs[c].moved.empty()) continue;
    Point point = proposals[c].point;
    for (std::size_t i = 0; i < climbs[c].moved.size(); ++i) {
      const auto k = static_cast<Index>(i);
      point[climbs[c].moved[i]] = climbs[c].search.best()[k] * climbs[c].scales[k];
    }
    const Point snapped = encoding_.snap(point);
    const double value = snapped == point ? -climbs[c].search.best_value()
                                          : evaluate(model, incumbent, {snapped})[0];
    if (value > proposals[c].value) proposals[c] = {snapped, value};
  }
}

std::vector<Point> AcquisitionOptimizer::neighbors(const Point& point,
                                                   const std::vector<Point>& best) const {
  std::vector<Point> found;
  const auto add = [&](int d, double x) {
    if (x == point[d]) return;
    Point next = point;
    next[d] = x;
    fill_newly_active(next, point, best);
    found.push_back(encoding_.snap(std::move(next)));
  };
  for (const int d : discrete_) {
    if (point[d] == kInactive) continue;
    const Dimension& dimension = encoding_.dimensions()[static_cast<std::size_t>(d)];
    if (dimension.kind == Dimension::Kind::kCategorical) {
      for (int option = 0; option < dimension.options; ++option) add(d, option);
    } else if (!dimension.levels.empty() && dimension.levels.size() <= kMostTriedLevels) {
      for (const double level : dimension.levels) add(d, level);
    } else if (!dimension.levels.empty()) {
      const auto at = std::lower_bound(dimension.levels.begin(), dimension.levels.end(), point[d]);
      if (at != dimension.levels.begin()) add(d, *(at - 1));
      if (at != dimension.levels.end() && at + 1 != dimension.levels.end()) add(d, *(at + 1));
    }
  }
  return found;
}

bool AcquisitionOptimizer::exchange(const GaussianProcess& model,
                                    double incumbent,
                                    const std::vector<Point>& best,
                                    Proposal& proposal) const {
  bool changed = false;
  for (int round = 0; round < options_.exchange_rounds; ++round) {
    const std::vector<Point> candidates = neighbors(proposal.point, best);
    if (candidates.empty()) break;
    const VectorXd values = evaluate(model, incumbent, candidates);
    Index winner = 0;
    if (!(values.maxCoeff(&winner) > proposal.value)) break;
    proposal = {candidates[static_cast<std::size_t>(winner)], values[winner]};
    changed = true;
  }
  return changed;
}

std::vector<Proposal> AcquisitionOptimizer::search(const GaussianProcess& model,
                                                   double incumbent,
                                                   const std::vector<Point>& best,
                                                   Rng& rng) const {
  const std::vector<Point> points = raw_points(best, rng);
  const VectorXd values = evaluate(model, incumbent, points);
  std::vector<Proposal> raw;
  for (std::size_t i = 0; i < points.size(); ++i) {
    raw.push_back({points[i], values[static_cast<Index>(i)]});
  }
  std::stable_sort(raw.begin(), raw.end(), by_value);
  std::vector<Proposal> proposals = pick_starts(model, raw);
  if (!smooth_.empty()) climb(model, incumbent, proposals);
  if (!discrete_.empty()) {
    std::vector<Proposal> moved;
    for (Proposal& proposal : proposals) {
      if (exchange(model, incumbent, best, proposal)) moved.push_back(proposal);
    }
    std::stable_sort(moved.begin(), moved.end(), by_value);
    if (moved.size() > 2) moved.resize(2);
    if (!smooth_.empty() && !moved.empty()) climb(model, incumbent, moved);
    proposals.insert(proposals.end(), moved.begin(), moved.end());
  }
  proposals.insert(proposals.end(), raw.begin(), raw.end());
  std::stable_sort(proposals.begin(), proposals.end(), by_value);
  return proposals;
}

}  // namespace hd::gp
