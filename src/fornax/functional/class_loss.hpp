#pragma once
// Losses between scores and classes. Class targets are Int, probabilities Float. Units: nats; divide by ln 2 for bits.
// With Reduction::None the result keeps the samples' shape, else it is [1]; in the typed form the reduction is a
// template argument: cross_entropy<Reduction::Sum>(logits, targets).

#include <fornax/functional/reduction.hpp>

namespace fornax::functional {

struct ClassLoss {
  /// This share of each target is spread evenly over all classes; in [0, 1].
  double label_smoothing = 0;
  /// Targets of this value count nothing and learn nothing; it need not be a class. PyTorch's is -100.
  std::optional<std::int64_t> ignore_index = {};
};

/// -weight[t] x[t] of log-probabilities x: the negative log-likelihood of classes t.
///
/// Shapes: x [N, C, ...] or [C], targets without the dim of classes, weight [C] or empty: all 1.
/// Mean:   the sum divided by the weights of all targets; NaN if all are ignored, with gradient 0.
/// Errors: ShapeError if the shapes do not fit, IndexError if a target is outside [0, C).
Array nll_loss(const Array& x, const Array& targets, const Array& weight = {},
               std::optional<std::int64_t> ignore_index = {}, Reduction reduction = Reduction::Mean);
/// nll_loss(log_softmax(logits)), with label smoothing.
///
/// Errors: ValueError if label_smoothing is outside [0, 1], else as nll_loss.
/// Source: smoothing: Szegedy et al., "Rethinking the Inception architecture for computer vision", 2016.
Array cross_entropy(const Array& logits, const Array& targets, const Array& weight = {}, const ClassLoss& options = {},
                    Reduction reduction = Reduction::Mean);
/// -sum over classes of target * log_softmax(logits), with probabilities as targets; classes in dim 1 (dim 0 for rank 1).
///
/// Errors: ShapeError unless both have the same shape.
Array cross_entropy_soft(const Array& logits, const Array& target, Reduction reduction = Reduction::Mean);
/// The same with the classes in the last dim, as Burn has it: the mean over all rows, [1].
Array cross_entropy_with_logits(const Array& logits, const Array& target);

/// -(t log p + (1 - t) log(1 - p)) of probabilities p. Logarithms are at least -100, so that p = 0 and 1 stay finite;
/// outside [0, 1] the result is NaN.
///
/// Shapes: weight broadcasts to the loss; empty: all 1.
Array bce_loss(const Array& p, const Array& target, const Array& weight = {}, Reduction reduction = Reduction::Mean);
/// bce_loss(sigmoid(x)) without overflow or rounding: (1 - t) x + (1 + (q - 1) t) softplus(-x) with q = positive_weight,
/// which multiplies the part of the positive class.
Array bce_with_logits(const Array& x, const Array& target, const Array& weight = {}, const Array& positive_weight = {},
                      Reduction reduction = Reduction::Mean);

/// bce_with_logits times (1 - p_t)^gamma, p_t the probability of the target, times alpha for positives and 1 - alpha for
/// negatives: it is large where the model errs.
///
/// Errors: ValueError if gamma is negative or alpha outside [0, 1].
/// Source: Lin et al., "Focal loss for dense object detection", 2017.
struct Focal {
  std::optional<double> alpha = 0.25;  // none: both weigh 1
  double gamma = 2;
};
Array focal_loss(const Array& x, const Array& target, const Focal& options = {}, Reduction reduction = Reduction::Mean);

/// 1 - (2 sum(p t) + smooth) / (sum(p) + sum(t) + smooth), sums over all dims but the first.
///
/// Shapes: p and target [N, ...] -> [N] before the reduction.
/// Errors: ValueError if smooth is negative. With smooth 0 an empty p and t give NaN.
/// Source: Milletari, Navab, Ahmadi, "V-Net", 2016.
Array dice_loss(const Array& p, const Array& target, double smooth = 1, Reduction reduction = Reduction::Mean);

/// Cross-entropy of finding each query's own key among those of the whole batch, by cosine similarity / temperature.
///
/// Shapes: queries and keys [N, E] -> [N] before the reduction. With `symmetric` the mean of both directions.
/// Errors: ShapeError unless both have the same shape of rank 2; ValueError if the temperature is not positive.
/// Source: van den Oord, Li, Vinyals, "Representation learning with contrastive predictive coding", 2018.
struct InfoNce {
  double temperature = 0.07;
  bool symmetric = false;
};
Array info_nce(const Array& queries, const Array& keys, const InfoNce& options = {},
               Reduction reduction = Reduction::Mean);

// --- Typed --------------------------------------------------------------------------------------------------------------

template <Reduction R = Reduction::Mean, BackendType B, std::size_t D, std::size_t T>
Reduced<R, B, T> nll_loss(const Tensor<B, D>& x, const Tensor<B, T, Int>& targets, const Optional<B, 1>& weight = {},
                          std::optional<std::int64_t> ignore_index = {}) {
  static_assert(T + 1 == D, "nll_loss: the targets have the input's shape without its dim of classes");
  return Reduced<R, B, T>::unchecked(
      nll_loss(x.array(), targets.array(), impl::array_or_none(weight), ignore_index, R));
}
/// Example: auto loss = cross_entropy(model(x), y, {}, {.label_smoothing = 0.1});
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D, std::size_t T>
Reduced<R, B, T> cross_entropy(const Tensor<B, D>& logits, const Tensor<B, T, Int>& targets,
                               const Optional<B, 1>& weight = {}, const ClassLoss& options = {}) {
  static_assert(T + 1 == D, "cross_entropy: the targets have the logits' shape without their dim of classes");
  return Reduced<R, B, T>::unchecked(
      cross_entropy(logits.array(), targets.array(), impl::array_or_none(weight), options, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
requires(D >= 1) Reduced<R, B, D - 1> cross_entropy_soft(const Tensor<B, D>& logits, const Tensor<B, D>& target) {
  return Reduced<R, B, D - 1>::unchecked(cross_entropy_soft(logits.array(), target.array(), R));
}
template <BackendType B, std::size_t D>
Tensor<B, 1> cross_entropy_with_logits(const Tensor<B, D>& logits, const Tensor<B, D>& target) {
  static_assert(D >= 1, "cross_entropy_with_logits needs a dim of classes");
  return Tensor<B, 1>::unchecked(cross_entropy_with_logits(logits.array(), target.array()));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> bce_loss(const Tensor<B, D>& p, const Tensor<B, D>& target, const Optional<B, D>& weight = {}) {
  return Reduced<R, B, D>::unchecked(bce_loss(p.array(), target.array(), impl::array_or_none(weight), R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> bce_with_logits(const Tensor<B, D>& x, const Tensor<B, D>& target, const Optional<B, D>& weight = {},
                                 const Optional<B, 1>& positive_weight = {}) {
  return Reduced<R, B, D>::unchecked(
      bce_with_logits(x.array(), target.array(), impl::array_or_none(weight), impl::array_or_none(positive_weight), R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, D> focal_loss(const Tensor<B, D>& x, const Tensor<B, D>& target, const Focal& options = {}) {
  return Reduced<R, B, D>::unchecked(focal_loss(x.array(), target.array(), options, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t D>
Reduced<R, B, 1> dice_loss(const Tensor<B, D>& p, const Tensor<B, D>& target, double smooth = 1) {
  static_assert(D >= 1, "dice_loss needs a batch dim");
  return Reduced<R, B, 1>::unchecked(dice_loss(p.array(), target.array(), smooth, R));
}
template <Reduction R = Reduction::Mean, BackendType B>
Reduced<R, B, 1> info_nce(const Tensor<B, 2>& queries, const Tensor<B, 2>& keys, const InfoNce& options = {}) {
  return Reduced<R, B, 1>::unchecked(info_nce(queries.array(), keys.array(), options, R));
}

}  // namespace fornax::functional
