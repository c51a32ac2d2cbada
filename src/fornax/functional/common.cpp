#include <fornax/functional/common.hpp>

#include <cmath>
#include <string>

#include <fornax/array/allocate.hpp>
#include <fornax/array/tensor_data.hpp>
#include <fornax/tensor/build.hpp>

namespace fornax::functional::impl {

void require_defined(std::string_view operation, std::initializer_list<const Array*> x) {
  for (const Array* a : x) fornax::require_defined(operation, *a);
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

Draw draw_of(const Array& beside, std::int64_t elements, Generator* generator) {
  return generator ? generator->draw(elements) : draw_default(beside.device(), elements);
}

Array draws(const Array& beside, const Shape& shape, DType dtype, const Distribution& distribution,
            Generator* generator) {
  return random(*beside.interpreter(), {shape, dtype, beside.device()}, distribution,
                draw_of(beside, shape.numel(), generator));
}

Array unsqueeze(const Array& x, std::int64_t dim) { return fornax::detail::unsqueeze_dim(x, dim); }
Array squeeze(const Array& x, std::int64_t dim) { return fornax::detail::squeeze_dim(x, dim); }
Array sum_along(const Array& x, std::int64_t dim) { return squeeze(reduce(ReduceFn::Sum, x, dim), dim); }

Array merged(const Array& x, int a, int b) { return fornax::detail::flatten(x, a, b, x.rank() - (b - a)); }

Array joined(std::span<const Array> parts, std::int64_t dim) {
  if (parts.size() == 1) return parts[0];
  return cat(lent(parts), dim);
}

Array stacked(std::span<const Array> parts, std::int64_t dim) try {
  std::vector<Array> raised;
  for (const Array& p : parts) raised.push_back(unsqueeze(p, dim));
  return joined(raised, dim);
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
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

Numbers integers_of(std::string_view operation, std::string_view what, const Array& x) {
  require_defined(operation, x);
  if (!is_int(x.dtype()))
    throw DTypeError(operation, std::string(what) + " are " + std::string(name(x.dtype())) + "; must be Int");
  return x.to_data().to_vector<std::int64_t>();
}

Numbers lengths_of(std::string_view operation, std::string_view what, const Array& x, std::int64_t samples,
                   std::int64_t longest) {
  Numbers lengths = integers_of(operation, what, x);
  require_shape(operation, what, x, Shape{samples});
  for (const std::int64_t n : lengths)
    if (n < 0 || n > longest)
      throw ValueError(operation, "one of the " + std::string(what) + " is " + std::to_string(n) + "; must be in [0, " +
                                      std::to_string(longest) + "]");
  return lengths;
}

}  // namespace fornax::functional::impl
