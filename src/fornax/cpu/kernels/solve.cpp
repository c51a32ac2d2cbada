#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/matrices.hpp>

namespace fornax::cpu {

Array execute(const op::TriangularSolve& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Array a = cpu_contiguous(inputs[0].array());
  const Matrices m(a.shape()), right(spec.shape);
  const std::int64_t n = m.rows;
  if (y.numel() > 0) copy(inputs[1].array(), dense(y).data, dense(y).strides);
  std::int64_t failed = -1;
  with_real_type(spec.dtype, [&]<class T>(T) {
    const double operations = static_cast<double>(n) * static_cast<double>(right.size());
    failed = for_each_matrix<T>(op.name(), m.count, 0, operations, [&](std::int64_t index, T*) {
      const T* from = elements<T>(a) + index * m.size();
      for (std::int64_t i = 0; i < n && !op.unit; ++i)
        if (from[i * n + i] == 0) return false;
      if (right.size() == 0) return true;
      // Row-major memory holds transposes: op(a) X = b becomes Xᵀ op(a)ᵀ = bᵀ, and a lower triangle an upper one.
      const T one = 1;
      Lapack<T>::trsm(op.left ? "R" : "L", op.upper ? "L" : "U", op.transpose ? "T" : "N", op.unit ? "U" : "N",
                      &right.columns, &right.rows, &one, from, &m.rows, elements<T>(y) + index * right.size(),
                      &right.columns, 1, 1, 1, 1);
      return true;
    });
  });
  if (failed >= 0)
    throw ValueError(op.name(), matrix_name(a.shape(), failed) + " is singular: there is a zero on its diagonal");
  return y;
}

Array execute(const op::Solve& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Array a = cpu_contiguous(inputs[0].array()), b = cpu_contiguous(inputs[1].array());
  const Matrices m(a.shape()), right(spec.shape);
  const int n = m.rows;
  if (n == 0) return y;
  std::int64_t failed = -1;
  with_real_type(spec.dtype, [&]<class T>(T) {
    const double operations = static_cast<double>(n) * static_cast<double>(m.size() + right.size());
    failed = for_each_matrix<T>(
        op.name(), m.count, m.size() + right.size() + n, operations, [&](std::int64_t index, T* factors) {
          const T* from = elements<T>(a) + index * m.size();
          T* to = elements<T>(y) + index * right.size();
          if (!all_finite(from, m.size())) return fill_nan(to, right.size()), true;
          T* const sides = factors + m.size();
          int* const pivots = reinterpret_cast<int*>(sides + right.size());
          std::copy(from, from + m.size(), factors);
          if (factorize(factors, n, pivots) == 0) return false;
          if (right.size() == 0) return true;
          transpose(elements<T>(b) + index * right.size(), n, right.columns, sides);
          int info = 0;  // the memory holds the transpose of a
          Lapack<T>::getrs(op.transpose ? "N" : "T", &n, &right.columns, factors, &n, pivots, sides, &n, &info, 1);
          transpose(sides, right.columns, n, to);
          return true;
        });
  });
  if (failed >= 0) throw ValueError(op.name(), matrix_name(a.shape(), failed) + " is singular");
  return y;
}

namespace {

/// Calls f(index, factors, sign) with the LU factors of each matrix, and its permutation's sign, 0 if it is singular.
template <class T, class F> void for_each_factors(std::string_view operation, const Array& a, F&& f) {
  const Array x = cpu_contiguous(a);
  const Matrices m(x.shape());
  const int n = m.rows;
  for_each_matrix<T>(operation, m.count, m.size() + n, 0.7 * n * n * n, [&](std::int64_t index, T* factors) {
    const T* from = elements<T>(x) + index * m.size();
    int* const pivots = reinterpret_cast<int*>(factors + m.size());
    std::copy(from, from + m.size(), factors);
    int sign = 1;
    if (!all_finite(from, m.size())) {
      fill_nan(factors, m.size());
    } else if (n > 0) {
      sign = factorize(factors, n, pivots);
    }
    f(index, factors, sign);
    return true;
  });
}

}  // namespace

Array execute(const op::Det& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Shape& shape = inputs[0]->shape();
  const std::int64_t n = shape[shape.rank() - 1];
  with_real_type(spec.dtype, [&]<class T>(T) {
    for_each_factors<T>(op.name(), inputs[0].array(), [&](std::int64_t index, const T* factors, int sign) {
      T product = static_cast<T>(sign);
      for (std::int64_t i = 0; i < n && sign != 0; ++i) product *= factors[i * n + i];
      elements<T>(y)[index] = product;
    });
  });
  return y;
}

Arrays execute(const op::SlogDet& op, const Specs& specs, Operands inputs) {
  const Array signs = cpu_empty(op.name(), specs[0].shape, specs[0].dtype);
  const Array logarithms = cpu_empty(op.name(), specs[1].shape, specs[1].dtype);
  const Shape& shape = inputs[0]->shape();
  const std::int64_t n = shape[shape.rank() - 1];
  with_real_type(specs[0].dtype, [&]<class T>(T) {
    for_each_factors<T>(op.name(), inputs[0].array(), [&](std::int64_t index, const T* factors, int sign) {
      T turn = static_cast<T>(sign), sum = sign == 0 ? -std::numeric_limits<T>::infinity() : 0;
      for (std::int64_t i = 0; i < n && sign != 0; ++i) {
        const T element = factors[i * n + i];
        turn = std::isnan(element) ? element : element < 0 ? -turn : turn;
        sum += std::log(std::abs(element));
      }
      elements<T>(signs)[index] = turn;
      elements<T>(logarithms)[index] = sum;
    });
  });
  return {signs, logarithms};
}

Array execute(const op::Cofactor& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Array x = cpu_contiguous(inputs[0].array());
  const Matrices m(spec.shape);
  const int n = m.rows;
  if (y.numel() == 0) return y;
  std::int64_t failed = -1;
  with_real_type(spec.dtype, [&]<class T>(T) {
    const ThinSvd<T> svd(n, n);
    const std::int64_t room = 3 * m.size() + 2 * std::int64_t{n} + svd.room();
    failed = for_each_matrix<T>(op.name(), m.count, room, svd.operations(), [&](std::int64_t index, T* u) {
      const T* from = elements<T>(x) + index * m.size();
      T* to = elements<T>(y) + index * m.size();
      if (!all_finite(from, m.size())) return fill_nan(to, m.size()), true;
      // The memory holds the transpose, whose cofactors are the transpose of what is wanted.
      T *const vt = u + m.size(), *const copied = vt + m.size(), *const s = copied + m.size();
      T *const pivots = s + n, *const scratch = pivots + n;
      if (!svd(from, u, s, vt, scratch)) return false;
      T turn = 1;
      for (const T* orthogonal : {u, vt}) {
        std::copy(orthogonal, orthogonal + m.size(), copied);
        turn *= static_cast<T>(factorize(copied, n, reinterpret_cast<int*>(pivots)));
        for (std::int64_t i = 0; i < n; ++i)
          if (copied[i * n + i] < 0) turn = -turn;
      }
      // Products of all singular values but one, from the products before it and after it.
      T before = turn;
      for (std::int64_t i = 0; i < n; ++i) {
        T product = before;
        for (std::int64_t j = i + 1; j < n; ++j) product *= s[j];
        before *= s[i];
        for (std::int64_t r = 0; r < n; ++r) u[i * n + r] *= product;
      }
      const T one = 1, zero = 0;
      Lapack<T>::gemm("N", "N", &n, &n, &n, &one, u, &n, vt, &n, &zero, to, &n, 1, 1);
      return true;
    });
  });
  if (failed >= 0)
    throw ValueError(op.name(), "the singular values of " + matrix_name(spec.shape, failed) + " do not converge");
  return y;
}

Array execute(const op::Pinv& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Array x = cpu_contiguous(inputs[0].array());
  const Matrices m(x.shape());
  const int k = std::min(m.rows, m.columns);
  if (y.numel() == 0) return y;
  std::int64_t failed = -1;
  with_real_type(spec.dtype, [&]<class T>(T) {
    // The memory of a [M, N] holds aᵀ = V S Uᵀ, that of the result [N, M] its transpose U S⁺ Vᵀ.
    const ThinSvd<T> svd(m.columns, m.rows);
    const std::int64_t in_v = std::int64_t{m.columns} * k, in_u = std::int64_t{m.rows} * k;
    const std::int64_t room = in_v + in_u + k + svd.room();
    failed = for_each_matrix<T>(op.name(), m.count, room, svd.operations(), [&](std::int64_t index, T* v) {
      const T* from = elements<T>(x) + index * m.size();
      T* to = elements<T>(y) + index * m.size();
      if (!all_finite(from, m.size())) return fill_nan(to, m.size()), true;
      T *const ut = v + in_v, *const s = ut + in_u, *const scratch = s + k;
      if (!svd(from, v, s, ut, scratch)) return false;
      const T least = static_cast<T>(op.rcond) * s[0];
      for (std::int64_t j = 0; j < k; ++j) {
        const T factor = s[j] > least ? 1 / s[j] : 0;
        for (std::int64_t i = 0; i < m.columns; ++i) v[j * m.columns + i] *= factor;
      }
      const T one = 1, zero = 0;
      Lapack<T>::gemm("T", "T", &m.rows, &m.columns, &k, &one, ut, &k, v, &m.columns, &zero, to, &m.rows, 1, 1);
      return true;
    });
  });
  if (failed >= 0)
    throw ValueError(op.name(), "the singular values of " + matrix_name(x.shape(), failed) + " do not converge");
  return y;
}

}  // namespace fornax::cpu
