#include <fornax/ops/norm.hpp>

#include <algorithm>
#include <cmath>
#include <string>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::op {

namespace {

void require_groups(std::string_view op, const Array& x, std::int64_t groups, double eps) {
  require_float(op, x);
  if (x.rank() < 2) throw ShapeError(op, "needs a batch and a channel dim, got " + x.shape().str());
  if (!(eps >= 0) || std::isinf(eps))
    throw ValueError(op, "eps is " + Scalar(eps).str() + "; must be at least 0 and finite");
  if (groups < 1) throw ValueError(op, "the number of groups is " + std::to_string(groups) + "; must be positive");
  if (x.shape()[1] % groups != 0)
    throw ShapeError(op,
                     std::to_string(groups) + " groups of the channels of " + x.shape().str() + "; must divide them");
}

void require_vector(std::string_view op, const Array& x, const Array& vector) {
  require_same_type(op, x, vector);
  if (!(vector.shape() == Shape{x.shape()[1]}))
    throw ShapeError(op,
                     "a vector of the channels has shape " + vector.shape().str() + ", the input " + x.shape().str());
}

// One value for each channel, beside x [N, C, ...].
Array beside(const Array& v, const Array& x) {
  Shape shape{v.numel()};
  for (int d = 2; d < x.rank(); ++d) shape = shape.inserted(d - 1, 1);
  return reshape(v, shape);
}

// What is summed up for a channel.
Array by_channel(const Array& x) {
  DimSet dims;
  for (int d = 0; d < x.rank(); ++d)
    if (d != 1) dims.add(d);
  return reshape(reduce(ReduceFn::Sum, x, dims), Shape{x.shape()[1]});
}

/// x as rows of what is normalised together.
struct Rows {
  Array normal, scale;  // [N, groups, elements] and [N, groups, 1]

  Rows(const Array& x, std::int64_t groups, double eps, bool centred) {
    const Array rows = split(x, groups), c = centred ? rows - reduce(ReduceFn::Mean, rows, 2) : rows;
    scale = rsqrt(reduce(ReduceFn::Mean, c * c, 2) + eps);
    normal = c * scale;
  }
  static Array split(const Array& x, std::int64_t groups) {
    return reshape(x, Shape{x.shape()[0], groups, x.shape().without(0).numel() / groups});
  }
};

Array moved(const Array& y, const Array& weight, const Array& bias) {
  const Array grown = weight.defined() ? y * beside(weight, y) : y;
  return bias.defined() ? grown + beside(bias, y) : grown;
}

}  // namespace

Spec GroupNorm::infer(Operands x) const {
  require_inputs(name(), x, 1u + vectors);
  require_groups(name(), x[0].array(), groups, eps);
  for (std::size_t i = 1; i < x.size(); ++i) require_vector(name(), x[0].array(), x[i].array());
  return {x[0]->shape(), x[0]->dtype(), x[0]->device()};
}

Arrays GroupNorm::vjp(const Arrays& x, const Array&, const Array& g, Wanted) const {
  const GroupNormGrad grad{groups, eps, centred, vectors > 0};
  Arrays grads = vectors > 0 ? run_all(grad, {x[0], x[1], g}) : run_all(grad, {x[0], g});
  grads.resize(1u + vectors);
  return grads;
}

Arrays GroupNorm::lower(const Arrays& x) const {
  const Array y = reshape(Rows(x[0], groups, eps, centred).normal, x[0].shape());
  return moved(y, vectors > 0 ? x[1] : Array(), vectors > 1 ? x[2] : Array());
}

Arrays GroupNorm::batch(const BatchedInputs& in) const {
  const Shape& shape = in.x[0].shape();
  const bool own_vectors = (vectors > 0 && in.batched[1]) || (vectors > 1 && in.batched[2]);
  if (!in.batched[0] || own_vectors) {
    // Vectors of each sample: beside the normalised values.
    GroupNorm plain = *this;
    plain.vectors = 0;
    BatchedInputs alone{{in.x[0]}, in.batched, in.size};
    Array y = in.batched[0] ? plain.batch(alone)[0] : run(plain, {in.x[0]});
    for (std::size_t i = 1; i <= vectors; ++i) {
      Shape at = in.x[i].shape();
      if (in.batched[i]) at = at.inserted(1, 1);
      for (int d = 2; d < in.rank(0); ++d) at = at.inserted(at.rank(), 1);
      const Array v = reshape(in.x[i], at);
      y = i == 1 ? y * v : y + v;
    }
    return y;
  }
  const Shape joined = shape.without(0).with(0, shape[0] * shape[1]);
  Arrays x = in.x;
  x[0] = reshape(in.x[0], joined);
  return reshape(run(*this, lent(x)), shape);
}

SamplesOf<GroupNorm> GroupNorm::samples() {
  const auto x = [](const Shape& shape) { return SampleInput{shape, DType::F64, -2, 2, 0.02}; };
  const SampleInput v{Shape{4}, DType::F64, 0.5, 2};
  return {{{1, 0.1, true, 0}, {x({3, 4})}},
          {{1, 0.1, true, 2}, {x({3, 4}), v, v}},
          {{1, 0.1, false, 1}, {x({3, 4}), v}},
          {{2, 0.1, true, 2}, {x({2, 4, 3}), v, v}},
          {{4, 0.1, true, 1}, {x({2, 4, 3}), v}},
          {{1, 0.1, true, 0}, {x({2, 3, 2})}},
          {{2, 0.1, false, 2}, {x({2, 4, 2, 2}), v, v}}};
}

