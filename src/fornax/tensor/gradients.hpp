#pragma once

#include <cstddef>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/tensor/kinds.hpp>

namespace fornax {

/// The gradients of one backward pass on backend B, read with `tensor.grad(gradients)`. Belongs to the caller.
template <BackendType B> class Gradients {
 public:
  Gradients() = default;
  explicit Gradients(autodiff::GradientStore store) : store_(std::move(store)) {}
  /// Number of tensors that have a gradient.
  std::size_t size() const { return store_.size(); }
  const autodiff::GradientStore& store() const { return store_; }
  autodiff::GradientStore& store() { return store_; }

 private:
  autodiff::GradientStore store_;
};

/// What register_hook returns: remove() takes the hook off again.
class HookHandle {
 public:
  explicit HookHandle(Ref<autodiff::Hook> hook) : hook_(std::move(hook)) {}
  void remove() { hook_->active.store(false); }

 private:
  Ref<autodiff::Hook> hook_;
};

/// Runs f with nothing recorded on this thread, and returns its result.
template <class F> decltype(auto) no_grad(F&& f) {
  const autodiff::NoGrad guard;
  return f();
}

}  // namespace fornax
