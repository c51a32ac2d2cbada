#pragma once
// Names of enumerators: how they are printed, saved and read.

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>

#include <fornax/nn/parameters.hpp>

/// Gives the enumerators of an enum their names, in the namespace of the enum. Name all of them, in order, from 0.
///
/// Example: enum class Shade { Light, Dark };  FORNAX_ENUM(Shade, Light, Dark)
#define FORNAX_ENUM(Type, ...)                                                                    \
  constexpr const char* fornax_enum_names(Type) { return #__VA_ARGS__; }                          \
  constexpr std::size_t fornax_enum_size(Type) {                                                  \
    using enum Type;                                                                              \
    constexpr Type all[] = {__VA_ARGS__};                                                         \
    for (std::size_t i = 0; i < sizeof(all) / sizeof(Type); ++i)                                  \
      if (static_cast<std::size_t>(all[i]) != i) throw "FORNAX_ENUM: name them in order, from 0"; \
    return sizeof(all) / sizeof(Type);                                                            \
  }

namespace fornax::nn::detail {

template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T t) {
  fornax_enum_names(t);
};

/// Calls f(i, member i) for each element of a tuple of references.
template <class... T, class F> void for_each_member(const std::tuple<T&...>& members, const F& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (f(I, std::get<I>(members)), ...); }
  (std::index_sequence_for<T...>());
}

template <NamedEnum T> std::string_view name_of(T value) {
  static_assert(fornax_enum_size(T()) > 0);
  return field_name(fornax_enum_names(value), static_cast<std::size_t>(value));
}

}  // namespace fornax::nn::detail
