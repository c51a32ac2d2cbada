#pragma once
// What function transforms look into: a tensor, or a struct, std::tuple, std::pair, std::vector, std::array or
// std::optional of things that they look into. Anything else is a setting, and stays as it is.

#include <array>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <fornax/tensor/tensor.hpp>

/// Lets transforms look into a struct that has its backend as first template parameter, and further ones that are numbers;
/// or that is a template over other structs. Name every member.
///
/// Example: template <class B> struct Line { Tensor<B, 1> w, b; FORNAX_FIELDS(w, b) };
#define FORNAX_FIELDS(...) FORNAX_FIELDS_AS(, __VA_ARGS__)
#define FORNAX_FIELDS_AS(template_head, ...)                          \
  template_head auto fields() { return std::tie(__VA_ARGS__); }       \
  template_head auto fields() const { return std::tie(__VA_ARGS__); } \
  static constexpr const char* field_names() { return #__VA_ARGS__; }

namespace fornax {

namespace detail {

template <class T>
concept HasFields = requires(T& t) {
  t.fields();
};

template <class T> inline constexpr bool is_tuple = false;
template <class... T> inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class A, class B> inline constexpr bool is_tuple<std::pair<A, B>> = true;
template <class T> inline constexpr bool is_vector = false;
template <class T> inline constexpr bool is_vector<std::vector<T>> = true;
template <class T> inline constexpr bool is_array = false;
template <class T, std::size_t N> inline constexpr bool is_array<std::array<T, N>> = true;
template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

// The same tree on another backend.
template <class T, class B> struct Rebind { using Type = T; };
template <class A, std::size_t D, class K, class B> struct Rebind<Tensor<A, D, K>, B> { using Type = Tensor<B, D, K>; };
template <template <class, auto...> class S, BackendType A, auto... N, class B> struct Rebind<S<A, N...>, B> {
  using Type = S<B, N...>;
};
template <class T, class B> struct Rebind<std::vector<T>, B> { using Type = std::vector<typename Rebind<T, B>::Type>; };
template <class T, std::size_t N, class B> struct Rebind<std::array<T, N>, B> {
  using Type = std::array<typename Rebind<T, B>::Type, N>;
};
template <class T, class B> struct Rebind<std::optional<T>, B> {
  using Type = std::optional<typename Rebind<T, B>::Type>;
};
template <class... T, class B> struct Rebind<std::tuple<T...>, B> {
  using Type = std::tuple<typename Rebind<T, B>::Type...>;
};
template <class U, class V, class B> struct Rebind<std::pair<U, V>, B> {
  using Type = std::pair<typename Rebind<U, B>::Type, typename Rebind<V, B>::Type>;
};
template <template <class...> class S, class... T, class B>
requires(HasFields<S<T...>> && !(BackendType<T> || ...)) struct Rebind<S<T...>, B> {
  using Type = S<typename Rebind<T, B>::Type...>;
};
template <class T, class B> using rebind_t = typename Rebind<std::remove_cvref_t<T>, B>::Type;

// The backend of the first tensor in a list of trees; void if there is none.
template <class... T> struct BackendOf { using Type = void; };
template <class A, std::size_t D, class K, class... Rest> struct BackendOf<Tensor<A, D, K>, Rest...> {
  using Type = A;
};
template <template <class, auto...> class S, BackendType A, auto... N, class... Rest>
struct BackendOf<S<A, N...>, Rest...> {
  using Type = A;
};
template <class T, class... Rest> struct BackendOf<std::vector<T>, Rest...> : BackendOf<T, Rest...> {};
template <class T, std::size_t N, class... Rest> struct BackendOf<std::array<T, N>, Rest...> : BackendOf<T, Rest...> {};
template <class T, class... Rest> struct BackendOf<std::optional<T>, Rest...> : BackendOf<T, Rest...> {};
template <class... T, class... Rest> struct BackendOf<std::tuple<T...>, Rest...> : BackendOf<T..., Rest...> {};
template <class U, class V, class... Rest> struct BackendOf<std::pair<U, V>, Rest...> : BackendOf<U, V, Rest...> {};
template <template <class...> class S, class... T, class... Rest>
requires(HasFields<S<T...>> && !(BackendType<T> || ...)) struct BackendOf<S<T...>, Rest...> : BackendOf<T..., Rest...> {
};
template <class T, class... Rest> struct BackendOf<T, Rest...> : BackendOf<Rest...> {};
template <class T> struct FieldsOf;
template <class... F> struct FieldsOf<std::tuple<F...>> { using Type = std::tuple<std::remove_cvref_t<F>...>; };
template <class T, class... Rest>
requires HasFields<T>
struct BackendOf<T, Rest...> : BackendOf<typename FieldsOf<decltype(std::declval<T&>().fields())>::Type, Rest...> {
};
template <class... T> using backend_of_t = typename BackendOf<std::remove_cvref_t<T>...>::Type;

/// Calls f(tensor of the first tree, tensor at the same place of the second, ...) for each tensor. Throws ShapeError if
/// the trees differ in length.
template <class F, class T, class... Rest> void for_each_tensor(const F& f, T& first, Rest&... rest) {
  using U = std::remove_cvref_t<T>;
  const auto each_of_tuple = [&]<class... X>(X&&... tuples) {
    constexpr std::size_t n = std::tuple_size_v<std::remove_cvref_t<std::tuple_element_t<0, std::tuple<X...>>>>;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      [[maybe_unused]] const auto at = [&]<std::size_t i>(std::integral_constant<std::size_t, i>) {
        for_each_tensor(f, std::get<i>(tuples)...);
      };
      (at(std::integral_constant<std::size_t, I>()), ...);
    }
    (std::make_index_sequence<n>());
  };
  if constexpr (is_tensor<U>) {
    f(first, rest...);
  } else if constexpr (is_tuple<U>) {
    each_of_tuple(first, rest...);
  } else if constexpr (HasFields<T>) {
    each_of_tuple(first.fields(), rest.fields()...);
  } else if constexpr (is_vector<U> || is_array<U>) {
    if (((rest.size() != first.size()) || ...)) throw ShapeError("transform", "the trees differ in length");
    for (std::size_t i = 0; i < first.size(); ++i) for_each_tensor(f, first[i], rest[i]...);
  } else if constexpr (is_optional<U>) {
    if (((rest.has_value() != first.has_value()) || ...))
      throw ShapeError("transform", "an optional member is there in one tree and not in the other");
    if (first) for_each_tensor(f, *first, (*rest)...);
  }
}

/// The tree with f(tensor of the first, tensor of the second, ...) on backend B in place of each tensor.
template <class B, class F, class T, class... Rest>
rebind_t<T, B> map_tensors(const F& f, const T& first, const Rest&... rest) {
  using Result = rebind_t<T, B>;
  if constexpr (is_tensor<T>) {
    return f(first, rest...);
  } else if constexpr (is_vector<T>) {
    if (((rest.size() != first.size()) || ...)) throw ShapeError("transform", "the trees differ in length");
    Result result;
    result.reserve(first.size());
    for (std::size_t i = 0; i < first.size(); ++i) result.push_back(map_tensors<B>(f, first[i], rest[i]...));
    return result;
  } else if constexpr (is_optional<T>) {
    if (((rest.has_value() != first.has_value()) || ...))
      throw ShapeError("transform", "an optional member is there in one tree and not in the other");
    return first ? Result(map_tensors<B>(f, *first, (*rest)...)) : Result();
  } else if constexpr (is_array<T>) {
    Result result;
    for (std::size_t i = 0; i < first.size(); ++i) result[i] = map_tensors<B>(f, first[i], rest[i]...);
    return result;
  } else if constexpr (is_tuple<T>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      [[maybe_unused]] const auto at = [&]<std::size_t i>(std::integral_constant<std::size_t, i>) {
        return map_tensors<B>(f, std::get<i>(first), std::get<i>(rest)...);
      };
      return Result(at(std::integral_constant<std::size_t, I>())...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>());
  } else if constexpr (HasFields<const T>) {
    Result result;
    auto to = result.fields();
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      [[maybe_unused]] const auto at = [&]<std::size_t i>(std::integral_constant<std::size_t, i>) {
        std::get<i>(to) = map_tensors<B>(f, std::get<i>(first.fields()), std::get<i>(rest.fields())...);
      };
      (at(std::integral_constant<std::size_t, I>()), ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(to)>>());
    return result;
  } else {
    return first;
  }
}

}  // namespace detail

/// Tensors of a backend that `To` decorates, as constants on To. For what a function captures: inside grad, jvp or vmap
/// its arguments live on a deeper backend than what it was written beside.
template <BackendType To, class T> detail::rebind_t<T, To> lift(const T& tree) {
  return detail::map_tensors<To>(
      []<class A, std::size_t D, class K>(const Tensor<A, D, K>& t) { return Tensor<To, D, K>(t.array()); }, tree);
}
/// The same, on the backend of a tensor beside it: `x * lift(w, x)`.
template <class T, BackendType B, std::size_t D, class K>
detail::rebind_t<T, B> lift(const T& tree, const Tensor<B, D, K>&) {
  return lift<B>(tree);
}

/// The tensors, cut off from the derivatives of every decorator.
template <class T> T stop_gradient(const T& tree) {
  using B = detail::backend_of_t<T>;
  return detail::map_tensors<B>(
      []<std::size_t D, class K>(const Tensor<B, D, K>& t) {
        return t.array().defined() ? Tensor<B, D, K>::unchecked(detach(t.array())) : t;
      },
      tree);
}

}  // namespace fornax
