#pragma once
// Operators between tensors, and between a tensor and a number: one function for every mix of named and temporary
// operands, so that the buffer of a temporary can be reused.

#include <array>
#include <concepts>
#include <type_traits>
#include <utility>

#include <fornax/ops/functions.hpp>
#include <fornax/tensor/kinds.hpp>

namespace fornax::detail {

template <class T> struct Parts;
template <class B, std::size_t D, class K> struct Parts<Tensor<B, D, K>> {
  using Backend = B;
  using Kind = K;
  using Flags = Tensor<B, D, Bool>;
  static constexpr std::size_t rank = D;
};
template <class T> using PartsOf = Parts<std::remove_cvref_t<T>>;

// Which kinds a function is for.
inline constexpr int only_float = 1, only_int = 2, only_bool = 4, numeric = 3, bool_or_int = 6, any_kind = 7;
template <class K> constexpr bool in_kinds(int kinds) {
  return (kinds & (std::same_as<K, Float> ? only_float : std::same_as<K, Int> ? only_int : only_bool)) != 0;
}

template <class K, int kinds> constexpr void require_kinds() {
  static_assert(in_kinds<K>(kinds),
                "this function is not for elements of this kind; to_float() and to_int() convert a tensor");
}
template <class K> constexpr void require_float_kind() {
  static_assert(std::same_as<K, Float>, "this function needs Float elements; to_float() converts a tensor");
}
template <class B> constexpr void require_autodiff(const char*) {
  static_assert(B::is_autodiff, "gradients exist on Autodiff<B>; this tensor is on a plain backend");
}
template <class B, class K> constexpr void require_backward() {
  static_assert(B::is_autodiff, "backward() exists on Autodiff<B>; this tensor is on a plain backend");
  static_assert(std::same_as<K, Float>, "backward() starts from Float elements; Int and Bool have no gradient");
}
template <class L, class R> constexpr void require_same() {
  static_assert(std::same_as<typename PartsOf<L>::Backend, typename PartsOf<R>::Backend>,
                "the tensors are on different backends; from_inner() lifts a gradient, inner() lowers a tensor");
  static_assert(PartsOf<L>::rank == PartsOf<R>::rank,
                "the tensors differ in rank; unsqueeze() adds a dim, and sizes of 1 broadcast");
  static_assert(std::same_as<typename PartsOf<L>::Kind, typename PartsOf<R>::Kind>,
                "the tensors differ in kind; to_float(), to_int() and to_bool() convert");
}
template <class L, class N> constexpr void require_number() {
  static_assert(!(std::same_as<typename PartsOf<L>::Kind, Int> && std::floating_point<std::remove_cvref_t<N>>),
                "an Int tensor and a floating-point number do not mix; to_float() converts the tensor");
}

/// Reads the handle of a tensor as an operand: given if the tensor is a temporary or was moved.
struct Access {
  template <class B, std::size_t D, class K> static Operand operand(const Tensor<B, D, K>& t) {
    return Operand(t.array_);
  }
  template <class B, std::size_t D, class K> static Operand operand(Tensor<B, D, K>&& t) {
    return Operand(std::move(t.array_));
  }
  /// The handle itself, for code that replaces it by one of the same type.
  template <class B, std::size_t D, class K> static Array& array(Tensor<B, D, K>& t) { return t.array_; }
  template <class B, std::size_t D, class K> static auto type() { return Tensor<B, D, K>::type(); }
};

[[noreturn]] void throw_empty();

/// Sizes or dims given as a list.
template <std::size_t N> std::array<std::int64_t, N> list(const Index (&values)[N]) {
  std::array<std::int64_t, N> all;
  for (std::size_t i = 0; i < N; ++i) all[i] = values[i].value;
  return all;
}
/// Values and positions as tensors.
template <class T>
std::pair<T, Tensor<typename Parts<T>::Backend, Parts<T>::rank, Int>> pair_of(ValuesAndIndices result) {
  using Positions = Tensor<typename Parts<T>::Backend, Parts<T>::rank, Int>;
  return {T::unchecked(std::move(result.values)), Positions::unchecked(std::move(result.indices))};
}

template <int kinds, class Result, class L, class R> Result binary_op(BinaryFn fn, L&& a, R&& b) {
  require_same<L, R>();
  static_assert(in_kinds<typename PartsOf<L>::Kind>(kinds),
                "this operation is not for elements of this kind; to_float() and to_int() convert a tensor");
  return Result::unchecked(binary(fn, Access::operand(std::forward<L>(a)), Access::operand(std::forward<R>(b))));
}
template <int kinds, class Result, class L, class N> Result scalar_op(ScalarFn fn, L&& a, N number) {
  require_number<L, N>();
  static_assert(in_kinds<typename PartsOf<L>::Kind>(kinds),
                "this operation is not for elements of this kind; to_float() and to_int() convert a tensor");
  return Result::unchecked(with_scalar(fn, Access::operand(std::forward<L>(a)), Scalar(number)));
}
/// A number beside a tensor, for functions that take two tensors.
template <class L, class N> std::remove_cvref_t<L> like(const L& a, N number) {
  require_number<L, N>();
  if (!a.array().defined()) throw_empty();
  return std::remove_cvref_t<L>::unchecked(full_like(a.array(), Scalar(number)));
}

template <class L> using Same = std::remove_cvref_t<L>;
template <class L> using Flags = typename PartsOf<L>::Flags;

#define FORNAX_WITH_SCALAR(function, kinds, Result, tensor_fn, scalar_fn)                            \
  template <AnyTensor L, AnyTensor R> auto function(L&& a, R&& b) {                                  \
    return binary_op<kinds, Result<L>>(BinaryFn::tensor_fn, std::forward<L>(a), std::forward<R>(b)); \
  }                                                                                                  \
  template <AnyTensor L, Number N> auto function(L&& a, N number) {                                  \
    return scalar_op<kinds, Result<L>>(ScalarFn::scalar_fn, std::forward<L>(a), number);             \
  }
#define FORNAX_TENSORS_ONLY(function, kinds, tensor_fn)                                            \
  template <AnyTensor L, AnyTensor R> auto function(L&& a, R&& b) {                                \
    return binary_op<kinds, Same<L>>(BinaryFn::tensor_fn, std::forward<L>(a), std::forward<R>(b)); \
  }                                                                                                \
  template <AnyTensor L, Number N> auto function(L&& a, N number) {                                \
    const auto other = like(a, number);                                                            \
    return binary_op<kinds, Same<L>>(BinaryFn::tensor_fn, std::forward<L>(a), other);              \
  }
FORNAX_WITH_SCALAR(add, numeric, Same, Add, Add)
FORNAX_WITH_SCALAR(mul, numeric, Same, Mul, Mul)
FORNAX_WITH_SCALAR(div, numeric, Same, Div, Div)
FORNAX_WITH_SCALAR(pow, numeric, Same, Pow, Pow)
FORNAX_WITH_SCALAR(remainder, numeric, Same, Remainder, Remainder)
FORNAX_WITH_SCALAR(fmod, numeric, Same, Fmod, Fmod)
FORNAX_WITH_SCALAR(equal, any_kind, Flags, Equal, Equal)
FORNAX_WITH_SCALAR(not_equal, any_kind, Flags, NotEqual, NotEqual)
FORNAX_WITH_SCALAR(lower, any_kind, Flags, Less, Less)
FORNAX_WITH_SCALAR(lower_equal, any_kind, Flags, LessEqual, LessEqual)
FORNAX_WITH_SCALAR(greater, any_kind, Flags, Greater, Greater)
FORNAX_WITH_SCALAR(greater_equal, any_kind, Flags, GreaterEqual, GreaterEqual)
FORNAX_TENSORS_ONLY(maximum, numeric, Maximum)
FORNAX_TENSORS_ONLY(minimum, numeric, Minimum)
FORNAX_TENSORS_ONLY(atan2, only_float, Atan2)
FORNAX_TENSORS_ONLY(hypot, only_float, Hypot)
FORNAX_TENSORS_ONLY(copysign, only_float, Copysign)
FORNAX_TENSORS_ONLY(floor_div, numeric, FloorDiv)
FORNAX_TENSORS_ONLY(trunc_div, numeric, TruncDiv)
FORNAX_TENSORS_ONLY(bool_and, only_bool, And)
FORNAX_TENSORS_ONLY(bool_or, only_bool, Or)
FORNAX_TENSORS_ONLY(bool_xor, only_bool, Xor)
FORNAX_TENSORS_ONLY(bitwise_and, only_int, And)
FORNAX_TENSORS_ONLY(bitwise_or, only_int, Or)
FORNAX_TENSORS_ONLY(bitwise_xor, only_int, Xor)
FORNAX_TENSORS_ONLY(shift_left, only_int, ShiftLeft)
FORNAX_TENSORS_ONLY(shift_right, only_int, ShiftRight)
#undef FORNAX_WITH_SCALAR
#undef FORNAX_TENSORS_ONLY

template <AnyTensor L, AnyTensor R> auto sub(L&& a, R&& b) {
  return binary_op<numeric, Same<L>>(BinaryFn::Sub, std::forward<L>(a), std::forward<R>(b));
}
template <AnyTensor L, Number N> auto sub(L&& a, N number) {
  require_number<L, N>();
  static_assert(in_kinds<typename PartsOf<L>::Kind>(numeric),
                "this operation is not for elements of this kind; to_float() and to_int() convert a tensor");
  return Same<L>::unchecked(Access::operand(std::forward<L>(a)) - Scalar(number));
}

}  // namespace fornax::detail

