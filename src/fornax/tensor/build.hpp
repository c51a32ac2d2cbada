#pragma once
// What the typed surface needs done in compiled code.

#include <array>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include <fornax/array/interpreter.hpp>
#include <fornax/array/tensor_data.hpp>
#include <fornax/ops/functions.hpp>
#include <fornax/ops/generator.hpp>

namespace fornax::detail {

/// The run-time half of a tensor's type.
struct TypeInfo {
  Interpreter* backend;
  int rank;
  const char* kind;
  std::uint16_t dtypes;  // bit t: the kind holds dtype t
};

/// `a` if a tensor of this type may hold it. Throws ShapeError, DTypeError or DeviceError.
Array checked(Array a, const TypeInfo& type);
/// Throws DTypeError unless the kind holds dtype.
void require_kind(std::string_view operation, DType dtype, const TypeInfo& type);

Array from_data(const TensorData& data, Device device, const TypeInfo& type);
/// Elements converted to dtype first.
Array from_data(const TensorData& data, Device device, DType dtype, const TypeInfo& type);
/// n adjacent elements of type `from`, converted to dtype: rank 1.
Array from_values(const void* values, std::size_t n, DType from, Device device, DType dtype, const TypeInfo& type);
Array full(const Shape& shape, Scalar value, Device device, DType dtype, const TypeInfo& type);
Array arange(Scalar start, Scalar end, Scalar step, Device device, DType dtype, const TypeInfo& type);
/// Draws from the generator, or from the device's own if there is none.
Array random(const Shape& shape, const Distribution& distribution, Generator* generator, Device device, DType dtype,
             const TypeInfo& type);
Array random_permutation(std::int64_t n, Generator* generator, Device device, const TypeInfo& type);
Array eye(std::int64_t n, Device device, DType dtype, const TypeInfo& type);
Array to_device(const Array& a, Device device);

/// Dims of size -1 are inferred from the number of elements, at most one.
Array reshape(Operand x, std::span<const std::int64_t> dims);
Array squeeze(Operand x, int rank);
Array squeeze_dim(Operand x, std::int64_t dim);
Array unsqueeze_dim(Operand x, std::int64_t dim);
Array squeeze_dims(const Array& x, std::span<const std::int64_t> dims);
Array unsqueeze_dims(const Array& x, std::span<const std::int64_t> dims);
std::vector<Array> split_with_sizes(const Array& x, std::span<const std::int64_t> sizes, std::int64_t dim);
/// True where a mask of the last two dims [rows, columns] covers column - row; see Tensor::tril_mask.
Array diagonal_mask(ScalarFn covered, const Shape& shape, std::int64_t offset, Device device, const TypeInfo& type);
Array one_hot_fill(const Array& index, std::int64_t classes, Scalar on, Scalar off, std::int64_t axis);
Array unsqueeze(Operand x, int rank);
Array flatten(Operand x, std::int64_t first, std::int64_t last, int rank);
Array move_dim(Operand x, std::int64_t from, std::int64_t to);
/// Like broadcast_to, with -1 for "as it is".
Array expand(Operand x, std::span<const std::int64_t> dims);
Array repeat(Operand x, std::span<const std::int64_t> times);
Array repeat_dim(Operand x, std::int64_t dim, std::int64_t times);
Array reduce_dims(ReduceFn fn, Operand x, std::span<const std::int64_t> dims);
Array triangle(Operand x, std::int64_t diagonal, bool upper);
Array variance(Operand x, std::int64_t dim, int correction);
Array roll(Operand x, std::int64_t shift, std::int64_t dim);
/// Position of each chunk: sizes ceil(n / chunks), the last one may be smaller.
std::vector<Array> split(const Array& x, std::int64_t size, std::int64_t dim);

void element(const Array& a, DType as, void* out);
void print(std::ostream& out, const Array& a);
std::string text(const Array& a, const PrintOptions& options);

}  // namespace fornax::detail
