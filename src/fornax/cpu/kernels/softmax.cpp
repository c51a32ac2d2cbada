#include <algorithm>

#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/runs.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

/// All rows along `dim`. If their elements are not adjacent or have 16 bits, they are computed in `buffer`, `group` rows
/// at a time; else it is null.
template <class T> void softmax(const View& x, const Array& y, int dim, bool log, void* buffer, std::int64_t group) {
  using C = compute_t<T>;
  auto* packed = static_cast<C*>(buffer);
  const auto kernel = row_kernels(dtype_v<C>, isa()).softmax;
  const std::int64_t n = y.shape()[dim];
  const std::int64_t x_step = (*x.strides)[static_cast<std::size_t>(dim)];
  const std::int64_t y_step = dense(y).strides[static_cast<std::size_t>(dim)];
  const auto run_rows = [&](const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
                            std::int64_t rows) {
    const auto x_row = [&](std::int64_t r) { return reinterpret_cast<const T*>(from + r * from_step); };
    const auto y_row = [&](std::int64_t r) { return reinterpret_cast<T*>(to + r * to_step); };
    if (!buffer) {
      for (std::int64_t r = 0; r < rows; ++r) kernel(x_row(r), y_row(r), n, log);
      return;
    }
    if (x_step == 1 && y_step == 1) {
      auto* const wide = reinterpret_cast<std::byte*>(packed);
      for (std::int64_t r = 0; r < rows; ++r) {
        convert(from + r * from_step, dtype_v<T>, wide, dtype_v<C>, n);
        kernel(packed, packed, n, log);
        convert(wide, dtype_v<C>, to + r * to_step, dtype_v<T>, n);
      }
      return;
    }
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t r = 0; r < rows; ++r) packed[r * n + i] = static_cast<C>(x_row(r)[i * x_step]);
    for (std::int64_t r = 0; r < rows; ++r) kernel(packed + r * n, packed + r * n, n, log);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t r = 0; r < rows; ++r) y_row(r)[i * y_step] = static_cast<T>(packed[r * n + i]);
  };
  for_each_run<2>(y.shape().with(dim, 1), {x.data, dense(y).data}, {x.strides, &dense(y).strides},
                  {sizeof(T), sizeof(T)}, [&](const auto& at, const auto& step, std::int64_t rows) {
                    const auto run = [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t r = begin; r < end; r += group)
                        run_rows(at[0] + r * step[0], step[0], at[1] + r * step[1], step[1], std::min(group, end - r));
                    };
                    if (buffer)
                      run(0, rows);
                    else
                      parallel_for(rows, std::max<std::int64_t>(1, kLeastElements / (4 * n)), run);
                  });
}

}  // namespace

Array execute(const op::Softmax& op, const Spec& spec, Operands inputs) {
  const View x(inputs[0].array());
  const int dim = checked_dim(op.name(), op.dim, spec.shape.rank());
  const std::int64_t n = spec.shape[dim];
  const DType type = compute_type(spec.dtype);
  const auto step = [&](const Strides& strides) { return strides[static_cast<std::size_t>(dim)]; };
  const bool adjacent = step(*x.strides) == 1 && step(contiguous_strides(spec.shape)) == 1;
  const bool direct = adjacent && type == spec.dtype;
  // Rows that lie side by side are packed 16 at a time, so that whole cache lines of f32 are used.
  const std::int64_t group = adjacent ? 1 : 16;
  const Array buffer = direct ? Array() : cpu_empty(op.name(), Shape{group, n}, type);
  // A row is read before it is written, so x's own buffer can take the result.
  Array y = cpu_result(op.name(), spec, inputs);
  if (y.numel() == 0) return y;
  with_float_type(spec.dtype,
                  [&]<class T>(T) { softmax<T>(x, y, dim, op.log, direct ? nullptr : dense(buffer).data, group); });
  return y;
}

}  // namespace fornax::cpu
