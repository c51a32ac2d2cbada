#pragma once
// The loss of recurrent transducers: sequences of unequal length, aligned by a network that sees both.

#include <fornax/functional/reduction.hpp>

namespace fornax::functional {

/// -log of the probability of the target under a transducer: at each place (t, u) of the lattice, with t inputs read and u
/// labels written, softmax(logits[n, t, u]) is the probability of each next label, or of the blank, which reads on. The sum over
/// all paths, by the forward recursion in log space.
///
/// Shapes: logits [N, T, U + 1, C], targets [N, U], lengths [N] -> [N].
/// Kinds:  logits Float, finite; targets and lengths Int.
/// Units:  nats.
/// Errors: ShapeError if shapes do not fit; IndexError if blank or a target is outside [0, C); ValueError if an input length is
///         outside [1, T], a target length outside [0, U], or a target holds the blank.
/// Source: Graves, "Sequence transduction with recurrent neural networks", 2012.
Array rnnt_loss(const Array& logits, const Array& targets, const Array& input_lengths, const Array& target_lengths,
                std::int64_t blank = 0, Reduction reduction = Reduction::Mean);

template <Reduction R = Reduction::Mean, BackendType B>
Reduced<R, B, 1> rnnt_loss(const Tensor<B, 4>& logits, const Tensor<B, 2, Int>& targets,
                           const Tensor<B, 1, Int>& input_lengths, const Tensor<B, 1, Int>& target_lengths,
                           std::int64_t blank = 0) {
  return Reduced<R, B, 1>::unchecked(
      rnnt_loss(logits.array(), targets.array(), input_lengths.array(), target_lengths.array(), blank, R));
}

}  // namespace fornax::functional
