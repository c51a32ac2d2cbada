#pragma once
// Fourier transforms and windows. A complex array is a pair of real ones; both are f64 or f32.

#include <initializer_list>
#include <optional>
#include <span>

#include <fornax/array/array.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax::signal {

/// Real and imaginary part: an Array or a Tensor each, of one shape and dtype.
template <class T> struct Complex { T re, im; };

/// Symmetric shapes that fall off to both sides.
enum class Window : std::uint8_t { Hann, Hamming, Blackman, Bartlett };

/// What stft and istft share. Frames of `size` samples start every `hop` samples; `centered` ones have their middle at
/// multiples of hop, for which the signal is mirrored at its ends.
struct Frames {
  std::int64_t size;
  std::int64_t hop;
  bool centered = true;
};

// --- Transforms along one dim: z_k = sum over j of x_j exp(-2 pi i j k / n) ---------------------------------------------

/// n numbers of the dim: zeros are added, or the rest left out; as many as there are if n is not given.
/// Errors: ValueError if n is below 1.
Complex<Array> fft(const Complex<Array>& x, std::optional<std::int64_t> n = {}, std::int64_t dim = -1);
/// The inverse of fft: exp(+2 pi i j k / n), and divided by n.
Complex<Array> ifft(const Complex<Array>& z, std::optional<std::int64_t> n = {}, std::int64_t dim = -1);
/// The first n / 2 + 1 numbers of the fft of a real x; the others are their conjugates.
Complex<Array> rfft(const Array& x, std::optional<std::int64_t> n = {}, std::int64_t dim = -1);
/// The inverse of rfft: n real numbers, 2 (m - 1) of m if n is not given. The imaginary parts of z_0 and, for an even n,
/// of z_(n/2) are not read.
Array irfft(const Complex<Array>& z, std::optional<std::int64_t> n = {}, std::int64_t dim = -1);
/// The same along several dims one after the other; fft2 and ifft2 take the last two.
Complex<Array> fftn(const Complex<Array>& x, std::span<const std::int64_t> dims);
Complex<Array> ifftn(const Complex<Array>& z, std::span<const std::int64_t> dims);
Complex<Array> fft2(const Complex<Array>& x);
Complex<Array> ifft2(const Complex<Array>& z);

/// The frequencies that fft's numbers stand for, in cycles per unit of the spacing between samples:
/// 0, 1, ..., (n - 1) / 2, -(n / 2), ..., -1, each divided by n spacing. Of rfft: 0, 1, ..., n / 2.
Array fftfreq(Interpreter& on, std::int64_t n, double spacing, DType dtype, Device device);
Array rfftfreq(Interpreter& on, std::int64_t n, double spacing, DType dtype, Device device);
/// Moves the number for frequency 0 to the middle of each dim, and back.
Array fftshift(const Array& x, std::span<const std::int64_t> dims);
Array ifftshift(const Array& x, std::span<const std::int64_t> dims);

// --- Transforms of short stretches ---------------------------------------------------------------------------------------

/// The rfft of overlapping frames, each multiplied with a window: x [..., T] -> [..., size / 2 + 1, number of frames].
/// `window` has rank 1; a shorter one than the frames stands in their middle.
/// Errors: ShapeError if x is too short for a frame, or, mirrored, for half of one; ValueError for a size or a hop below 1.
Complex<Array> stft(const Array& x, const Array& window, const Frames& frames);
/// The signal of which z is the stft, up to what no frame sees: the frames are windowed again, added up, and divided by
/// the sum of the squared windows. `length` samples if given: zeros are added, or the rest left out.
/// Errors: ValueError where the squared windows add up to nothing.
Array istft(const Complex<Array>& z, const Array& window, const Frames& frames,
            std::optional<std::int64_t> length = {});

/// `size` values of a window with its maximum, 1, in the middle. A periodic one is the start of a symmetric one with a
/// value more, as transforms want it.
///   Hann: (1 - cos t) / 2; Hamming: 0.54 - 0.46 cos t; Blackman: 0.42 - 0.5 cos t + 0.08 cos 2 t; Bartlett: 1 - |1 - t / pi|;
///   t goes from 0 to 2 pi.
Array window(Interpreter& on, Window kind, std::int64_t size, bool periodic, DType dtype, Device device);
/// Kaiser's window I0(beta sqrt(1 - (t / pi - 1)²)) / I0(beta), t as above: a larger beta has a wider main lobe and lower
/// side lobes. Right for any beta, as it is made of scaled Bessel functions.
///
/// Errors: ValueError for a beta that is negative or not finite.
/// Source: Kaiser and Schafer, On the use of the I0-sinh window for spectrum analysis, 1980.
Array kaiser_window(Interpreter& on, std::int64_t size, double beta, bool periodic, DType dtype, Device device);

// --- The same on tensors -------------------------------------------------------------------------------------------------

