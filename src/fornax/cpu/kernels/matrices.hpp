#pragma once
// Walking the matrices of a batch, one library call each. A call runs on one thread, so its result does not depend on
// how many there are; several matrices share the threads.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/kernels/lapack.hpp>
#include <fornax/ops/matrix.hpp>

namespace fornax::cpu {

/// f(float{}) or f(double{}), whichever stores the dtype.
template <class F> void with_real_type(DType dtype, F&& f) {
  if (dtype == DType::F64) {
    f(double{});
  } else {
    f(float{});
  }
}

template <class T> T* elements(const Array& a) { return reinterpret_cast<T*>(dense(a).data); }

/// Sizes of an array's matrices, and how many there are.
struct Matrices {
  std::int64_t count;
  int rows, columns;

  explicit Matrices(const Shape& shape)
      : count(batch_of(shape).numel()),
        rows(static_cast<int>(shape[shape.rank() - 2])),
        columns(static_cast<int>(shape[shape.rank() - 1])) {}
  std::int64_t size() const { return static_cast<std::int64_t>(rows) * columns; }
};

/// "the matrix", or "matrix [1, 0] of the batch".
std::string matrix_name(const Shape& shape, std::int64_t index);

/// What is done to one matrix: false if it cannot be done.
struct MatrixTask {
  const void* f;
  bool (*call)(const void* f, std::int64_t index, std::byte* scratch);
};
/// Runs a task for each of `count` matrices, with `bytes` of scratch. The first index that failed, or -1.
std::int64_t run_matrices(std::string_view operation, std::int64_t count, std::int64_t bytes, double operations,
                          MatrixTask task);

/// Calls f(index, scratch) for each of `count` matrices, where scratch has room for `room` elements of type T, aligned
/// to 64 bytes, and f returns false for a matrix that it cannot do. `operations` is roughly what a call costs. The
/// first index that failed, or -1.
template <class T, class F>
std::int64_t for_each_matrix(std::string_view operation, std::int64_t count, std::int64_t room, double operations,
                             const F& f) {
  const auto call = [](const void* g, std::int64_t index, std::byte* scratch) {
    return (*static_cast<const F*>(g))(index, reinterpret_cast<T*>(scratch));
  };
  return run_matrices(operation, count, room * std::int64_t{sizeof(T)}, operations, {&f, call});
}

/// to[j][i] = from[i][j].
template <class T> void transpose(const T* from, std::int64_t rows, std::int64_t columns, T* to) {
  constexpr std::int64_t tile = 16;  // whole cache lines on both sides
  for (std::int64_t r = 0; r < rows; r += tile)
    for (std::int64_t c = 0; c < columns; c += tile)
      for (std::int64_t i = r; i < std::min(r + tile, rows); ++i)
        for (std::int64_t j = c; j < std::min(c + tile, columns); ++j) to[j * rows + i] = from[i * columns + j];
}

template <class T> bool all_finite(const T* x, std::int64_t n) {
  return std::all_of(x, x + n, [](T v) { return std::isfinite(v); });
}
template <class T> void fill_nan(T* x, std::int64_t n) { std::fill(x, x + n, std::numeric_limits<T>::quiet_NaN()); }

/// The elements of work space that LAPACK asked for: a float may have rounded their number down.
template <class T> int work_size(T asked) { return static_cast<int>(static_cast<double>(asked) * (1 + 0x1p-22)) + 1; }

/// A thin singular value decomposition of column-major matrices of one size.
template <class T> class ThinSvd {
 public:
  ThinSvd(int rows, int columns) : m_(rows), n_(columns), k_(std::min(rows, columns)) {
    if (k_ == 0) return;
    T best = 0;
    const int ask = -1;
    int none = 0, info = 0;
    Lapack<T>::gesdd("S", &m_, &n_, nullptr, &m_, nullptr, nullptr, &m_, nullptr, &k_, &best, &ask, &none, &info, 1);
    T other = 0;
    Lapack<T>::gesvd("S", "S", &m_, &n_, nullptr, &m_, nullptr, nullptr, &m_, nullptr, &k_, &other, &ask, &info, 1, 1);
    lwork_ = work_size(std::max(best, other));
  }
  /// Elements of scratch that a call needs: a copy of the matrix, work space, and 8 k integers.
  std::int64_t room() const { return std::int64_t{m_} * n_ + lwork_ + 8 * std::int64_t{k_}; }
  double operations() const { return 20.0 * m_ * n_ * k_; }

  /// u [m, k] and vt [k, n], column-major; false if it does not converge.
  bool operator()(const T* a, T* u, T* s, T* vt, T* scratch) const {
    if (k_ == 0) return true;
    const std::int64_t size = std::int64_t{m_} * n_;
    T* const work = scratch + size;
    int* const iwork = reinterpret_cast<int*>(work + lwork_);
    int info = 0;
    std::copy(a, a + size, scratch);
    Lapack<T>::gesdd("S", &m_, &n_, scratch, &m_, s, u, &m_, vt, &k_, work, &lwork_, iwork, &info, 1);
    if (info == 0) return true;
    // Divide and conquer fails on rare matrices that the slower iteration can do.
    std::copy(a, a + size, scratch);
    Lapack<T>::gesvd("S", "S", &m_, &n_, scratch, &m_, s, u, &m_, vt, &k_, work, &lwork_, &info, 1, 1);
    return info == 0;
  }

 private:
  int m_, n_, k_, lwork_ = 0;
};

/// Overwrites a column-major n x n matrix with its LU factors: the sign of the permutation; 0 if the matrix is singular.
template <class T> int factorize(T* a, int n, int* pivots) {
  int info = 0;
  Lapack<T>::getrf(&n, &n, a, &n, pivots, &info);
  if (info > 0) return 0;
  int sign = 1;
  for (int i = 0; i < n; ++i)
    if (pivots[i] != i + 1) sign = -sign;
  return sign;
}

}  // namespace fornax::cpu
