#include <fornax/ops/conv_shape.hpp>

#include <algorithm>
#include <string>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

constexpr std::string_view kNames[][kMaxSpatialDims] = {
    {"conv1d", "conv2d", "conv3d"},
    {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"},
    {"conv1d_weight", "conv2d_weight", "conv3d_weight"},
};
// What the two inputs of each kind are called in messages.
constexpr const char* kRoles[][2] = {{"x", "weight"}, {"x", "weight"}, {"x", "the cotangent"}};

std::string both(const ConvSettings& s, const Shape& a, const Shape& b) {
  const auto* roles = kRoles[static_cast<int>(s.kind)];
  return std::string(roles[0]) + " has shape " + a.str() + ", " + roles[1] + " " + b.str();
}

void require_groups(std::string_view op, const ConvSettings& s, std::int64_t channels, const char* which) {
  if (s.groups < 1) throw ValueError(op, std::to_string(s.groups) + " groups; there must be one at least");
  if (channels % s.groups != 0)
    throw ShapeError(op, std::to_string(channels) + " " + which + " channels do not divide into " +
                             std::to_string(s.groups) + " groups");
}

std::int64_t grouped_channels(std::string_view op, const ConvSettings& s, std::int64_t per_group) {
  std::int64_t channels = 0;
  if (__builtin_mul_overflow(per_group, s.groups, &channels))
    throw ShapeError(op, std::to_string(s.groups) + " groups of " + std::to_string(per_group) + " channels");
  return channels;
}

std::int64_t count(std::string_view op, const ConvSettings& s, int d, std::int64_t in, std::int64_t kernel) {
  const auto i = static_cast<std::size_t>(d);
  return window_count(op, d, in, {kernel, s.stride[i], s.before[i], s.after[i], s.dilation[i]});
}

// The result's first two sizes; the spatial ones follow.
Shape channels_of_result(std::string_view op, const ConvSettings& s, const Shape& a, const Shape& b) {
  switch (s.kind) {
    case ConvKind::Forward:
      require_groups(op, s, b[0], "output");
      if (a[1] != grouped_channels(op, s, b[1]))
        throw ShapeError(op, both(s, a, b) + "; with " + std::to_string(s.groups) + " group(s) that needs " +
                                 std::to_string(grouped_channels(op, s, b[1])) + " input channels");
      return {a[0], b[0]};
    case ConvKind::Input:
      require_groups(op, s, b[0], "input");
      if (a[1] != b[0])
        throw ShapeError(op, both(s, a, b) + "; the channels of x must be the first size of the weight");
      return {a[0], grouped_channels(op, s, b[1])};
    default:
      require_groups(op, s, a[1], "input");
      require_groups(op, s, b[1], "output");
      if (a[0] != b[0]) throw ShapeError(op, both(s, a, b) + "; batches differ");
      return {b[1], a[1] / s.groups};
  }
}

}  // namespace

Spec conv_spec(std::string_view op, const ConvSettings& s, Operands x) {
  require_spatial_dims(op, s.dims);
  require_inputs(op, x, 2);
  const Array &a = x[0].array(), &b = x[1].array();
  require_float(op, a);
  require_same_type(op, a, b);
  if (a.rank() != s.dims + 2 || b.rank() != s.dims + 2)
    throw ShapeError(op, both(s, a.shape(), b.shape()) + "; both need rank " + std::to_string(s.dims + 2));
  Shape shape = channels_of_result(op, s, a.shape(), b.shape());
  for (int d = 0; d < s.dims; ++d) {
    const std::int64_t first = a.shape()[d + 2], second = b.shape()[d + 2], size = s.size[static_cast<std::size_t>(d)];
    if (s.kind == ConvKind::Forward) {
      shape = shape.inserted(d + 2, count(op, s, d, first, second));
      continue;
    }
    if (size < 0) throw ValueError(op, "size " + std::to_string(size) + " of spatial dim " + std::to_string(d));
    const std::int64_t outputs = s.kind == ConvKind::Input ? first : second;
    const std::int64_t windows =
        s.kind == ConvKind::Input ? count(op, s, d, size, second) : count(op, s, d, first, size);
    if (windows != outputs)
      throw ShapeError(op, both(s, a.shape(), b.shape()) + "; a result of size " + std::to_string(size) +
                               " in spatial dim " + std::to_string(d) + " belongs to " + std::to_string(windows) +
                               " windows, not " + std::to_string(outputs));
    shape = shape.inserted(d + 2, size);
  }
  return {shape, a.dtype(), a.device()};
}

