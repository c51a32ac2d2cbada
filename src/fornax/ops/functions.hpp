#pragma once
// Operations as functions on Array: the language that derivative rules are written in, and the surface for code that
// knows ranks only at run time. Shapes broadcast by NumPy's rule; a C++ number takes the array's dtype.

#include <initializer_list>

#include <fornax/ops/binary.hpp>
#include <fornax/ops/create.hpp>
#include <fornax/ops/index.hpp>
#include <fornax/ops/layout.hpp>
#include <fornax/ops/reduce.hpp>
#include <fornax/ops/unary.hpp>
#include <fornax/ops/with_scalar.hpp>

namespace fornax {

struct Op;

/// Runs an operation on the interpreter that its inputs ask for; its result, or the first of several. Given operands
/// are empty afterwards.
Array run(const Op& op, Operands inputs);
Array run(const Op& op, std::initializer_list<Operand> inputs);
/// The same for an operation with any number of results.
Arrays run_all(const Op& op, Operands inputs);
Arrays run_all(const Op& op, std::initializer_list<Operand> inputs);

// Elementwise.
Array unary(UnaryFn fn, Operand x);
Array binary(BinaryFn fn, Operand a, Operand b);
Array with_scalar(ScalarFn fn, Operand x, Scalar s);

inline Array operator-(Operand x) { return unary(UnaryFn::Neg, x); }
inline Array operator+(Operand a, Operand b) { return binary(BinaryFn::Add, a, b); }
inline Array operator-(Operand a, Operand b) { return binary(BinaryFn::Sub, a, b); }
inline Array operator*(Operand a, Operand b) { return binary(BinaryFn::Mul, a, b); }
inline Array operator/(Operand a, Operand b) { return binary(BinaryFn::Div, a, b); }
inline Array operator+(Operand a, Scalar s) { return with_scalar(ScalarFn::Add, a, s); }
inline Array operator*(Operand a, Scalar s) { return with_scalar(ScalarFn::Mul, a, s); }
inline Array operator/(Operand a, Scalar s) { return with_scalar(ScalarFn::Div, a, s); }
Array operator-(Operand a, Scalar s);
inline Array operator+(Scalar s, Operand a) { return a + s; }
inline Array operator-(Scalar s, Operand a) { return with_scalar(ScalarFn::Rsub, a, s); }
inline Array operator*(Scalar s, Operand a) { return a * s; }
inline Array operator/(Scalar s, Operand a) { return with_scalar(ScalarFn::Rdiv, a, s); }

inline Array sign(Operand x) { return unary(UnaryFn::Sign, x); }
inline Array exp(Operand x) { return unary(UnaryFn::Exp, x); }
inline Array log(Operand x) { return unary(UnaryFn::Log, x); }
inline Array sqrt(Operand x) { return unary(UnaryFn::Sqrt, x); }
inline Array rsqrt(Operand x) { return unary(UnaryFn::Rsqrt, x); }
inline Array sin(Operand x) { return unary(UnaryFn::Sin, x); }
inline Array cos(Operand x) { return unary(UnaryFn::Cos, x); }
inline Array sinh(Operand x) { return unary(UnaryFn::Sinh, x); }
inline Array cosh(Operand x) { return unary(UnaryFn::Cosh, x); }
inline Array tanh(Operand x) { return unary(UnaryFn::Tanh, x); }
inline Array floor(Operand x) { return unary(UnaryFn::Floor, x); }
inline Array trunc(Operand x) { return unary(UnaryFn::Trunc, x); }
inline Array is_nan(Operand x) { return unary(UnaryFn::IsNan, x); }
inline Array pow(Operand a, Operand b) { return binary(BinaryFn::Pow, a, b); }
inline Array pow(Operand x, Scalar s) { return with_scalar(ScalarFn::Pow, x, s); }
inline Array equal(Operand a, Operand b) { return binary(BinaryFn::Equal, a, b); }
inline Array equal(Operand a, Scalar s) { return with_scalar(ScalarFn::Equal, a, s); }
inline Array lower(Operand a, Operand b) { return binary(BinaryFn::Less, a, b); }
inline Array lower_equal(Operand a, Scalar s) { return with_scalar(ScalarFn::LessEqual, a, s); }
inline Array greater(Operand a, Operand b) { return binary(BinaryFn::Greater, a, b); }
inline Array greater(Operand a, Scalar s) { return with_scalar(ScalarFn::Greater, a, s); }
inline Array greater_equal(Operand a, Operand b) { return binary(BinaryFn::GreaterEqual, a, b); }
inline Array greater_equal(Operand a, Scalar s) { return with_scalar(ScalarFn::GreaterEqual, a, s); }
inline Array logical_and(Operand a, Operand b) { return binary(BinaryFn::And, a, b); }
inline Array logical_or(Operand a, Operand b) { return binary(BinaryFn::Or, a, b); }
inline Array logical_not(Operand x) { return unary(UnaryFn::LogicalNot, x); }

Array where(Operand condition, Operand a, Operand b);
Array where(Operand condition, Operand a, Scalar b);
Array where(Operand condition, Scalar a, Operand b);
Array clamp(Operand x, const Scalar* low, const Scalar* high);
Array cast(Operand x, DType dtype);

// Layout. Dims may be negative, counted from the back.
Array broadcast_to(Operand x, const Shape& shape);
Array reshape(Operand x, const Shape& shape);
Array permute(Operand x, std::span<const std::int64_t> dims);
Array swap_dims(Operand x, std::int64_t a, std::int64_t b);
Array slice(Operand x, const SliceDims& at);
Array slice_assign(Operand x, const SliceDims& at, Operand values);
/// `size` elements of one dim from `start` on.
Array narrow(Operand x, std::int64_t dim, std::int64_t start, std::int64_t size);
Array flip(Operand x, std::span<const std::int64_t> dims);
Array cat(std::initializer_list<Operand> parts, std::int64_t dim);
Array cat(Operands parts, std::int64_t dim);
/// The sum over whatever dims turn g's shape into `shape`: the transpose of broadcast_to.
Array sum_to(Operand g, const Shape& shape);

// Indexing.
Array gather(Operand x, std::int64_t dim, Operand index);
Array scatter(Operand x, std::int64_t dim, Operand index, Operand values, Update update);
Array select(Operand x, std::int64_t dim, Operand index);
Array select_assign(Operand x, std::int64_t dim, Operand index, Operand values, Update update);

/// Host values beside x: on its backend and device, constants to every decorator.
Array host_values(const Array& x, std::span<const std::int64_t> values, const Shape& shape, DType dtype = DType::I64);
Array host_values(const Array& x, std::span<const double> values, const Shape& shape, DType dtype);
/// 0, 1, ..., n - 1, beside x.
Array counting(const Array& x, std::int64_t n, DType dtype = DType::I64);

// Reductions keep the reduced dims with size 1.
Array reduce(ReduceFn fn, Operand x, DimSet dims);
Array reduce(ReduceFn fn, Operand x, std::int64_t dim);
/// Over all elements; shape [1].
Array reduce_all(ReduceFn fn, Operand x);
Array arg_reduce(bool largest, Operand x, std::int64_t dim);

/// Elements and where they are along a dim; the gradient of the values goes there.
struct ValuesAndIndices {
  Array values, indices;
};

/// Matrix product over the last two dims; batch dims broadcast.
Array matmul(Operand a, Operand b, bool transpose_a = false, bool transpose_b = false);
Array softmax(Operand x, std::int64_t dim);
Array log_softmax(Operand x, std::int64_t dim);

// Creation, on the backend below `on`.
Array full(Interpreter& on, const Shape& shape, DType dtype, Device device, Scalar value);
/// start, start + step, ... up to but not including end.
Array arange(Interpreter& on, Scalar start, Scalar end, Scalar step, DType dtype, Device device);
Array random(Interpreter& on, const Spec& spec, const Distribution& distribution, Draw draw);
/// Zeros of x's dtype and shape, or of another shape; one element in memory.
Array zeros_like(const Array& x);
Array zeros_like(const Array& x, const Shape& shape);
/// `value` in x's dtype and shape; one element in memory.
Array full_like(const Array& x, Scalar value);

}  // namespace fornax
