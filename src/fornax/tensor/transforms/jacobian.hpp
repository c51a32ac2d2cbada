#pragma once
// Whole matrices of derivatives: all directions at once, as one batch.

#include <fornax/tensor/transforms/forward.hpp>
#include <fornax/tensor/transforms/vmap.hpp>

namespace fornax {

namespace detail {

/// The unit vectors of x's space: [n, x's shape...] for n elements.
Array unit_vectors(const Array& x);
/// J [out..., in...] from its columns [n, out...], which a batch of n tangents left on `on`; zeros if there are none.
Array from_columns(const Interpreter& on, const Array& columns, const Array& out, const Array& in);
/// J [out..., in...] from its rows [m, in...].
Array from_rows(const Interpreter& on, const Array& rows, const Array& out, const Array& in);

template <class F, class B, std::size_t D> auto jacobian_forward(const F& f, const Tensor<B, D>& x) {
  using V = Batched<B>;
  using U = Dual<V>;
  const batched::Frame frame(V::interpreter(), x.array().numel(), Randomness::Same);
  const Array units = batched::make(V::interpreter(), unit_vectors(x.array()), 0);
  const auto y = f(Tensor<U, D>::unchecked(dual::make(U::interpreter(), x.array(), units)));
  using Y = decltype(y);
  return Tensor<B, std::remove_cvref_t<Y>::rank + D>::unchecked(
      from_columns(V::interpreter(), dual::tangent(U::interpreter(), y.array()),
                   dual::primal(U::interpreter(), y.array()), x.array()));
}

// By the tape of y = f(leaf), walked back once for all rows.
template <class A, std::size_t D, std::size_t R>
auto jacobian_reverse(const Tensor<A, D>& leaf, const Tensor<A, R>& y) {
  using B = typename A::Inner;
  using V = Batched<B>;
  const Array units = batched::make(V::interpreter(), unit_vectors(autodiff::inner(A::interpreter(), y.array())), 0);
  const autodiff::GradientStore store = walk_from(A::interpreter(), y.array(), units);
  return Tensor<B, R + D>::unchecked(from_rows(V::interpreter(), store.find(leaf.array()), y.array(), leaf.array()));
}

}  // namespace detail

/// The Jacobian of f at x, [out..., in...], by forward mode: one pass with a batch of as many tangents as x has elements.
template <class F> auto jacobian_forward(F f) {
  return [f = std::move(f)](const auto& x) { return detail::jacobian_forward(f, x); };
}

/// The Jacobian of f at x, [out..., in...], by reverse mode: one walk with as many cotangents as f(x) has elements.
template <class F> auto jacobian_reverse(F f) {
  return [f = std::move(f)]<class B, std::size_t D>(const Tensor<B, D>& x) {
    const autodiff::Recording recording;
    const auto leaf = detail::leaves_of<Autodiff<B>>(x, true);
    return detail::jacobian_reverse(leaf, f(leaf));
  };
}

/// The Jacobian of f at x, [out..., in...]: in reverse if f has no more results than arguments, else forward.
template <class F> auto jacobian(F f) {
  return [f = std::move(f)]<class B, std::size_t D>(const Tensor<B, D>& x) {
    const autodiff::Recording recording;
    const auto leaf = detail::leaves_of<Autodiff<B>>(x, true);
    const auto y = f(leaf);
    return y.array().numel() <= x.array().numel() ? detail::jacobian_reverse(leaf, y) : detail::jacobian_forward(f, x);
  };
}

/// The Hessian of f at x, [in..., in...]: f gives a tensor of one element. Forward over reverse, all columns at once.
///
/// Example: auto h = hessian([](const auto& x) { return (x * x * x).sum(); })(x);
template <class F> auto hessian(F f) { return jacobian_forward(grad(std::move(f))); }

}  // namespace fornax
