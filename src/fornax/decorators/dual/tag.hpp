#pragma once

#include <fornax/decorators/dual/dual.hpp>

namespace fornax {

/// Forward-mode differentiation over any backend: a tensor of Dual<Cpu> is a value and its derivative in one direction.
/// Nests, also with Autodiff: Autodiff<Dual<Cpu>> gives products of a Hessian with a vector.
template <class B> struct Dual {
  using Inner = B;
  static constexpr bool is_autodiff = false;
  static Interpreter& interpreter() {
    static Interpreter& decorator = dual::around(B::interpreter());
    return decorator;
  }
};

}  // namespace fornax
