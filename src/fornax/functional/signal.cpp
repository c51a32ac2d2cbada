#include <fornax/functional/signal.hpp>

#include <algorithm>
#include <limits>
#include <numbers>

#include <fornax/ops/functions.hpp>
#include <fornax/ops/functions/special.hpp>
#include <fornax/ops/matrix.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::signal {

namespace {

std::string text(std::int64_t n) { return std::to_string(n); }

// Longer ones hold more numbers than any array.
constexpr std::int64_t kLongest = std::int64_t{1} << 58;

/// Checks one real array of a transform and returns the dim.
int transformed_dim(std::string_view operation, const Array& x, std::int64_t dim) {
  require_defined(operation, x);
  if (x.dtype() != DType::F64 && x.dtype() != DType::F32)
    throw DTypeError(operation, "takes f64 or f32 elements, got " + std::string(name(x.dtype())) + "; cast() converts");
  if (x.rank() == 0) throw ShapeError(operation, "a tensor of rank 0 has no dim to transform along");
  return checked_dim(operation, dim, x.rank());
}

int transformed_dim(std::string_view operation, const Complex<Array>& x, std::int64_t dim) {
  const int d = transformed_dim(operation, x.re, dim);
  require_defined(operation, x.im);
  require_same_type(operation, x.re, x.im);
  require_same_shape(operation, x.re, x.im);
  return d;
}

std::int64_t checked_length(std::string_view operation, std::int64_t n) {
  if (n < 1 || n > kLongest) throw ValueError(operation, "cannot transform " + text(n) + " numbers");
  return n;
}

/// The first n numbers of a dim, zeros behind its end.
Array resized(const Array& x, int dim, std::int64_t n) {
  const std::int64_t size = x.shape()[dim];
  if (n <= size) return narrow(x, dim, 0, n);
  return cat({x, zeros_like(x, x.shape().with(dim, n - size))}, dim);
}

/// The unscaled transform of a pair.
Complex<Array> transform(const Array& re, const Array& im, int dim, bool inverse) {
  const int last = re.rank();
  const Shape wide = re.shape().inserted(last, 1);
  const Array y = run(op::Fft{dim, inverse}, {cat({reshape(re, wide), reshape(im, wide)}, last)});
  return {reshape(narrow(y, last, 0, 1), re.shape()), reshape(narrow(y, last, 1, 1), re.shape())};
}

Complex<Array> transform_of(std::string_view operation, const Complex<Array>& x, std::optional<std::int64_t> n,
                            std::int64_t dim, bool inverse) {
  const int d = transformed_dim(operation, x, dim);
  const std::int64_t length = checked_length(operation, n.value_or(x.re.shape()[d]));
  Complex<Array> y = transform(resized(x.re, d, length), resized(x.im, d, length), d, inverse);
  if (!inverse) return y;
  const auto scale = static_cast<double>(length);
  return {y.re / scale, y.im / scale};
}

Complex<Array> transform_dims(std::string_view operation, Complex<Array> x, std::span<const std::int64_t> dims,
                              bool inverse) {
  DimSet seen;
  for (const std::int64_t dim : dims) {
    const int d = transformed_dim(operation, x, dim);
    if (seen.has(d)) throw IndexError(operation, "dim " + text(d) + " appears twice");
    seen.add(d);
  }
  for (const std::int64_t dim : dims) x = transform_of(operation, x, {}, dim, inverse);
  return x;
}

Array turned(std::string_view operation, const Array& x, std::span<const std::int64_t> dims, bool back) {
  require_defined(operation, x);
  Array y = x;
  for (const std::int64_t dim : dims) {
    const int d = checked_dim(operation, dim, x.rank());
    const std::int64_t n = y.shape()[d], start = back ? n / 2 : n - n / 2;
    y = cat({narrow(y, d, start, n - start), narrow(y, d, 0, start)}, d);
  }
  return y;
}

}  // namespace

Complex<Array> fft(const Complex<Array>& x, std::optional<std::int64_t> n, std::int64_t dim) {
  return transform_of("fft", x, n, dim, false);
}

Complex<Array> ifft(const Complex<Array>& z, std::optional<std::int64_t> n, std::int64_t dim) {
  return transform_of("ifft", z, n, dim, true);
}

Complex<Array> rfft(const Array& x, std::optional<std::int64_t> n, std::int64_t dim) {
  const int d = transformed_dim("rfft", x, dim);
  const std::int64_t length = checked_length("rfft", n.value_or(x.shape()[d]));
  const Array real = resized(x, d, length);
  const Complex<Array> z = transform(real, zeros_like(real), d, false);
  return {narrow(z.re, d, 0, length / 2 + 1), narrow(z.im, d, 0, length / 2 + 1)};
}

