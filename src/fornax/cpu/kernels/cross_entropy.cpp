#include <algorithm>

#include <fornax/cpu/fused/stream.hpp>
#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/indices.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

// Bytes of a gradient that no cache keeps beside the logits until it is read.
constexpr std::size_t kStreamed = std::size_t{16} << 20;

/// Logits as adjacent rows, and the class of each.
struct Rows {
  Array x, classes;
  std::int64_t count, width;

  Rows(std::string_view operation, Operands inputs)
      : x(cpu_contiguous(inputs[0].array())),
        classes(checked_indices(operation, x, x.rank() - 1, inputs[1].array())),
        count(classes.numel()),
        width(x.shape()[x.rank() - 1]) {}

  std::byte* row(const Array& of, std::int64_t r) const {
    return dense(of).data + r * width * static_cast<std::int64_t>(size_of(of.dtype()));
  }
  /// Calls f(row, class of it, room for it) for each, with the number of the row, on several threads if there is work for them.
  /// f may stream.
  template <class F> void for_each(std::string_view operation, F&& f, bool always_room = false) const {
    const auto* at = reinterpret_cast<const std::int64_t*>(dense(classes).data);
    const std::int64_t grain = std::max<std::int64_t>(1, kLeastElements / (4 * std::max<std::int64_t>(width, 1)));
    parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
      const RowRoom room(operation, x.dtype(), width, always_room);
      for (std::int64_t r = begin; r < end; ++r) f(r, at[r], room);
      finish_streams();
    });
  }
};

template <class T> T* elements(const Array& a) { return reinterpret_cast<T*>(dense(a).data); }

/// f(T{}) with the type that the rows are computed in.
template <class F> void with_compute_type(DType type, F&& f) {
  if (type == DType::F64) return f(double{});
  f(float{});
}

/// What a row gives whose class has this logit. The largest one is subtracted first, so that nothing is lost where both are large.
template <class T> T loss_of(const LogSumExp& row, T logit) {
  return static_cast<T>(static_cast<double>(static_cast<T>(row.top) - logit) + row.rest);
}

}  // namespace

Arrays execute(const op::CrossEntropy& op, const Specs& specs, Operands inputs) {
  const Rows rows(op.name(), inputs);
  const DType type = specs[0].dtype;
  Arrays results{cpu_empty(op.name(), specs[0].shape, type), cpu_empty(op.name(), specs[1].shape, type)};
  const auto kernel = row_kernels(compute_type(type), isa()).log_sum_exp;
  with_float_type(type, [&]<class T>(T) {
    using C = compute_t<T>;
    T *const loss = elements<T>(results[0]), *const lse = elements<T>(results[1]);
    rows.for_each(op.name(), [&](std::int64_t r, std::int64_t at, const RowRoom& room) {
      const auto* const x = reinterpret_cast<const C*>(room.read(rows.row(rows.x, r)));
      const auto [top, rest] = kernel(x, rows.width);
      loss[r] = static_cast<T>(loss_of<C>({top, rest}, x[at]));
      lse[2 * r] = static_cast<T>(static_cast<C>(top + rest));
      lse[2 * r + 1] = static_cast<T>(static_cast<C>(top - static_cast<double>(static_cast<C>(lse[2 * r])) + rest));
    });
  });
  return results;
}

Array execute(const op::CrossEntropyGrad& op, const Spec& spec, Operands inputs) {
  const Rows rows(op.name(), inputs);
  const DType type = compute_type(spec.dtype);
  const Array lse = as_contiguous(op.name(), inputs[2].array(), type);
  const Array g = as_contiguous(op.name(), inputs[3].array(), type);
  // Elements are read before they are written, so the logits' own buffer can take the result, unless room that is taken
  // later could fail.
  const Array y =
      type == spec.dtype ? cpu_result(op.name(), spec, inputs.first(1)) : cpu_empty(op.name(), spec.shape, spec.dtype);
  const auto kernel = row_kernels(type, isa()).softmax_less_one;
  const bool streamed = type == spec.dtype && dense(y).data != dense(rows.x).data &&
                        static_cast<std::size_t>(rows.x.numel()) * size_of(type) >= kStreamed;
  with_compute_type(type, [&]<class T>(T) {
    const T *const sum = elements<T>(lse), *const factor = elements<T>(g);
    rows.for_each(op.name(), [&](std::int64_t r, std::int64_t at, const RowRoom& room) {
      const LogSumExp less{static_cast<double>(sum[2 * r]), static_cast<double>(sum[2 * r + 1])};
      kernel(reinterpret_cast<const T*>(room.read(rows.row(rows.x, r))),
             reinterpret_cast<T*>(room.place(rows.row(y, r))), rows.width, less, static_cast<double>(factor[r]), at,
             streamed);
      room.written(rows.row(y, r));
    });
  });
  return y;
}

Arrays execute(const op::MeanCrossEntropy& op, const Specs& specs, Operands inputs) {
  const Rows rows(op.name(), inputs);
  const DType stored = specs[0].dtype, type = compute_type(stored);
  const Shape samples = inputs[1]->shape(), mean = specs[0].shape;
  const Array losses = cpu_empty(op.name(), samples, type);
  Arrays results{Array()};
  if (op.slope) results.push_back(cpu_empty(op.name(), specs[1].shape, stored));
  const bool streamed =
      op.slope && type == stored && static_cast<std::size_t>(rows.x.numel()) * size_of(type) >= kStreamed;
  const RowKernels& kernels = row_kernels(type, isa());
  const double share = 1 / static_cast<double>(samples[samples.rank() - 1]);
  with_compute_type(type, [&]<class T>(T) {
    const auto of_row = [&](std::int64_t r, std::int64_t at, const RowRoom& room) {
      const auto* const x = reinterpret_cast<const T*>(room.read(rows.row(rows.x, r)));
      const T logit = x[at];  // before the row's memory is written to
      LogSumExp of{};
      if (op.slope) {
        std::byte* const y = rows.row(results[1], r);
        of = kernels.softmax_slope(x, room.place(y), rows.width, share, at, streamed ? room.memory() : nullptr);
        room.written(y);
      } else {
        of = kernels.log_sum_exp(x, rows.width);
      }
      elements<T>(losses)[r] = loss_of<T>(of, logit);
    };
    rows.for_each(op.name(), of_row, streamed);
  });
  const Array sum =
      execute(op::Reduce{ReduceFn::Mean, DimSet::of(samples.rank() - 1)}, Spec{mean, type, {}}, {{Operand(losses)}});
  results[0] = as_dtype(op.name(), sum, stored);
  return results;
}

Array execute(const op::Scaled& op, const Spec& spec, Operands inputs) {
  const Array factors = as_contiguous(op.name(), inputs[1].array(), DType::F64);
  const auto* const f = elements<double>(factors);
  if (std::all_of(f, f + factors.numel(), [](double v) { return v == 1; })) return inputs[0].take();
  Strides strides{};
  const auto last = static_cast<std::size_t>(factors.rank());
  for (std::size_t d = 0; d + 1 < last; ++d) strides[d] = dense(inputs[1].array()).strides[d];
  const Array beside = view(inputs[1].array(), spec.shape, strides, 0);
  const Operand both[] = {inputs[0], Operand(beside)};
  return execute(op::Binary{BinaryFn::Mul}, spec, both);
}

}  // namespace fornax::cpu
