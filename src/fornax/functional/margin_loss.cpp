#include <fornax/functional/margin_loss.hpp>

#include <fornax/functional/activation.hpp>
#include <fornax/functional/class_loss.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/functional/distance.hpp>
#include <fornax/functional/layout.hpp>

namespace fornax::functional {

using namespace impl;

namespace {

// x [N, C] or [C] as [N, C]; the targets must fit it.
Array rows_of(std::string_view operation, const Array& x, const Array& targets, const Shape& shape) {
  require_defined(operation, targets);
  require_int(operation, targets);
  if ((x.rank() != 1 && x.rank() != 2) || !(targets.shape() == shape))
    throw ShapeError(operation, "the targets have shape " + targets.shape().str() + ", the input " + x.shape().str());
  return x.rank() == 1 ? unsqueeze(x, 0) : x;
}

void require_target(std::string_view operation, const Array& target) {
  require_defined(operation, target);
  require_numeric(operation, target);
}

}  // namespace

Array cosine_embedding_loss(const Array& a, const Array& b, const Array& target, double margin, Reduction reduction) {
  require_floats("cosine_embedding_loss", {&a, &b});
  require_target("cosine_embedding_loss", target);
  require_same_shape("cosine_embedding_loss", a, b);
  if (a.rank() == 0 || !(target.shape() == a.shape().without(a.rank() - 1)))
    throw ShapeError("cosine_embedding_loss",
                     "the targets have shape " + target.shape().str() + ", the inputs " + a.shape().str());
  constexpr double eps = 1e-12F;  // PyTorch keeps it in single precision, for f64 too
  const auto size = [](const Array& x) { return sum_along(square(x), -1) + eps; };
  const Array cosine = sum_along(a * b, -1) / sqrt(size(a) * size(b));
  const Array like = where(equal(target, 1), 1.0 - cosine, 0.0);
  return reduced(like + where(equal(target, -1), at_least(cosine - margin, 0), 0.0), reduction);
}

Array hinge_embedding_loss(const Array& x, const Array& target, double margin, Reduction reduction) {
  require_floats("hinge_embedding_loss", {&x});
  require_target("hinge_embedding_loss", target);
  const Array unlike = where(equal(target, 1), 0.0, at_least(margin - x, 0));
  return reduced(unlike + where(equal(target, -1), 0.0, x), reduction);
}

Array margin_ranking_loss(const Array& a, const Array& b, const Array& target, double margin, Reduction reduction) {
  require_floats("margin_ranking_loss", {&a, &b, &target});
  return reduced(at_least(margin - target * (a - b), 0), reduction);
}

Array soft_margin_loss(const Array& x, const Array& target, Reduction reduction) {
  require_floats("soft_margin_loss", {&x, &target});
  return reduced(softplus(-(target * x)), reduction);
}

Array multi_margin_loss(const Array& x, const Array& targets, const Array& weight, const MultiMargin& options,
                        Reduction reduction) {
  require_floats("multi_margin_loss", {&x});
  if (options.p != 1 && options.p != 2)
    throw ValueError("multi_margin_loss", "p is " + std::to_string(options.p) + "; must be 1 or 2");
  const Array rows =
      rows_of("multi_margin_loss", x, targets, x.rank() == 0 ? Shape{} : x.shape().without(x.rank() - 1));
  const std::int64_t classes = rows.shape()[1];
  const Array target = cast(reshape(targets, Shape{targets.numel(), 1}), DType::I64);
  const Array over = relu(rows - gather(rows, 1, target) + options.margin);
  Array costs = where(equal(counting(x, classes), target), 0.0, options.p == 2 ? square(over) : over);
  if (weight.defined()) {
    require_floats("multi_margin_loss", {&x, &weight});
    require_shape("multi_margin_loss", "weight", weight, Shape{classes});
    costs = costs * unsqueeze(select(weight, 0, reshape(targets, Shape{targets.numel()})), 1);
  }
  return reduced(reshape(sum_along(costs, 1) / static_cast<double>(classes), targets.shape()), reduction);
}

Array multilabel_margin_loss(const Array& x, const Array& targets, Reduction reduction) {
  require_floats("multilabel_margin_loss", {&x});
  const Array rows = rows_of("multilabel_margin_loss", x, targets, x.shape());
  const std::int64_t n = rows.shape()[0], classes = rows.shape()[1];
  const Array target = reshape(targets, Shape{n, classes});
  // Row by row: how many ends stand up to each place; before the first there is none.
  const Array ends = cast(with_scalar(ScalarFn::Less, target, 0), x.dtype());
  const Array upper = triu(full_like(zeros_like(ends, Shape{classes, classes}), 1.0));
  const Array listed = equal(matmul(ends, upper), 0.0);
  const Array at = where(listed, target, zeros_like(target));
  const Array is_target = greater(scatter(zeros_like(ends), 1, at, cast(listed, x.dtype()), Update::Add), 0.0);
  const Array over = relu(1.0 - unsqueeze(gather(rows, 1, at), 2) + unsqueeze(rows, 1));  // [N, target, class]
  const Array counts = logical_and(unsqueeze(listed, 2), logical_not(unsqueeze(is_target, 1)));
  const Array loss = sum_along(sum_along(where(counts, over, 0.0), 2), 1) / static_cast<double>(classes);
  return reduced(x.rank() == 1 ? reshape(loss, Shape{}) : loss, reduction);
}

Array multilabel_soft_margin_loss(const Array& x, const Array& target, const Array& weight, Reduction reduction) {
  require_floats("multilabel_soft_margin_loss", {&x, &target});
  require_same_shape("multilabel_soft_margin_loss", x, target);
  if (x.rank() == 0) throw ShapeError("multilabel_soft_margin_loss", "the input has rank 0; needs a dim of classes");
  const Array loss = bce_with_logits(x, target, weight, {}, Reduction::None);
  return reduced(squeeze(reduce(ReduceFn::Mean, loss, -1), -1), reduction);
}

Array triplet_margin_loss(const Array& anchor, const Array& positive, const Array& negative,
                          const TripletMargin& options, Reduction reduction) {
  require_floats("triplet_margin_loss", {&anchor, &positive, &negative});
  const auto distance = [&](const Array& a, const Array& b) { return pairwise_distance(a, b, options.p, options.eps); };
  Array far = distance(anchor, negative);
  if (options.swap) far = binary(BinaryFn::Minimum, far, distance(positive, negative));
  return reduced(at_least(distance(anchor, positive) - far + options.margin, 0), reduction);
}

}  // namespace fornax::functional