namespace op {

std::string_view Conv::name() const {
  return kNames[static_cast<int>(settings->kind)][std::clamp(settings->dims, 1, kMaxSpatialDims) - 1];
}

Spec Conv::infer(Operands x) const { return conv_spec(name(), *settings, x); }

Keep Conv::keep(Wanted wanted) const {
  return {.inputs = static_cast<std::uint8_t>((wanted[0] ? 2 : 0) | (wanted[1] ? 1 : 0)), .shells = 3};
}

Arrays Conv::vjp(const Arrays& x, const Array&, const Array& g, Wanted wanted) const {
  const auto sibling = [&](ConvKind kind, const Array& a, const Array& b, const Array* like = nullptr) {
    ConvSettings s = *settings;
    s.kind = kind;
    for (int d = 0; like && d < s.dims; ++d) s.size[static_cast<std::size_t>(d)] = like->shape()[d + 2];
    return run(Conv(s), {a, b});
  };
  Arrays grads;
  grads.resize(2);
  switch (settings->kind) {
    case ConvKind::Forward:
      if (wanted[0]) grads[0] = sibling(ConvKind::Input, g, x[1], &x[0]);
      if (wanted[1]) grads[1] = sibling(ConvKind::Weight, x[0], g, &x[1]);
      break;
    case ConvKind::Input:
      if (wanted[0]) grads[0] = sibling(ConvKind::Forward, g, x[1]);
      if (wanted[1]) grads[1] = sibling(ConvKind::Weight, g, x[0], &x[1]);
      break;
    case ConvKind::Weight:
      if (wanted[0]) grads[0] = sibling(ConvKind::Input, x[1], g, &x[0]);
      if (wanted[1]) grads[1] = sibling(ConvKind::Forward, x[0], g);
      break;
  }
  return grads;
}

SamplesOf<Conv> Conv::samples() {
  struct Sample {
    ConvSettings settings;
    Shape x, weight, y;
  };
  const std::vector<Sample> forward = {
      {{.dims = 1}, {2, 2, 5}, {3, 2, 2}, {2, 3, 4}},
      {{.dims = 1, .stride = {2}, .dilation = {2}, .before = {2}, .after = {1}}, {1, 2, 6}, {2, 2, 3}, {1, 2, 3}},
      {{.dims = 1, .groups = 2, .stride = {3}, .before = {1}, .after = {1}}, {2, 4, 5}, {2, 2, 2}, {2, 2, 2}},
      {{.dims = 2}, {1, 2, 3, 4}, {2, 2, 1, 1}, {1, 2, 3, 4}},
      {{.dims = 2, .stride = {2, 1}, .before = {1, 0}, .after = {1, 2}}, {2, 1, 4, 3}, {2, 1, 3, 2}, {2, 2, 2, 4}},
      {{.dims = 2, .groups = 3, .dilation = {1, 2}, .before = {1, 1}, .after = {1, 1}},
       {1, 3, 3, 4},
       {3, 1, 2, 2},
       {1, 3, 4, 4}},
      {{.dims = 3, .stride = {1, 2, 1}, .before = {0, 1, 0}, .after = {0, 1, 1}},
       {1, 2, 2, 3, 2},
       {1, 2, 2, 2, 1},
       {1, 1, 1, 2, 3}},
  };
  SamplesOf<Conv> all;
  for (const Sample& sample : forward) {
    for (const ConvKind kind : {ConvKind::Forward, ConvKind::Input, ConvKind::Weight}) {
      ConvSettings s = sample.settings;
      s.kind = kind;
      const Shape& like = kind == ConvKind::Weight ? sample.weight : sample.x;
      for (int d = 0; kind != ConvKind::Forward && d < s.dims; ++d) s.size[static_cast<std::size_t>(d)] = like[d + 2];
      all.push_back(
          {Conv(s),
           {{kind == ConvKind::Input ? sample.y : sample.x}, {kind == ConvKind::Weight ? sample.y : sample.weight}}});
    }
  }
  return all;
}

Array Conv::batch(const BatchedInputs& in) const {
  const std::int64_t n = in.size;
  // [n, A, B, ...] as [n A, B, ...], or as [A, n B, ...]; and back.
  const auto outer = [&](const Array& x) { return reshape(x, x.shape().without(0).with(0, n * x.shape()[1])); };
  const auto inner = [&](const Array& x) {
    return reshape(swap_dims(x, 0, 1), x.shape().without(0).with(0, x.shape()[1]).with(1, n * x.shape()[2]));
  };
  const auto apart = [&](const Array& y, int dim) {
    return reshape(y, y.shape().with(dim, n).inserted(dim + 1, n == 0 ? 0 : y.shape()[dim] / n));
  };
  if (settings->kind != ConvKind::Weight && !in.batched[1]) return apart(run(*this, {outer(in.x[0]), in.x[1]}), 0);
  // Each sample's channels are groups of their own.
  ConvSettings s = *settings;
  s.groups *= n;
  const Array first = inner(in.all(0));
  if (s.kind == ConvKind::Weight) return apart(run(Conv(s), {first, inner(in.all(1))}), 0);
  return swap_dims(apart(run(Conv(s), {first, outer(in.all(1))}), 1), 0, 1);
}

}  // namespace op
}  // namespace fornax
