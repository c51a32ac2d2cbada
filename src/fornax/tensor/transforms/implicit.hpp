#pragma once
// Derivatives of solutions: of the equation, not of the iterations that solved it.

#include <fornax/functional/linalg.hpp>
#include <fornax/tensor/transforms/custom.hpp>
#include <fornax/tensor/transforms/jacobian.hpp>

namespace fornax {

namespace detail {

// A solution x of g(x, theta...) = 0 as a function of theta: with A = dg/dx, the gradients are -(A⁻¹ dg/dtheta)ᵀ v.
// The inputs are x and theta; the value is x.
template <class G, class X, class... T> struct ImplicitRoot final : CustomFunction {
  explicit ImplicitRoot(G residual) : g(std::move(residual)) {}
  std::string_view name() const override { return "custom_root"; }
  Arrays forward(const Arrays& x) const override { return x[0]; }
  bool reads_results() const override { return true; }
  Arrays vjp(const Arrays& x, std::span<const Array> v, Wanted wanted) const override {
    return vjp_of_results(x, {x.data(), 1}, v, wanted);
  }
  Arrays vjp_of_results(const Arrays& inputs, std::span<const Array> y, std::span<const Array> v,
                        Wanted) const override {
    return std::apply(
        [&](const X&, const T&... theta) {
          const X x = X::unchecked(y[0]);  // depends on theta too, which second derivatives see
          const X weight = solved(x, swap_dims(slope(x, theta...), 0, 1), v[0]);
          const auto run = fornax::vjp(at_root(x), theta...);
          Arrays gradients{Array()};
          const auto down = run.pullback(weight);
          for_each_tensor([&](const auto& d) { gradients.push_back(d.array()); }, down);
          return gradients;
        },
        typed<X, T...>(inputs));
  }
  bool jvp(const Arrays& inputs, std::span<const Array> y, const Arrays& t, Arrays& result) const override {
    Arrays along = t;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (!along[i].defined()) along[i] = zeros_like(inputs[i]);
    result = std::apply(
        [&](const X&, const T&... theta) {
          return std::apply(
              [&](const X&, const T&... direction) {
                const X x = X::unchecked(y[0]);
                const auto moved = fornax::jvp(at_root(x), std::tuple(theta...), std::tuple(direction...));
                return solved(x, slope(x, theta...), moved.second.array()).array();
              },
              typed<X, T...>(along));
        },
        typed<X, T...>(inputs));
    return true;
  }

 private:
  // theta -> g(x, theta), for a fixed x.
  auto at_root(const X& x) const {
    return [this, x](const auto& first, const auto&... rest) { return g(lift(x, first), first, rest...); };
  }
  // dg/dx.
  Array slope(const X& x, const T&... theta) const {
    return jacobian([&](const auto& at) { return g(at, lift(theta, at)...); })(x).array();
  }
  // -a⁻¹ b.
  static X solved(const X& x, const Array& a, const Array& b) {
    return X::unchecked(-reshape(linalg::solve(a, reshape(b, Shape{x.array().numel(), 1})), x.array().shape()));
  }

  G g;
};

}  // namespace detail

/// A solver whose derivative is that of the equation it solves: a function of theta... that gives an x with
/// g(x, theta...) = 0. `solve(theta...)` finds it, by any means, and is not differentiated; the derivative solves one
/// linear system with dg/dx (implicit function theorem), to any order and in any mode.
///
/// Shapes: x [n], g gives [n]; theta are tensors.
/// Errors: ValueError where dg/dx is singular.
/// Example: auto root = custom_root([](const auto& x, const auto& a) { return x * x - a; },
///                                  [](const auto& a) { return a.sqrt(); });
template <class G, class Solve> auto custom_root(G g, Solve solve) {
  return [ g = std::move(g), solve = std::move(solve) ]<AnyTensor... T>(const T&... theta) {
    using X = std::remove_cvref_t<decltype(solve(theta...))>;
    static_assert(AnyTensor<X>, "custom_root needs a solver that gives one tensor");
    static_assert(X::rank == 1, "custom_root solves for a tensor of rank 1");
    const X x = stop_gradient(solve(stop_gradient(theta)...));
    const Operand inputs[] = {Operand(x.array()), Operand(theta.array())...};
    return X::unchecked(
        run(op::Custom{Ref<CustomFunction>(new detail::ImplicitRoot<G, X, T...>(g))}, Operands(inputs)));
  };
}

struct FixedPointOptions {
  double tolerance = 1e-10;  // on the largest change of an element between two iterations
  std::int64_t most_iterations = 1000;
};

/// The x with x = f(x, theta...), iterated from x0, and its derivative for theta by the implicit function theorem: no
/// memory for the iterations.
///
/// Errors: ValueError if it does not converge.
template <class F, class X, class... T> X fixed_point(F f, const X& x0, FixedPointOptions options, const T&... theta) {
  const auto residual = [f](const auto& x, const auto&... at) { return f(x, at...) - x; };
  const auto iterate = [&](const auto&... at) {
    X x = stop_gradient(x0);
    for (std::int64_t i = 0; i < options.most_iterations; ++i) {
      const X next = f(x, at...);
      const double change = reduce_all(ReduceFn::Max, unary(UnaryFn::Abs, next.array() - x.array())).item();
      x = next;
      if (change <= options.tolerance) return x;
    }
    throw ValueError("fixed_point", "did not converge in " + std::to_string(options.most_iterations) + " iterations");
  };
  return custom_root(residual, iterate)(theta...);
}

}  // namespace fornax
