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
