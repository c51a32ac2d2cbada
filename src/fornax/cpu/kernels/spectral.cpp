#include <algorithm>
#include <numeric>
#include <vector>

#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/matrices.hpp>

namespace fornax::cpu {

namespace {

/// -1 if the element of largest absolute value is negative.
template <class T> T turn_of(const T* x, std::int64_t n, std::int64_t step) {
  T largest = 0;
  for (std::int64_t i = 0; i < n; ++i)
    if (std::abs(x[i * step]) > std::abs(largest)) largest = x[i * step];
  return largest < 0 ? T{-1} : T{1};
}

template <class T> void multiply(T* x, std::int64_t n, std::int64_t step, T by) {
  for (std::int64_t i = 0; i < n; ++i) x[i * step] *= by;
}

}  // namespace

Arrays execute(const op::Eigh& op, const Specs& specs, Operands inputs) {
  const Array w = cpu_empty(op.name(), specs[0].shape, specs[0].dtype);
  const Array v = cpu_empty(op.name(), specs[1].shape, specs[1].dtype);
  const Array x = cpu_contiguous(inputs[0].array());
  const Matrices m(specs[1].shape);
  const int n = m.rows;
  if (v.numel() == 0) return {w, v};
  std::int64_t failed = -1;
  with_real_type(specs[0].dtype, [&]<class T>(T) {
    const int ask = -1;
    int liwork = 0, info = 0;
    T best = 0;
    Lapack<T>::syevd("V", "L", &n, nullptr, &n, nullptr, &best, &ask, &liwork, &ask, &info, 1, 1);
    const int lwork = work_size(best);
    const std::int64_t room = m.size() + lwork + liwork;
    failed = for_each_matrix<T>(op.name(), m.count, room, 9.0 * n * n * n, [&](std::int64_t index, T* a) {
      const T* from = elements<T>(x) + index * m.size();
      T* to = elements<T>(v) + index * m.size();
      T* values = elements<T>(w) + index * n;
      if (!all_finite(from, m.size())) return fill_nan(to, m.size()), fill_nan(values, n), true;
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j <= i; ++j) a[j * n + i] = from[i * n + j] / 2 + from[j * n + i] / 2;
      T* const work = a + m.size();
      int failure = 0;
      Lapack<T>::syevd("V", "L", &n, a, &n, values, work, &lwork, reinterpret_cast<int*>(work + lwork), &liwork,
                       &failure, 1, 1);
      if (failure != 0) return false;
      transpose(a, n, n, to);
      for (std::int64_t j = 0; j < n; ++j) multiply(to + j, n, n, turn_of(to + j, n, n));
      return true;
    });
  });
  if (failed >= 0)
    throw ValueError(op.name(), "the eigenvalues of " + matrix_name(x.shape(), failed) + " do not converge");
  return {w, v};
}

namespace {

/// What came of one matrix.
enum class Found : std::uint8_t { Real, Complex, Nothing };

/// The eigenvalues and eigenvectors of column-major matrices of one size.
template <class T> class RealEigen {
 public:
  explicit RealEigen(int n) : n_(n) {
    T best = 0;
    const int ask = -1;
    int info = 0;
    Lapack<T>::geev("N", "V", &n_, nullptr, &n_, nullptr, nullptr, nullptr, &n_, nullptr, &n_, &best, &ask, &info, 1,
                    1);
    lwork_ = work_size(best);
  }
  /// Elements of scratch that a call needs: the matrix, its vectors, two parts of the values, their order, work space.
  std::int64_t room() const { return 2 * size() + 4 * std::int64_t{n_} + lwork_; }
  double operations() const { return 25.0 * n_ * n_ * n_; }

  /// Row-major in and out; values ascend.
  Found operator()(const T* from, T* values, T* vectors, T* scratch) const {
    T *const a = scratch, *const v = a + size(), *const re = v + size(), *const im = re + n_;
    auto* const order = reinterpret_cast<int*>(im + n_);
    T* const work = im + 3 * n_;
    T largest = 0, squares = 0;
    for (std::int64_t i = 0; i < size(); ++i) largest = std::max(largest, std::abs(from[i]));
    for (std::int64_t i = 0; i < size() && largest > 0; ++i) squares += from[i] / largest * (from[i] / largest);
    transpose(from, n_, n_, a);
    int info = 0;
    Lapack<T>::geev("N", "V", &n_, a, &n_, re, im, nullptr, &n_, v, &n_, work, &lwork_, &info, 1, 1);
    if (info != 0) return Found::Nothing;
    const T rounding = std::sqrt(std::numeric_limits<T>::epsilon()) * largest * std::sqrt(squares);
    for (int i = 0; i < n_; ++i)
      if (std::abs(im[i]) > rounding) return Found::Complex;
    std::iota(order, order + n_, 0);
    std::stable_sort(order, order + n_, [&](int i, int j) { return re[i] < re[j]; });
    for (std::int64_t j = 0; j < n_; ++j) {
      // Of a pair that rounding made complex: the real part of both, which stands in the first one's column.
      const int from_column = im[order[j]] < 0 ? order[j] - 1 : order[j];
      const T* const column = v + std::int64_t{from_column} * n_;
      values[j] = re[order[j]];
      const T length = std::sqrt(std::inner_product(column, column + n_, column, T{0}));
      const T scale = turn_of(column, n_, 1) / length;
      for (std::int64_t i = 0; i < n_; ++i) vectors[i * n_ + j] = scale * column[i];
    }
    return Found::Real;
  }

 private:
  std::int64_t size() const { return std::int64_t{n_} * n_; }

  int n_, lwork_ = 0;
};

}  // namespace

