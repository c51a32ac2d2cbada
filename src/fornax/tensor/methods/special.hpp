#pragma once
// Methods of Tensor: special functions, and elementwise functions composed of others.

#include <fornax/ops/functions/elementwise.hpp>
#include <fornax/ops/functions/special.hpp>
#include <fornax/tensor/operators.hpp>

namespace fornax::methods {

template <class B, std::size_t D, class K> class Special {
  using Self = Tensor<B, D, K>;
  using Flags = Tensor<B, D, Bool>;

 public:
  /// The inverse of erf.
  Self erfinv() const { return Self::unchecked(fornax::erfinv(real())); }
  /// log |Γ(x)|, its derivative, and the n-th derivative of that.
  Self lgamma() const { return Self::unchecked(fornax::lgamma(real())); }
  Self digamma() const { return Self::unchecked(fornax::digamma(real())); }
  Self polygamma(std::int64_t n) const { return Self::unchecked(fornax::polygamma(n, real())); }
  /// sin(πx) / (πx).
  Self sinc() const { return Self::unchecked(fornax::sinc(real())); }
  /// Modified Bessel functions of the first kind of order 0 and 1; those ending in e are multiplied by exp(-|x|).
  Self i0() const { return Self::unchecked(fornax::i0(real())); }
  Self i0e() const { return Self::unchecked(fornax::i0e(real())); }
  Self i1() const { return Self::unchecked(fornax::i1(real())); }
  Self i1e() const { return Self::unchecked(fornax::i1e(real())); }

  Self exp2() const { return Self::unchecked(unary(UnaryFn::Exp2, real())); }
  /// x - trunc(x).
  Self frac() const { return Self::unchecked(fornax::frac(real())); }
  Self deg2rad() const { return Self::unchecked(fornax::deg2rad(real())); }
  Self rad2deg() const { return Self::unchecked(fornax::rad2deg(real())); }
  /// log(x / (1 - x)); with eps, of x brought into [eps, 1 - eps].
  Self logit() const { return Self::unchecked(fornax::logit(real())); }
  Self logit(double eps) const { return Self::unchecked(fornax::logit(real(), eps)); }
  /// Numbers in place of NaN and the infinities, by default the largest ones of the dtype.
  Self nan_to_num(double nan = 0) const { return Self::unchecked(fornax::nan_to_num(real(), nan)); }
  Self nan_to_num(double nan, double positive, double negative) const {
    return Self::unchecked(fornax::nan_to_num(real(), nan, positive, negative));
  }

  // Of several tensors; sizes are equal or 1.

  /// x log(y) and x log(1 + y), 0 where x is 0.
  Self xlogy(const Self& y) const { return Self::unchecked(fornax::xlogy(real(), y.array())); }
  Self xlog1py(const Self& y) const { return Self::unchecked(fornax::xlog1py(real(), y.array())); }
  /// log(exp(a) + exp(b)) and log2(2^a + 2^b), without overflow.
  Self logaddexp(const Self& other) const { return Self::unchecked(fornax::logaddexp(real(), other.array())); }
  Self logaddexp2(const Self& other) const { return Self::unchecked(fornax::logaddexp2(real(), other.array())); }
  /// x + weight (end - x).
  Self lerp(const Self& end, double weight) const { return Self::unchecked(fornax::lerp(real(), end.array(), weight)); }
  Self lerp(const Self& end, const Self& weight) const {
    return Self::unchecked(fornax::lerp(real(), end.array(), weight.array()));
  }
  /// x + value a b, and x + value a / b.
  Self addcmul(const Self& a, const Self& b, double value = 1) const {
    return Self::unchecked(fornax::addcmul(real(), a.array(), b.array(), value));
  }
  Self addcdiv(const Self& a, const Self& b, double value = 1) const {
    return Self::unchecked(fornax::addcdiv(real(), a.array(), b.array(), value));
  }

  /// The larger and the smaller; a number where the other is NaN.
  Self fmax(const Self& other) const { return Self::unchecked(fornax::fmax(number(), other.array())); }
  Self fmin(const Self& other) const { return Self::unchecked(fornax::fmin(number(), other.array())); }
  /// Greatest common divisor and least common multiple; never negative.
  Self gcd(const Self& other) const { return Self::unchecked(fornax::gcd(whole(), other.array())); }
  Self lcm(const Self& other) const { return Self::unchecked(fornax::lcm(whole(), other.array())); }

  /// |x - y| <= absolute + relative |y|, or equal.
  Flags is_close(const Self& y, double relative = 1e-5, double absolute = 1e-8, bool equal_nan = false) const {
    detail::require_kinds<K, detail::numeric>();
    return Flags::unchecked(fornax::is_close(array(), y.array(), relative, absolute, equal_nan));
  }
  /// True if that holds for all elements.
  bool all_close(const Self& y, double relative = 1e-5, double absolute = 1e-8, bool equal_nan = false) const {
    detail::require_kinds<K, detail::numeric>();
    return fornax::all_close(array(), y.array(), relative, absolute, equal_nan);
  }

 private:
  const Array& array() const { return static_cast<const Self&>(*this).array(); }
  const Array& number() const {
    detail::require_kinds<K, detail::numeric>();
    return array();
  }
  const Array& whole() const {
    detail::require_kinds<K, detail::only_int>();
    return array();
  }
  const Array& real() const {
    detail::require_float_kind<K>();
    return array();
  }
};

}  // namespace fornax::methods
