#include <fornax/functional/class_loss.hpp>

#include <fornax/functional/activation.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/functional/distance.hpp>
#include <fornax/functional/layout.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

int class_dim(const Array& x) { return x.rank() > 1 ? 1 : 0; }

// Log-probabilities and targets as rows [samples, C] and [samples].
struct Classes {
  Array rows, target;   // targets are 0 where ignored
  Array ignored;        // [samples], Bool; empty: none is
  Array class_weight;   // [C]; empty: all 1
  Array sample_weight;  // [samples]: the weight of its class, 0 where ignored; empty: all 1
  Shape shape;          // of the targets
};

Classes classes_of(std::string_view operation, const Array& x, const Array& targets, const Array& weight,
                   std::optional<std::int64_t> ignore_index) {
  const int dim = class_dim(x);
  const std::int64_t count = x.shape()[dim];
  const std::int64_t from[] = {dim}, to[] = {-1};
  Classes k;
  k.shape = targets.shape();
  k.rows = reshape(x.rank() > 2 ? movedim(x, from, to) : x, Shape{targets.numel(), count});
  k.target = reshape(targets, Shape{targets.numel()});
  k.class_weight = weight;
  if (weight.defined()) {
    require_floats(operation, {&x, &weight});
    require_shape(operation, "weight", weight, Shape{count});
  }
  if (ignore_index) {
    k.ignored = equal(k.target, *ignore_index);
    k.target = where(k.ignored, 0, k.target);
  }
  if (weight.defined()) k.sample_weight = in_name_of(operation, [&] { return select(weight, 0, k.target); });
  if (ignore_index) {
    if (!weight.defined()) k.sample_weight = full_like(zeros_like(x, k.target.shape()), 1.0);
    k.sample_weight = where(k.ignored, 0.0, k.sample_weight);
  }
  return k;
}

void check(std::string_view operation, const Array& x, const Array& targets) {
  require_floats(operation, {&x});
  require_defined(operation, targets);
  require_int(operation, targets);
  if (x.rank() == 0 || !(x.shape().without(class_dim(x)) == targets.shape()))
    throw ShapeError(operation, "the targets have shape " + targets.shape().str() + ", the input " + x.shape().str() +
                                    "; they must be its shape without the classes");
}

// An ignored sample has no gradient, even where the sum of the weights is 0 and the mean NaN.
Array counted(const Classes& k, const Array& loss) { return k.ignored.defined() ? where(k.ignored, 0.0, loss) : loss; }

Array weighed(const Classes& k, const Array& loss) {
  return counted(k, k.sample_weight.defined() ? loss * k.sample_weight : loss);
}

Array nll(std::string_view operation, const Classes& k) {
  return weighed(k, -squeeze(in_name_of(operation, [&] { return gather(k.rows, 1, unsqueeze(k.target, 1)); }), 1));
}

Array reduced_classes(const Classes& k, const Array& loss, Reduction reduction) {
  if (reduction == Reduction::Mean && k.sample_weight.defined())
    return reduce_all(ReduceFn::Sum, loss) / reduce_all(ReduceFn::Sum, k.sample_weight);
  return reduced(reshape(loss, k.shape), reduction);
}

void require_equal_shapes(std::string_view operation, const Array& x, const Array& target) {
  require_floats(operation, {&x, &target});
  require_same_shape(operation, x, target);
  if (x.rank() == 0) throw ShapeError(operation, "the input has rank 0; needs a dim of classes");
}

// log(x), at least -100; at x = 0 without a slope, so that a weight of 0 leaves nothing of it.
Array bounded_log(const Array& x) {
  const Array zero = equal(x, 0.0);
  return where(zero, -100.0, at_least(log(where(zero, 1.0, x)), -100));
}

Array weighted(std::string_view operation, const Array& loss, const Array& weight) {
  if (!weight.defined()) return loss;
  require_broadcast(operation, {&loss, &weight});
  return loss * weight;
}

}  // namespace

Array nll_loss(const Array& x, const Array& targets, const Array& weight, std::optional<std::int64_t> ignore_index,
               Reduction reduction) {
  check("nll_loss", x, targets);
  const Classes k = classes_of("nll_loss", x, targets, weight, ignore_index);
  return reduced_classes(k, nll("nll_loss", k), reduction);
}

