#pragma once

#include <fornax/decorators/trace/trace.hpp>

namespace fornax {

/// Records operations as data: what trace::record() hands to the function that it records. Autodiff<Trace<Cpu>> records
/// backward too.
template <class B> struct Trace {
  using Inner = B;
  static constexpr bool is_autodiff = false;
  static Interpreter& interpreter() {
    static Interpreter& decorator = trace::around(B::interpreter());
    return decorator;
  }
};

}  // namespace fornax