namespace fornax {

template <class L, class R>
requires(AnyTensor<L> && (AnyTensor<R> || Number<R>)) auto operator+(L&& a, R&& b) {
  return detail::add(std::forward<L>(a), std::forward<R>(b));
}
template <class L, class R>
requires(AnyTensor<L> && (AnyTensor<R> || Number<R>)) auto operator-(L&& a, R&& b) {
  return detail::sub(std::forward<L>(a), std::forward<R>(b));
}
template <class L, class R>
requires(AnyTensor<L> && (AnyTensor<R> || Number<R>)) auto operator*(L&& a, R&& b) {
  return detail::mul(std::forward<L>(a), std::forward<R>(b));
}
template <class L, class R>
requires(AnyTensor<L> && (AnyTensor<R> || Number<R>)) auto operator/(L&& a, R&& b) {
  return detail::div(std::forward<L>(a), std::forward<R>(b));
}
template <class L, class R>
requires(AnyTensor<L> && (AnyTensor<R> || Number<R>)) auto operator%(L&& a, R&& b) {
  return detail::remainder(std::forward<L>(a), std::forward<R>(b));
}
template <Number N, AnyTensor R> auto operator+(N number, R&& b) { return detail::add(std::forward<R>(b), number); }
template <Number N, AnyTensor R> auto operator*(N number, R&& b) { return detail::mul(std::forward<R>(b), number); }
template <Number N, AnyTensor R> auto operator-(N number, R&& b) {
  return detail::scalar_op<detail::numeric, detail::Same<R>>(ScalarFn::Rsub, std::forward<R>(b), number);
}
template <Number N, AnyTensor R> auto operator/(N number, R&& b) {
  return detail::scalar_op<detail::numeric, detail::Same<R>>(ScalarFn::Rdiv, std::forward<R>(b), number);
}
template <AnyTensor T> auto operator-(T&& a) { return std::forward<T>(a).neg(); }
template <AnyTensor L, AnyTensor R> auto operator&(L&& a, R&& b) {
  return detail::binary_op<detail::bool_or_int, detail::Same<L>>(BinaryFn::And, std::forward<L>(a), std::forward<R>(b));
}
template <AnyTensor L, AnyTensor R> auto operator|(L&& a, R&& b) {
  return detail::binary_op<detail::bool_or_int, detail::Same<L>>(BinaryFn::Or, std::forward<L>(a), std::forward<R>(b));
}
template <AnyTensor L, AnyTensor R> auto operator^(L&& a, R&& b) {
  return detail::binary_op<detail::bool_or_int, detail::Same<L>>(BinaryFn::Xor, std::forward<L>(a), std::forward<R>(b));
}

}  // namespace fornax
