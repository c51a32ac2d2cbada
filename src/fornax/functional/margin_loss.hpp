#pragma once
// Losses that ask for a margin between what should be near and what should be far. With Reduction::None the result has a
// loss for each sample (or element), else [1]; in the typed form the reduction is a template argument.

#include <fornax/functional/reduction.hpp>

namespace fornax::functional {

/// 1 - cos(a, b) where the target is 1, max(cos(a, b) - margin, 0) where it is -1.
///
/// Shapes: a and b [N, E] or [E], target [N] or [] -> the target's shape.
Array cosine_embedding_loss(const Array& a, const Array& b, const Array& target, double margin = 0,
                            Reduction reduction = Reduction::Mean);
/// x where the target is 1, max(margin - x, 0) where it is -1. Shapes broadcast.
Array hinge_embedding_loss(const Array& x, const Array& target, double margin = 1,
                           Reduction reduction = Reduction::Mean);
/// max(margin - target (a - b), 0): a should be above b where the target is 1, below where it is -1. Shapes broadcast.
Array margin_ranking_loss(const Array& a, const Array& b, const Array& target, double margin = 0,
                          Reduction reduction = Reduction::Mean);
/// log(1 + exp(-target x)) without overflow, for targets 1 and -1. Shapes broadcast.
Array soft_margin_loss(const Array& x, const Array& target, Reduction reduction = Reduction::Mean);

/// The mean over classes j of weight[t] max(margin - x[t] + x[j], 0)^p, without j = t.
///
/// Shapes: x [N, C] or [C], targets [N] or [], weight [C] or empty -> the targets' shape.
/// Errors: ShapeError if the shapes do not fit; IndexError for a target outside [0, C); ValueError if p is not 1 or 2.
struct MultiMargin {
  int p = 1;
  double margin = 1;
};
Array multi_margin_loss(const Array& x, const Array& targets, const Array& weight = {}, const MultiMargin& options = {},
                        Reduction reduction = Reduction::Mean);
/// The sum over targets t and other classes j of max(1 - x[t] + x[j], 0), divided by C.
///
/// Shapes: x [N, C] or [C]; targets the same: classes in any order, up to the first -1 -> [N] or [].
Array multilabel_margin_loss(const Array& x, const Array& targets, Reduction reduction = Reduction::Mean);
/// The mean over classes of weight * bce_with_logits(x, target).
///
/// Shapes: x and target [..., C], weight [C] or empty -> [...].
Array multilabel_soft_margin_loss(const Array& x, const Array& target, const Array& weight = {},
                                  Reduction reduction = Reduction::Mean);

/// max(‖a - p‖ - ‖a - n‖ + margin, 0) with pairwise_distance; with `swap` ‖p - n‖ takes the place of ‖a - n‖ where it is
/// smaller.
///
/// Shapes: [..., E] each -> [...].
/// Source: Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural networks",
///         2016.
struct TripletMargin {
  double margin = 1, p = 2, eps = 1e-6;
  bool swap = false;
};
Array triplet_margin_loss(const Array& anchor, const Array& positive, const Array& negative,
                          const TripletMargin& options = {}, Reduction reduction = Reduction::Mean);

// --- Typed --------------------------------------------------------------------------------------------------------------

template <Reduction R = Reduction::Mean, BackendType B, Kind K>
Reduced<R, B, 1> cosine_embedding_loss(const Tensor<B, 2>& a, const Tensor<B, 2>& b, const Tensor<B, 1, K>& target,
                                       double margin = 0) {
  return Reduced<R, B, 1>::unchecked(cosine_embedding_loss(a.array(), b.array(), target.array(), margin, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D, Kind K>
Reduced<R, B, D> hinge_embedding_loss(const Tensor<B, D>& x, const Tensor<B, D, K>& target, double margin = 1) {
  return Reduced<R, B, D>::unchecked(hinge_embedding_loss(x.array(), target.array(), margin, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> margin_ranking_loss(const Tensor<B, D>& a, const Tensor<B, D>& b, const Tensor<B, D>& target,
                                     double margin = 0) {
  return Reduced<R, B, D>::unchecked(margin_ranking_loss(a.array(), b.array(), target.array(), margin, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> soft_margin_loss(const Tensor<B, D>& x, const Tensor<B, D>& target) {
  return Reduced<R, B, D>::unchecked(soft_margin_loss(x.array(), target.array(), R));
}
template <Reduction R = Reduction::Mean, BackendType B>
Reduced<R, B, 1> multi_margin_loss(const Tensor<B, 2>& x, const Tensor<B, 1, Int>& targets,
                                   const Optional<B, 1>& weight = {}, const MultiMargin& options = {}) {
  return Reduced<R, B, 1>::unchecked(
      multi_margin_loss(x.array(), targets.array(), impl::array_or_none(weight), options, R));
}
template <Reduction R = Reduction::Mean, BackendType B>
Reduced<R, B, 1> multilabel_margin_loss(const Tensor<B, 2>& x, const Tensor<B, 2, Int>& targets) {
  return Reduced<R, B, 1>::unchecked(multilabel_margin_loss(x.array(), targets.array(), R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
requires(D >= 1) Reduced<R, B, D - 1> multilabel_soft_margin_loss(const Tensor<B, D>& x, const Tensor<B, D>& target,
                                                                  const Optional<B, 1>& weight = {}) {
  return Reduced<R, B, D - 1>::unchecked(
      multilabel_soft_margin_loss(x.array(), target.array(), impl::array_or_none(weight), R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
requires(D >= 1) Reduced<R, B, D - 1> triplet_margin_loss(const Tensor<B, D>& anchor, const Tensor<B, D>& positive,
                                                          const Tensor<B, D>& negative,
                                                          const TripletMargin& options = {}) {
  return Reduced<R, B, D - 1>::unchecked(
      triplet_margin_loss(anchor.array(), positive.array(), negative.array(), options, R));
}

}  // namespace fornax::functional
