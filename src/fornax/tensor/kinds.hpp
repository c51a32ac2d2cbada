#pragma once
// What the type of a tensor says: its backend and the kind of its elements.

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <fornax/array/dtype.hpp>
#include <fornax/cpu/tag.hpp>
#include <fornax/decorators/autodiff/tag.hpp>

namespace fornax {

/// Kinds of elements. The dtype within a kind is known at run time.
struct Float {
  using Element = double;  // what into_scalar() gives
  static constexpr DType default_dtype = DType::F32;
  static constexpr std::uint16_t dtypes = 0b0000001111;  // f64 f32 f16 bf16, by their bits
  static constexpr const char* name = "Float";
};
struct Int {
  using Element = std::int64_t;
  static constexpr DType default_dtype = DType::I64;
  static constexpr std::uint16_t dtypes = 0b0111110000;
  static constexpr const char* name = "Int";
};
struct Bool {
  using Element = bool;
  static constexpr DType default_dtype = DType::Bool;
  static constexpr std::uint16_t dtypes = 0b1000000000;
  static constexpr const char* name = "Bool";
};

template <class K>
concept Kind = std::same_as<K, Float> || std::same_as<K, Int> || std::same_as<K, Bool>;

/// A backend, or a decorator over one.
template <class B>
concept BackendType = requires {
  typename B::Inner;
  { B::interpreter() } -> std::same_as<Interpreter&>;
  { B::is_autodiff } -> std::convertible_to<bool>;
};

template <BackendType B, std::size_t D, Kind K = Float> class Tensor;

template <class T> inline constexpr bool is_tensor = false;
template <class B, std::size_t D, class K> inline constexpr bool is_tensor<Tensor<B, D, K>> = true;

template <class T>
concept AnyTensor = is_tensor<std::remove_cvref_t<T>>;
template <class T>
concept Number = std::is_arithmetic_v<std::remove_cvref_t<T>>;

}  // namespace fornax
