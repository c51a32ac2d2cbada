#include <fornax/functional/softmax.hpp>

#include <algorithm>

#include <fornax/array/interpreter.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/functional/sampling.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

// x with a dim to run along; checks the dim.
Array line(std::string_view operation, const Array& x, std::int64_t dim) {
  require_floats(operation, {&x});
  static_cast<void>(checked_dim(operation, dim, std::max(x.rank(), 1)));
  if (x.rank() > 0) return x;
  return reshape(x, Shape{1});
}

}  // namespace

Array softmax(const Array& x, std::int64_t dim) {
  const Array row = line("softmax", x, dim);  // first: an empty handle has no shape
  return reshape(fornax::softmax(row, dim), x.shape());
}

Array log_softmax(const Array& x, std::int64_t dim) {
  const Array row = line("log_softmax", x, dim);
  return reshape(fornax::log_softmax(row, dim), x.shape());
}

Array softmin(const Array& x, std::int64_t dim) {
  const Array row = line("softmin", x, dim);
  return reshape(fornax::softmax(-row, dim), x.shape());
}

Array quiet_softmax(const Array& x, std::int64_t dim) {
  const Array row = line("quiet_softmax", x, dim);
  const int d = checked_dim("quiet_softmax", dim, row.rank());
  if (row.shape()[d] == 0)
    throw ValueError("quiet_softmax", "dim " + std::to_string(d) + " of " + x.shape().str() + " has no elements");
  // Any shift gives the same value, so none needs a gradient. The score of 0 counts: with it no exponent is above 0.
  const Array shift = at_least(detach(reduce(ReduceFn::Max, row, d)), 0);
  const Array e = exp(row - shift);
  return reshape(e / (exp(-shift) + reduce(ReduceFn::Sum, e, d)), x.shape());
}

Array gumbel_softmax(const Array& x, const GumbelSoftmax& options) {
  require_positive("gumbel_softmax", "the temperature", options.temperature);
  static_cast<void>(line("gumbel_softmax", x, options.dim));
  const Array noisy = (x + cast(gumbel_noise(x, x.shape(), options.generator), x.dtype())) / options.temperature;
  const Array soft = softmax(noisy, options.dim);
  if (!options.hard || x.rank() == 0) return soft;
  const int dim = checked_dim("gumbel_softmax", options.dim, x.rank());
  Shape along{x.shape()[dim]};
  for (int d = dim + 1; d < x.rank(); ++d) along = along.inserted(along.rank(), 1);
  if (x.numel() == 0) return soft;
  const Array position = reshape(counting(x, x.shape()[dim]), along);
  const Array one = cast(equal(position, arg_reduce(true, detach(soft), dim)), x.dtype());
  return one + (soft - detach(soft));  // the difference is 0 to the bit
}

}  // namespace fornax::functional
