#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

template <class T>
concept NotDifferentiable = requires {
  requires !T::differentiable;
};

}  // namespace

std::string_view name(const Op& op) {
  return visit(op, [](const auto& o) { return o.name(); });
}

bool differentiable(const Op& op) {
  return visit(op, []<class T>(const T&) { return !NotDifferentiable<T>; });
}

Keep keep(const Op& op, Wanted wanted) {
  return visit(op, [&]<class T>(const T& o) {
    if constexpr (NotDifferentiable<T>) {
      return Keep::nothing();
    } else {
      return o.keep(wanted);
    }
  });
}

Arrays vjp(const Op& op, const Arrays& x, std::span<const Array> y, std::span<const Array> g, Wanted wanted) {
  static constinit const Array not_kept;
  return visit(op, [&]<class T>(const T& o) -> Arrays {
    if constexpr (std::is_same_v<T, op::Custom>) {
      return o.function->vjp(x, g, wanted);
    } else if constexpr (NotDifferentiable<T>) {
      throw Error(o.name(), "has no derivative; reaching this is a bug in fornax");
    } else if constexpr (has_many_results<T>) {
      return o.vjp(x, y, g, wanted);
    } else {
      return o.vjp(x, y.empty() ? not_kept : y[0], g[0], wanted);
    }
  });
}

}  // namespace fornax
