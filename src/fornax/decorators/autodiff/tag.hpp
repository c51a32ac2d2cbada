#pragma once

#include <fornax/decorators/autodiff/autodiff.hpp>

namespace fornax {

/// Reverse-mode differentiation over any backend: Tensor<Autodiff<Cpu>, 2>. Nests: Autodiff<Autodiff<Cpu>> gives second
/// derivatives.
template <class B> struct Autodiff {
  using Inner = B;
  static constexpr bool is_autodiff = true;
  static Interpreter& interpreter() {
    static Interpreter& decorator = autodiff::around(B::interpreter());
    return decorator;
  }
};

}  // namespace fornax