namespace detail {
template <BackendType B, std::size_t D> Complex<Array> arrays(const Complex<Tensor<B, D>>& x) {
  return {x.re.array(), x.im.array()};
}
template <BackendType B, std::size_t D> Complex<Tensor<B, D>> tensors(Complex<Array> x) {
  return {Tensor<B, D>(std::move(x.re)), Tensor<B, D>(std::move(x.im))};
}
}  // namespace detail

template <BackendType B, std::size_t D>
Complex<Tensor<B, D>> fft(const Complex<Tensor<B, D>>& x, std::optional<std::int64_t> n = {}, std::int64_t dim = -1) {
  return detail::tensors<B, D>(fft(detail::arrays(x), n, dim));
}
template <BackendType B, std::size_t D>
Complex<Tensor<B, D>> ifft(const Complex<Tensor<B, D>>& z, std::optional<std::int64_t> n = {}, std::int64_t dim = -1) {
  return detail::tensors<B, D>(ifft(detail::arrays(z), n, dim));
}
template <BackendType B, std::size_t D>
Complex<Tensor<B, D>> rfft(const Tensor<B, D>& x, std::optional<std::int64_t> n = {}, std::int64_t dim = -1) {
  return detail::tensors<B, D>(rfft(x.array(), n, dim));
}
template <BackendType B, std::size_t D>
Tensor<B, D> irfft(const Complex<Tensor<B, D>>& z, std::optional<std::int64_t> n = {}, std::int64_t dim = -1) {
  return Tensor<B, D>(irfft(detail::arrays(z), n, dim));
}
template <BackendType B, std::size_t D>
Complex<Tensor<B, D>> fftn(const Complex<Tensor<B, D>>& x, std::initializer_list<std::int64_t> dims) {
  return detail::tensors<B, D>(fftn(detail::arrays(x), std::span(dims.begin(), dims.size())));
}
template <BackendType B, std::size_t D>
Complex<Tensor<B, D>> ifftn(const Complex<Tensor<B, D>>& z, std::initializer_list<std::int64_t> dims) {
  return detail::tensors<B, D>(ifftn(detail::arrays(z), std::span(dims.begin(), dims.size())));
}
template <BackendType B, std::size_t D> Complex<Tensor<B, D>> fft2(const Complex<Tensor<B, D>>& x) {
  static_assert(D >= 2, "fft2 needs rank >= 2; unsqueeze() adds a dim");
  return detail::tensors<B, D>(fft2(detail::arrays(x)));
}
template <BackendType B, std::size_t D> Complex<Tensor<B, D>> ifft2(const Complex<Tensor<B, D>>& z) {
  static_assert(D >= 2, "ifft2 needs rank >= 2; unsqueeze() adds a dim");
  return detail::tensors<B, D>(ifft2(detail::arrays(z)));
}
template <BackendType B>
Tensor<B, 1> fftfreq(std::int64_t n, double spacing = 1, Device device = {}, DType dtype = Float::default_dtype) {
  return Tensor<B, 1>(fftfreq(B::interpreter(), n, spacing, dtype, device));
}
template <BackendType B>
Tensor<B, 1> rfftfreq(std::int64_t n, double spacing = 1, Device device = {}, DType dtype = Float::default_dtype) {
  return Tensor<B, 1>(rfftfreq(B::interpreter(), n, spacing, dtype, device));
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> fftshift(const Tensor<B, D, K>& x, std::initializer_list<std::int64_t> dims) {
  return Tensor<B, D, K>(fftshift(x.array(), std::span(dims.begin(), dims.size())));
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> ifftshift(const Tensor<B, D, K>& x, std::initializer_list<std::int64_t> dims) {
  return Tensor<B, D, K>(ifftshift(x.array(), std::span(dims.begin(), dims.size())));
}
template <BackendType B, std::size_t D>
Complex<Tensor<B, D + 1>> stft(const Tensor<B, D>& x, const Tensor<B, 1>& window, const Frames& frames) {
  static_assert(D >= 1, "stft needs signals, rank >= 1");
  return detail::tensors<B, D + 1>(stft(x.array(), window.array(), frames));
}
template <BackendType B, std::size_t D>
Tensor<B, D - 1> istft(const Complex<Tensor<B, D>>& z, const Tensor<B, 1>& window, const Frames& frames,
                       std::optional<std::int64_t> length = {}) {
  static_assert(D >= 2, "istft needs rank >= 2: frequencies and frames");
  return Tensor<B, D - 1>(istft(detail::arrays(z), window.array(), frames, length));
}
template <BackendType B>
Tensor<B, 1> window(Window kind, std::int64_t size, bool periodic = true, Device device = {},
                    DType dtype = Float::default_dtype) {
  return Tensor<B, 1>(window(B::interpreter(), kind, size, periodic, dtype, device));
}
template <BackendType B>
Tensor<B, 1> kaiser_window(std::int64_t size, double beta = 12, bool periodic = true, Device device = {},
                           DType dtype = Float::default_dtype) {
  return Tensor<B, 1>(kaiser_window(B::interpreter(), size, beta, periodic, dtype, device));
}

}  // namespace fornax::signal
