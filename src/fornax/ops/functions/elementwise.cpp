#include <fornax/ops/functions/elementwise.hpp>

#include <cmath>
#include <limits>
#include <numbers>

namespace fornax {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Array less(const Array& x, Scalar s) { return with_scalar(ScalarFn::Less, x, s); }

double largest(DType t) {
  switch (t) {
    case DType::F16: return 65504;
    case DType::BF16: return 0x1.fep127;
    case DType::F32: return static_cast<double>(std::numeric_limits<float>::max());
    default: return std::numeric_limits<double>::max();
  }
}

void require_floats(std::string_view operation, const Array& a, const Array& b) {
  require_defined(operation, a);
  require_defined(operation, b);
  require_float(operation, a);
  require_same_type(operation, a, b);
}

}  // namespace

Array frac(const Array& x) { return x - trunc(x); }
Array deg2rad(Operand x) {
  require_defined("deg2rad", x);
  require_float("deg2rad", x.array());
  return x * Scalar(std::numbers::pi / 180);
}
Array rad2deg(Operand x) {
  require_defined("rad2deg", x);
  require_float("rad2deg", x.array());
  return x * Scalar(180 / std::numbers::pi);
}

Array logit(const Array& x) {
  require_defined("logit", x);
  require_float("logit", x);
  // Outside [0, 1] the gradient is as undefined as the value.
  const Array outside = logical_or(less(x, 0.0), greater(x, 1.0));
  const Array factor = where(outside, std::numeric_limits<double>::quiet_NaN(), full_like(x, 1.0));
  return factor * (log(x) - unary(UnaryFn::Log1p, -x));
}

Array logit(const Array& x, double eps) {
  if (!(eps >= 0 && eps <= 0.5)) throw ValueError("logit", "eps " + Scalar(eps).str() + " is outside [0, 0.5]");
  const Scalar low = eps, high = 1 - eps;
  return logit(clamp(x, &low, &high));
}

Array nan_to_num(const Array& x, double nan) {
  require_defined("nan_to_num", x);
  return nan_to_num(x, nan, largest(x.dtype()), -largest(x.dtype()));
}

Array nan_to_num(const Array& x, double nan, double positive, double negative) {
  require_defined("nan_to_num", x);
  require_float("nan_to_num", x);
  return where(is_nan(x), nan, where(equal(x, kInf), positive, where(equal(x, -kInf), negative, x)));
}

namespace {

void require_numbers(std::string_view operation, std::initializer_list<const Array*> x) {
  Shape shape;
  for (const Array* a : x) {
    require_defined(operation, *a);
    require_numeric(operation, *a);
    require_same_type(operation, **x.begin(), *a);
    shape = broadcast_shape(operation, shape, a->shape());
  }
}

// x where it does not pass the bound; NaN where either is. `passes` is a comparison, false for NaN.
Array bounded(BinaryFn passes, const Array& x, const Array& bound) {
  const Array beyond = binary(passes, x, bound);
  return where(is_float(x.dtype()) ? logical_or(beyond, is_nan(bound)) : beyond, bound, x);
}

// A NaN of x stays, and gets no gradient.
Array with_nan_of(const Array& x, const Array& y) {
  return is_float(x.dtype()) ? where(is_nan(x), std::numeric_limits<double>::quiet_NaN(), y) : y;
}

Array number_of_two(BinaryFn prefers, const Array& a, const Array& b) {
  const Array first = binary(prefers, a, b);
  return where(is_float(a.dtype()) ? logical_or(first, is_nan(b)) : first, a, b);
}

}  // namespace

Array clamp(const Array& x, const Array& low, const Array& high) {
  require_numbers("clamp", {&x, &low, &high});
  return with_nan_of(x, bounded(BinaryFn::Greater, bounded(BinaryFn::Less, x, low), high));
}

Array clamp_min(const Array& x, const Array& low) {
  require_numbers("clamp_min", {&x, &low});
  return with_nan_of(x, bounded(BinaryFn::Less, x, low));
}

Array clamp_max(const Array& x, const Array& high) {
  require_numbers("clamp_max", {&x, &high});
  return with_nan_of(x, bounded(BinaryFn::Greater, x, high));
}

Array fmax(const Array& a, const Array& b) {
  require_numbers("fmax", {&a, &b});
  return number_of_two(BinaryFn::GreaterEqual, a, b);
}

Array fmin(const Array& a, const Array& b) {
  require_numbers("fmin", {&a, &b});
  return number_of_two(BinaryFn::LessEqual, a, b);
}

