#include <fornax/cpu/isa/attention.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/scratch.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

std::int64_t padded(std::int64_t width) { return (width + kWidthGrain - 1) / kWidthGrain * kWidthGrain; }
std::int64_t last(const Array& x) { return x.shape()[x.rank() - 1]; }
std::int64_t step_of(const Array& x, int d) { return dense(x).strides[static_cast<std::size_t>(d)]; }

/// Rows copied to wider or narrower ones; what is wider holds zeros.
Array with_width(std::string_view operation, const Array& x, std::int64_t width) {
  if (last(x) == width) return x;
  const auto size = static_cast<std::int64_t>(size_of(x.dtype()));
  const std::int64_t rows = last(x) == 0 ? x.shape().with(x.rank() - 1, 1).numel() : x.numel() / last(x);
  const std::int64_t from = last(x) * size, to = width * size, common = std::min(from, to);
  Array y = cpu_empty(operation, x.shape().with(x.rank() - 1, width), x.dtype());
  for (std::int64_t r = 0; r < rows; ++r) {
    std::memcpy(dense(y).data + r * to, dense(x).data + r * from, static_cast<std::size_t>(common));
    std::memset(dense(y).data + r * to + common, 0, static_cast<std::size_t>(to - common));
  }
  return y;
}

/// The matrices of an array's last two dims, one for each head.
struct Matrices {
  Array array;
  std::int64_t step = 0;  // between rows, in elements

  explicit Matrices(Array x) : array(std::move(x)), step(step_of(array, array.rank() - 2)) {}
  /// As kernels read them; x itself, wherever its rows lie, if those have the dtype and a width for whole vectors.
  static Matrices of(std::string_view operation, const Array& x, DType type) {
    const bool fit = last(x) % kWidthGrain == 0 && step_of(x, x.rank() - 1) == 1;
    if (!fit) return Matrices(with_width(operation, as_contiguous(operation, x, type), padded(last(x))));
    return Matrices(x.dtype() == type ? x : converted(operation, x, type));
  }
  /// Results as wide as kernels write them, whose rows lie in memory in the order of the rows of `like`.
  static Matrices beside(std::string_view operation, const Array& like, std::int64_t width, DType type) {
    const int rank = like.rank();
    const Shape shape = like.shape().with(rank - 1, width);
    int order[kMaxRank];
    for (int d = 0; d < rank; ++d) order[d] = d;
    std::stable_sort(order, order + rank - 1, [&](int a, int b) { return step_of(like, a) > step_of(like, b); });
    Strides strides{};
    std::int64_t step = 1;
    for (int i = rank - 1; i >= 0; --i) {
      strides[static_cast<std::size_t>(order[i])] = step;
      step *= std::max<std::int64_t>(1, shape[order[i]]);
    }
    return Matrices(cpu_empty(operation, shape, type, strides));
  }
  void clear() const {
    std::memset(dense(array).data, 0, static_cast<std::size_t>(array.numel()) * size_of(array.dtype()));
  }
  /// Where the matrix of head h lies, if a head of this array serves `group` of them.
  std::byte* at(std::int64_t h, std::int64_t group = 1) const {
    std::int64_t offset = 0;
    for (int d = array.rank() - 3; d >= 0; --d) {
      const std::int64_t size = array.shape()[d] * (d == array.rank() - 3 ? group : 1);
      offset += h % size / (d == array.rank() - 3 ? group : 1) * step_of(array, d);
      h /= size;
    }
    return dense(array).data + offset * static_cast<std::int64_t>(size_of(array.dtype()));
  }
  /// With the width and dtype that were promised.
  Array as(std::string_view operation, const Spec& spec) const {
    const std::int64_t width = spec.shape[spec.shape.rank() - 1];
    const Array y = last(array) == width ? array : with_width(operation, cpu_contiguous(array), width);
    return y.dtype() == spec.dtype ? y : converted(operation, y, spec.dtype);
  }
};

/// A mask as kernels read it. It keeps repeating where it does.
Matrices mask_of(std::string_view operation, const Array& x, DType type) {
  if (x.dtype() == DType::Bool || x.dtype() == type) return Matrices(x);
  Shape shape = x.shape();
  for (int d = 0; d < x.rank(); ++d)
    if (step_of(x, d) == 0) shape = shape.with(d, 1);
  const Array once = as_contiguous(operation, view(x, shape, dense(x).strides, 0), type);
  Strides strides = dense(once).strides;
  for (int d = 0; d < x.rank(); ++d)
    if (step_of(x, d) == 0) strides[static_cast<std::size_t>(d)] = 0;
  return Matrices(view(once, x.shape(), strides, 0));
}

/// The inputs that both directions have.
struct Inputs {
  DType type;
  Matrices q, k, v;
  std::optional<Matrices> mask;
  AttentionHead head;
  std::int64_t count = 1, group = 1;  // heads of q, and how many of them a head of k serves
  std::uint64_t offset;

