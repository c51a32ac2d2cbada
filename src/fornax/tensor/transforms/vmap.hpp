#pragma once
// A function of one sample into a function of a whole batch, without a loop.

#include <fornax/decorators/batched/tag.hpp>
#include <fornax/tensor/transforms/tree.hpp>

namespace fornax {

using batched::Randomness;

/// For in_dims: this argument is the same for each sample.
inline constexpr std::int64_t unmapped = std::int64_t{1} << 62;

/// The dim of each argument that vmap maps over: in_dims<0, unmapped>.
template <std::int64_t... Dims> struct InDims {};
template <std::int64_t... Dims> inline constexpr InDims<Dims...> in_dims{};

struct VmapOptions {
  std::int64_t out_dim = 0;                   // where the samples lie in the results
  Randomness randomness = Randomness::Error;  // what random operations do
};

namespace detail {

/// Samples along dim d of an array that vmap maps over; throws ShapeError if another argument had a different number.
void meet_samples(const Array& x, std::int64_t dim, std::int64_t& size);

template <class V, std::int64_t dim, class T> auto enter(const T& x) {
  if constexpr (dim == unmapped) {
    return lift<V>(x);
  } else if constexpr (AnyTensor<T>) {
    static_assert(T::rank > 0, "vmap maps over a dim, and a tensor of rank 0 has none; in_dims<unmapped> passes it on");
    return Tensor<V, T::rank - 1, typename T::KindType>::unchecked(batched::make(V::interpreter(), x.array(), dim));
  } else {
    static_assert(AnyTensor<T>, "vmap maps over tensors; pass a struct as unmapped, or its tensors one by one");
  }
}

template <class B, class V, std::size_t D, class K>
auto leave(const Tensor<V, D, K>& y, std::int64_t size, std::int64_t dim) {
  return Tensor<B, D + 1, K>::unchecked(batched::unmake(V::interpreter(), y.array(), size, dim));
}
template <class B, class... T> auto leave(const std::tuple<T...>& y, std::int64_t size, std::int64_t dim) {
  return std::apply([&](const auto&... t) { return std::tuple(leave<B>(t, size, dim)...); }, y);
}

}  // namespace detail

/// f, which takes one sample, as a function that takes tensors with one more dim and runs f on all samples at once. f
/// gives a tensor or a tuple of tensors, which gain a dim too. Nests, and composes with grad and jvp in any order.
///
/// Example: auto norms = vmap([](const auto& row) { return (row * row).sum().sqrt(); })(matrix);
///          vmap(f, in_dims<0, unmapped>)(rows, weights);
/// Errors:  ShapeError if the arguments differ in their number of samples; ValueError for random operations, unless
///          options say what they do, and for reading values of a tensor inside f.
template <class F, std::int64_t... In> auto vmap(F f, InDims<In...> = {}, VmapOptions options = {}) {
  return [f = std::move(f), options]<class... T>(const T&... x) {
    if constexpr (sizeof...(In) == 0) {
      return vmap(f, InDims<(static_cast<void>(sizeof(T)), 0)...>(), options)(x...);
    } else {
      static_assert(sizeof...(In) == sizeof...(T), "in_dims names a dim, or unmapped, for each argument");
      static_assert(((In != unmapped) || ...), "vmap needs at least one argument to map over");
      // Not B: -Wshadow looks into generic lambdas, and B is what users call their own backend.
      using Plain = detail::backend_of_t<T...>;
      using Samples = Batched<Plain>;
      std::int64_t size = -1;
      const auto meet = [&]<std::int64_t dim, class X>(std::integral_constant<std::int64_t, dim>, const X& t) {
        if constexpr (dim != unmapped && AnyTensor<X>) detail::meet_samples(t.array(), dim, size);
      };
      (meet(std::integral_constant<std::int64_t, In>(), x), ...);
      const batched::Frame frame(Samples::interpreter(), size, options.randomness);
      return detail::leave<Plain>(f(detail::enter<Samples, In>(x)...), size, options.out_dim);
    }
  };
}

}  // namespace fornax
