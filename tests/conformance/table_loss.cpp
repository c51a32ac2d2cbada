// Losses and distances.

#include <cmath>
#include <numbers>

#include <fornax/decorators/autodiff/autodiff.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

Array scalar_sum(const Array& x) { return reshape(reduce_all(ReduceFn::Sum, x), Shape{}); }
Array scalar_mean(const Array& x) { return reshape(reduce_all(ReduceFn::Mean, x), Shape{}); }

// Attribute "reduction" over the losses of single elements or samples.
Array reduced(const Call& c, const Array& loss) {
  const std::string how = c.attrs.has("reduction") ? c.attrs.text("reduction") : "mean";
  if (how == "none") return loss;
  if (how == "sum") return scalar_sum(loss);
  if (how == "mean") return scalar_mean(loss);
  if (how == "batchmean")
    return scalar_sum(loss) / static_cast<double>(c[0].shape()[checked_dim("loss", 0, c[0].rank())]);
  throw ValueError("loss", "no reduction is called \"" + how + "\"");
}

Array absolute(const Array& x) { return unary(UnaryFn::Abs, x); }
Array square(const Array& x) { return unary(UnaryFn::Square, x); }
Array at_least(const Array& x, double low) {
  const Scalar bound = low;
  return clamp(x, &bound, nullptr);
}
Array sum_last(const Array& x) { return squeeze(reduce(ReduceFn::Sum, x, -1), -1); }

Arrays smooth_l1(const Call& c) {
  const double beta = c.attrs.real("beta");
  const Array d = c[0] - c[1], size = absolute(d);
  if (beta == 0) return reduced(c, size);
  const Array near = with_scalar(ScalarFn::Less, size, beta);
  return reduced(c, where(near, square(where(near, d, 0.0)) * (0.5 / beta), size - 0.5 * beta));
}

Arrays huber(const Call& c) {
  const double delta = c.attrs.real("delta");
  const Array d = c[0] - c[1], size = absolute(d);
  const Array near = lower_equal(size, delta);
  return reduced(c, where(near, square(where(near, d, 0.0)) * 0.5, (size - 0.5 * delta) * delta));
}

// log(x), at least -100; at x = 0 without a slope, so that a weight of 0 leaves nothing of it.
Array bounded_log(const Array& x) {
  const Array zero = equal(x, 0.0);
  return where(zero, -100.0, at_least(log(where(zero, 1.0, x)), -100));
}

Arrays bce(const Call& c) { return reduced(c, -(c[1] * bounded_log(c[0]) + (1.0 - c[1]) * bounded_log(1.0 - c[0]))); }

Array bce_of_logits(const Array& x, const Array& y, const Array* positive_weight) {
  const Array scale = positive_weight ? (*positive_weight - 1.0) * y + 1.0 : full_like(y, 1.0);
  return (1.0 - y) * x + scale * softplus(-x);
}

Arrays bce_with_logits(const Call& c) {
  const Array loss = bce_of_logits(c[0], c[1], c.has(3) ? &c[3] : nullptr);
  return reduced(c, c.has(2) ? loss * c[2] : loss);
}

// Log-probabilities x [N, C, ...] or [C] and a class for each sample, as rows [samples, C] and [samples].
struct Classes {
  Array rows, target;  // rows of log-probabilities; targets, 0 where ignored
  Array ignored;       // [samples], Bool
  Array weight;        // of each sample: the weight of its class, 0 where ignored
  Array class_weight;  // [C]
  Shape shape;         // of the targets
};

Classes classes_of(const Call& c, const Array& x) {
  const int dim = x.rank() > 1 ? 1 : 0;
  if (x.rank() == 0 || !(x.shape().without(dim) == c[1].shape()))
    throw ShapeError("nll_loss", "targets have shape " + c[1].shape().str() + ", the input " + x.shape().str());
  const std::int64_t count = x.shape()[dim];
  std::vector<std::int64_t> order;
  for (int d = 0; d < x.rank(); ++d)
    if (d != dim) order.push_back(d);
  order.push_back(dim);
  Classes k;
  k.shape = c[1].shape();
  k.rows = reshape(permute(x, order), Shape{c[1].numel(), count});
  const Array target = reshape(c[1], Shape{c[1].numel()});
  k.ignored = equal(target, c.attrs.integer("ignore_index", -100));
  k.target = where(k.ignored, 0, target);
  k.class_weight = c.has(2) ? c[2] : full_like(zeros_like(x, Shape{count}), 1.0);
  k.weight = where(k.ignored, 0.0, select(k.class_weight, 0, k.target));
  return k;
}