Array irfft(const Complex<Array>& z, std::optional<std::int64_t> n, std::int64_t dim) {
  const int d = transformed_dim("irfft", z, dim);
  const std::int64_t length = checked_length("irfft", n.value_or(2 * (z.re.shape()[d] - 1)));
  const std::int64_t half = length / 2 + 1, mirrored = length - half;
  const Array re = resized(z.re, d, half), im = resized(z.im, d, half);
  const std::int64_t dims[] = {d};
  const auto upper = [&](const Array& x) { return flip(narrow(x, d, 1, mirrored), dims); };
  const Array y = transform(cat({re, upper(re)}, d), cat({im, -upper(im)}, d), d, true).re;
  return y / static_cast<double>(length);
}

Complex<Array> fftn(const Complex<Array>& x, std::span<const std::int64_t> dims) {
  return transform_dims("fftn", x, dims, false);
}
Complex<Array> ifftn(const Complex<Array>& z, std::span<const std::int64_t> dims) {
  return transform_dims("ifftn", z, dims, true);
}
Complex<Array> fft2(const Complex<Array>& x) {
  const std::int64_t dims[] = {-2, -1};
  return transform_dims("fft2", x, dims, false);
}
Complex<Array> ifft2(const Complex<Array>& z) {
  const std::int64_t dims[] = {-2, -1};
  return transform_dims("ifft2", z, dims, true);
}

namespace {

double frequency_step(std::string_view operation, std::int64_t n, double spacing, DType dtype) {
  checked_length(operation, n);
  if (!is_float(dtype)) throw DTypeError(operation, "is of a float dtype, got " + std::string(name(dtype)));
  if (!(spacing < 0) && !(spacing > 0))
    throw ValueError(operation, "the spacing must be a number other than 0, got " + Scalar(spacing).str());
  return static_cast<double>(n) * spacing;
}

Array counting(Interpreter& on, std::int64_t start, std::int64_t end, DType dtype, Device device) {
  return arange(on, static_cast<double>(start), static_cast<double>(end), 1.0, dtype, device);
}

}  // namespace

Array fftfreq(Interpreter& on, std::int64_t n, double spacing, DType dtype, Device device) {
  const double step = frequency_step("fftfreq", n, spacing, dtype);
  const Array k =
      cat({counting(on, 0, (n + 1) / 2, DType::F64, device), counting(on, -(n / 2), 0, DType::F64, device)}, 0);
  return cast(k / step, dtype);
}

Array rfftfreq(Interpreter& on, std::int64_t n, double spacing, DType dtype, Device device) {
  const double step = frequency_step("rfftfreq", n, spacing, dtype);
  return cast(counting(on, 0, n / 2 + 1, DType::F64, device) / step, dtype);
}

Array fftshift(const Array& x, std::span<const std::int64_t> dims) { return turned("fftshift", x, dims, false); }
Array ifftshift(const Array& x, std::span<const std::int64_t> dims) { return turned("ifftshift", x, dims, true); }

namespace {

/// Checks the settings of a window, and counts to its size in f64.
Array places(std::string_view operation, Interpreter& on, std::int64_t size, DType dtype, Device device) {
  if (size < 0 || size > kLongest) throw ValueError(operation, "cannot have " + text(size) + " values");
  if (!is_float(dtype)) throw DTypeError(operation, "is of a float dtype, got " + std::string(name(dtype)));
  return counting(on, 0, size, DType::F64, device);
}

}  // namespace

Array window(Interpreter& on, Window kind, std::int64_t size, bool periodic, DType dtype, Device device) {
  const Array k = places("window", on, size, dtype, device);
  const std::int64_t intervals = periodic ? size : size - 1;
  if (size <= 1) return cast(full_like(k, 1.0), dtype);
  const Array t = k * (2 * std::numbers::pi / static_cast<double>(intervals));
  switch (kind) {
    case Window::Hann: return cast(0.5 - 0.5 * cos(t), dtype);
    case Window::Hamming: return cast(0.54 - 0.46 * cos(t), dtype);
    case Window::Blackman: return cast(0.42 - 0.5 * cos(t) + 0.08 * cos(2.0 * t), dtype);
    case Window::Bartlett: break;
  }
  return cast(1.0 - unary(UnaryFn::Abs, 1.0 - k * (2 / static_cast<double>(intervals))), dtype);
}

Array kaiser_window(Interpreter& on, std::int64_t size, double beta, bool periodic, DType dtype, Device device) {
  if (!(beta >= 0) || beta == std::numeric_limits<double>::infinity())
    throw ValueError("kaiser_window", "beta " + Scalar(beta).str() + "; it must be a number from 0 on");
  const Array k = places("kaiser_window", on, size, dtype, device);
  if (size <= 1) return cast(full_like(k, 1.0), dtype);
  const Array r = k * (2 / static_cast<double>(periodic ? size : size - 1)) - 1.0;
  // (1 - r)(1 + r): 1 - r² may fall below 0 at the ends.
  const Array x = beta * sqrt(unary(UnaryFn::Relu, (1.0 - r) * (1.0 + r)));
  return cast(i0e(x) * exp(x - beta) / i0e(full_like(x, beta)), dtype);
}

}  // namespace fornax::signal