Specs GroupNormGrad::infer(Operands x) const {
  require_inputs(name(), x, affine ? 3 : 2);
  const Array &at = x[0].array(), &g = x[affine ? 2 : 1].array();
  require_groups(name(), at, groups, eps);
  if (affine) require_vector(name(), at, x[1].array());
  require_same_type(name(), at, g);
  require_same_shape(name(), at, g);
  Specs specs{Spec{at.shape(), at.dtype(), at.device()}};
  for (int i = 0; affine && i < 2; ++i) specs.push_back(Spec{Shape{at.shape()[1]}, at.dtype(), at.device()});
  return specs;
}

Arrays GroupNormGrad::lower(const Arrays& x) const {
  const Rows rows(x[0], groups, eps, centred);
  const Array &n = rows.normal, &g = x[affine ? 2 : 1];
  const Array u = Rows::split(affine ? g * beside(x[1], g) : g, groups);
  const Array turned = u - n * reduce(ReduceFn::Mean, u * n, 2);
  Arrays grads{reshape(rows.scale * (centred ? turned - reduce(ReduceFn::Mean, u, 2) : turned), x[0].shape())};
  if (affine) {
    grads.push_back(by_channel(g * reshape(n, g.shape())));
    grads.push_back(by_channel(g));
  }
  return grads;
}

SamplesOf<GroupNormGrad> GroupNormGrad::samples() {
  const auto x = [](const Shape& shape) { return SampleInput{shape, DType::F64, -2, 2, 0.02}; };
  const SampleInput v{Shape{4}, DType::F64, 0.5, 2};
  return {{{1, 0.2, true, false}, {x({3, 4}), {Shape{3, 4}}}},
          {{1, 0.2, true, true}, {x({3, 4}), v, {Shape{3, 4}}}},
          {{1, 0.2, false, true}, {x({3, 4}), v, {Shape{3, 4}}}},
          {{2, 0.2, true, true}, {x({2, 4, 3}), v, {Shape{2, 4, 3}}}},
          {{1, 0.2, false, false}, {x({2, 3, 2}), {Shape{2, 3, 2}}}}};
}

namespace {

double per_channel(const Array& x) { return static_cast<double>(x.numel() / std::max<std::int64_t>(x.shape()[1], 1)); }

}  // namespace

Specs BatchNorm::infer(Operands x) const {
  require_inputs(name(), x, 3);
  const Array& at = x[0].array();
  require_groups(name(), at, 1, eps);
  for (std::size_t i = 1; i < 3; ++i) require_vector(name(), at, x[i].array());
  const Spec vector{Shape{at.shape()[1]}, at.dtype(), at.device()};
  return {Spec{at.shape(), at.dtype(), at.device()}, vector, vector};
}

Arrays BatchNorm::vjp(const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted) const {
  const Array& mean = y[1];
  Arrays grads = run_all(BatchNormGrad{eps}, {x[0], x[1], mean, y[2], g[0].defined() ? g[0] : zeros_like(y[0])});
  const double share = 1 / per_channel(x[0]);
  if (g[1].defined()) grads[0] = grads[0] + beside(g[1] * share, x[0]);
  if (g[2].defined()) grads[0] = grads[0] + (x[0] - beside(mean, x[0])) * beside(g[2] * (2 * share), x[0]);
  return grads;
}

Arrays BatchNorm::lower(const Arrays& x) const {
  const double share = 1 / per_channel(x[0]);
  const Array mean = by_channel(x[0]) * share, centred = x[0] - beside(mean, x[0]);
  const Array variance = by_channel(centred * centred) * share;
  return {moved(centred * beside(rsqrt(variance + eps), x[0]), x[1], x[2]), mean, variance};
}

SamplesOf<BatchNorm> BatchNorm::samples() {
  const auto x = [](const Shape& shape) { return SampleInput{shape, DType::F64, -2, 2, 0.02}; };
  const SampleInput v{Shape{2}, DType::F64, 0.5, 2};
  return {{{0.1}, {x({4, 2}), v, v}}, {{0.1}, {x({3, 2, 3}), v, v}}, {{0.1}, {x({1, 2, 3, 2}), v, v}}};
}

Specs BatchNormGrad::infer(Operands x) const {
  require_inputs(name(), x, 5);
  const Array &at = x[0].array(), &g = x[4].array();
  require_groups(name(), at, 1, eps);
  for (std::size_t i = 1; i < 4; ++i) require_vector(name(), at, x[i].array());
  require_same_type(name(), at, g);
  require_same_shape(name(), at, g);
  const Spec vector{Shape{at.shape()[1]}, at.dtype(), at.device()};
  return {Spec{at.shape(), at.dtype(), at.device()}, vector, vector};
}

Arrays BatchNormGrad::lower(const Arrays& x) const {
  const Array &at = x[0], &g = x[4], scale = rsqrt(x[3] + eps);
  const Array n = (at - beside(x[2], at)) * beside(scale, at), dweight = by_channel(g * n), dbias = by_channel(g);
  const double share = 1 / per_channel(at);
  const Array turned = g - beside(dbias * share, at) - n * beside(dweight * share, at);
  return {turned * beside(x[1] * scale, at), dweight, dbias};
}

SamplesOf<BatchNormGrad> BatchNormGrad::samples() {
  const SampleInput v{Shape{2}, DType::F64, 0.5, 2};
  SamplesOf<BatchNormGrad> all;
  for (const Shape& shape : {Shape{4, 2}, Shape{3, 2, 3}}) all.push_back({{0.1}, {{shape}, v, v, v, {shape}}});
  return all;
}

}  // namespace fornax::op
