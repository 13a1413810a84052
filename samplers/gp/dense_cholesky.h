#pragma once
#include <memory>

#include <Eigen/Core>

namespace hd::gp {

/// A growing Cholesky factor: A = L Lᵀ with L lower triangular, n rows.
///
/// The one place where another backend plugs in. Row i of L depends on the rows before it and on
/// row i of A alone, and an appended row has the same bits however many are appended around it, so
/// a factor that was kept and one that was built again give the same answers.
class DenseCholesky {
 public:
  virtual ~DenseCholesky() = default;

  /// The backend on Eigen, one thread.
  [[nodiscard]] static std::unique_ptr<DenseCholesky> create();

  /// Replaces what is held by the factor of `a`, of which the lower triangle is read. False, and
  /// empty, when `a` is not positive definite to working precision. O(n³).
  [[nodiscard]] virtual bool factorize(const Eigen::MatrixXd& a) = 0;

  /// Grows A by a row: `off_diagonal` (n numbers), then `diagonal`. False, and unchanged, when the
  /// grown matrix is not positive definite. O(n²).
  [[nodiscard]] virtual bool append(const Eigen::VectorXd& off_diagonal, double diagonal) = 0;

  /// Forgets all but the first `rows` rows.
  virtual void truncate(Eigen::Index rows) = 0;

  [[nodiscard]] virtual Eigen::Index rows() const = 0;
  /// L_ii.
  [[nodiscard]] virtual double pivot(Eigen::Index i) const = 0;

  /// b := L⁻¹ b, and b := L⁻ᵀ b, for any number of columns.
  virtual void solve_lower(Eigen::MatrixXd& b) const = 0;
  virtual void solve_upper(Eigen::MatrixXd& b) const = 0;
  /// Rows first to last - 1 of L⁻¹ b, given that those before `first` hold their solution already.
  virtual void solve_lower_rows(Eigen::VectorXd& b,
                                Eigen::Index first,
                                Eigen::Index last) const = 0;

  /// A⁻¹, both triangles.
  [[nodiscard]] virtual Eigen::MatrixXd inverse() const = 0;
  /// ln |A|.
  [[nodiscard]] virtual double log_determinant() const = 0;
};

}  // namespace hd::gp
