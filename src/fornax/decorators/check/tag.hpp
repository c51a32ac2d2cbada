#pragma once

#include <fornax/decorators/check/check.hpp>

namespace fornax {

/// Watches every operation of a backend for NaN and infinities, counts and times them: Tensor<Autodiff<Check<Cpu>>, 2>.
/// Without more, the first operation that makes a NaN or an infinity throws NonFinite, in backward too; a
/// check::Session says what else is wanted. Autodiff stands outside of Check, not inside.
template <class B> struct Check {
  using Inner = B;
  static constexpr bool is_autodiff = false;
  static Interpreter& interpreter() {
    static Interpreter& decorator = check::around(B::interpreter());
    return decorator;
  }
};

}  // namespace fornax
