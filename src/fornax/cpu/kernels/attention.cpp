#include <fornax/cpu/isa/attention.hpp>
#include <fornax/cpu/isa/half.hpp>

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
  /// As kernels read them; x itself, wherever its rows lie, if those have a width for whole vectors.
  static Matrices of(std::string_view operation, const Array& x) {
    const bool fit = last(x) % kWidthGrain == 0 && step_of(x, x.rank() - 1) == 1;
    return Matrices(fit ? x : with_width(operation, cpu_contiguous(x), padded(last(x))));
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
  /// With the width that was promised.
  Array as(std::string_view operation, const Spec& spec) const {
    const std::int64_t width = spec.shape[spec.shape.rank() - 1];
    return last(array) == width ? array : with_width(operation, cpu_contiguous(array), width);
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
        q(Matrices::of(name, x[0].array())),
        k(Matrices::of(name, x[1].array())),
        v(Matrices::of(name, x[2].array())),
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
            .seed = s.draw.seed,
            .widen = half_kernel(x[0]->dtype(), type, isa()),
            .narrow = half_kernel(type, x[0]->dtype(), isa())};
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
  const Matrices y = Matrices::beside(op.name(), in.q.array, in.head.value_width, specs[0].dtype);
  const Array lse = cpu_empty(op.name(), specs[1].shape, specs[1].dtype);
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
  return {y.as(op.name(), specs[0]), lse};
}

namespace {

/// A gradient's rows while terms are added to them: where they stay, or beside each other in `room` if they stay in 16 bits.
class Sums {
 public:
  std::byte* data;
  std::int64_t step;

  Sums(const Inputs& in, const Matrices& to, std::byte* at, std::int64_t rows, std::byte* room)
      : data(in.head.narrow ? room : at),
        step(in.head.narrow ? last(to.array) : to.step),
        to_(to),
        at_(at),
        rows_(rows) {
    const std::size_t bytes = static_cast<std::size_t>(last(to.array)) * size_of(in.type);
    for (std::int64_t i = 0; i < rows; ++i)
      std::memset(data + i * step * static_cast<std::int64_t>(size_of(in.type)), 0, bytes);
  }
  /// All terms are there.
  void store(const Inputs& in) const {
    for (std::int64_t i = 0; in.head.narrow && i < rows_; ++i) {
      const std::byte* const row = data + i * step * static_cast<std::int64_t>(size_of(in.type));
      in.head.narrow(at_ + i * to_.step * 2, &row, step, nullptr);
    }
  }

 private:
  const Matrices& to_;
  std::byte* at_;
  std::int64_t rows_;
};

/// How many tasks share the keys of a head: several where there are few heads, by the shape alone.
std::int64_t parts_of(const AttentionHead& head, std::int64_t heads) {
  constexpr std::int64_t tasks = 8, least_keys = 256, least_scores = 1 << 16;
  const std::int64_t most = std::min(head.keys / least_keys, head.queries * head.keys / least_scores);
  return std::clamp<std::int64_t>(most, 1, std::max<std::int64_t>(1, tasks / std::max<std::int64_t>(1, heads)));
}

}  // namespace

