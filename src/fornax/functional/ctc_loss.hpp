#pragma once
// Connectionist temporal classification: losses between sequences of unequal length.

#include <fornax/functional/reduction.hpp>

namespace fornax::functional {

struct Ctc {
  std::int64_t blank = 0;
  /// Losses that are infinite, because the input is too short for the target, become 0. Their gradient is 0 always.
  bool zero_infinity = false;
};

/// -log of the probability that the input spells the target, once repeated labels are merged and blanks removed: the
/// sum over all alignments, by the forward recursion in log space.
///
/// Shapes:   log_probs [T, N, C]; targets [N, S], or one after another [sum of the target lengths]; lengths [N] -> [N].
/// Kinds:    log_probs Float; targets and lengths Int.
/// Mean:     each loss is divided by its target's length (at least 1) first, as PyTorch has it.
/// Gradient: the derivative with respect to log_probs; PyTorch's own, with respect to logits, is that of
///           ctc_loss_from_logits.
/// Units:    nats.
/// Errors:   ShapeError if shapes do not fit; IndexError if blank or a target is outside [0, C); ValueError if a length
///           is negative or larger than T or S, or a target holds the blank.
/// Source:   Graves et al., "Connectionist temporal classification", 2006.
Array ctc_loss(const Array& log_probs, const Array& targets, const Array& input_lengths, const Array& target_lengths,
               const Ctc& options = {}, Reduction reduction = Reduction::Mean);
/// ctc_loss(log_softmax(logits)).
Array ctc_loss_from_logits(const Array& logits, const Array& targets, const Array& input_lengths,
                           const Array& target_lengths, const Ctc& options = {}, Reduction reduction = Reduction::Mean);

// --- Typed --------------------------------------------------------------------------------------------------------------

template <Reduction R = Reduction::Mean, BackendType B, std::size_t S>
Reduced<R, B, 1> ctc_loss(const Tensor<B, 3>& log_probs, const Tensor<B, S, Int>& targets,
                          const Tensor<B, 1, Int>& input_lengths, const Tensor<B, 1, Int>& target_lengths,
                          const Ctc& options = {}) {
  static_assert(S == 1 || S == 2, "the targets are [N, S], or one after another");
  return Reduced<R, B, 1>::unchecked(
      ctc_loss(log_probs.array(), targets.array(), input_lengths.array(), target_lengths.array(), options, R));
}
template <Reduction R = Reduction::Mean, BackendType B, std::size_t S>
Reduced<R, B, 1> ctc_loss_from_logits(const Tensor<B, 3>& logits, const Tensor<B, S, Int>& targets,
                                      const Tensor<B, 1, Int>& input_lengths, const Tensor<B, 1, Int>& target_lengths,
                                      const Ctc& options = {}) {
  static_assert(S == 1 || S == 2, "the targets are [N, S], or one after another");
  return Reduced<R, B, 1>::unchecked(
      ctc_loss_from_logits(logits.array(), targets.array(), input_lengths.array(), target_lengths.array(), options, R));
}

}  // namespace fornax::functional