  Inputs(const op::AttentionSettings& s, std::string_view name, Operands x)
      : type(compute_type(x[0]->dtype())),
        q(Matrices::of(name, x[0].array(), type)),
        k(Matrices::of(name, x[1].array(), type)),
        v(Matrices::of(name, x[2].array(), type)),
        head{},
        offset(s.draw.offset) {
    const Shape& shape = q.array.shape();
    const int rank = shape.rank();
    for (int d = 0; d < rank - 2; ++d) count *= shape[d];
    if (rank > 2 && count > 0) group = shape[rank - 3] / k.array.shape()[rank - 3];
    head = {.queries = shape[rank - 2],
            .keys = v.array.shape()[rank - 2],
            .width = last(q.array),
            .value_width = last(v.array),
            .q_step = q.step,
            .k_step = k.step,
            .v_step = v.step,
            .y_step = 0,
            .scale = s.scale,
            .softcap = s.softcap,
            .causal = s.causal,
            .bool_mask = false,
            .mask_row = 0,
            .mask_column = 0,
            .dropout = s.dropout,
            .seed = s.draw.seed};
    if (!s.masked) return;
    mask = mask_of(name, x[x.size() - 1].array(), type);
    head.bool_mask = mask->array.dtype() == DType::Bool;
    head.mask_row = mask->step, head.mask_column = step_of(mask->array, rank - 1);
  }
  const std::byte* mask_at(std::int64_t h) const { return mask ? mask->at(h) : nullptr; }
  std::uint64_t draws_at(std::int64_t h) const {
    return offset + static_cast<std::uint64_t>(h * head.queries * head.blocks());
  }
  /// Of a contiguous [..., L].
  std::byte* rows_at(const Array& x, std::int64_t h) const {
    return dense(x).data + h * head.queries * static_cast<std::int64_t>(size_of(type));
  }
};

}  // namespace

Arrays execute(const op::Attention& op, const Specs& specs, Operands inputs) {
  Inputs in(op, op.name(), inputs);
  const Matrices y = Matrices::beside(op.name(), in.q.array, in.head.value_width, in.type);
  const Array lse = cpu_empty(op.name(), specs[1].shape, in.type);
  in.head.y_step = y.step;
  const AttentionKernels& kernels = attention_kernels(in.type, isa());
  const bool few = in.head.queries <= kernels.few;
  const std::int64_t blocks = few ? 1 : (in.head.queries + kernels.block - 1) / kernels.block;
  const int threads = threads_for(in.count * blocks);
  const Scratch scratch(op.name(), threads, (few ? kernels.few_scratch : kernels.forward_scratch)(in.head), in.type);
  parallel_tasks(in.count * blocks, threads, [&](std::int64_t task, int worker) {
    const std::int64_t h = task / blocks;
    const AttentionForward at{.q = in.q.at(h),
                              .k = in.k.at(h, in.group),
                              .v = in.v.at(h, in.group),
                              .mask = in.mask_at(h),
                              .draws = in.draws_at(h),
                              .y = y.at(h),
                              .lse = in.rows_at(lse, h)};
    if (few)
      kernels.forward_few(in.head, at, scratch.of(worker));
    else
      kernels.forward(in.head, at, task % blocks * kernels.block, scratch.of(worker));
  });
  return {y.as(op.name(), specs[0]), as_dtype(op.name(), lse, specs[1].dtype)};
}

Arrays execute(const op::AttentionGrad& op, const Specs& specs, Operands inputs) {
  Inputs in(op, op.name(), inputs);
  const Array lse = as_contiguous(op.name(), inputs[3].array(), in.type);
  const Array delta = as_contiguous(op.name(), inputs[4].array(), in.type);
  const Matrices g = Matrices::of(op.name(), inputs[5].array(), in.type);
  in.head.y_step = g.step;
  const auto result = [&](const Matrices& like) {
    Matrices grad = Matrices::beside(op.name(), like.array, last(like.array), in.type);
    grad.clear();
    return grad;
  };
  const Matrices dq = result(in.q), dk = result(in.k), dv = result(in.v);
  std::optional<Matrices> dmask;
  if (op.of_mask) {
    dmask.emplace(cpu_empty(op.name(), specs[3].shape, in.type));
    dmask->clear();
  }
  const AttentionKernels& kernels = attention_kernels(in.type, isa());
  const std::int64_t tasks = in.count / in.group;  // those that add to the same dk and dv
  const int threads = threads_for(tasks);
  const Scratch scratch(op.name(), threads, kernels.backward_scratch(in.head), in.type);
  parallel_tasks(tasks, threads, [&](std::int64_t task, int worker) {
    for (std::int64_t h = task * in.group; h < (task + 1) * in.group; ++h) {
      const AttentionBackward at{.q = in.q.at(h),
                                 .k = in.k.at(h, in.group),
                                 .v = in.v.at(h, in.group),
                                 .mask = in.mask_at(h),
                                 .lse = in.rows_at(lse, h),
                                 .delta = in.rows_at(delta, h),
                                 .g = g.at(h),
                                 .draws = in.draws_at(h),
                                 .dq = dq.at(h),
                                 .dk = dk.at(h, in.group),
                                 .dv = dv.at(h, in.group),
                                 .dmask = dmask ? dmask->at(h) : nullptr,
                                 .dq_step = dq.step,
                                 .dk_step = dk.step,
                                 .dv_step = dv.step};
      kernels.backward(in.head, at, scratch.of(worker));
    }
  });
  Arrays grads{dq.as(op.name(), specs[0]), dk.as(op.name(), specs[1]), dv.as(op.name(), specs[2])};
  if (dmask) grads.push_back(as_dtype(op.name(), dmask->array, specs[3].dtype));
  return grads;
}

}  // namespace fornax::cpu
