#include "samplers/gp/variance_shares.h"

#include <span>
#include <string>

#include "samplers/sobol_sampler.h"

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::RowVectorXd;

/// Two points of the unit cube at once. The second one's coordinates are those of another Sobol
/// dimension, which makes them independent of the first one's.
class PointPairs {
 public:
  PointPairs(std::size_t dimensions, std::uint64_t seed)
      : dimensions_(dimensions), seed_(seed), sequence_(cube(2 * dimensions)) {}

  struct Pair {
    std::vector<double> a, b;
  };
  [[nodiscard]] Pair at(std::uint64_t number) const {
    const std::vector<double> both = sequence_.point(seed_, number);
    const auto middle = both.begin() + static_cast<std::ptrdiff_t>(dimensions_);
    return {{both.begin(), middle}, {middle, both.end()}};
  }

 private:
  static ParameterSpace cube(std::size_t dimensions) {
    std::vector<Parameter> parameters;
    for (std::size_t i = 0; i < dimensions; ++i) {
      parameters.push_back({std::to_string(i), uniform(0, 1)});
    }
    return ParameterSpace(std::move(parameters));
  }
  std::size_t dimensions_;
  std::uint64_t seed_;
  SobolSampler sequence_;
};

std::vector<Point> encode(const Encoding& encoding, const std::vector<std::vector<double>>& units) {
  std::vector<Point> points;
  points.reserve(units.size());
  for (const std::vector<double>& unit : units) points.push_back(encoding.from_unit(unit));
  return points;
}

RowVectorXd variance_of(const MatrixXd& values) {
  const MatrixXd centred = values.rowwise() - values.colwise().mean();
  return centred.array().square().colwise().mean();
}

/// Quotient by columns; 0 where the divisor is not positive.
RowVectorXd share(const RowVectorXd& part, const RowVectorXd& whole) {
  return (whole.array() > 0).select(part.array() / whole.array(), 0);
}

/// The rows of `points` in which `dimension` is active.
std::vector<Index> active_rows(const std::vector<Point>& points, Index dimension) {
  std::vector<Index> rows;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i][dimension] != kInactive) rows.push_back(static_cast<Index>(i));
  }
  return rows;
}

MatrixXd pick(const MatrixXd& values, const std::vector<Index>& rows) {
  MatrixXd picked(static_cast<Index>(rows.size()), values.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    picked.row(static_cast<Index>(i)) = values.row(rows[i]);
  }
  return picked;
}

}  // namespace

VarianceShares variance_shares(const Encoding& encoding,
                               const Functions& functions,
                               int base_points,
                               std::uint64_t seed) {
  const std::size_t count = encoding.dimensions().size();
  const PointPairs pairs(count, seed);
  std::vector<std::vector<double>> a, b;
  for (int i = 0; i < base_points; ++i) {
    PointPairs::Pair pair = pairs.at(static_cast<std::uint64_t>(i));
    a.push_back(std::move(pair.a));
    b.push_back(std::move(pair.b));
  }
  const std::vector<Point> points = encode(encoding, a);
  MatrixXd of_a = functions(points);
  MatrixXd of_b = functions(encode(encoding, b));
  MatrixXd both(2 * of_a.rows(), of_a.cols());
  both << of_a, of_b;
  // Centred, the products of the first order have the least variance.
  const RowVectorXd mean = both.colwise().mean();
  of_a.rowwise() -= mean;
  of_b.rowwise() -= mean;
  const RowVectorXd variance = variance_of(both);

  VarianceShares shares;
  shares.variance = variance.transpose();
  shares.first_order = shares.total = shares.total_where_active =
      MatrixXd::Zero(static_cast<Index>(count), of_a.cols());
  for (std::size_t d = 0; d < count; ++d) {
    if (encoding.dimensions()[d].kind == Dimension::Kind::kFixed) continue;
    const auto row = static_cast<Index>(d);
    const std::vector<Index> active = active_rows(points, row);
    if (active.size() < 2) continue;
    std::vector<std::vector<double>> changed;
    for (const Index i : active) {
      changed.push_back(a[static_cast<std::size_t>(i)]);
      changed.back()[d] = b[static_cast<std::size_t>(i)][d];
    }
    const MatrixXd before = pick(of_a, active);
    const MatrixXd after = functions(encode(encoding, changed)).rowwise() - mean;
    // Where the dimension is not active nothing changes, so those rows add nothing to the sums.
    const RowVectorXd first = pick(of_b, active).cwiseProduct(after - before).colwise().sum();
    const RowVectorXd squares = (after - before).array().square().colwise().sum() / 2;
    shares.first_order.row(row) = share(first / base_points, variance);
    shares.total.row(row) = share(squares / base_points, variance);
    shares.total_where_active.row(row) =
        share(squares / static_cast<double>(active.size()), variance_of(before));
  }
  return shares;
}

}  // namespace hd::gp