// Losses of samples; "mean" divides by the sum of the weights.
Array reduced_classes(const Call& c, const Classes& k, const Array& loss) {
  const std::string how = c.attrs.text("reduction");
  if (how == "mean") return scalar_sum(loss) / scalar_sum(k.weight);
  return reduced(c, reshape(loss, k.shape));
}

// An ignored sample has no gradient, even where the sum of the weights is 0 and the mean NaN.
Array nll(const Classes& k) {
  return where(k.ignored, 0.0, -(squeeze(gather(k.rows, 1, unsqueeze(k.target, 1)), 1) * k.weight));
}

Arrays nll_loss(const Call& c) {
  const Classes k = classes_of(c, c[0]);
  return reduced_classes(c, k, nll(k));
}

Arrays cross_entropy(const Call& c) {
  const Classes k = classes_of(c, log_softmax(c[0], c[0].rank() > 1 ? 1 : 0));
  const double smoothing = c.attrs.real("label_smoothing", 0);
  Array loss = nll(k);
  if (smoothing != 0) {
    const Array spread = where(k.ignored, 0.0, -sum_last(k.rows * k.class_weight));
    loss = (1 - smoothing) * loss + (smoothing / static_cast<double>(k.rows.shape()[1])) * spread;
  }
  return reduced_classes(c, k, loss);
}

// Targets are probabilities along the class dim.
Arrays cross_entropy_soft(const Call& c) {
  const int dim = c[0].rank() > 1 ? 1 : 0;
  const Array loss = squeeze(-reduce(ReduceFn::Sum, log_softmax(c[0], dim) * c[1], dim), dim);
  return reduced(c, loss);
}

Arrays cross_entropy_with_logits(const Call& c) { return scalar_mean(-sum_last(c[1] * log_softmax(c[0], -1))); }

Arrays kl_div(const Call& c) {
  const Array &x = c[0], &t = c[1];
  if (c.attrs.flag("log_target", false)) return reduced(c, exp(t) * (t - x));
  const Array zero = equal(t, 0.0);
  return reduced(c, t * log(where(zero, 1.0, t)) - t * x);
}

Arrays poisson_nll(const Call& c) {
  const Array &x = c[0], &t = c[1];
  Array loss = c.attrs.flag("log_input", true) ? exp(x) - t * x : x - t * log(x + c.attrs.real("eps", 1e-8));
  if (c.attrs.flag("full", false)) {
    const Array large = greater(t, 1.0), safe = where(large, t, 1.0);
    const Array stirling = safe * log(safe) - safe + 0.5 * log(safe * (2 * std::numbers::pi));
    loss = loss + where(large, stirling, 0.0);
  }
  return reduced(c, loss);
}

Arrays gaussian_nll(const Call& c) {
  // The bound moves the value, not the gradient.
  const bool missing_dim = c[2].rank() + 1 == c[0].rank();
  const Array given = missing_dim ? unsqueeze(c[2], -1) : c[2];
  const Array var = given + autodiff::detach(at_least(given, c.attrs.real("eps", 1e-6)) - given);
  const Array loss = 0.5 * (log(var) + square(c[0] - c[1]) / var);
  return reduced(c, c.attrs.flag("full", false) ? loss + 0.5 * std::log(2 * std::numbers::pi) : loss);
}

Arrays cosine_similarity(const Call& c) {
  const double eps = c.attrs.real("eps", 1e-8);
  const Shape shape = broadcast_shape("cosine_similarity", c[0].shape(), c[1].shape());
  const Array a = broadcast_to(c[0], shape), b = broadcast_to(c[1], shape);
  const DimSet dims = dim_set("cosine_similarity", {c.attrs.integer("dim", 1)}, a);
  const auto unit = [&](const Array& x) { return x / at_least(norm(x, 2, dims), eps); };
  return drop_dims(reduce(ReduceFn::Sum, unit(a) * unit(b), dims), dims, false);
}

Arrays cosine_embedding(const Call& c) {
  const Array &a = c[0], &b = c[1], &target = c[2];
  const auto size = [](const Array& x) { return sum_last(square(x)) + 1e-12f; };  // torch keeps it as a float
  const Array cosine = sum_last(a * b) / sqrt(size(a) * size(b));
  const Array like = where(equal(target, 1), 1.0 - cosine, 0.0);
  const Array unlike = where(equal(target, -1), at_least(cosine - c.attrs.real("margin", 0), 0), 0.0);
  return reduced(c, like + unlike);
}

