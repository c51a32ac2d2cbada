#pragma once
// Layers without tensors are their own configs.

#include <fornax/nn/initializer.hpp>

/// A module that is its own config, since it has settings only: nn::MaxPool2d{.kernel_size = 2}. At namespace scope.
#define FORNAX_LAYER(Type, ...) FORNAX_LAYER_AS(Type, #Type, __VA_ARGS__)
#define FORNAX_LAYER_AS(Type, name, ...)                        \
  FORNAX_MODULE_AS(template <int = 0>, name, __VA_ARGS__)       \
  FORNAX_CONFIG_AS(template <int = 0>, Type, name, __VA_ARGS__) \
  template <int = 0> Type init() const {                        \
    ::fornax::nn::detail::check(*this);                         \
    return *this;                                               \
  }

namespace fornax::nn::detail {

template <class T> void check(const T& config) {
  if constexpr (Validated<T>) config.validate();
}

/// One of three names, for layers of 1, 2 and 3 spatial dims.
template <int N> constexpr const char* by_dims(const char* one, const char* two, const char* three) {
  return N == 1 ? one : N == 2 ? two : three;
}

/// Checks that the settings of each dim are positive (not negative).
void require_all(std::string_view config, std::string_view field, std::span<const std::int64_t> values, bool positive);

}  // namespace fornax::nn::detail
