#pragma once
// Functions of tensors into functions that give derivatives, by reverse mode.
//
// A function is anything that can be called with tensors of any backend: a lambda with `auto` parameters. It is called
// with tensors on Autodiff<B>, where B is the backend of the arguments; B may be decorated itself, so transforms nest.

#include <fornax/tensor/transforms/tree.hpp>

namespace fornax {

namespace detail {

/// Throws ShapeError unless y has one element: only that has a gradient.
void require_one_element(std::string_view operation, const Array& y);
/// backward() of y weighted with v (empty: ones), or of nothing if y does not depend on a leaf.
autodiff::GradientStore walk_from(Interpreter& on, const Array& y, const Array& v);
/// The gradient of a leaf; zeros if none arrived.
Array gradient_of(const autodiff::GradientStore& store, Interpreter& on, const Array& leaf);

// A tree on Autodiff<B>, its Float tensors leaves if `tracked`.
template <class A, class T> rebind_t<T, A> leaves_of(const T& tree, bool tracked) {
  return map_tensors<A>(
      [&]<class B, std::size_t D, class K>(const Tensor<B, D, K>& t) {
        const Tensor<A, D, K> lifted = Tensor<A, D, K>::unchecked(t.array());
        if constexpr (std::same_as<K, Float>) {
          return tracked ? lifted.require_grad() : lifted;
        } else {
          return lifted;
        }
      },
      tree);
}

// The gradients of a tree of leaves; empty tensors for Int and Bool.
template <class B, class T> rebind_t<T, B> gradients_of(const T& leaves, const autodiff::GradientStore& store) {
  return map_tensors<B>(
      [&]<class A, std::size_t D, class K>(const Tensor<A, D, K>& leaf) {
        if constexpr (std::same_as<K, Float>) {
          return Tensor<B, D, K>::unchecked(gradient_of(store, A::interpreter(), leaf.array()));
        } else {
          return Tensor<B, D, K>();
        }
      },
      leaves);
}

template <std::size_t... Args> constexpr bool is_one_of(std::size_t i) { return ((i == Args) || ...); }

// One result stands for itself, several for a tuple.
template <class T> auto one_or_tuple(std::tuple<T> t) { return std::get<0>(std::move(t)); }
template <class... T>
requires(sizeof...(T) != 1) std::tuple<T...> one_or_tuple(std::tuple<T...> t) { return t; }

}  // namespace detail

/// f as a function that gives its value and its gradient: a pair. f must give a tensor of one element.
///
/// The gradient is for the first argument, or for those whose numbers are named (then a tuple if there are several), and
/// has its type: a struct of tensors gives a struct of gradients. What f does not depend on has a gradient of zeros.
///
/// Example: auto [loss, g] = value_and_grad([](const auto& w) { return (w * w).sum(); })(w);
/// Errors:  ShapeError if f gives more than one element.
template <std::size_t... Args, class F> auto value_and_grad(F f) {
  return [f = std::move(f)]<class... T>(const T&... x) {
    if constexpr (sizeof...(Args) == 0) {
      return value_and_grad<0>(f)(x...);
    } else {
      // Not B: -Wshadow looks into generic lambdas, and B is what users call their own backend.
      using Plain = detail::backend_of_t<T...>;
      static_assert(!std::is_void_v<Plain>, "grad needs at least one tensor among the arguments");
      using Taped = Autodiff<Plain>;
      const autodiff::Recording recording;
      const auto leaves = [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::tuple<detail::rebind_t<T, Taped>...>(detail::leaves_of<Taped>(x, detail::is_one_of<Args...>(I))...);
      }
      (std::index_sequence_for<T...>());
      const auto y = std::apply(f, leaves);
      static_assert(AnyTensor<decltype(y)>, "grad needs a function that gives a tensor of one element");
      detail::require_one_element("grad", y.array());
      const autodiff::GradientStore store = detail::walk_from(Taped::interpreter(), y.array(), Array());
      return std::pair(y.inner(),
                       detail::one_or_tuple(std::tuple(detail::gradients_of<Plain>(std::get<Args>(leaves), store)...)));
    }
  };
}

/// f as a function that gives its gradient: value_and_grad() without the value.
///
/// Example: auto second = grad([](const auto& x) { return grad(square)(x).sum(); })(x);
template <std::size_t... Args, class F> auto grad(F f) {
  return [f = value_and_grad<Args...>(std::move(f))](const auto&... x) { return f(x...).second; };
}

/// What vjp() gives: the value, and the map from cotangents to gradients, which may be called any number of times.
template <class Value, class Pullback> struct Vjp {
  Value value;
  Pullback pullback;
};

/// The value of f at x, and a function from a cotangent (of the value's type) to the gradients for all x: a tuple if
/// there are several. The value may be a struct or tuple of tensors.
template <class F, class... T> auto vjp(const F& f, const T&... x) {
  using B = detail::backend_of_t<T...>;
  static_assert(!std::is_void_v<B>, "vjp needs at least one tensor among the arguments");
  using A = Autodiff<B>;
  const autodiff::Recording recording;
  auto leaves = std::tuple<detail::rebind_t<T, A>...>(detail::leaves_of<A>(x, true)...);
  auto y = std::apply(f, leaves);
  auto value = detail::map_tensors<B>([](const auto& t) { return t.inner(); }, y);
  auto pullback = [leaves = std::move(leaves), y = std::move(y)](const decltype(value)& cotangent) {
    Array loss;
    detail::for_each_tensor(
        [&]<class R, class C>(const R& result, const C& v) {
          if constexpr (std::same_as<typename R::KindType, Float>) {
            if (!(v.array().shape() == result.array().shape()))
              throw ShapeError("vjp", "the cotangent has shape " + v.array().shape().str() + ", the value has " +
                                          result.array().shape().str());
            const Array part = reduce_all(ReduceFn::Sum, result.array() * v.array());
            loss = loss.defined() ? loss + part : part;
          }
        },
        y, cotangent);
    const autodiff::GradientStore store =
        loss.defined() ? detail::walk_from(A::interpreter(), loss, Array()) : autodiff::GradientStore();
    return detail::one_or_tuple(
        std::apply([&](const auto&... leaf) { return std::tuple(detail::gradients_of<B>(leaf, store)...); }, leaves));
  };
  return Vjp<decltype(value), decltype(pullback)>{std::move(value), std::move(pullback)};
}

}  // namespace fornax