Arrays margin_ranking(const Call& c) {
  return reduced(c, at_least(-(c[2] * (c[0] - c[1])) + c.attrs.real("margin", 0), 0));
}

Array distance(const Call& c, const Array& a, const Array& b) {
  const Array d = a - b + c.attrs.real("eps", 1e-6);
  return squeeze(norm(d, c.attrs.real("p", 2), DimSet::of(checked_dim("distance", -1, d.rank()))), -1);
}

Arrays triplet_margin(const Call& c) {
  return reduced(c, at_least(distance(c, c[0], c[1]) - distance(c, c[0], c[2]) + c.attrs.real("margin", 1), 0));
}

Arrays hinge_embedding(const Call& c) {
  const Array beyond = at_least(c.attrs.real("margin", 1) - c[0], 0);
  const Array unlike = where(with_scalar(ScalarFn::NotEqual, c[1], 1), beyond, 0.0);
  return reduced(c, unlike + where(with_scalar(ScalarFn::NotEqual, c[1], -1), c[0], 0.0));
}

Arrays multi_margin(const Call& c) {
  const Array x = c[0].rank() == 1 ? unsqueeze(c[0], 0) : c[0];
  const Array target = reshape(c[1], Shape{c[1].numel(), 1});
  if (x.rank() != 2 || target.shape()[0] != x.shape()[0])
    throw ShapeError("multi_margin_loss",
                     "targets have shape " + c[1].shape().str() + ", the input " + c[0].shape().str());
  const Array over = unary(UnaryFn::Relu, x - gather(x, 1, target) + c.attrs.real("margin", 1));
  const Array own = equal(counting(c, x.shape()[1], DType::I64), target);
  const Array costs = where(own, 0.0, c.attrs.integer("p", 1) == 2 ? square(over) : over);
  return reduced(c, reshape(sum_last(costs) / static_cast<double>(x.shape()[1]), c[1].shape()));
}

Arrays focal(const Call& c) {
  const Array &x = c[0], &y = c[1], p = unary(UnaryFn::Sigmoid, x);
  const double alpha = c.attrs.real("alpha"), gamma = c.attrs.real("gamma");
  const Array hit = p * y + (1.0 - p) * (1.0 - y);
  const Array weight = alpha * y + (1 - alpha) * (1.0 - y);
  return scalar_mean(weight * pow(1.0 - hit, gamma) * bce_of_logits(x, y, nullptr));
}

Arrays cdist(const Call& c) {
  const Array d = unsqueeze(c[0], -2) - unsqueeze(c[1], -3);
  return squeeze(norm(d, c.attrs.real("p", 2), DimSet::of(d.rank() - 1)), -1);
}

constexpr Row kRows[] = {
    {"mse_loss", [](const Call& c) -> Arrays { return reduced(c, square(c[0] - c[1])); }},
    {"l1_loss", [](const Call& c) -> Arrays { return reduced(c, absolute(c[0] - c[1])); }},
    {"smooth_l1_loss", smooth_l1},
    {"huber_loss", huber},
    {"bce_loss", bce},
    {"bce_with_logits", bce_with_logits},
    {"cross_entropy", cross_entropy},
    {"cross_entropy_soft", cross_entropy_soft},
    {"cross_entropy_with_logits", cross_entropy_with_logits},
    {"nll_loss", nll_loss},
    {"kl_div", kl_div},
    {"poisson_nll", poisson_nll},
    {"gaussian_nll", gaussian_nll},
    {"cosine_embedding_loss", cosine_embedding},
    {"cosine_similarity", cosine_similarity},
    {"margin_ranking_loss", margin_ranking},
    {"triplet_margin_loss", triplet_margin},
    {"hinge_embedding_loss", hinge_embedding},
    {"multi_margin_loss", multi_margin},
    {"soft_margin_loss", [](const Call& c) -> Arrays { return reduced(c, softplus(-(c[1] * c[0]))); }},
    {"focal_loss", focal},
    {"pairwise_distance", [](const Call& c) -> Arrays { return distance(c, c[0], c[1]); }},
    {"cdist", cdist},
};

}  // namespace

std::span<const Row> loss_rows() { return kRows; }

}  // namespace fornax::conformance