Arrays execute(const op::AttentionGrad& op, const Specs& specs, Operands inputs) {
  Inputs in(op, op.name(), inputs);
  const Array lse = cpu_contiguous(inputs[3].array()), delta = cpu_contiguous(inputs[4].array());
  const Matrices g = Matrices::of(op.name(), inputs[5].array());
  AttentionHead& head = in.head;
  head.y_step = g.step;
  const auto result = [&](const Matrices& like) {
    return Matrices::beside(op.name(), like.array, last(like.array), specs[0].dtype);
  };
  const Matrices dq = result(in.q), dk = result(in.k), dv = result(in.v);
  if (in.count == 0) dk.clear(), dv.clear();  // no task does
  std::optional<Matrices> dmask;
  if (op.of_mask) {
    dmask.emplace(cpu_empty(op.name(), specs[3].shape, in.type));
    dmask->clear();
  }
  const AttentionKernels& kernels = attention_kernels(in.type, isa());
  const std::int64_t groups = in.count / in.group;  // those that add to the same dk and dv
  const std::int64_t parts = parts_of(head, groups), each = padded((head.keys + parts - 1) / parts);
  const auto size = static_cast<std::int64_t>(size_of(in.type));
  // What each part of the keys adds to dq; added up in the order of the parts.
  std::optional<Matrices> shares;
  if (parts > 1) shares.emplace(cpu_empty(op.name(), Shape{in.count, parts, head.queries, head.width}, in.type));
  const std::int64_t of_kernel = kernels.backward_scratch(head), of_dk = head.narrow ? each * head.width : 0;
  const std::int64_t of_dv = head.narrow ? each * head.value_width : 0,
                     of_dq = head.narrow ? head.queries * head.width : 0;
  const int threads = threads_for(groups * parts);
  const Scratch scratch(op.name(), threads, of_kernel + of_dk + of_dv + of_dq, in.type);
  parallel_tasks(groups * parts, threads, [&](std::int64_t task, int worker) {
    const std::int64_t first_head = task / parts * in.group, part = task % parts;
    const std::int64_t first = part * each, keys = std::min(each, head.keys - first);
    std::byte* const room = scratch.of(worker) + of_kernel * size;
    const auto rows_at = [&](const Matrices& m) {
      return m.at(first_head, in.group) + first * m.step * static_cast<std::int64_t>(size_of(m.array.dtype()));
    };
    const Sums sum_k(in, dk, rows_at(dk), keys, room), sum_v(in, dv, rows_at(dv), keys, room + of_dk * size);
    for (std::int64_t h = first_head; h < first_head + in.group; ++h) {
      std::optional<Sums> sum_q;
      std::byte* const share = shares ? shares->at(h * parts + part) : nullptr;
      if (share)
        std::memset(share, 0, static_cast<std::size_t>(head.queries * head.width * size));
      else
        sum_q.emplace(in, dq, dq.at(h), head.queries, room + (of_dk + of_dv) * size);
      const AttentionBackward at{.q = in.q.at(h),
                                 .k = in.k.at(h, in.group),
                                 .v = in.v.at(h, in.group),
                                 .mask = in.mask_at(h),
                                 .lse = in.rows_at(lse, h),
                                 .delta = in.rows_at(delta, h),
                                 .g = g.at(h),
                                 .draws = in.draws_at(h),
                                 .dq = share ? share : sum_q->data,
                                 .dk = sum_k.data,
                                 .dv = sum_v.data,
                                 .dmask = dmask ? dmask->at(h) : nullptr,
                                 .dq_step = share ? head.width : sum_q->step,
                                 .dk_step = sum_k.step,
                                 .dv_step = sum_v.step,
                                 .first_key = first,
                                 .keys = keys};
      if (keys > 0) kernels.backward(head, at, scratch.of(worker));
      if (sum_q) sum_q->store(in);
    }
    sum_k.store(in), sum_v.store(in);
  });
  const Kernel add = kernel_of(BinaryFn::Add, in.type);
  const std::int64_t rows = shares ? in.count * head.queries : 0, row_bytes = head.width * size;
  parallel_for(rows, std::max<std::int64_t>(1, kLeastElements / std::max<std::int64_t>(1, head.width * parts)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t r = begin; r < end; ++r) {
                   const std::int64_t h = r / head.queries, i = r % head.queries;
                   std::byte* const sum = shares->at(h * parts) + i * row_bytes;
                   for (std::int64_t part = 1; part < parts; ++part) {
                     const std::byte* const terms[] = {sum, shares->at(h * parts + part) + i * row_bytes};
                     add(sum, terms, head.width, nullptr);
                   }
                   convert(sum, in.type, dq.at(h) + i * dq.step * static_cast<std::int64_t>(size_of(dq.array.dtype())),
                           dq.array.dtype(), head.width);
                 }
               });
  Arrays grads{dq.as(op.name(), specs[0]), dk.as(op.name(), specs[1]), dv.as(op.name(), specs[2])};
  if (dmask) grads.push_back(as_dtype(op.name(), dmask->array, specs[3].dtype));
  return grads;
}

}  // namespace fornax::cpu
