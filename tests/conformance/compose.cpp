#include "compose.hpp"

#include <cmath>

#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/functional/linalg.hpp>
#include <fornax/tensor/build.hpp>

namespace fornax::conformance {

Pair promoted(const Array& a, const Array& b) {
  if (a.dtype() == b.dtype() || is_float(a.dtype()) == is_float(b.dtype())) return {a, b};
  const DType real = is_float(a.dtype()) ? a.dtype() : b.dtype();
  return {cast(a, real), cast(b, real)};
}

Array to_float(const Array& x, DType real) { return is_float(x.dtype()) ? x : cast(x, real); }

Array positions(const Call& c, const std::vector<std::int64_t>& values) {
  const TensorData data(values);
  return backend_of(c.on).upload(DType::I64, data.shape(), data.bytes(), Device::cpu());
}

Array counting(const Call& c, std::int64_t n, DType dtype) {
  if (is_float(dtype)) return arange(c.on, 0.0, static_cast<double>(n), 1.0, dtype, Device::cpu());
  return arange(c.on, 0, n, 1, dtype, Device::cpu());
}

DimSet dim_set(std::string_view operation, const std::vector<std::int64_t>& dims, const Array& x) {
  // torch takes a dim of a scalar for none.
  if (x.rank() == 0 && dims.size() == 1 && (dims[0] == 0 || dims[0] == -1)) return {};
  DimSet set;
  for (const std::int64_t d : dims) set.add(checked_dim(operation, d, x.rank()));
  return set;
}

DimSet reduced_dims(const Call& c, const Array& x) {
  const char* name = c.attrs.has("dims") ? "dims" : "dim";
  if (!c.attrs.has(name)) return DimSet::all(x.rank());
  const std::vector<std::int64_t> dims = c.attrs.integers(name);
  return dims.empty() ? DimSet::all(x.rank()) : dim_set("reduce", dims, x);
}

Array drop_dims(const Array& y, DimSet dims, bool keep) {
  if (keep) return y;
  Shape shape = y.shape();
  for (int d = shape.rank() - 1; d >= 0; --d)
    if (dims.has(d)) shape = shape.without(d);
  return reshape(y, shape);
}

Array unsqueeze(const Array& x, std::int64_t dim) { return detail::unsqueeze_dim(x, dim); }
Array squeeze(const Array& x, std::int64_t dim) { return detail::squeeze_dim(x, dim); }

Array flat(const Array& x, std::int64_t first, std::int64_t last) {
  const int rank = x.rank();
  if (rank == 0) return reshape(x, Shape{1});
  const int merged = checked_dim("flatten", last, rank) - checked_dim("flatten", first, rank);
  return detail::flatten(x, first, last, rank - merged);
}

Array part(const Array& x, std::int64_t dim, std::int64_t position) {
  return squeeze(narrow(x, dim, position, 1), dim);
}

Array read_at(const Call& c, const Array& x, std::int64_t dim, const std::vector<std::int64_t>& at) {
  return select(x, dim, positions(c, at));
}

Array product(const Array& a, const Array& b) {
  if (a.rank() == 1 && b.rank() == 1) return reshape(matmul(unsqueeze(a, 0), unsqueeze(b, 1)), Shape{});
  if (a.rank() == 1 && b.rank() > 1) return squeeze(matmul(unsqueeze(a, 0), b), -2);
  if (b.rank() == 1 && a.rank() > 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  return matmul(a, b);
}

}  // namespace fornax::conformance
