#pragma once

#include <concepts>

#include <fornax/decorators/fusion/fusion.hpp>

namespace fornax {

/// Runs chains of elementwise operations on large arrays as one pass over memory: Tensor<Autodiff<Fusion<Cpu>>, 2>.
/// Stands around the backend, inside all other decorators.
template <class B> struct Fusion {
  static_assert(std::same_as<B, typename B::Inner>, "Fusion stands around a backend: Autodiff<Fusion<Cpu>>");
  using Inner = B;
  static constexpr bool is_autodiff = false;
  static Interpreter& interpreter() {
    static Interpreter& decorator = fusion::around(B::interpreter());
    return decorator;
  }
};

}  // namespace fornax
