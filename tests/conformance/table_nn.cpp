// Layers: normalisation, softmax, embedding, attention.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/tensor/build.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

constexpr double kMinusInf = -std::numeric_limits<double>::infinity();

// A softmax runs along a dim; the only element of a scalar is one.
template <bool log> Array softmax_along(const Array& x, std::int64_t dim) {
  const Array line = x.rank() == 0 ? reshape(x, Shape{1}) : x;
  return reshape(log ? log_softmax(line, dim) : softmax(line, dim), x.shape());
}

Arrays quiet_softmax(const Call& c) {
  const DimSet dims = dim_set("quiet_softmax", {c.attrs.integer("dim")}, c[0]);
  const Array largest = autodiff::detach(reduce(ReduceFn::Max, c[0], dims));
  const Array e = exp(c[0] - largest);
  return e / (exp(-largest) + reduce(ReduceFn::Sum, e, dims));
}

Array normalised(const Array& x, DimSet dims, double eps) {
  return (x - reduce(ReduceFn::Mean, x, dims)) / sqrt(variance(x, dims, 0) + eps);
}

// A vector of one value for each channel, beside x [N, C, ...].
Array per_channel(const Array& v, const Array& x) {
  Shape shape{v.numel()};
  for (int d = 2; d < x.rank(); ++d) shape = shape.inserted(d - 1, 1);
  return reshape(v, shape);
}

Array scaled_per_channel(const Call& c, const Array& y) {
  const Array scaled = c.has(1) ? y * per_channel(c[1], y) : y;
  return c.has(2) ? scaled + per_channel(c[2], y) : scaled;
}

void require_channels(const char* operation, const Array& x) {
  if (x.rank() < 2) throw ShapeError(operation, "needs a batch and a channel dim, got " + x.shape().str());
}

DimSet all_but(const Array& x, std::initializer_list<int> kept) {
  DimSet dims;
  for (int d = 0; d < x.rank(); ++d)
    if (std::find(kept.begin(), kept.end(), d) == kept.end()) dims.add(d);
  return dims;
}

Arrays batch_norm(const Call& c) {
  const Array& x = c[0];
  require_channels("batch_norm", x);
  const DimSet dims = all_but(x, {1});
  const double eps = c.attrs.real("eps"), momentum = c.attrs.real("momentum");
  const auto scaled = [&](const Array& mean, const Array& var) {
    return scaled_per_channel(c, (x - mean) / sqrt(var + eps));
  };
  if (!c.attrs.flag("training")) return {scaled(per_channel(c[3], x), per_channel(c[4], x)), c[3], c[4]};
  const Array mean = reduce(ReduceFn::Mean, x, dims), var = variance(x, dims, 0);
  const auto moved = [&](const Array& old, const Array& batch) {
    return autodiff::detach((1.0 - momentum) * old + momentum * reshape(batch, old.shape()));
  };
  return {scaled(mean, var), moved(c[3], mean), moved(c[4], variance(x, dims, 1))};
}

Arrays layer_norm(const Call& c) {
  const Array& x = c[0];
  const std::vector<std::int64_t> sizes = c.attrs.integers("normalized_shape");
  const int first = x.rank() - static_cast<int>(sizes.size());
  DimSet dims;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const int d = first + static_cast<int>(i);
    if (first < 0 || x.shape()[d] != sizes[i])
      throw ShapeError("layer_norm", x.shape().str() + " does not end with the sizes to normalise over");
    dims.add(d);
  }
  const Array y = normalised(x, dims, c.attrs.real("eps"));
  const Array scaled = c.has(1) ? y * c[1] : y;
  return c.has(2) ? scaled + c[2] : scaled;
}

