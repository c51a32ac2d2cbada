#include <algorithm>
#include <vector>

#include <fornax/cpu/isa/norm.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/norm_sums.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

/// An input as adjacent elements of the dtype that is computed in: where it lies, or a copy.
struct Packed {
  Array copy;
  const std::byte* data;

  Packed(std::string_view operation, const Array& x, DType type) {
    const bool direct = x.dtype() == type && is_contiguous(x);
    if (!direct) copy = as_contiguous(operation, x, type);
    data = dense(direct ? x : copy).data;
  }
};

/// x [N, C, ...] as N groups rows.
struct Groups {
  NormRow row;
  std::int64_t samples, of_sample, row_bytes, vector_bytes;

  template <class Op>
  Groups(const Op& op, const Shape& shape, DType type)
      : row{shape[1] / op.groups, 1, op.eps, op.centred}, samples(shape[0]), of_sample(op.groups) {
    for (int d = 2; d < shape.rank(); ++d) row.length *= shape[d];
    const auto size = static_cast<std::int64_t>(size_of(type));
    row_bytes = row.channels * row.length * size;
    vector_bytes = row.channels * size;
  }
  std::int64_t sample_size() const { return std::max<std::int64_t>(1, of_sample * row.channels * row.length); }
};

const std::byte* part(const std::byte* vector, std::int64_t at) { return vector ? vector + at : nullptr; }

}  // namespace

Array execute(const op::GroupNorm& op, const Spec& spec, Operands inputs) {
  const DType type = compute_type(spec.dtype);
  const Packed x(op.name(), inputs[0].array(), type);
  std::vector<Packed> vectors;
  for (std::size_t i = 1; i < inputs.size(); ++i) vectors.emplace_back(op.name(), inputs[i].array(), type);
  const std::byte* weight = op.vectors > 0 ? vectors[0].data : nullptr;
  const std::byte* bias = op.vectors > 1 ? vectors[1].data : nullptr;
  // A row is read before it is written, so x's own buffer can take the result.
  const Array y = type == spec.dtype && !x.copy.defined() ? cpu_result(op.name(), spec, inputs.first(1))
                                                          : cpu_empty(op.name(), spec.shape, type);
  const Groups groups(op, spec.shape, type);
  const NormKernels& kernels = norm_kernels(type, isa());
  const std::int64_t grain = kLeastElements / 4 * groups.of_sample / groups.sample_size();
  parallel_for(groups.samples * groups.of_sample, std::max<std::int64_t>(1, grain),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t r = begin; r < end; ++r) {
                   const std::int64_t at = r % groups.of_sample * groups.vector_bytes;
                   const std::byte* const from = x.data + r * groups.row_bytes;
                   kernels.forward(groups.row, kernels.moments(groups.row, from), from, part(weight, at),
                                   part(bias, at), dense(y).data + r * groups.row_bytes);
                 }
               });
  return as_dtype(op.name(), y, spec.dtype);
}

namespace {

/// Samples are cut into tasks by their number and size alone.
template <class T>
void backward(const Groups& groups, const std::byte* x, const std::byte* weight, const std::byte* g, std::byte* dx,
              T* dweight, T* dbias) {
  const NormKernels& kernels = norm_kernels(dtype_v<T>, isa());
  const std::int64_t channels = groups.of_sample * groups.row.channels, width = weight ? 2 * channels : 0;
  const std::int64_t each = norm_samples_of_task(groups.samples, groups.sample_size());
  const std::int64_t tasks = (groups.samples + each - 1) / each;
  const int threads = threads_for(tasks);
  NormSums<T> sums(groups.samples, groups.sample_size(), width, threads);
  parallel_tasks(tasks, threads, [&](std::int64_t task, int worker) {
    const std::int64_t end = std::min(groups.samples, (task + 1) * each);
    for (std::int64_t n = task * each; n < end; ++n) {
      T* const here = sums.add_to(worker, n);
      for (std::int64_t i = 0; i < groups.of_sample; ++i) {
        const std::int64_t at = (n * groups.of_sample + i) * groups.row_bytes, from = i * groups.row.channels;
        kernels.backward(groups.row, kernels.moments(groups.row, x + at), x + at, part(weight, i * groups.vector_bytes),
                         g + at, dx + at, weight ? here + from : nullptr, weight ? here + channels + from : nullptr);
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
  const DType type = compute_type(specs[0].dtype);
  const Packed x(op.name(), inputs[0].array(), type), g(op.name(), inputs[op.affine ? 2 : 1].array(), type);
  const Packed weight(op.name(), inputs[op.affine ? 1 : 0].array(), type);
  Arrays results;
  for (const Spec& s : specs) results.push_back(cpu_empty(op.name(), s.shape, type));
  const Groups groups(op, specs[0].shape, type);
  const auto run = [&]<class T>(T) {
    const auto vector = [&](std::size_t i) {
      return op.affine ? reinterpret_cast<T*>(dense(results[i]).data) : nullptr;
    };
    backward<T>(groups, x.data, op.affine ? weight.data : nullptr, g.data, dense(results[0]).data, vector(1),
                vector(2));
  };
  if (type == DType::F64)
    run(double{});
  else
    run(float{});
  for (std::size_t i = 0; i < specs.size(); ++i) results[i] = as_dtype(op.name(), results[i], specs[i].dtype);
  return results;
}

}  // namespace fornax::cpu
