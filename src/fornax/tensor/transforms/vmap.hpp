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
  std::vector<std::int64_t> out_dims = {};    // instead, a dim for each result of a tuple or struct
  Randomness randomness = Randomness::Error;  // what random operations do
};

namespace detail {

/// Samples along dim d of an array that vmap maps over; throws ShapeError if another argument had a different number.
void meet_samples(const Array& x, std::int64_t dim, std::int64_t& size);
/// Throws ValueError unless there is no out_dims, or one for each of the results.
void require_out_dims(const VmapOptions& options, std::size_t results);

/// The tree with f(part) in place of each of its parts. The ranks of a struct's tensors stand in its type, and f changes
/// them, so the tuple of its fields takes its place.
template <class F, class T> auto map_parts(const F& f, const T& x) {
  if constexpr (HasFields<const T>) {
    return map_parts(f, x.fields());
  } else if constexpr (is_tuple<T>) {
    // Braces: in order.
    return std::apply([&](const auto&... parts) { return std::tuple<decltype(f(parts))...>{f(parts)...}; }, x);
  } else if constexpr (is_vector<T>) {
    std::vector<decltype(f(x[0]))> result;
    result.reserve(x.size());
    for (const auto& part : x) result.push_back(f(part));
    return result;
  } else if constexpr (is_array<T>) {
    std::array<decltype(f(x[0])), std::tuple_size_v<T>> result;
    for (std::size_t i = 0; i < x.size(); ++i) result[i] = f(x[i]);
    return result;
  } else if constexpr (is_optional<T>) {
    return x ? std::optional<decltype(f(*x))>(f(*x)) : std::nullopt;
  } else {
    return x;
  }
}

// A tree of samples that lie along `dim` of every tensor, as one sample.
template <class V, class T> auto sample_of(const T& x, std::int64_t dim) {
  if constexpr (is_tensor<T>) {
    static_assert(T::rank > 0, "vmap maps over a dim, and a tensor of rank 0 has none; in_dims<unmapped> passes it on");
    using Sample = Tensor<V, T::rank - 1, typename T::KindType>;
    return Sample::unchecked(batched::make(V::interpreter(), x.array(), dim));
  } else {
    return map_parts([&](const auto& part) { return sample_of<V>(part, dim); }, x);
  }
}
template <class V, std::int64_t dim, class T> auto enter(const T& x) {
  static_assert(dim == unmapped || !std::is_void_v<backend_of_t<T>>,
                "vmap maps over tensors, and there are none in this argument; in_dims<unmapped> passes it on");
  if constexpr (dim == unmapped) {
    return lift<V>(x);
  } else {
    return sample_of<V>(x, dim);
  }
}

// The way back.
template <class B, class T> auto all_of(const T& y, std::int64_t size, std::int64_t dim) {
  if constexpr (is_tensor<T>) {  // empty: what grad gives for Int and Bool
    using Whole = Tensor<B, T::rank + 1, typename T::KindType>;
    using V = typename T::Backend;
    return y.array().defined() ? Whole::unchecked(batched::unmake(V::interpreter(), y.array(), size, dim)) : Whole();
  } else {
    return map_parts([&](const auto& part) { return all_of<B>(part, size, dim); }, y);
  }
}
template <class B, class T> auto leave(const T& y, std::int64_t size, const VmapOptions& options) {
  if constexpr (HasFields<const T>) {
    return leave<B>(y.fields(), size, options);
  } else if constexpr (is_tuple<T>) {
    require_out_dims(options, std::tuple_size_v<T>);
    std::size_t i = 0;
    return map_parts(
        [&](const auto& part) {
          const std::int64_t dim = options.out_dims.empty() ? options.out_dim : options.out_dims[i++];
          return all_of<B>(part, size, dim);
        },
        y);
  } else {
    require_out_dims(options, 1);
    return all_of<B>(y, size, options.out_dims.empty() ? options.out_dim : options.out_dims[0]);
  }
}

template <class To, class From> void assign_fields(To& to, const From& from) {
  if constexpr (std::same_as<To, From>) {
    to = from;
  } else if constexpr (HasFields<To>) {
    static_assert(is_tuple<From>, "from_fields: a struct is made of the tuple of its fields");
    auto fields = to.fields();
    static_assert(std::tuple_size_v<decltype(fields)> == std::tuple_size_v<From>,
                  "from_fields: the struct has another number of fields");
    [&]<std::size_t... I>(std::index_sequence<I...>) { (assign_fields(std::get<I>(fields), std::get<I>(from)), ...); }
    (std::make_index_sequence<std::tuple_size_v<From>>());
  } else if constexpr (is_vector<To>) {
    to.resize(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) assign_fields(to[i], from[i]);
  } else {
    to = from;
  }
}

}  // namespace detail

/// The struct S with these fields: what turns a sample of a struct, which arrives as a tuple, into a struct again.
///
/// Example: vmap([](const auto& line, const auto& x) { return from_fields<Line>(line)(x); })(lines, x);
template <template <class> class S, class... T> auto from_fields(const std::tuple<T...>& fields) {
  S<detail::backend_of_t<T...>> result;
  detail::assign_fields(result, fields);
  return result;
}

/// f, which takes one sample, as a function that takes tensors with one more dim and runs f on all samples at once. What f
/// gives gains a dim too. Nests, and composes with grad and jvp in any order.
///
/// An argument or result may be any tree that transforms look into: all its tensors are mapped alike. A mapped struct
/// arrives in f, and returns from it, as the tuple of its fields, since its type fixes its tensors' ranks; one that is
/// unmapped stays a struct.
///
/// Example: auto norms = vmap([](const auto& row) { return (row * row).sum().sqrt(); })(matrix);
///          vmap(f, in_dims<0, unmapped>)(rows, weights);
///          auto [w, b] = vmap(grad(loss), in_dims<unmapped, 0>)(line, points);  // for each point, those of Line's fields
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
      const auto meet = [&]<std::int64_t dim, class X>(std::integral_constant<std::int64_t, dim>, const X& tree) {
        if constexpr (dim != unmapped)
          detail::for_each_tensor([&](const auto& t) { detail::meet_samples(t.array(), dim, size); }, tree);
      };
      (meet(std::integral_constant<std::int64_t, In>(), x), ...);
      const batched::Frame frame(Samples::interpreter(), size, options.randomness);
      return detail::leave<Plain>(f(detail::enter<Samples, In>(x)...), size, options);
    }
  };
}

}  // namespace fornax
