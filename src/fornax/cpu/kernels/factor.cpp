#include <numeric>

#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/matrices.hpp>

namespace fornax::cpu {

Array execute(const op::Cholesky& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  if (y.numel() == 0) return y;
  const Array x = cpu_contiguous(inputs[0].array());
  const Matrices m(spec.shape);
  const int n = m.rows;
  std::int64_t failed = -1;
  with_real_type(spec.dtype, [&]<class T>(T) {
    failed = for_each_matrix<T>(op.name(), m.count, m.size(), 0.3 * n * n * n, [&](std::int64_t index, T* a) {
      const T* from = elements<T>(x) + index * m.size();
      T* to = elements<T>(y) + index * m.size();
      if (!all_finite(from, m.size())) return fill_nan(to, m.size()), true;
      // Halves first: the sum of two large elements may overflow.
      for (int i = 0; i < n; ++i)
        for (int j = 0; j <= i; ++j)
          a[j * std::int64_t{n} + i] = from[i * std::int64_t{n} + j] / 2 + from[j * std::int64_t{n} + i] / 2;
      int info = 0;
      Lapack<T>::potrf("L", &n, a, &n, &info, 1);
      if (info != 0) return false;
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j)
          to[i * n + j] = op.upper ? (j >= i ? a[i * n + j] : 0) : (j <= i ? a[j * n + i] : 0);
      return true;
    });
  });
  if (failed >= 0) throw ValueError(op.name(), matrix_name(spec.shape, failed) + " is not positive definite");
  return y;
}

Arrays execute(const op::Lu& op, const Specs& specs, Operands inputs) {
  const Array factors = cpu_empty(op.name(), specs[0].shape, specs[0].dtype);
  const Array permutation = cpu_empty(op.name(), specs[1].shape, DType::I64);
  const Matrices m(specs[0].shape);
  const int k = std::min(m.rows, m.columns);
  const Array x = cpu_contiguous(inputs[0].array());
  with_real_type(specs[0].dtype, [&]<class T>(T) {
    for_each_matrix<T>(op.name(), m.count, m.size() + k, 0.7 * k * static_cast<double>(m.size()),
                       [&](std::int64_t index, T* a) {
                         const T* from = elements<T>(x) + index * m.size();
                         T* to = elements<T>(factors) + index * m.size();
                         auto* p = elements<std::int64_t>(permutation) + index * m.rows;
                         std::iota(p, p + m.rows, 0);
                         if (k == 0) return true;
                         if (!all_finite(from, m.size())) return fill_nan(to, m.size()), true;
                         transpose(from, m.rows, m.columns, a);
                         int* const pivots = reinterpret_cast<int*>(a + m.size());
                         int info = 0;  // a zero on U's diagonal is no failure of the factorization
                         Lapack<T>::getrf(&m.rows, &m.columns, a, &m.rows, pivots, &info);
                         transpose(a, m.columns, m.rows, to);
                         for (int i = 0; i < k; ++i) std::swap(p[i], p[pivots[i] - 1]);
                         return true;
                       });
  });
  return {factors, permutation};
}

Arrays execute(const op::Qr& op, const Specs& specs, Operands inputs) {
  const Array q = cpu_empty(op.name(), specs[0].shape, specs[0].dtype);
  const Array r = cpu_empty(op.name(), specs[1].shape, specs[1].dtype);
  const Array x = cpu_contiguous(inputs[0].array());
  const Matrices m(x.shape());
  const int k = std::min(m.rows, m.columns), width = op.complete ? m.rows : k;
  if (m.count == 0 || m.rows == 0) return {q, r};
  with_real_type(specs[0].dtype, [&]<class T>(T) {
    int info = 0, lwork = -1;
    T best = 0, other = 0;
    Lapack<T>::geqrf(&m.rows, &m.columns, nullptr, &m.rows, nullptr, &best, &lwork, &info);
    Lapack<T>::orgqr(&m.rows, &width, &k, nullptr, &m.rows, nullptr, &other, &lwork, &info);
    lwork = work_size(std::max(best, other));
    const std::int64_t size = std::max(m.size(), std::int64_t{m.rows} * width);
    const double operations = 4.0 * k * static_cast<double>(size);
    for_each_matrix<T>(op.name(), m.count, size + 2 * std::int64_t{k} + lwork, operations,
                       [&](std::int64_t index, T* a) {
                         const T* from = elements<T>(x) + index * m.size();
                         const std::int64_t rows = m.rows, columns = m.columns;
                         T* to_q = elements<T>(q) + index * rows * width;
                         T* to_r = elements<T>(r) + index * width * columns;
                         if (!all_finite(from, m.size()))
                           return fill_nan(to_q, rows * width), fill_nan(to_r, width * columns), true;
                         transpose(from, rows, columns, a);
                         T *const tau = a + size, *const turns = tau + k, *const work = turns + k;
                         int unused = 0;
                         Lapack<T>::geqrf(&m.rows, &m.columns, a, &m.rows, tau, work, &lwork, &unused);
                         for (std::int64_t i = 0; i < k; ++i) {
                           turns[i] = a[i * rows + i] < 0 ? T{-1} : T{1};
                           for (std::int64_t j = 0; j < columns; ++j)
                             to_r[i * columns + j] = j < i ? 0 : turns[i] * a[j * rows + i];
                         }
                         std::fill(to_r + k * columns, to_r + width * columns, T{0});
                         Lapack<T>::orgqr(&m.rows, &width, &k, a, &m.rows, tau, work, &lwork, &unused);
                         for (std::int64_t i = 0; i < rows; ++i)
                           for (std::int64_t j = 0; j < width; ++j)
                             to_q[i * width + j] = (j < k ? turns[j] : T{1}) * a[j * rows + i];
                         return true;
                       });
  });
  return {q, r};
}

}  // namespace fornax::cpu