Arrays group_norm(const Call& c) {
  const Array& x = c[0];
  require_channels("group_norm", x);
  const std::int64_t n = x.shape()[0], groups = c.attrs.integer("groups");
  if (groups <= 0 || x.shape()[1] % groups != 0)
    throw ShapeError("group_norm", std::to_string(groups) + " groups of the channels of " + x.shape().str());
  const Array rows = reshape(x, Shape{n, groups, n == 0 ? 0 : x.numel() / (n * groups)});
  return scaled_per_channel(c, reshape(normalised(rows, DimSet::of(2), c.attrs.real("eps")), x.shape()));
}

Arrays instance_norm(const Call& c) {
  require_channels("instance_norm", c[0]);
  return scaled_per_channel(c, normalised(c[0], all_but(c[0], {0, 1}), c.attrs.real("eps")));
}

Arrays rms_norm(const Call& c) {
  const Array& x = c[0];
  return x / sqrt(reduce(ReduceFn::Mean, unary(UnaryFn::Square, x), -1) + c.attrs.real("eps")) * c[1];
}

// The mean of squares over a window of channels, zeros beyond the ends: one shifted copy for each place in the window.
Arrays local_response_norm(const Call& c) {
  const Array& x = c[0];
  require_channels("local_response_norm", x);
  const std::int64_t size = c.attrs.integer("size"), channels = x.shape()[1];
  const Array square = unary(UnaryFn::Square, x);
  const Array beyond = zeros_like(x, x.shape().with(1, size));
  const Array padded = cat({beyond, square, beyond}, 1);
  Array sum = zeros_like(x);
  for (std::int64_t i = 0; i < size; ++i) sum = sum + narrow(padded, 1, size - size / 2 + i, channels);
  const double alpha = c.attrs.real("alpha") / static_cast<double>(size);
  return x / pow(sum * alpha + c.attrs.real("k"), c.attrs.real("beta"));
}

Arrays lp_normalize(const Call& c) {
  const Scalar eps = c.attrs.real("eps");
  const DimSet dims = dim_set("normalize", {c.attrs.integer("dim")}, c[0]);
  return c[0] / clamp(norm(c[0], c.attrs.real("p"), dims), &eps, nullptr);
}

Arrays embedding(const Call& c) {
  const Array &weight = c[0], &index = c[1];
  if (weight.rank() != 2) throw ShapeError("embedding", "weight has shape " + weight.shape().str() + "; needs rank 2");
  Array rows = weight;
  if (c.attrs.has("padding_idx")) {
    // The padding row is read like any other, but learns nothing.
    const auto n = static_cast<int>(weight.shape()[0]);
    const std::int64_t padding = checked_dim("embedding", c.attrs.integer("padding_idx"), n);
    const Array number = unsqueeze(counting(c, n, DType::I64), 1);
    rows = where(equal(number, padding), autodiff::detach(weight), weight);
  }
  return reshape(select(rows, 0, flat(index)), index.shape().inserted(index.rank(), weight.shape()[1]));
}

Array attention(const Call& c, const Array& q, const Array& k, const Array& v, const Array* mask) {
  const auto width = static_cast<double>(q.shape()[checked_dim("attention", -1, q.rank())]);
  Array scores = matmul(q, k, false, true) * c.attrs.real("scale", 1 / std::sqrt(width));
  if (const double cap = c.attrs.real("softcap", 0); cap != 0) scores = cap * tanh(scores / cap);
  if (c.attrs.flag("causal", false)) {
    const Array row = counting(c, scores.shape()[scores.rank() - 2], DType::I64);
    const Array column = counting(c, scores.shape()[scores.rank() - 1], DType::I64);
    scores = where(binary(BinaryFn::LessEqual, column, unsqueeze(row, 1)), scores, kMinusInf);
  }
  const std::string kind = c.attrs.has("mask") ? c.attrs.text("mask") : "";
  if (kind == "add" && mask) scores = scores + *mask;
  if (kind == "keep" && mask) scores = where(*mask, scores, kMinusInf);
  return matmul(softmax(scores, -1), v);
}

