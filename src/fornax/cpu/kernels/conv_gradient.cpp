// The gradients of a convolution with bias and relu: the cotangent is masked and summed up in one pass.

#include <algorithm>
#include <vector>

#include <fornax/cpu/isa/columns.hpp>
#include <fornax/cpu/kernels/channels_last.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/conv_library.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

using Size = std::int64_t;

struct Masked {
  Array g, sums;  // the cotangent where y > 0, its sums for each channel
};

/// The same by the operations that it consists of, for arrays of any order and dtype. y may be left out.
Masked masked_apart(const Array& g, const Array& y, const Spec& sums) {
  DimSet dims;
  for (int d = 0; d < g.rank(); ++d)
    if (d != 1) dims.add(d);
  Array u = g;
  if (y.defined()) {
    const Operand operands[] = {g, y};
    u = execute(op::Binary{BinaryFn::Gate}, {g.shape(), g.dtype(), g.device()}, operands);
  }
  const Operand operand[] = {u};
  const op::Reduce sum{ReduceFn::Sum, dims};
  const Array total = execute(sum, sum.infer(operand), operand);
  return {u, view(total, sums.shape, contiguous_strides(sums.shape), 0)};
}

/// For relu and pictures in f32 or f64 with adjacent channels. Sums of images are joined in their order.
Masked masked(std::string_view name, const Array& g, const Array& y, const Spec& sums) {
  const DType type = g.dtype();
  const Size images = g.shape()[0], channels = g.shape()[1], pixels = g.numel() / (images * channels);
  const std::size_t image_bytes = static_cast<std::size_t>(channels * pixels) * size_of(type);
  const Array to = cpu_empty(name, g.shape(), type, channels_last_strides(g.shape()));
  const auto gate = column_kernels(type, isa()).gate;
  std::vector<double> parts(static_cast<std::size_t>(images * channels));
  parallel_for(images, std::max<Size>(1, kLeastElements / 4 / (channels * pixels)), [&](Size begin, Size end) {
    for (Size i = begin; i < end; ++i) {
      const std::size_t at = static_cast<std::size_t>(i) * image_bytes;
      gate(pixels, channels, dense(g).data + at, dense(y).data + at, dense(to).data + at, parts.data() + i * channels);
    }
  });
  Array totals = cpu_empty(name, sums.shape, DType::F64);
  auto* const total = reinterpret_cast<double*>(dense(totals).data);
  std::copy_n(parts.data(), channels, total);
  for (Size i = 1; i < images; ++i)
    for (Size c = 0; c < channels; ++c) total[c] += parts[static_cast<std::size_t>(i * channels + c)];
  return {to, as_dtype(name, std::move(totals), type)};
}

}  // namespace

Arrays execute(const op::BiasedConvGrad& op, const Specs& specs, Operands inputs) {
  const Array &x = inputs[0].array(), &w = inputs[inputs.size() - 1].array();
  const Array& g = inputs[1].array();
  const Array y = op.relu ? inputs[2].array() : Array();
  const ConvSettings &weight = *op.settings, input = op.of_input(x.shape());
  const bool side_by_side = op.relu && is_channels_last(g) && !is_contiguous(g) && is_channels_last(y);
  Masked made;
  if (side_by_side && g.numel() > 0 && (g.dtype() == DType::F32 || g.dtype() == DType::F64)) {
    made = masked(op.name(), g, y, specs[1]);
  } else {
    made = masked_apart(g, y, specs[1]);
  }
  const Operand of_weight[] = {x, made.g};
  Arrays grads{convolve(op.name(), weight, specs[0], of_weight), std::move(made.sums)};
  if (op.input) {
    const Operand of_input[] = {made.g, w};
    grads.push_back(convolve(op.name(), input, specs[2], of_input));
  }
  return grads;
}

}  // namespace fornax::cpu