Array cross_entropy(const Array& logits, const Array& targets, const Array& weight, const ClassLoss& options,
                    Reduction reduction) {
  check("cross_entropy", logits, targets);
  require_probability("cross_entropy", "label_smoothing", options.label_smoothing);
  const double s = options.label_smoothing;
  const Array x = s == 0 ? logits : fornax::log_softmax(logits, class_dim(logits));
  const Classes k = classes_of("cross_entropy", x, targets, weight, options.ignore_index);
  if (s == 0 && reduction == Reduction::Mean && !k.sample_weight.defined())
    return in_name_of("cross_entropy", [&] { return run_all(op::MeanCrossEntropy{}, {k.rows, k.target})[0]; });
  Array loss = s == 0 ? weighed(k, run_all(op::CrossEntropy{}, {k.rows, k.target})[0]) : nll("cross_entropy", k);
  if (s != 0) {
    const Array all = sum_along(weight.defined() ? k.rows * weight : k.rows, 1);
    loss = (1 - s) * loss + (s / static_cast<double>(k.rows.shape()[1])) * counted(k, -all);
  }
  return reduced_classes(k, loss, reduction);
}

Array cross_entropy_soft(const Array& logits, const Array& target, Reduction reduction) {
  require_equal_shapes("cross_entropy_soft", logits, target);
  const int dim = class_dim(logits);
  return reduced(-sum_along(fornax::log_softmax(logits, dim) * target, dim), reduction);
}

Array cross_entropy_with_logits(const Array& logits, const Array& target) {
  require_equal_shapes("cross_entropy_with_logits", logits, target);
  return reduce_all(ReduceFn::Mean, -sum_along(target * fornax::log_softmax(logits, -1), -1));
}

Array bce_loss(const Array& p, const Array& target, const Array& weight, Reduction reduction) {
  require_broadcast("bce_loss", {&p, &target});
  const Array loss = -(target * bounded_log(p) + (1.0 - target) * bounded_log(1.0 - p));
  return reduced(weighted("bce_loss", loss, weight), reduction);
}

Array bce_with_logits(const Array& x, const Array& target, const Array& weight, const Array& positive_weight,
                      Reduction reduction) {
  require_broadcast("bce_with_logits", {&x, &target});
  Array surprise = softplus(-x);
  if (positive_weight.defined()) {
    require_broadcast("bce_with_logits", {&x, &target, &positive_weight});
    surprise = ((positive_weight - 1.0) * target + 1.0) * surprise;
  }
  return reduced(weighted("bce_with_logits", (1.0 - target) * x + surprise, weight), reduction);
}

Array focal_loss(const Array& x, const Array& target, const Focal& options, Reduction reduction) {
  require_broadcast("focal_loss", {&x, &target});
  require_not_negative("focal_loss", "gamma", options.gamma);
  if (options.alpha) require_probability("focal_loss", "alpha", *options.alpha);
  Array loss = bce_with_logits(x, target, {}, {}, Reduction::None);
  if (options.gamma > 0) {
    // 1 - p_t, without cancellation where p_t is near 1; where it is 0 its power has slope 0.
    const Array miss = sigmoid(-x) * target + sigmoid(x) * (1.0 - target), none = equal(miss, 0.0);
    loss = where(none, 0.0, pow(where(none, 1.0, miss), options.gamma)) * loss;
  }
  if (options.alpha) loss = (*options.alpha * target + (1 - *options.alpha) * (1.0 - target)) * loss;
  return reduced(loss, reduction);
}

Array dice_loss(const Array& p, const Array& target, double smooth, Reduction reduction) {
  require_floats("dice_loss", {&p, &target});
  require_same_shape("dice_loss", p, target);
  require_not_negative("dice_loss", "smooth", smooth);
  if (p.rank() == 0) throw ShapeError("dice_loss", "the input has rank 0; needs a batch dim");
  const std::int64_t samples = p.shape()[0];
  const auto total = [&](const Array& x) {
    DimSet rest;
    for (int d = 1; d < x.rank(); ++d) rest.add(d);
    return reshape(reduce(ReduceFn::Sum, x, rest), Shape{samples});
  };
  const Array overlap = 2.0 * total(p * target) + smooth;
  return reduced(1.0 - overlap / (total(p) + total(target) + smooth), reduction);
}

Array info_nce(const Array& queries, const Array& keys, const InfoNce& options, Reduction reduction) {
  require_floats("info_nce", {&queries, &keys});
  require_rank("info_nce", "the queries", queries, 2);
  require_same_shape("info_nce", queries, keys);
  require_positive("info_nce", "the temperature", options.temperature);
  const Array scores = matmul(lp_normalize(queries), lp_normalize(keys), false, true) / options.temperature;
  const Array own = counting(queries, queries.shape()[0]);
  const auto found = [&](const Array& logits) { return cross_entropy(logits, own, {}, {}, reduction); };
  if (!options.symmetric) return found(scores);
  return 0.5 * (found(scores) + found(swap_dims(scores, 0, 1)));
}

}  // namespace fornax::functional