Arrays multi_head_attention(const Call& c) {
  const std::int64_t heads = c.attrs.integer("heads");
  if (c[0].rank() != 3)
    throw ShapeError("multi_head_attention", "q has shape " + c[0].shape().str() + "; needs rank 3");
  const std::int64_t n = c[0].shape()[0], length = c[0].shape()[1], width = c[0].shape()[2];
  if (heads <= 0 || width % heads != 0)
    throw ShapeError("multi_head_attention", std::to_string(heads) + " heads of width " + std::to_string(width));
  const auto split = [&](const Array& x, std::size_t weight) {
    const Array y = linear(x, c[weight], &c[weight + 1]);
    return swap_dims(reshape(y, Shape{n, y.shape()[1], heads, width / heads}), 1, 2);
  };
  const Array out = attention(c, split(c[0], 3), split(c[1], 5), split(c[2], 7), nullptr);
  return linear(reshape(swap_dims(out, 1, 2), Shape{n, length, width}), c[9], &c[10]);
}

// Pairs of adjacent elements turned by position * theta^(-2i/D).
Arrays rope(const Call& c) {
  const Array& x = c[0];
  if (x.rank() != 4 || x.shape()[3] % 2 != 0) throw ShapeError("rope", x.shape().str() + " is not [N, L, H, 2k]");
  const std::int64_t length = x.shape()[1], pairs = x.shape()[3] / 2;
  const double step = -2.0 / static_cast<double>(x.shape()[3]);
  const Array frequency = with_scalar(ScalarFn::Rpow, counting(c, pairs, c.real) * step, c.attrs.real("theta"));
  const Array angle = unsqueeze(unsqueeze(counting(c, length, c.real), 1) * frequency, 1);  // [L, 1, D/2]
  const Array split = reshape(x, x.shape().with(3, pairs).inserted(4, 2));
  const Array a = part(split, 4, 0), b = part(split, 4, 1);
  const Array turned_a = a * cos(angle) - b * sin(angle), turned_b = a * sin(angle) + b * cos(angle);
  return reshape(cat({unsqueeze(turned_a, 4), unsqueeze(turned_b, 4)}, 4), x.shape());
}

Arrays window(const Call& c) {
  const std::int64_t n = c.attrs.integer("size");
  const std::string kind = c.attrs.text("kind");
  const Array index = counting(c, n, c.real);
  if (n <= 1) return full_like(index, 1.0);
  const double turn = 2 * std::numbers::pi / static_cast<double>(c.attrs.flag("periodic", true) ? n : n - 1);
  if (kind == "hann") return 0.5 - 0.5 * cos(index * turn);
  if (kind == "hamming") return 0.54 - 0.46 * cos(index * turn);
  if (kind == "blackman") return 0.42 - 0.5 * cos(index * turn) + 0.08 * cos(index * (2 * turn));
  throw Absent("no window is called \"" + kind + "\"");
}

constexpr Row kRows[] = {
    {"softmax", [](const Call& c) -> Arrays { return softmax_along<false>(c[0], c.attrs.integer("dim")); }},
    {"log_softmax", [](const Call& c) -> Arrays { return softmax_along<true>(c[0], c.attrs.integer("dim")); }},
    {"softmin", [](const Call& c) -> Arrays { return softmax_along<false>(-c[0], c.attrs.integer("dim")); }},
    {"quiet_softmax", quiet_softmax},
    {"batch_norm", batch_norm},
    {"layer_norm", layer_norm},
    {"group_norm", group_norm},
    {"instance_norm", instance_norm},
    {"rms_norm", rms_norm},
    {"local_response_norm", local_response_norm},
    {"lp_normalize", lp_normalize},
    {"embedding", embedding},
    {"attention", [](const Call& c) -> Arrays { return attention(c, c[0], c[1], c[2], c.has(3) ? &c[3] : nullptr); }},
    {"multi_head_attention", multi_head_attention},
    {"rope", rope},
    {"window", window},
};

}  // namespace

std::span<const Row> nn_rows() { return kRows; }

}  // namespace fornax::conformance
