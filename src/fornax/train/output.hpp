#pragma once
// What a step gives back, and how metrics get to see it.

#include <fornax/array/interpreter.hpp>
#include <fornax/tensor/tensor.hpp>
#include <fornax/train/observation.hpp>

namespace fornax::train {

/// What the step of a classifier gives back.
///
/// Example: return train::ClassificationOutput{functional::cross_entropy(logits, targets), logits, targets};
template <class B> struct ClassificationOutput {
  Tensor<B, 1> loss;
  Tensor<B, 2> logits;        // [N, C]
  Tensor<B, 1, Int> targets;  // [N]
};

/// What the step of a regression gives back.
template <class B, std::size_t D = 2> struct RegressionOutput {
  Tensor<B, 1> loss;
  Tensor<B, D> output, targets;  // of one shape
};

/// What metrics see of a step's output: a tensor, which is the loss, or a struct with a member `loss` and those of
/// `logits` or `output`, `targets` or `target`, and `items` that it has. One with `observe(Observation&) const` fills in
/// the rest itself.
template <class Output> Observation observe(const Output& output) {
  Observation seen;
  if constexpr (requires { output.observe(seen); }) {
    output.observe(seen);
  } else if constexpr (!AnyTensor<Output>) {
    if constexpr (requires { output.logits.array(); }) {
      seen.output = detach(output.logits.array());
    } else if constexpr (requires { output.output.array(); }) {
      seen.output = detach(output.output.array());
    }
    if constexpr (requires { output.targets.array(); }) {
      seen.target = detach(output.targets.array());
    } else if constexpr (requires { output.target.array(); }) {
      seen.target = detach(output.target.array());
    }
    if constexpr (requires { seen.items = output.items; }) seen.items = output.items;
  }
  detail::complete(seen);
  return seen;
}

/// The loss in a step's output.
template <class Output> auto& loss_of(Output& output) {
  if constexpr (AnyTensor<std::remove_const_t<Output>>) {
    return output;
  } else {
    static_assert(
        requires { output.loss.array(); }, "a step gives back the loss, a tensor, or a struct with a member `loss`");
    return output.loss;
  }
}

}  // namespace fornax::train