Arrays execute(const op::Eig& op, const Specs& specs, Operands inputs) {
  const Array w = cpu_empty(op.name(), specs[0].shape, specs[0].dtype);
  const Array v = cpu_empty(op.name(), specs[1].shape, specs[1].dtype);
  const Array x = cpu_contiguous(inputs[0].array());
  const Matrices m(specs[1].shape);
  if (v.numel() == 0) return {w, v};
  std::vector<Found> found(static_cast<std::size_t>(m.count));
  std::int64_t failed = -1;
  with_real_type(specs[0].dtype, [&]<class T>(T) {
    const RealEigen<T> eigen(m.rows);
    failed =
        for_each_matrix<T>(op.name(), m.count, eigen.room(), eigen.operations(), [&](std::int64_t index, T* scratch) {
          const T* from = elements<T>(x) + index * m.size();
          T *values = elements<T>(w) + index * m.rows, *vectors = elements<T>(v) + index * m.size();
          if (!all_finite(from, m.size())) return fill_nan(vectors, m.size()), fill_nan(values, m.rows), true;
          Found& result = found[static_cast<std::size_t>(index)];
          result = eigen(from, values, vectors, scratch);
          return result == Found::Real;
        });
  });
  if (failed >= 0) {
    const std::string matrix = matrix_name(x.shape(), failed);
    throw ValueError(op.name(), found[static_cast<std::size_t>(failed)] == Found::Complex
                                    ? matrix + " has eigenvalues that are not real"
                                    : "the eigenvalues of " + matrix + " do not converge");
  }
  return {w, v};
}

Arrays execute(const op::Svd& op, const Specs& specs, Operands inputs) {
  const Array u = cpu_empty(op.name(), specs[0].shape, specs[0].dtype);
  const Array s = cpu_empty(op.name(), specs[1].shape, specs[1].dtype);
  const Array vt = cpu_empty(op.name(), specs[2].shape, specs[2].dtype);
  const Array x = cpu_contiguous(inputs[0].array());
  const Matrices m(x.shape());
  const std::int64_t rows = m.rows, columns = m.columns, k = std::min(rows, columns);
  if (x.numel() == 0) return {u, s, vt};
  std::int64_t failed = -1;
  with_real_type(specs[0].dtype, [&]<class T>(T) {
    // The memory of a holds aᵀ = V S Uᵀ; V and Uᵀ, column-major, are Vᵀ and U in the memory of the results.
    const ThinSvd<T> svd(m.columns, m.rows);
    failed = for_each_matrix<T>(op.name(), m.count, svd.room(), svd.operations(), [&](std::int64_t index, T* scratch) {
      const T* from = elements<T>(x) + index * m.size();
      T *to_u = elements<T>(u) + index * rows * k, *to_vt = elements<T>(vt) + index * k * columns;
      T* values = elements<T>(s) + index * k;
      if (!all_finite(from, m.size()))
        return fill_nan(to_u, rows * k), fill_nan(values, k), fill_nan(to_vt, k * columns), true;
      if (!svd(from, to_vt, values, to_u, scratch)) return false;
      for (std::int64_t j = 0; j < k; ++j) {
        const T turn = turn_of(to_u + j, rows, k);
        multiply(to_u + j, rows, k, turn);
        multiply(to_vt + j * columns, columns, 1, turn);
      }
      return true;
    });
  });
  if (failed >= 0)
    throw ValueError(op.name(), "the singular values of " + matrix_name(x.shape(), failed) + " do not converge");
  return {u, s, vt};
}

}  // namespace fornax::cpu
