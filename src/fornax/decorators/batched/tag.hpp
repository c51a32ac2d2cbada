#pragma once

#include <fornax/decorators/batched/batched.hpp>

namespace fornax {

/// Vectorisation over any backend: a tensor of Batched<Cpu> is one sample as the program sees it, and a whole batch in
/// memory. vmap() makes them.
template <class B> struct Batched {
  using Inner = B;
  static constexpr bool is_autodiff = false;
  static Interpreter& interpreter() {
    static Interpreter& decorator = batched::around(B::interpreter());
    return decorator;
  }
};

}  // namespace fornax
