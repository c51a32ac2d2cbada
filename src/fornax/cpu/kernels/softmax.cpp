#include <cmath>

#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/fold.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/runs.hpp>

namespace fornax::cpu {

namespace {

/// One row of n > 0 adjacent elements; y may be x.
template <class T>
void softmax_row(const T* x, T* y, std::int64_t n, bool log) {
  // Subtract the row maximum first: exp() overflows f32 above 88.7, and softmax is shift-invariant.
  const T top = fold_row<Fold<ReduceFn::Max, T>>(x, n);
  if (log) {
    T terms[kBlock];  // not written to y, which may be x
    double total = 0;
    for (std::int64_t start = 0; start < n; start += kBlock) {
      const std::int64_t part = std::min(kBlock, n - start);
      for (std::int64_t i = 0; i < part; ++i) terms[i] = std::exp(x[start + i] - top);
      total += static_cast<double>(fold_block<Fold<ReduceFn::Sum, T>>(terms, part));
    }
    const T log_total = static_cast<T>(std::log(total));
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - top - log_total;
  } else {
    for (std::int64_t i = 0; i < n; ++i) y[i] = std::exp(x[i] - top);
    const T scale = static_cast<T>(1 / fold_row<Fold<ReduceFn::Sum, T>>(y, n));
    for (std::int64_t i = 0; i < n; ++i) y[i] *= scale;
  }
}

/// All rows along `dim`. Those that are not adjacent or have 16 bits an element are computed in `buffer`, which is null
/// if there are none.
template <class T>
void softmax(const View& x, const Array& y, int dim, bool log, void* buffer) {
  using C = compute_t<T>;
  auto* row = static_cast<C*>(buffer);
  const std::int64_t n = y.shape()[dim];
  const std::int64_t x_step = (*x.strides)[static_cast<std::size_t>(dim)];
  const std::int64_t y_step = dense(y).strides[static_cast<std::size_t>(dim)];
  for_each_run<2>(y.shape().with(dim, 1), {x.data, dense(y).data}, {x.strides, &dense(y).strides}, {sizeof(T), sizeof(T)},
                  [&](const auto& at, const auto& step, std::int64_t rows) {
                    for (std::int64_t r = 0; r < rows; ++r) {
                      const auto* from = reinterpret_cast<const T*>(at[0] + r * step[0]);
                      auto* to = reinterpret_cast<T*>(at[1] + r * step[1]);
                      if (!buffer) {
                        softmax_row(reinterpret_cast<const C*>(from), reinterpret_cast<C*>(to), n, log);
                        continue;
                      }
                      for (std::int64_t i = 0; i < n; ++i) row[i] = static_cast<C>(from[i * x_step]);
                      softmax_row(row, row, n, log);
                      for (std::int64_t i = 0; i < n; ++i) to[i * y_step] = static_cast<T>(row[i]);
                    }
                  });
}

}  // namespace

Array execute(const op::Softmax& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  const int dim = checked_dim(op.name(), op.dim, spec.shape.rank());
  const std::int64_t n = spec.shape[dim];
  const DType type = compute_type(spec.dtype);
  // The result is contiguous, so its rows are adjacent exactly if nothing follows the dim.
  const bool direct = type == spec.dtype && (*x.strides)[static_cast<std::size_t>(dim)] == 1 &&
                      contiguous_strides(spec.shape)[static_cast<std::size_t>(dim)] == 1;
  const Array buffer = direct ? Array() : cpu_empty(op.name(), Shape{n}, type);
  // A row is read before it is written, so x's own buffer can take the result.
  const Array y = cpu_result(op.name(), spec, inputs);
  if (y.numel() == 0) return y;
  with_float_type(spec.dtype, [&]<class T>(T) {
    softmax<T>(x, y, dim, op.log, direct ? nullptr : dense(buffer).data);
  });
  return y;
}

}  // namespace fornax::cpu
