#include <fornax/functional/spatial.hpp>

#include <fornax/array/interpreter.hpp>
#include <fornax/array/tensor_data.hpp>

namespace fornax::functional {

Array as_batch(std::string_view op, const Array& x, int spatial_dims) {
  if (x.rank() == spatial_dims + 2) return x;
  if (x.rank() == spatial_dims + 1) return reshape(x, x.shape().inserted(0, 1));
  throw ShapeError(op, "x has shape " + x.shape().str() + "; needs rank " + std::to_string(spatial_dims + 1) +
                           " or, with a batch, " + std::to_string(spatial_dims + 2));
}

Array like_batch(const Array& y, const Array& x, int spatial_dims) {
  return x.rank() == spatial_dims + 2 ? y : reshape(y, y.shape().without(0));
}

Array with_zeros(const Array& x, int dim, std::int64_t before, std::int64_t after) {
  if (before == 0 && after == 0) return x;
  return cat({zeros_like(x, x.shape().with(dim, before)), x, zeros_like(x, x.shape().with(dim, after))}, dim);
}

}  // namespace fornax::functional
