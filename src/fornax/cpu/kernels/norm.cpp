#include <algorithm>
#include <optional>
#include <vector>

#include <fornax/cpu/isa/norm.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/norm_sums.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

/// An input as adjacent elements of a dtype: where it lies, or a copy.
struct Packed {
  Array copy;
  const std::byte* data;

  Packed(std::string_view operation, const Array& x, DType type) {
    const bool direct = x.dtype() == type && is_contiguous(x);
    if (!direct) copy = as_contiguous(operation, x, type);
    data = dense(direct ? x : copy).data;
  }
};

/// x [N, C, ...] as N groups rows, and the vectors of its channels, which are in the dtype that is computed in.
struct Groups {
  NormRow row;
  std::int64_t samples, of_sample, row_bytes, vector_bytes;

  template <class Op>
  Groups(const Op& op, const Shape& shape, DType stored)
      : row{shape[1] / op.groups, 1, op.eps, op.centred}, samples(shape[0]), of_sample(op.groups) {
    for (int d = 2; d < shape.rank(); ++d) row.length *= shape[d];
    row_bytes = row_size() * static_cast<std::int64_t>(size_of(stored));
    vector_bytes = row.channels * static_cast<std::int64_t>(size_of(compute_type(stored)));
  }
  std::int64_t row_size() const { return row.channels * row.length; }
  std::int64_t sample_size() const { return std::max<std::int64_t>(1, of_sample * row.channels * row.length); }
};

const std::byte* part(const std::byte* vector, std::int64_t at) { return vector ? vector + at : nullptr; }

}  // namespace

Array execute(const op::GroupNorm& op, const Spec& spec, Operands inputs) {
  const DType type = compute_type(spec.dtype);
  const Packed x(op.name(), inputs[0].array(), spec.dtype);
  std::vector<Packed> vectors;
  for (std::size_t i = 1; i < inputs.size(); ++i) vectors.emplace_back(op.name(), inputs[i].array(), type);
  const std::byte* weight = op.vectors > 0 ? vectors[0].data : nullptr;
  const std::byte* bias = op.vectors > 1 ? vectors[1].data : nullptr;
  // A row is read before it is written, so x's own buffer can take the result, unless room that is taken later could fail.
  const Array y = type == spec.dtype && !x.copy.defined() ? cpu_result(op.name(), spec, inputs.first(1))
                                                          : cpu_empty(op.name(), spec.shape, spec.dtype);
  const Groups groups(op, spec.shape, spec.dtype);
  const NormKernels& kernels = norm_kernels(type, isa());
  const std::int64_t grain = kLeastElements / 4 * groups.of_sample / groups.sample_size();
  parallel_for(groups.samples * groups.of_sample, std::max<std::int64_t>(1, grain),
               [&](std::int64_t begin, std::int64_t end) {
                 const RowRoom room(op.name(), spec.dtype, groups.row_size());
                 for (std::int64_t r = begin; r < end; ++r) {
                   const std::int64_t at = r % groups.of_sample * groups.vector_bytes;
                   const std::byte* const from = room.read(x.data + r * groups.row_bytes);
                   std::byte* const to = dense(y).data + r * groups.row_bytes;
                   kernels.forward(groups.row, kernels.moments(groups.row, from), from, part(weight, at),
                                   part(bias, at), room.place(to));
                   room.written(to);
                 }
               });
  return y;
}

namespace {

/// Samples are cut into tasks by their number and size alone.
template <class T>
void backward(std::string_view operation, const Groups& groups, DType stored, const std::byte* x,
              const std::byte* weight, const std::byte* g, std::byte* dx, T* dweight, T* dbias) {
  const NormKernels& kernels = norm_kernels(dtype_v<T>, isa());
  const std::int64_t channels = groups.of_sample * groups.row.channels, width = weight ? 2 * channels : 0;
  const std::int64_t each = norm_samples_of_task(groups.samples, groups.sample_size());
  const std::int64_t tasks = (groups.samples + each - 1) / each;
  const int threads = threads_for(tasks);
  NormSums<T> sums(groups.samples, groups.sample_size(), width, threads);
  parallel_tasks(tasks, threads, [&](std::int64_t task, int worker) {
    const std::int64_t end = std::min(groups.samples, (task + 1) * each);
    const auto room = [&] { return RowRoom(operation, stored, groups.row_size()); };
    const RowRoom of_x = room(), of_g = room(), of_dx = room();
    for (std::int64_t n = task * each; n < end; ++n) {
      T* const here = sums.add_to(worker, n);
      for (std::int64_t i = 0; i < groups.of_sample; ++i) {
        const std::int64_t at = (n * groups.of_sample + i) * groups.row_bytes, from = i * groups.row.channels;
        const std::byte* const row = of_x.read(x + at);
        kernels.backward(groups.row, kernels.moments(groups.row, row), row, part(weight, i * groups.vector_bytes),
                         of_g.read(g + at), of_dx.place(dx + at), weight ? here + from : nullptr,
                         weight ? here + channels + from : nullptr);
        of_dx.written(dx + at);
      }
      sums.added(worker, n);
    }
  });
  if (!weight) return;
  sums.totals(0, channels, dweight);
  sums.totals(channels, channels, dbias);
}

}  // namespace

Arrays execute(const op::GroupNormGrad& op, const Specs& specs, Operands inputs) {
  const DType stored = specs[0].dtype, type = compute_type(stored);
  const Packed x(op.name(), inputs[0].array(), stored), g(op.name(), inputs[op.affine ? 2 : 1].array(), stored);
  std::optional<Packed> weight;
  if (op.affine) weight.emplace(op.name(), inputs[1].array(), type);
  Arrays results;
  for (const Spec& s : specs) results.push_back(cpu_empty(op.name(), s.shape, results.empty() ? stored : type));
  const Groups groups(op, specs[0].shape, stored);
  const auto run = [&]<class T>(T) {
    const auto vector = [&](std::size_t i) {
      return op.affine ? reinterpret_cast<T*>(dense(results[i]).data) : nullptr;
    };
    backward<T>(op.name(), groups, stored, x.data, weight ? weight->data : nullptr, g.data, dense(results[0]).data,
                vector(1), vector(2));
  };
  if (type == DType::F64)
    run(double{});
  else
    run(float{});
  for (std::size_t i = 0; i < specs.size(); ++i) results[i] = as_dtype(op.name(), results[i], specs[i].dtype);
  return results;
}

}  // namespace fornax::cpu
