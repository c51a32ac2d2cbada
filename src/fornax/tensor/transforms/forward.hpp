#pragma once
// Directional derivatives by forward mode: one pass beside the value, no tape.

#include <fornax/decorators/dual/tag.hpp>
#include <fornax/tensor/transforms/grad.hpp>

namespace fornax {

namespace detail {

template <class D, class T> rebind_t<T, D> duals_of(const T& primals, const T& tangents) {
  return map_tensors<D>(
      []<class B, std::size_t R, class K>(const Tensor<B, R, K>& x, const Tensor<B, R, K>& t) {
        if constexpr (std::same_as<K, Float>) {
          if (t.array().defined())
            return Tensor<D, R, K>::unchecked(dual::make(D::interpreter(), x.array(), t.array()));
        }
        return Tensor<D, R, K>::unchecked(x.array());
      },
      primals, tangents);
}

/// The tangent of x; zeros if it is a constant.
Array tangent_of(Interpreter& on, const Array& x);

template <class F, class T> auto call(const F& f, const T& x) {
  if constexpr (is_tuple<T>) {
    return std::apply(f, x);
  } else {
    return f(x);
  }
}

}  // namespace detail

/// The value of f at x and its derivative along t: a pair, both of the value's type. t has the type of x; several
/// arguments stand in std::tuples. An empty tensor in t stands for zeros.
///
/// Example: auto [y, dy] = jvp([](const auto& x) { return x.sin(); }, x, t);
/// Errors:  ShapeError or DTypeError if a tangent does not fit its tensor.
template <class F, class T> auto jvp(const F& f, const T& x, const T& t) {
  using B = detail::backend_of_t<T>;
  static_assert(!std::is_void_v<B>, "jvp needs at least one tensor among the arguments");
  using D = Dual<B>;
  const auto y = detail::call(f, detail::duals_of<D>(x, t));
  auto value = detail::map_tensors<B>(
      []<std::size_t R, class K>(const Tensor<D, R, K>& v) {
        return Tensor<B, R, K>::unchecked(dual::primal(D::interpreter(), v.array()));
      },
      y);
  auto tangent = detail::map_tensors<B>(
      []<std::size_t R, class K>(const Tensor<D, R, K>& v) {
        return Tensor<B, R, K>::unchecked(detail::tangent_of(D::interpreter(), v.array()));
      },
      y);
  return std::pair(std::move(value), std::move(tangent));
}

/// The product of the Hessian of f at x with v, by forward over reverse: the cost of a few evaluations of f.
/// f gives a tensor of one element; v and the result have the type of x.
template <class F, class T> T hvp(const F& f, const T& x, const T& v) { return jvp(grad(f), x, v).second; }

/// What linearize() gives: the value, and the derivative as a linear map from t to J t.
template <class Value, class Map> struct Linearized {
  Value value;
  Map map;
};

/// The value of f at x, and a function from t (of x's type) to the derivative along t, which does not run f again: it
/// walks f's tape back with a tape of its own, and that back. f gives one tensor.
template <class F, class T> auto linearize(const F& f, const T& x) {
  using B = detail::backend_of_t<T>;
  using A = Autodiff<B>;
  const autodiff::Recording recording;
  auto leaves = detail::leaves_of<A>(x, true);
  auto y = detail::call(f, leaves);
  static_assert(AnyTensor<decltype(y)>, "linearize needs a function that gives one tensor");
  auto value = y.inner();
  auto map = [leaves = std::move(leaves), y = std::move(y)](const T& t) {
    const autodiff::Recording again;
    Interpreter& on = A::interpreter();
    const Array u = autodiff::require_grad(on, full_like(y.array(), 1.0));
    const autodiff::GradientStore down = detail::walk_from(on, y.array(), u);
    Array loss;
    detail::for_each_tensor(
        [&](const auto& leaf, const auto& direction) {
          const Array g = direction.array().defined() ? down.find(leaf.array()) : Array();
          if (!g.defined()) return;
          if (!(direction.array().shape() == leaf.array().shape()))
            throw ShapeError("linearize", "the tangent has shape " + direction.array().shape().str() +
                                              ", the argument has " + leaf.array().shape().str());
          const Array part = reduce_all(ReduceFn::Sum, g * direction.array());
          loss = loss.defined() ? loss + part : part;
        },
        leaves, t);
    const autodiff::GradientStore store =
        loss.defined() ? detail::walk_from(on, loss, Array()) : autodiff::GradientStore();
    return decltype(y.inner())::unchecked(detail::gradient_of(store, on, u));
  };
  return Linearized<decltype(value), decltype(map)>{std::move(value), std::move(map)};
}

}  // namespace fornax
