#pragma once
// Tensor<B, D, K>: what the user holds. Backend, rank and kind are checked at compile time; every method forwards to
// compiled functions on arrays.
//
// A tensor is a counted handle to immutable elements. Copies share. Operations return new tensors; those on a temporary
// or a moved tensor reuse its buffer if nothing else holds it. Dims may be negative: -1 is the last.

#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fornax/tensor/build.hpp>
#include <fornax/tensor/gradients.hpp>
#include <fornax/tensor/kinds.hpp>
#include <fornax/tensor/methods/indexing.hpp>
#include <fornax/tensor/methods/reducing.hpp>
#include <fornax/tensor/methods/scanning.hpp>
#include <fornax/tensor/methods/shaping.hpp>
#include <fornax/tensor/methods/sorting.hpp>
#include <fornax/tensor/methods/special.hpp>
#include <fornax/tensor/operators.hpp>
#include <fornax/tensor/range.hpp>

namespace fornax {

/// Methods that need no more than the handle stand in bases by theme, in tensor/methods/.
template <BackendType B, std::size_t D, Kind K>
class Tensor : public methods::Reducing<B, D, K>,
               public methods::Shaping<B, D, K>,
               public methods::Sorting<B, D, K>,
               public methods::Scanning<B, D, K>,
               public methods::Indexing<B, D, K>,
               public methods::Special<B, D, K> {
  static_assert(D <= kMaxRank, "a tensor has at most 8 dims");

 public:
  using Backend = B;
  using Inner = typename B::Inner;
  using Element = typename K::Element;
  using KindType = K;
  static constexpr std::size_t rank = D;

  /// Empty: may only be assigned to.
  Tensor() = default;
  /// A run-time array as a typed tensor. Throws ShapeError, DTypeError or DeviceError if it does not fit.
  explicit Tensor(Array array) : array_(detail::checked(std::move(array), type())) {}

  // --- Creation -----------------------------------------------------------------------------------------------------

  /// Host data as they are; the dtype must be of the tensor's kind.
  static Tensor from_data(const TensorData& data, Device device = {}) {
    return unchecked(detail::from_data(data, device, type()));
  }
  static Tensor from_data(const TensorData& data, Device device, DType dtype) {
    return unchecked(detail::from_data(data, device, dtype, type()));
  }
  /// Nested lists of numbers, converted to the kind's default dtype (f32, i64, bool) unless another is named.
  ///
  /// Example: Tensor<Cpu, 2>::from_data({{1.0, 2.0}, {3.0, 4.0}}, device)
  template <fornax::Element T>
  static Tensor from_data(std::initializer_list<T> values, Device device = {}, DType dtype = K::default_dtype) {
    static_assert(D == 1, "from_data: the depth of the nested lists must be the tensor's rank");
    return unchecked(detail::from_values(values.begin(), values.size(), dtype_v<T>, device, dtype, type()));
  }
  template <fornax::Element T>
  static Tensor from_data(std::initializer_list<std::initializer_list<T>> rows, Device device = {},
                          DType dtype = K::default_dtype) {
    return from_list<2>(TensorData(rows), device, dtype);
  }
  template <fornax::Element T>
  static Tensor from_data(std::initializer_list<std::initializer_list<std::initializer_list<T>>> blocks,
                          Device device = {}, DType dtype = K::default_dtype) {
    return from_list<3>(TensorData(blocks), device, dtype);
  }
  template <fornax::Element T>
  static Tensor from_data(
      std::initializer_list<std::initializer_list<std::initializer_list<std::initializer_list<T>>>> blocks,
      Device device = {}, DType dtype = K::default_dtype) {
    return from_list<4>(TensorData(blocks), device, dtype);
  }

  // Sizes are given as a list, whose length the compiler checks, or as a Shape, whose rank is checked at run time; the
  // latter are templates so that a list never converts to a Shape.
  template <std::size_t N>
  static Tensor zeros(const Index (&dims)[N], Device device = {}, DType dtype = K::default_dtype) {
    static_assert(N == D, "the number of sizes must be the tensor's rank");
    return full(shape_of(dims), 0, device, dtype);
  }
  template <std::same_as<Shape> S>
  static Tensor zeros(const S& shape, Device device = {}, DType dtype = K::default_dtype) {
    return full(shape, 0, device, dtype);
  }
  template <std::size_t N>
  static Tensor ones(const Index (&dims)[N], Device device = {}, DType dtype = K::default_dtype) {
    static_assert(N == D, "the number of sizes must be the tensor's rank");
    return full(shape_of(dims), 1, device, dtype);
  }
  template <std::same_as<Shape> S>
  static Tensor ones(const S& shape, Device device = {}, DType dtype = K::default_dtype) {
    return full(shape, 1, device, dtype);
  }
  template <std::size_t N>
  static Tensor full(const Index (&dims)[N], Scalar value, Device device = {}, DType dtype = K::default_dtype) {
    static_assert(N == D, "the number of sizes must be the tensor's rank");
    return full(shape_of(dims), value, device, dtype);
  }
  template <std::same_as<Shape> S>
  static Tensor full(const S& shape, Scalar value, Device device = {}, DType dtype = K::default_dtype) {
    return unchecked(detail::full(shape, value, device, dtype, type()));
  }
  /// Independent draws. Without a generator they come from the device's own, which manual_seed() starts afresh.
  template <std::size_t N>
  static Tensor random(const Index (&dims)[N], Distribution distribution = {}, Device device = {},
                       DType dtype = K::default_dtype) {
    static_assert(N == D, "the number of sizes must be the tensor's rank");
    return random(shape_of(dims), distribution, device, dtype);
  }
  template <std::same_as<Shape> S>
  static Tensor random(const S& shape, Distribution distribution = {}, Device device = {},
                       DType dtype = K::default_dtype) {
    return unchecked(detail::random(shape, distribution, nullptr, device, dtype, type()));
  }
  template <std::size_t N>
  static Tensor random(const Index (&dims)[N], Distribution distribution, Generator& generator, Device device = {},
                       DType dtype = K::default_dtype) {
    static_assert(N == D, "the number of sizes must be the tensor's rank");
    return random(shape_of(dims), distribution, generator, device, dtype);
  }
  template <std::same_as<Shape> S>
  static Tensor random(const S& shape, Distribution distribution, Generator& generator, Device device = {},
                       DType dtype = K::default_dtype) {
    return unchecked(detail::random(shape, distribution, &generator, device, dtype, type()));
  }
  /// start, start + step, ... up to but not including end.
  static Tensor arange(Scalar start, Scalar end, Scalar step = 1, Device device = {}, DType dtype = K::default_dtype) {
    static_assert(D == 1, "arange makes tensors of rank 1");
    return unchecked(detail::arange(start, end, step, device, dtype, type()));
  }
  /// The numbers 0 to n - 1 in random order.
  static Tensor random_permutation(std::int64_t n, Device device = {}) {
    static_assert(D == 1 && std::same_as<K, Int>, "random_permutation makes Int tensors of rank 1");
    return unchecked(detail::random_permutation(n, nullptr, device, type()));
  }
  static Tensor random_permutation(std::int64_t n, Generator& generator, Device device = {}) {
    static_assert(D == 1 && std::same_as<K, Int>, "random_permutation makes Int tensors of rank 1");
    return unchecked(detail::random_permutation(n, &generator, device, type()));
  }
  /// Ones on the diagonal: [n, n].
  static Tensor eye(std::int64_t n, Device device = {}, DType dtype = K::default_dtype) {
    static_assert(D == 2, "eye makes tensors of rank 2");
    return unchecked(detail::eye(n, device, dtype, type()));
  }
  /// False on and below the diagonal of the last two dims, true elsewhere: what mask_fill is to hide. triu_mask has false on
  /// and above it, diag_mask on it alone. The diagonal is where column - row is `offset`.
  template <std::size_t N>
  static Tensor tril_mask(const Index (&dims)[N], std::int64_t offset = 0, Device device = {}) {
    return mask(ScalarFn::LessEqual, shape_of(dims), offset, device);
  }
  template <std::size_t N>
  static Tensor triu_mask(const Index (&dims)[N], std::int64_t offset = 0, Device device = {}) {
    return mask(ScalarFn::GreaterEqual, shape_of(dims), offset, device);
  }
  template <std::size_t N>
  static Tensor diag_mask(const Index (&dims)[N], std::int64_t offset = 0, Device device = {}) {
    return mask(ScalarFn::Equal, shape_of(dims), offset, device);
  }
  Tensor zeros_like() const { return full_like(0); }
  Tensor ones_like() const { return full_like(1); }
  Tensor full_like(Scalar value) const { return full(shape(), value, device(), dtype()); }
  Tensor random_like(Distribution distribution = {}) const { return random(shape(), distribution, device(), dtype()); }

  // --- What it is ---------------------------------------------------------------------------------------------------

  const Shape& shape() const { return defined().shape(); }
  /// The sizes: auto [n, c] = x.dims();
  std::array<std::int64_t, D> dims() const {
    std::array<std::int64_t, D> sizes{};
    for (std::size_t d = 0; d < D; ++d) sizes[d] = shape()[static_cast<int>(d)];
    return sizes;
  }
  std::int64_t numel() const { return shape().numel(); }
  DType dtype() const { return defined().dtype(); }
  Device device() const { return defined().device(); }
  /// The run-time handle.
  const Array& array() const& { return array_; }
  Array array() && { return std::move(array_); }

  // --- To the host --------------------------------------------------------------------------------------------------

  TensorData to_data() const { return defined().to_data(); }
  TensorData into_data() && { return std::move(*this).release().to_data(); }
  TensorData into_data() const& { return to_data(); }
  /// The only element. Throws ShapeError if there is not exactly one.
  template <fornax::Element T = Element> T into_scalar() const {
    T value{};
    detail::element(array_, dtype_v<T>, &value);
    return value;
  }
  std::string to_string(const PrintOptions& options = {}) const { return detail::text(array_, options); }

  // --- Arithmetic: the other operand is a tensor of the same type (sizes equal or 1) or a number ----------------------

#define FORNAX_BINARY_METHOD(method, function)                                                         \
  template <class R> auto method(R&& other) const& { return function(*this, std::forward<R>(other)); } \
  template <class R> auto method(R&& other)&& { return function(std::move(*this), std::forward<R>(other)); }
  FORNAX_BINARY_METHOD(add, detail::add)
  FORNAX_BINARY_METHOD(sub, detail::sub)
  FORNAX_BINARY_METHOD(mul, detail::mul)
  FORNAX_BINARY_METHOD(div, detail::div)
  /// Modulo with the sign of the divisor; fmod has that of the dividend.
  FORNAX_BINARY_METHOD(remainder, detail::remainder)
  FORNAX_BINARY_METHOD(fmod, detail::fmod)
  FORNAX_BINARY_METHOD(powf, detail::pow)
  FORNAX_BINARY_METHOD(powi, detail::pow)
  FORNAX_BINARY_METHOD(add_scalar, detail::add)
  FORNAX_BINARY_METHOD(sub_scalar, detail::sub)
  FORNAX_BINARY_METHOD(mul_scalar, detail::mul)
  FORNAX_BINARY_METHOD(div_scalar, detail::div)
  FORNAX_BINARY_METHOD(remainder_scalar, detail::remainder)
  FORNAX_BINARY_METHOD(fmod_scalar, detail::fmod)
  FORNAX_BINARY_METHOD(powf_scalar, detail::pow)
  FORNAX_BINARY_METHOD(powi_scalar, detail::pow)
  /// Elementwise larger and smaller; a tie halves the gradient.
  FORNAX_BINARY_METHOD(max_pair, detail::maximum)
  FORNAX_BINARY_METHOD(min_pair, detail::minimum)
  FORNAX_BINARY_METHOD(atan2, detail::atan2)
  FORNAX_BINARY_METHOD(hypot, detail::hypot)
  FORNAX_BINARY_METHOD(copysign, detail::copysign)
  FORNAX_BINARY_METHOD(floor_div, detail::floor_div)
  /// a / b rounded toward zero.
  FORNAX_BINARY_METHOD(trunc_div, detail::trunc_div)
  // Comparisons give Bool tensors.
  FORNAX_BINARY_METHOD(equal, detail::equal)
  FORNAX_BINARY_METHOD(not_equal, detail::not_equal)
  FORNAX_BINARY_METHOD(lower, detail::lower)
  FORNAX_BINARY_METHOD(lower_equal, detail::lower_equal)
  FORNAX_BINARY_METHOD(greater, detail::greater)
  FORNAX_BINARY_METHOD(greater_equal, detail::greater_equal)
  FORNAX_BINARY_METHOD(equal_elem, detail::equal)
  FORNAX_BINARY_METHOD(not_equal_elem, detail::not_equal)
  FORNAX_BINARY_METHOD(lower_elem, detail::lower)
  FORNAX_BINARY_METHOD(lower_equal_elem, detail::lower_equal)
  FORNAX_BINARY_METHOD(greater_elem, detail::greater)
  FORNAX_BINARY_METHOD(greater_equal_elem, detail::greater_equal)
  // Bool.
  FORNAX_BINARY_METHOD(bool_and, detail::bool_and)
  FORNAX_BINARY_METHOD(bool_or, detail::bool_or)
  FORNAX_BINARY_METHOD(bool_xor, detail::bool_xor)
  // Int.
  FORNAX_BINARY_METHOD(bitwise_and, detail::bitwise_and)
  FORNAX_BINARY_METHOD(bitwise_or, detail::bitwise_or)
  FORNAX_BINARY_METHOD(bitwise_xor, detail::bitwise_xor)
  FORNAX_BINARY_METHOD(bitwise_left_shift, detail::shift_left)
  FORNAX_BINARY_METHOD(bitwise_right_shift, detail::shift_right)
  FORNAX_BINARY_METHOD(bitwise_and_scalar, detail::bitwise_and)
  FORNAX_BINARY_METHOD(bitwise_or_scalar, detail::bitwise_or)
  FORNAX_BINARY_METHOD(bitwise_xor_scalar, detail::bitwise_xor)
  FORNAX_BINARY_METHOD(bitwise_left_shift_scalar, detail::shift_left)
  FORNAX_BINARY_METHOD(bitwise_right_shift_scalar, detail::shift_right)
#undef FORNAX_BINARY_METHOD

  // --- Elementwise functions ------------------------------------------------------------------------------------------

#define FORNAX_UNARY_METHOD(kinds, method, fn)                           \
  Tensor method() const& {                                               \
    static_assert(detail::in_kinds<K>(detail::kinds), #method            \
                  "() is not for elements of this kind; to_float() and " \
                  "to_int() convert a tensor");                          \
    return unchecked(unary(UnaryFn::fn, array_));                        \
  }                                                                      \
  Tensor method()&& {                                                    \
    static_assert(detail::in_kinds<K>(detail::kinds), #method            \
                  "() is not for elements of this kind; to_float() and " \
                  "to_int() convert a tensor");                          \
    return unchecked(unary(UnaryFn::fn, std::move(array_)));             \
  }
  FORNAX_UNARY_METHOD(numeric, neg, Neg)
  FORNAX_UNARY_METHOD(numeric, abs, Abs)
  FORNAX_UNARY_METHOD(numeric, sign, Sign)
  FORNAX_UNARY_METHOD(numeric, square, Square)
  FORNAX_UNARY_METHOD(only_float, exp, Exp)
  FORNAX_UNARY_METHOD(only_float, expm1, Expm1)
  FORNAX_UNARY_METHOD(only_float, log, Log)
  FORNAX_UNARY_METHOD(only_float, log1p, Log1p)
  FORNAX_UNARY_METHOD(only_float, log2, Log2)
  FORNAX_UNARY_METHOD(only_float, log10, Log10)
  FORNAX_UNARY_METHOD(only_float, sqrt, Sqrt)
  FORNAX_UNARY_METHOD(only_float, rsqrt, Rsqrt)
  FORNAX_UNARY_METHOD(only_float, recip, Reciprocal)
  FORNAX_UNARY_METHOD(only_float, sin, Sin)
  FORNAX_UNARY_METHOD(only_float, cos, Cos)
  FORNAX_UNARY_METHOD(only_float, tan, Tan)
  FORNAX_UNARY_METHOD(only_float, asin, Asin)
  FORNAX_UNARY_METHOD(only_float, acos, Acos)
  FORNAX_UNARY_METHOD(only_float, atan, Atan)
  FORNAX_UNARY_METHOD(only_float, sinh, Sinh)
  FORNAX_UNARY_METHOD(only_float, cosh, Cosh)
  FORNAX_UNARY_METHOD(only_float, tanh, Tanh)
  FORNAX_UNARY_METHOD(only_float, asinh, Asinh)
  FORNAX_UNARY_METHOD(only_float, acosh, Acosh)
  FORNAX_UNARY_METHOD(only_float, atanh, Atanh)
  FORNAX_UNARY_METHOD(only_float, erf, Erf)
  FORNAX_UNARY_METHOD(only_float, erfc, Erfc)
  FORNAX_UNARY_METHOD(only_float, sigmoid, Sigmoid)
  FORNAX_UNARY_METHOD(only_float, relu, Relu)
  FORNAX_UNARY_METHOD(only_float, floor, Floor)
  FORNAX_UNARY_METHOD(only_float, ceil, Ceil)
  FORNAX_UNARY_METHOD(only_float, round, Round)
  FORNAX_UNARY_METHOD(only_float, trunc, Trunc)
  FORNAX_UNARY_METHOD(only_bool, bool_not, LogicalNot)
  FORNAX_UNARY_METHOD(only_int, bitwise_not, BitwiseNot)
#undef FORNAX_UNARY_METHOD

  Tensor<B, D, Bool> is_nan() const { return flags(UnaryFn::IsNan); }
  Tensor<B, D, Bool> is_inf() const { return flags(UnaryFn::IsInf); }
  Tensor<B, D, Bool> is_finite() const { return flags(UnaryFn::IsFinite); }

  /// min(max(x, low), high); the gradient passes at the bounds.
  Tensor clamp(Scalar low, Scalar high) const { return clamped(&low, &high); }
  Tensor clamp_min(Scalar low) const { return clamped(&low, nullptr); }
  Tensor clamp_max(Scalar high) const { return clamped(nullptr, &high); }
  /// The same with bounds for each element; the gradient goes to the bound where there is one.
  Tensor clamp(const Tensor& low, const Tensor& high) const {
    detail::require_kinds<K, detail::numeric>();
    return unchecked(fornax::clamp(array_, low.array_, high.array_));
  }
  Tensor clamp_min(const Tensor& low) const {
    detail::require_kinds<K, detail::numeric>();
    return unchecked(fornax::clamp_min(array_, low.array_));
  }
  Tensor clamp_max(const Tensor& high) const {
    detail::require_kinds<K, detail::numeric>();
    return unchecked(fornax::clamp_max(array_, high.array_));
  }
  /// exp(x) / sum(exp(x)) along a dim, and its logarithm.
  Tensor softmax(std::int64_t dim) const {
    detail::require_float_kind<K>();
    return unchecked(fornax::softmax(array_, dim));
  }
  Tensor log_softmax(std::int64_t dim) const {
    detail::require_float_kind<K>();
    return unchecked(fornax::log_softmax(array_, dim));
  }

  // --- Choices --------------------------------------------------------------------------------------------------------

  /// Where the mask is true, `values`; elsewhere the tensor itself.
  Tensor mask_where(const Tensor<B, D, Bool>& mask, const Tensor& values) const {
    return unchecked(where(mask.array(), values.array_, array_));
  }
  Tensor mask_fill(const Tensor<B, D, Bool>& mask, Scalar value) const {
    return unchecked(where(mask.array(), value, array_));
  }

  // --- Kinds and dtypes -----------------------------------------------------------------------------------------------

  /// Another dtype of the same kind.
  Tensor cast(DType dtype) const {
    detail::require_kind("cast", dtype, type());
    return unchecked(fornax::cast(array_, dtype));
  }
  /// Float to Int truncates; anything to Bool is `!= 0`.
  Tensor<B, D, Float> to_float(DType dtype = DType::F32) const { return to_kind<Float>(dtype); }
  Tensor<B, D, Int> to_int(DType dtype = DType::I64) const { return to_kind<Int>(dtype); }
  Tensor<B, D, Bool> to_bool() const { return to_kind<Bool>(DType::Bool); }

  // --- Indexing -------------------------------------------------------------------------------------------------------

  /// Part of the tensor; ranges have Python's meaning. Example: x.slice({{0, 2}, Range::all(), {5, 0, -1}})
  template <std::size_t N> Tensor slice(const Range (&ranges)[N]) const {
    static_assert(N <= D, "slice takes at most one range for each dim");
    return unchecked(fornax::slice(array_, resolve(ranges, shape())));
  }
  /// The tensor with a part replaced.
  template <std::size_t N> Tensor slice_assign(const Range (&ranges)[N], const Tensor& values) const {
    static_assert(N <= D, "slice_assign takes at most one range for each dim");
    return unchecked(fornax::slice_assign(array_, resolve(ranges, shape()), values.array_));
  }
  template <std::size_t N> Tensor slice_fill(const Range (&ranges)[N], Scalar value) const {
    static_assert(N <= D, "slice_fill takes at most one range for each dim");
    const Tensor part = slice(ranges);
    return slice_assign(ranges, part.full_like(value));
  }
  Tensor narrow(std::int64_t dim, std::int64_t start, std::int64_t length) const {
    return unchecked(fornax::narrow(array_, dim, start, length));
  }
  // --- Products -------------------------------------------------------------------------------------------------------

  /// Matrix product over the last two dims; batch dims are equal or 1.
  template <AnyTensor R> Tensor matmul(const R& rhs) const {
    static_assert(D >= 2, "matmul needs rank >= 2; unsqueeze() adds a dim");
    detail::require_same<Tensor, R>();
    return unchecked(fornax::matmul(array_, rhs.array()));
  }
  /// Sum of the products of two vectors: [1].
  template <AnyTensor R> Tensor<B, 1, K> dot(const R& rhs) const {
    static_assert(D == 1, "dot needs rank 1; matmul multiplies matrices");
    return (*this * rhs).sum();
  }

  // --- Devices --------------------------------------------------------------------------------------------------------

  Tensor to_device(Device device) const { return unchecked(detail::to_device(defined(), device)); }

  // --- Gradients: on Autodiff<B> --------------------------------------------------------------------------------------

  /// A leaf: backward() will give a gradient with respect to it.
  Tensor require_grad() const {
    detail::require_autodiff<B>("require_grad");
    detail::require_float_kind<K>();
    return unchecked(autodiff::require_grad(B::interpreter(), defined()));
  }
  /// require_grad() or detach().
  Tensor set_require_grad(bool wanted) const { return wanted ? require_grad() : detach(); }
  /// True for a tensor made by require_grad().
  bool is_require_grad() const { return B::is_autodiff && autodiff::is_leaf(B::interpreter(), defined()); }
  /// True for a leaf and for every tensor computed from one.
  bool is_tracked() const { return B::is_autodiff && autodiff::is_tracked(B::interpreter(), defined()); }
  /// The same values without their history.
  Tensor detach() const { return unchecked(fornax::detach(defined())); }
  /// The same values on the wrapped backend.
  Tensor<Inner, D, K> inner() const {
    static_assert(B::is_autodiff, "inner() exists on Autodiff<B>; this tensor is on a plain backend");
    return Tensor<Inner, D, K>::unchecked(autodiff::inner(B::interpreter(), defined()));
  }
  /// A tensor of the wrapped backend as a constant of this one.
  static Tensor from_inner(const Tensor<Inner, D, K>& inner) {
    static_assert(B::is_autodiff, "from_inner() exists on Autodiff<B>");
    return unchecked(inner.defined());
  }

  /// Gradients of the sum of all elements with respect to every leaf behind this tensor. The graph stays: it may run
  /// again. Throws ValueError if no leaf is behind it.
  Gradients<B> backward() const& {
    detail::require_backward<B, K>();
    return Gradients<B>(autodiff::backward(B::interpreter(), array_, Array()));
  }
  /// The same; the graph goes away while it runs, as far as no other tensor holds it.
  Gradients<B> backward() && {
    detail::require_backward<B, K>();
    return Gradients<B>(autodiff::backward(B::interpreter(), std::move(array_), Array()));
  }
  /// Gradients of sum(cotangent * this).
  Gradients<B> backward(const Tensor<Inner, D, K>& cotangent) const& {
    detail::require_backward<B, K>();
    return Gradients<B>(autodiff::backward(B::interpreter(), array_, cotangent.defined()));
  }
  Gradients<B> backward(const Tensor<Inner, D, K>& cotangent) && {
    detail::require_backward<B, K>();
    return Gradients<B>(autodiff::backward(B::interpreter(), std::move(array_), cotangent.defined()));
  }

  /// The gradient of this tensor, on the wrapped backend; none if it is no leaf, or the pass did not reach it.
  std::optional<Tensor<Inner, D, K>> grad(const Gradients<B>& gradients) const {
    detail::require_autodiff<B>("grad");
    return maybe(gradients.store().find(defined()));
  }
  /// The same, taken out of the container.
  std::optional<Tensor<Inner, D, K>> grad_remove(Gradients<B>& gradients) const {
    detail::require_autodiff<B>("grad_remove");
    return maybe(gradients.store().remove(defined()));
  }
  /// Another gradient in its place.
  void grad_replace(Gradients<B>& gradients, const Tensor<Inner, D, K>& gradient) const {
    detail::require_autodiff<B>("grad_replace");
    gradients.store().replace(defined(), gradient.defined());
  }
  /// Keep the gradient of this intermediate tensor too.
  void retain_grad() const {
    detail::require_autodiff<B>("retain_grad");
    autodiff::retain_grad(B::interpreter(), defined());
  }
  /// Calls f(gradient) in every backward, as soon as this tensor's gradient is complete. What f returns, if it returns
  /// a tensor, is the gradient from there on.
  template <class F> HookHandle register_hook(F f) const {
    detail::require_autodiff<B>("register_hook");
    struct Call final : autodiff::Hook {
      explicit Call(F function) : f(std::move(function)) {}
      Array call(const Array& gradient) override {
        const auto g = Tensor<Inner, D, K>::unchecked(gradient);
        if constexpr (std::is_void_v<decltype(f(g))>) {
          f(g);
          return Array();
        } else {
          return Tensor<Inner, D, K>(f(g)).array();
        }
      }
      F f;
    };
    Ref<autodiff::Hook> hook(new Call(std::move(f)));
    autodiff::register_hook(B::interpreter(), defined(), hook);
    return HookHandle(hook);
  }

  /// For code that has checked the array itself.
  static Tensor unchecked(Array array) {
    Tensor t;
    t.array_ = std::move(array);
    return t;
  }

 private:
  template <BackendType, std::size_t, Kind> friend class Tensor;
  friend struct detail::Access;

  static detail::TypeInfo type() { return {&B::interpreter(), static_cast<int>(D), K::name, K::dtypes}; }

  template <std::size_t N> static Shape shape_of(const Index (&dims)[N]) {
    return Shape(std::span<const std::int64_t>(detail::list(dims)));
  }
  static Tensor mask(ScalarFn covered, const Shape& shape, std::int64_t offset, Device device) {
    static_assert(std::same_as<K, Bool>, "masks are Bool tensors");
    static_assert(D >= 2, "the mask of a diagonal needs rank >= 2");
    return unchecked(detail::diagonal_mask(covered, shape, offset, device, type()));
  }
  template <std::size_t Depth> static Tensor from_list(const TensorData& data, Device device, DType dtype) {
    static_assert(Depth == D, "from_data: the depth of the nested lists must be the tensor's rank");
    return unchecked(detail::from_data(data, device, dtype, type()));
  }
  static std::optional<Tensor<Inner, D, K>> maybe(Array gradient) {
    if (!gradient.defined()) return std::nullopt;
    return Tensor<Inner, D, K>::unchecked(std::move(gradient));
  }
  Tensor clamped(const Scalar* low, const Scalar* high) const {
    static_assert(detail::in_kinds<K>(detail::numeric),
                  "clamp() is not for elements of this kind; to_float() and to_int() "
                  "convert a tensor");
    return unchecked(fornax::clamp(array_, low, high));
  }
  Tensor<B, D, Bool> flags(UnaryFn fn) const {
    detail::require_float_kind<K>();
    return Tensor<B, D, Bool>::unchecked(unary(fn, array_));
  }
  template <class K2> Tensor<B, D, K2> to_kind(DType dtype) const {
    detail::require_kind("cast", dtype, Tensor<B, D, K2>::type());
    return Tensor<B, D, K2>::unchecked(fornax::cast(array_, dtype));
  }
  const Array& defined() const {
    if (!array_.defined()) detail::throw_empty();
    return array_;
  }
  Array release() && { return std::move(array_); }

  Array array_;
};

template <BackendType B, std::size_t D, Kind K>
std::ostream& operator<<(std::ostream& out, const Tensor<B, D, K>& tensor) {
  detail::print(out, tensor.array());
  return out;
}

}  // namespace fornax
