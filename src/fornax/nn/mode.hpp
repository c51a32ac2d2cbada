#pragma once
// Training or evaluation: what Dropout and BatchNorm ask before they act.

#include <concepts>

#include <fornax/tensor/kinds.hpp>

namespace fornax::nn {

/// While one lives, layers on the calling thread behave as in evaluation, whatever their backend: for gradients with
/// respect to the input of a finished model, say. Where regions are checkpointed it must live until backward has run them
/// again.
class EvalMode {
 public:
  EvalMode();
  ~EvalMode();
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;
};

namespace detail {

/// True while the calling thread has an EvalMode.
bool evaluating();

template <class B> constexpr bool has_autodiff() {
  if constexpr (B::is_autodiff) {
    return true;
  } else if constexpr (std::same_as<B, typename B::Inner>) {
    return false;
  } else {
    return has_autodiff<typename B::Inner>();
  }
}

}  // namespace detail

/// True if layers on B behave as in training: B is an Autodiff, or decorates one, and the thread has no EvalMode.
template <BackendType B> bool is_training() {
  if constexpr (detail::has_autodiff<B>()) {
    return !detail::evaluating();
  } else {
    return false;
  }
}

}  // namespace fornax::nn
