#include <fornax/cpu/isa/attention.hpp>

#include <algorithm>
#include <cstring>

#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/scratch.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

std::int64_t padded(std::int64_t width) { return (width + kWidthGrain - 1) / kWidthGrain * kWidthGrain; }
std::int64_t last(const Array& x) { return x.shape()[x.rank() - 1]; }
std::byte* bytes(const Array& x) { return dense(x).data; }

/// Rows copied to wider or narrower ones; what is wider holds zeros.
Array with_width(std::string_view operation, const Array& x, std::int64_t width) {
  if (last(x) == width) return x;
  const auto size = static_cast<std::int64_t>(size_of(x.dtype()));
  const std::int64_t rows = last(x) == 0 ? x.shape().with(x.rank() - 1, 1).numel() : x.numel() / last(x);
  const std::int64_t from = last(x) * size, to = width * size, common = std::min(from, to);
  Array y = cpu_empty(operation, x.shape().with(x.rank() - 1, width), x.dtype());
  for (std::int64_t r = 0; r < rows; ++r) {
    std::memcpy(bytes(y) + r * to, bytes(x) + r * from, static_cast<std::size_t>(common));
    std::memset(bytes(y) + r * to + common, 0, static_cast<std::size_t>(to - common));
  }
  return y;
}

struct Heads {
  AttentionHead head;
  std::int64_t count, size;

  template <class Op>
  Heads(const Op& op, const Array& q, const Array& v)
      : head{q.shape()[q.rank() - 2], v.shape()[v.rank() - 2], padded(last(q)), padded(last(v)), op.scale, op.causal},
        count(1),
        size(static_cast<std::int64_t>(size_of(compute_type(q.dtype())))) {
    for (int d = 0; d < q.rank() - 2; ++d) count *= q.shape()[d];
  }
  std::int64_t of_queries() const { return head.queries * head.width * size; }
  std::int64_t of_keys() const { return head.keys * head.width * size; }
  std::int64_t of_values() const { return head.keys * head.value_width * size; }
  std::int64_t of_results() const { return head.queries * head.value_width * size; }
  std::int64_t of_rows() const { return head.queries * size; }
};

}  // namespace

Arrays execute(const op::Attention& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  const Heads heads(op, inputs[0].array(), inputs[2].array());
  Array x[3];
  for (std::size_t i = 0; i < 3; ++i)
    x[i] = with_width(op.name(), as_contiguous(op.name(), inputs[i].array(), type),
                      i == 2 ? heads.head.value_width : heads.head.width);
  const Shape& shape = specs[0].shape;
  const Array y = cpu_empty(op.name(), shape.with(shape.rank() - 1, heads.head.value_width), type);
  const Array lse = cpu_empty(op.name(), specs[1].shape, type);
  const AttentionKernels& kernels = attention_kernels(type, isa());
  const std::int64_t blocks = (heads.head.queries + kernels.block - 1) / kernels.block;
  const int threads = threads_for(heads.count * blocks);
  const Scratch scratch(op.name(), threads, kernels.forward_scratch(heads.head), type);
  parallel_tasks(heads.count * blocks, threads, [&](std::int64_t task, int worker) {
    const std::int64_t h = task / blocks, first = task % blocks * kernels.block;
    kernels.forward(heads.head, bytes(x[0]) + h * heads.of_queries(), bytes(x[1]) + h * heads.of_keys(),
                    bytes(x[2]) + h * heads.of_values(), first, bytes(y) + h * heads.of_results(),
                    bytes(lse) + h * heads.of_rows(), scratch.of(worker));
  });
  return {as_dtype(op.name(), with_width(op.name(), y, shape[shape.rank() - 1]), specs[0].dtype),
          as_dtype(op.name(), lse, specs[1].dtype)};
}

Arrays execute(const op::AttentionGrad& op, const Specs& specs, Operands inputs) {
  const DType type = compute_type(specs[0].dtype);
  const Heads heads(op, inputs[0].array(), inputs[2].array());
  const std::int64_t widths[] = {heads.head.width, heads.head.width, heads.head.value_width};
  Array x[6];
  for (std::size_t i = 0; i < 6; ++i) {
    x[i] = as_contiguous(op.name(), inputs[i].array(), type);
    if (i < 3 || i == 5) x[i] = with_width(op.name(), x[i], widths[std::min<std::size_t>(i, 2)]);
  }
  Arrays grads;
  for (std::size_t i = 0; i < 3; ++i) {
    grads.push_back(cpu_empty(op.name(), x[i].shape(), type));
    std::memset(bytes(grads[i]), 0, static_cast<std::size_t>(grads[i].numel()) * size_of(type));
  }
  const AttentionKernels& kernels = attention_kernels(type, isa());
  const int threads = threads_for(heads.count);
  const Scratch scratch(op.name(), threads, kernels.backward_scratch(heads.head), type);
  parallel_tasks(heads.count, threads, [&](std::int64_t h, int worker) {
    const std::int64_t q = h * heads.of_queries(), k = h * heads.of_keys(), v = h * heads.of_values();
    const std::int64_t row = h * heads.of_rows();
    kernels.backward(heads.head, bytes(x[0]) + q, bytes(x[1]) + k, bytes(x[2]) + v, bytes(x[3]) + row,
                     bytes(x[4]) + row, bytes(x[5]) + h * heads.of_results(), bytes(grads[0]) + q, bytes(grads[1]) + k,
                     bytes(grads[2]) + v, scratch.of(worker));
  });
  for (std::size_t i = 0; i < 3; ++i)
    grads[i] = as_dtype(op.name(), with_width(op.name(), grads[i], last(inputs[i].array())), specs[i].dtype);
  return grads;
}

}  // namespace fornax::cpu
