#pragma once
// Jacobians and Hessians that are mostly zeros: a few directional derivatives give all of their entries.

#include <fornax/tensor/transforms/jacobian.hpp>

namespace fornax {

/// Where a matrix may have entries, row by row, and groups of columns ("colours") that no row has two entries of.
class SparsityPattern {
 public:
  /// Entries at (rows[i], columns[i]), in any order. Throws IndexError for one outside the matrix.
  SparsityPattern(std::int64_t rows, std::int64_t columns, std::span<const std::int64_t> row_of,
                  std::span<const std::int64_t> column_of);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  /// Number of entries.
  std::int64_t size() const { return static_cast<std::int64_t>(row_of_.size()); }
  /// Number of directional derivatives that a Jacobian of this pattern takes.
  std::int64_t colours() const { return colours_; }
  /// Row, column and colour of each entry, by rows.
  std::span<const std::int64_t> row_of() const { return row_of_; }
  std::span<const std::int64_t> column_of() const { return column_of_; }
  std::int64_t colour_of(std::int64_t column) const { return colour_[static_cast<std::size_t>(column)]; }

 private:
  std::int64_t rows_, columns_, colours_ = 0;
  std::vector<std::int64_t> row_of_, column_of_, colour_;
};

/// A matrix by its entries.
template <BackendType B> struct SparseMatrix {
  SparsityPattern pattern;
  Tensor<B, 1> values;  // of each entry of the pattern, by rows

  /// [rows, columns], zeros elsewhere.
  Tensor<B, 2> to_dense() const;
};

namespace detail {

/// x [n] in n rows, with a NaN on the diagonal.
Array nan_probes(const Array& x);
/// The pattern of a function from n elements to m: what became NaN [n, m], or is not 0 in a Jacobian [m, n].
SparsityPattern pattern_of(const Array& spoiled, const Array& slopes);
/// A direction for each colour: the sum of its columns' unit vectors, [colours, n].
Array seeds(const SparsityPattern& pattern, const Array& like);
/// The entries, from the derivatives [colours, m] along the seeds.
Array entries(const SparsityPattern& pattern, const Array& derivatives);
Array dense_of(const SparsityPattern& pattern, const Array& values);

}  // namespace detail

template <BackendType B> Tensor<B, 2> SparseMatrix<B>::to_dense() const {
  return Tensor<B, 2>::unchecked(detail::dense_of(pattern, values.array()));
}

/// Where the Jacobian of f may have entries: which results a NaN in each argument reaches, and which slopes are not 0 at
/// x. A dependence that no NaN passes and that has no slope at x (a branch not taken) is not seen: choose x accordingly.
/// Costs one evaluation of f and one of its Jacobian; keep the pattern.
template <class F, BackendType B> SparsityPattern detect_sparsity(const F& f, const Tensor<B, 1>& x) {
  const auto spoiled =
      vmap(f, in_dims<0>, {.randomness = Randomness::Same})(Tensor<B, 2>::unchecked(detail::nan_probes(x.array())));
  return detail::pattern_of(spoiled.array(), jacobian(f)(x).array());
}

/// The Jacobian of f, [n] -> [m], where it has entries: as many directional derivatives as the pattern has colours, in one
/// batch.
///
/// Source: Curtis, Powell and Reid, "On the estimation of sparse Jacobian matrices", IMA Journal of Applied Mathematics 13
///         (1974); colours by the greedy order of columns.
/// Errors: ShapeError if x or f(x) do not fit the pattern.
/// Example: const auto pattern = detect_sparsity(f, x);
///          const auto j = sparse_jacobian(f, pattern)(x).to_dense();
template <class F> auto sparse_jacobian(F f, SparsityPattern pattern) {
  return [f = std::move(f), pattern = std::move(pattern)]<class B>(const Tensor<B, 1>& x) {
    if (x.array().numel() != pattern.columns())
      throw ShapeError("sparse_jacobian", "x has shape " + x.array().shape().str() + ", the pattern " +
                                              std::to_string(pattern.columns()) + " columns");
    const auto along =
        vmap([&](const auto& t) { return jvp(f, lift(x, t), t).second; }, in_dims<0>, {.randomness = Randomness::Same});
    const auto derivatives = along(Tensor<B, 2>::unchecked(detail::seeds(pattern, x.array())));
    return SparseMatrix<B>{pattern, Tensor<B, 1>::unchecked(detail::entries(pattern, derivatives.array()))};
  };
}

/// The Hessian of f, which gives one element, where it has entries: the sparse Jacobian of its gradient.
///
/// Example: const auto pattern = detect_sparsity(grad(f), x);
///          const auto h = sparse_hessian(f, pattern)(x);
template <class F> auto sparse_hessian(F f, SparsityPattern pattern) {
  return sparse_jacobian(grad(std::move(f)), std::move(pattern));
}

}  // namespace fornax
