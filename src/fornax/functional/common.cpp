#include <fornax/functional/common.hpp>

#include <cmath>
#include <limits>
#include <string>

#include <fornax/array/tensor_data.hpp>
#include <fornax/tensor/build.hpp>

namespace fornax::functional::impl {

void require_defined(std::string_view operation, std::initializer_list<const Array*> x) {
  for (const Array* a : x)
    if (!a->defined()) throw ValueError(operation, "an operand is empty: it was moved from, or never given a value");
}

void require_floats(std::string_view operation, std::initializer_list<const Array*> x) {
  require_defined(operation, x);
  const Array& first = **x.begin();
  for (const Array* a : x) {
    require_float(operation, *a);
    if (a != &first) require_same_type(operation, first, *a);
  }
}

Shape require_broadcast(std::string_view operation, std::initializer_list<const Array*> x) {
  require_floats(operation, x);
  Shape shape;
  for (const Array* a : x) shape = broadcast_shape(operation, shape, a->shape());
  return shape;
}

void require_rank(std::string_view operation, std::string_view what, const Array& x, int rank) {
  if (x.rank() != rank)
    throw ShapeError(operation,
                     std::string(what) + " has shape " + x.shape().str() + "; needs rank " + std::to_string(rank));
}

void require_shape(std::string_view operation, std::string_view what, const Array& x, const Shape& shape) {
  if (!(x.shape() == shape))
    throw ShapeError(operation, std::string(what) + " has shape " + x.shape().str() + "; needs " + shape.str());
}

namespace {

void require_setting(bool fits, std::string_view operation, std::string_view what, double value, const char* wanted) {
  if (!fits) throw ValueError(operation, std::string(what) + " is " + Scalar(value).str() + "; must be " + wanted);
}

}  // namespace

void require_positive(std::string_view operation, std::string_view what, double value) {
  require_setting(value > 0 && std::isfinite(value), operation, what, value, "positive and finite");
}

void require_not_negative(std::string_view operation, std::string_view what, double value) {
  require_setting(value >= 0 && std::isfinite(value), operation, what, value, "at least 0 and finite");
}

void require_probability(std::string_view operation, std::string_view what, double value) {
  require_setting(value >= 0 && value <= 1, operation, what, value, "in [0, 1]");
}

Array counting(const Array& beside, std::int64_t n, DType dtype) {
  if (is_float(dtype)) return arange(*beside.interpreter(), 0.0, static_cast<double>(n), 1.0, dtype, beside.device());
  return arange(*beside.interpreter(), 0, n, 1, dtype, beside.device());
}

Array integers(const Array& beside, std::span<const std::int64_t> values, const Shape& shape, DType dtype) {
  TensorData data(values, shape);
  if (dtype != DType::I64) data = data.convert(dtype);
  return backend_of(*beside.interpreter()).upload(dtype, shape, data.bytes(), beside.device());
}

Array draws(const Array& beside, const Shape& shape, DType dtype, const Distribution& distribution,
            Generator* generator) {
  const Draw draw = generator ? generator->draw(shape.numel()) : draw_default(beside.device(), shape.numel());
  return random(*beside.interpreter(), {shape, dtype, beside.device()}, distribution, draw);
}

Array unsqueeze(const Array& x, std::int64_t dim) { return fornax::detail::unsqueeze_dim(x, dim); }
Array squeeze(const Array& x, std::int64_t dim) { return fornax::detail::squeeze_dim(x, dim); }
Array sum_along(const Array& x, std::int64_t dim) { return squeeze(reduce(ReduceFn::Sum, x, dim), dim); }

Array merged(const Array& x, int a, int b) { return fornax::detail::flatten(x, a, b, x.rank() - (b - a)); }

Array joined(std::span<const Array> parts, std::int64_t dim) {
  if (parts.size() == 1) return parts[0];
  std::vector<Operand> operands;
  for (const Array& p : parts) operands.emplace_back(p);
  return cat(operands, dim);
}

Array stacked(std::span<const Array> parts, std::int64_t dim) {
  std::vector<Array> raised;
  for (const Array& p : parts) raised.push_back(unsqueeze(p, dim));
  return joined(raised, dim);
}

std::vector<Array> unstacked(const Array& x, std::int64_t dim) {
  const std::int64_t n = x.shape()[checked_dim("unstack", dim, x.rank())];
  if (n == 0) return {};
  if (n == 1) return {squeeze(x, dim)};
  std::vector<Array> parts = unstacked(narrow(x, dim, 0, n / 2), dim);
  for (Array& a : unstacked(narrow(x, dim, n / 2, n - n / 2), dim)) parts.push_back(std::move(a));
  return parts;
}

Array at_least(Operand x, double low) {
  const Scalar bound = low;
  return clamp(x, &bound, nullptr);
}

Array between(const Array& x, double low, double high) {
  return where(lower_equal(x, low), low, where(with_scalar(ScalarFn::GreaterEqual, x, high), high, x));
}

Array flat_sqrt(const Array& x) {
  const Array zero = equal(x, 0.0);
  return where(zero, 0.0, sqrt(where(zero, 1.0, x)));
}

Array norm(const Array& x, double p, DimSet dims) {
  const Array size = absolute(x);
  if (p == 0) return reduce(ReduceFn::Sum, cast(with_scalar(ScalarFn::NotEqual, x, 0.0), x.dtype()), dims);
  if (std::isinf(p)) return reduce(p > 0 ? ReduceFn::Max : ReduceFn::Min, size, dims);
  if (p == 1) return reduce(ReduceFn::Sum, size, dims);
  if (p == 2) return flat_sqrt(reduce(ReduceFn::Sum, square(x), dims));
  // Zeros, and sums of nothing but zeros, have slope 0; for p < 0 a zero makes the norm 0 by way of an infinity.
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Array zero = equal(size, 0.0);
  const Array powers = where(zero, p > 0 ? 0.0 : infinity, pow(where(zero, 1.0, size), p));
  const Array sum = reduce(ReduceFn::Sum, powers, dims);
  const Array nothing = equal(sum, 0.0);
  return where(nothing, 0.0, pow(where(nothing, 1.0, sum), 1 / p));
}

Array variance(const Array& x, DimSet dims, std::int64_t correction) {
  const Array centred = x - reduce(ReduceFn::Mean, x, dims);
  const auto count = static_cast<double>(count_along(x, dims) - correction);
  return reduce(ReduceFn::Sum, square(centred), dims) / (count > 0 ? count : 0.0);
}

std::int64_t count_along(const Array& x, DimSet dims) {
  std::int64_t count = 1;
  for (int d = 0; d < x.rank(); ++d)
    if (dims.has(d)) count *= x.shape()[d];
  return count;
}

}  // namespace fornax::functional::impl
