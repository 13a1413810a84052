#include "samplers/gp/dense_cholesky.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Cholesky>
#include <Eigen/Dense>

namespace hd::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A share of the diagonal below which what is left of it after elimination is rounding noise.
constexpr double kSmallestPivotShare = 1e-13;

constexpr Index kBlock = 64;

/// Replaces a lower triangular matrix by its inverse: [A 0; B C]⁻¹ = [A⁻¹ 0; -C⁻¹ B A⁻¹ C⁻¹].
void invert_lower(Eigen::Ref<MatrixXd> l) {
  const Index n = l.rows();
  if (n <= kBlock) {
    MatrixXd inverse = MatrixXd::Identity(n, n);
    l.triangularView<Eigen::Lower>().solveInPlace(inverse);
    l = inverse;
    return;
  }
  const Index half = n / 2;
  const Index rest = n - half;
  invert_lower(l.topLeftCorner(half, half));
  invert_lower(l.bottomRightCorner(rest, rest));
  const MatrixXd left =
      l.bottomLeftCorner(rest, half) * l.topLeftCorner(half, half).triangularView<Eigen::Lower>();
  l.bottomLeftCorner(rest, half).noalias() =
      -(l.bottomRightCorner(rest, rest).triangularView<Eigen::Lower>() * left);
}

class EigenCholesky final : public DenseCholesky {
 public:
  bool factorize(const MatrixXd& a) override {
    rows_ = 0;
    if (!a.allFinite()) return false;
    const Eigen::LLT<MatrixXd> factor(a);
    if (factor.info() != Eigen::Success) return false;
    reserve(a.rows());
    l_.topLeftCorner(a.rows(), a.rows()) = factor.matrixLLT();
    rows_ = a.rows();
    return true;
  }

  bool append(const VectorXd& off_diagonal, double diagonal) override {
    VectorXd row = off_diagonal;
    l_.topLeftCorner(rows_, rows_).triangularView<Eigen::Lower>().solveInPlace(row);
    const double pivot = diagonal - row.squaredNorm();
    if (!(pivot > kSmallestPivotShare * diagonal) || !std::isfinite(pivot)) return false;
    reserve(rows_ + 1);
    l_.row(rows_).head(rows_) = row.transpose();
    l_(rows_, rows_) = std::sqrt(pivot);
    ++rows_;
    return true;
  }

  void truncate(Index rows) override { rows_ = std::min(rows_, rows); }

  Index rows() const override { return rows_; }

  double pivot(Index i) const override { return l_(i, i); }

  void solve_lower(MatrixXd& b) const override {
    l_.topLeftCorner(rows_, rows_).triangularView<Eigen::Lower>().solveInPlace(b);
  }

  void solve_upper(MatrixXd& b) const override {
    l_.topLeftCorner(rows_, rows_).transpose().triangularView<Eigen::Upper>().solveInPlace(b);
  }

  void solve_lower_rows(VectorXd& b, Index first, Index last) const override {
    if (last == first) return;
    VectorXd part = b.segment(first, last - first);
    part.noalias() -= l_.block(first, 0, last - first, first) * b.head(first);
    l_.block(first, first, last - first, last - first)
        .triangularView<Eigen::Lower>()
        .solveInPlace(part);
    b.segment(first, last - first) = part;
  }

  MatrixXd inverse() const override {
    MatrixXd l_inverse = l_.topLeftCorner(rows_, rows_).triangularView<Eigen::Lower>();
    invert_lower(l_inverse);
    // A⁻¹ = L⁻ᵀ L⁻¹, by blocks of rows of L⁻¹, each of which reaches only to its own last column.
    MatrixXd product = MatrixXd::Zero(rows_, rows_);
    for (Index first = 0; first < rows_; first += kBlock) {
      const Index count = std::min(kBlock, rows_ - first);
      const Index width = first + count;
      product.topLeftCorner(width, width)
          .selfadjointView<Eigen::Lower>()
          .rankUpdate(l_inverse.block(first, 0, count, width).transpose());
    }
    return product.selfadjointView<Eigen::Lower>();
  }

  double log_determinant() const override {
    return 2 * l_.diagonal().head(rows_).array().log().sum();
  }

 private:
  /// Capacities are multiples of eight, so that every column starts on the same alignment and
  /// vectorised sums group their terms alike whatever the capacity.
  void reserve(Index rows) {
    if (rows <= l_.rows()) return;
    const Index wanted = std::max(rows, l_.rows() + l_.rows() / 4);
    const Index capacity = (wanted + 7) / 8 * 8 + 8;
    MatrixXd grown = MatrixXd::Zero(capacity, capacity);
    grown.topLeftCorner(rows_, rows_) = l_.topLeftCorner(rows_, rows_);
    l_ = std::move(grown);
  }

  MatrixXd l_;
  Index rows_ = 0;
};

}  // namespace

std::unique_ptr<DenseCholesky> DenseCholesky::create() { return std::make_unique<EigenCholesky>(); }

}  // namespace hd::gp