Array gcd(const Array& a, const Array& b) {
  require_defined("gcd", a);
  require_defined("gcd", b);
  return binary(BinaryFn::Gcd, a, b);
}

Array lcm(const Array& a, const Array& b) {
  require_numbers("lcm", {&a, &b});
  require_int("lcm", a);
  const Array divisor = gcd(a, b);
  return unary(UnaryFn::Abs, a / where(equal(divisor, 0), 1, divisor) * b);
}

Array xlogy(const Array& x, const Array& y) {
  require_floats("xlogy", x, y);
  // 0 log(y) is 0 even where the logarithm is infinite or undefined, but not where y is NaN.
  const Array undefined = logical_or(lower_equal(y, 0.0), equal(y, kInf));
  return x * log(where(logical_and(equal(x, 0.0), undefined), 1.0, y));
}

Array xlog1py(const Array& x, const Array& y) {
  require_floats("xlog1py", x, y);
  const Array undefined = logical_or(lower_equal(y, -1.0), equal(y, kInf));
  return x * unary(UnaryFn::Log1p, where(logical_and(equal(x, 0.0), undefined), 0.0, y));
}

Array logaddexp(const Array& a, const Array& b) {
  require_floats("logaddexp", a, b);
  const Array first = greater_equal(a, b);
  const Array high = where(first, a, b), low = where(first, b, a);
  // Equal infinities have no difference, and the sum is the infinity itself.
  const Array same = logical_and(unary(UnaryFn::IsInf, high), equal(high, low));
  const Array distance = where(same, 0.0, low) - where(same, 0.0, high);
  return where(logical_or(is_nan(a), is_nan(b)), a + b, high + unary(UnaryFn::Log1p, exp(distance)));
}

Array logaddexp2(const Array& a, const Array& b) {
  require_floats("logaddexp2", a, b);
  return logaddexp(a * std::numbers::ln2, b * std::numbers::ln2) / std::numbers::ln2;
}

Array lerp(const Array& a, const Array& b, double weight) {
  require_floats("lerp", a, b);
  // From the nearer end, so that both ends are met exactly.
  return weight < 0.5 ? a + weight * (b - a) : b - (1 - weight) * (b - a);
}

Array lerp(const Array& a, const Array& b, const Array& weight) {
  require_floats("lerp", a, b);
  require_floats("lerp", a, weight);
  return where(less(weight, 0.5), a + weight * (b - a), b - (1.0 - weight) * (b - a));
}

Array addcmul(const Array& x, const Array& a, const Array& b, double value) { return x + value * (a * b); }
Array addcdiv(const Array& x, const Array& a, const Array& b, double value) { return x + value * (a / b); }

Array div(Operand a, Operand b, Rounding rounding) {
  require_defined("div", a);
  require_defined("div", b);
  if (rounding == Rounding::Floor) return binary(BinaryFn::FloorDiv, a, b);
  if (rounding == Rounding::Trunc) return binary(BinaryFn::TruncDiv, a, b);
  require_float("div", a.array());
  return a / b;
}

Array binary(BinaryFn fn, const Array& x, Scalar s) {
  require_defined(name(fn), x);
  return binary(fn, x, full_like(x, s));
}

Array is_close(const Array& a, const Array& b, double relative, double absolute, bool equal_nan) {
  require_defined("is_close", a);
  require_defined("is_close", b);
  if (!(relative >= 0) || !(absolute >= 0))
    throw ValueError("is_close", "the tolerances are " + Scalar(relative).str() + " and " + Scalar(absolute).str());
  if (!is_float(a.dtype())) {
    require_numeric("is_close", a);
    require_same_type("is_close", a, b);
    return is_close(cast(a, DType::F64), cast(b, DType::F64), relative, absolute);
  }
  const Array distance = unary(UnaryFn::Abs, a - b);
  const Array near = binary(BinaryFn::LessEqual, distance, unary(UnaryFn::Abs, b) * relative + absolute);
  const Array close = logical_or(equal(a, b), logical_and(unary(UnaryFn::IsFinite, distance), near));
  return equal_nan ? logical_or(close, logical_and(is_nan(a), is_nan(b))) : close;
}

bool all_close(const Array& a, const Array& b, double relative, double absolute, bool equal_nan) {
  return reduce_all(ReduceFn::All, is_close(a, b, relative, absolute, equal_nan)).item() != 0;
}

}  // namespace fornax
