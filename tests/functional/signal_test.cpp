// Fourier transforms against their definition and NumPy, windows, short-time transforms, and what is refused.

#include <cmath>
#include <complex>
#include <numbers>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>

#include <support/derivatives.hpp>

namespace fornax::test {
namespace {

using signal::Frames;
using Pair = signal::Complex<Array>;

// Numbers marked NumPy are from numpy 2.4 and scipy 1.17 on these.
const Array kRe = floats({1, 2, -1, 0.5, 3}), kIm = floats({0.5, -1, 2, 0, 1});
constexpr double kClose = 1e-14;

std::vector<Array> both(const Pair& z) { return {z.re, z.im}; }
Interpreter& cpu() { return Cpu::interpreter(); }

TEST(Fft, AgreesWithItsDefinitionForEveryLength) {
  // Products of small primes, primes, prime powers, twice a prime, and a length that is split among threads.
  for (const std::int64_t n :
       {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 25, 30, 49, 53, 61, 64, 97, 106, 121, 128, 210, 1009, 1024}) {
    const TensorData re = random_data(Shape{n}, 1), im = random_data(Shape{n}, 2);
    const Pair z = signal::fft({upload(re), upload(im)});
    const TensorData zre = z.re.to_data(), zim = z.im.to_data();
    for (const std::int64_t k : {std::int64_t{0}, n / 3, n / 2, n - 1}) {
      std::complex<double> sum = 0;
      for (std::int64_t j = 0; j < n; ++j)
        sum += std::complex(re[j], im[j]) *
               std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n));
      EXPECT_NEAR(zre[k], sum.real(), 1e-14 * static_cast<double>(n + 10)) << n << ", " << k;
      EXPECT_NEAR(zim[k], sum.imag(), 1e-14 * static_cast<double>(n + 10)) << n << ", " << k;
    }
    const Pair back = signal::ifft(z);
    EXPECT_NO_THROW(back.re.to_data().assert_approx_eq(re, 1e-13, 1e-13)) << n;
    EXPECT_NO_THROW(back.im.to_data().assert_approx_eq(im, 1e-13, 1e-13)) << n;
    // In f32 the error is that of rounding the inputs and the result.
    const Pair narrow = signal::fft({upload(re.convert(DType::F32)), upload(im.convert(DType::F32))});
    EXPECT_NO_THROW(narrow.re.to_data().assert_approx_eq(zre, 1e-5, 1e-6 * std::sqrt(static_cast<double>(n)))) << n;
  }
}

TEST(Fft, AgreesWithNumpy) {
  const Pair z = signal::fft({kRe, kIm});
  expect_near(numbers(z.re), {5.5, 2.22305094105685, -6.277277006237464, -0.12190993188695787, 3.676135997067572},
              kClose, "", kClose);
  expect_near(numbers(z.im), {2.5, 0.7147004059839683, 0.2792344665996378, 1.956833510900152, -2.950768383483758},
              kClose, "", kClose);
  const Pair inverse = signal::ifft({kRe, kIm});
  expect_near(numbers(inverse.re),
              {1.1, 0.7352271994135144, -0.024381986377391574, -1.2554554012474928, 0.44461018821137}, kClose, "",
              kClose);
  expect_near(numbers(inverse.im),
              {0.5, -0.5901536766967517, 0.39136670218003045, 0.055846893319927565, 0.14294008119679366}, kClose, "",
              kClose);
  const Pair longer = signal::rfft(kRe, 8);
  expect_near(numbers(longer.re), {5.5, -0.9393398282201788, 5.0, -3.060660171779821, 0.5}, kClose, "", kClose);
  expect_near(numbers(longer.im), {0.0, -0.7677669529663689, -1.5, -2.767766952966369, 0.0}, kClose, "", kClose);
  expect_near(
      numbers(signal::irfft({kRe, kIm})),
      {0.875, -0.3080582617584078, 1.0, 0.1616116523516815, -0.375, -1.1919417382415922, 0.5, 0.3383883476483185},
      kClose, "", kClose);
  expect_near(numbers(signal::irfft({kRe, kIm}, 5)),
              {0.6000000000000001, 0.68101479793402, 0.42513892070317516, -1.5667797072030492, 0.860625988565854},
              kClose, "", kClose);
  expect_near(numbers(signal::irfft({narrow(kRe, 0, 0, 4), narrow(kIm, 0, 0, 4)}, 7)),
              {0.5714285714285714, 0.10028336052198691, 0.8886763689531705, -0.011183228739460267, -1.1526384881986704,
               -0.16429242557079501, 0.7677258416051969},
              kClose, "", kClose);
}

TEST(Fft, WalksAnyDimAndSeveral) {
  const Array re = upload(random_data(Shape{3, 4, 5}, 3)), im = upload(random_data(Shape{3, 4, 5}, 4));
  const Pair z = signal::fft({re, im}, {}, 1);
  const auto line = [](const Array& x) { return reshape(narrow(narrow(x, 0, 2, 1), 2, 3, 1), Shape{4}); };
  expect_same(numbers(line(z.re)), numbers(signal::fft({line(re), line(im)}).re));
  const std::int64_t dims[] = {0, 2};
  const Pair several = signal::fftn({re, im}, dims), one_by_one = signal::fft(signal::fft({re, im}, {}, 0), {}, 2);
  expect_same(numbers(several.im), numbers(one_by_one.im));
  expect_near(numbers(signal::ifftn(several, dims).re), numbers(re), 1e-13, "", 1e-14);
  expect_near(numbers(signal::ifft2(signal::fft2({re, im})).im), numbers(im), 1e-13, "", 1e-14);
  EXPECT_EQ(signal::fft({floats({}, Shape{0, 4}), floats({}, Shape{0, 4})}).re.shape(), (Shape{0, 4}));
}

TEST(Fft, HasDerivatives) {
  const std::vector<TensorData> pair{random_data(Shape{2, 5}, 5), random_data(Shape{2, 5}, 6)};
  expect_derivatives([](const auto& x) { return both(signal::fft({x[0], x[1]}, 7)); }, pair);
  expect_derivatives([](const auto& x) { return both(signal::ifft({x[0], x[1]}, 3, 0)); }, pair);
  expect_derivatives([](const auto& x) { return both(signal::rfft(x[0], 6)); }, {pair[0]});
  for (const std::int64_t n : {1, 2, 7, 8, 11})
    expect_derivatives([n](const auto& x) { return std::vector{signal::irfft({x[0], x[1]}, n)}; }, pair);
}

TEST(Frequencies, AgreeWithNumpy) {
  expect_same(numbers(signal::fftfreq(cpu(), 5, 0.1, DType::F64, {})), {0, 2, 4, -4, -2});
  expect_same(numbers(signal::fftfreq(cpu(), 4, 2, DType::F64, {})), {0, 0.125, -0.25, -0.125});
  expect_same(numbers(signal::rfftfreq(cpu(), 5, 0.1, DType::F64, {})), {0, 2, 4});
  const std::int64_t dims[] = {0};
  expect_same(numbers(signal::fftshift(floats({0, 1, 2, 3, 4}), dims)), {3, 4, 0, 1, 2});
  expect_same(numbers(signal::ifftshift(floats({0, 1, 2, 3, 4}), dims)), {2, 3, 4, 0, 1});
  expect_same(numbers(signal::fftshift(ints({0, 1, 2, 3}), dims)), {2, 3, 0, 1});
}

// numpy.kaiser, scipy.signal.get_window(('kaiser', 3.5), 6), scipy 1.17; for beta = 1000 from scipy.special.ive.
TEST(Window, IsKaisersForAnyBeta) {
  const auto kaiser = [](std::int64_t size, double beta, bool periodic) {
    return numbers(signal::kaiser_window(cpu(), size, beta, periodic, DType::F64, {}));
  };
  expect_near(kaiser(5, 12, false),
              {5.2773441320097665e-05, 0.2156727447589671, 1, 0.2156727447589671, 5.2773441320097665e-05}, 1e-13);
  expect_near(kaiser(6, 3.5, true),
              {0.13553434913875384, 0.4848691241915616, 0.8459726478388895, 1, 0.8459726478388895, 0.4848691241915616},
              1e-13);
  expect_near(kaiser(5, 1000, false), {0, 7.027732781623502e-59, 1, 7.027732781623502e-59, 0}, 1e-11);
  expect_same(kaiser(4, 0, false), {1, 1, 1, 1});
  expect_same(kaiser(1, 12, true), {1});
  EXPECT_EQ(kaiser(0, 12, true).size(), 0u);
  EXPECT_EQ(signal::kaiser_window<Cpu>(8).dtype(), DType::F32);
}

TEST(Window, AgreesWithScipy) {
  using enum signal::Window;
  const auto window = [](signal::Window kind, std::int64_t size, bool periodic) {
    return numbers(signal::window(cpu(), kind, size, periodic, DType::F64, {}));
  };
  expect_near(window(Hann, 6, true), {0, 0.25, 0.75, 1, 0.75, 0.25}, kClose, "", kClose);
  expect_near(window(Hann, 5, false), {0, 0.5, 1, 0.5, 0}, kClose, "", kClose);
  expect_near(window(Hamming, 6, true), {0.08, 0.31, 0.77, 1, 0.77, 0.31}, kClose, "", kClose);
  expect_near(window(Hamming, 5, false), {0.08, 0.54, 1, 0.54, 0.08}, kClose, "", kClose);
  expect_near(window(Blackman, 6, true), {0, 0.13, 0.63, 1, 0.63, 0.13}, kClose, "", kClose);
  expect_near(window(Blackman, 5, false), {0, 0.34, 1, 0.34, 0}, kClose, "", kClose);
  expect_near(window(Bartlett, 6, true), {0, 1.0 / 3, 2.0 / 3, 1, 2.0 / 3, 1.0 / 3}, kClose, "", kClose);
  expect_near(window(Bartlett, 5, false), {0, 0.5, 1, 0.5, 0}, kClose, "", kClose);
  for (const bool periodic : {false, true}) {
    EXPECT_EQ(window(Hann, 0, periodic).size(), 0u);
    expect_same(window(Hann, 1, periodic), {1});
  }
}

TEST(Stft, TransformsEveryFrame) {
  const Array x = upload(random_data(Shape{2, 20}, 7));
  const Array window = signal::window(cpu(), signal::Window::Hann, 6, true, DType::F64, {});
  const Pair z = signal::stft(x, window, {.size = 8, .hop = 3, .centered = false});
  ASSERT_EQ(z.re.shape(), (Shape{2, 5, 5}));
  // The window stands in the middle of the frame: a zero on either side.
  const Array one = floats({0}), padded = cat({one, window, one}, 0);
  const Pair frame = signal::rfft(reshape(narrow(narrow(x, 0, 1, 1), 1, 6, 8), Shape{8}) * padded);
  const Array column = reshape(narrow(narrow(z.im, 0, 1, 1), 2, 2, 1), Shape{5});
  expect_near(numbers(column), numbers(frame.im), 1e-13, "", 1e-14);
  // Centered: the first frame is mirrored at the first sample.
  const Pair centered = signal::stft(floats({1, 2, 3, 4, 5}), floats({1, 1, 1, 1}), {.size = 4, .hop = 2});
  ASSERT_EQ(centered.re.shape(), (Shape{3, 3}));
  const auto frame_of = [&](std::int64_t i) { return numbers(narrow(centered.re, 1, i, 1)); };
  expect_near(frame_of(0), numbers(signal::rfft(floats({3, 2, 1, 2})).re), kClose, "", kClose);
  expect_near(frame_of(1), numbers(signal::rfft(floats({1, 2, 3, 4})).re), kClose, "", kClose);
  expect_near(frame_of(2), numbers(signal::rfft(floats({3, 4, 5, 4})).re), kClose, "", kClose);
}

TEST(Istft, GivesTheSignalBack) {
  const Array x = upload(random_data(Shape{3, 40}, 8));
  const Array window = signal::window(cpu(), signal::Window::Hamming, 8, true, DType::F64, {});
  for (const Frames frames : {Frames{8, 2}, Frames{8, 4}, Frames{9, 3}, Frames{8, 4, false}, Frames{8, 8, false}}) {
    const Pair z = signal::stft(x, window, frames);
    const Array y = signal::istft(z, window, frames);
    const std::int64_t n = y.shape()[1];
    expect_near(numbers(y), numbers(narrow(x, 1, 0, n)), 1e-12, "", 1e-12);
    EXPECT_GE(n, 36);
  }
  const Frames frames{8, 4};
  const Pair z = signal::stft(x, window, frames);
  expect_near(numbers(signal::istft(z, window, frames, 33)), numbers(narrow(x, 1, 0, 33)), 1e-12, "", 1e-12);
  EXPECT_EQ(signal::istft(z, window, frames, 60).shape(), (Shape{3, 60}));
  EXPECT_EQ(signal::istft(z, window, frames, 0).shape(), (Shape{3, 0}));
}

TEST(Stft, HasDerivatives) {
  const Frames frames{4, 2};
  expect_derivatives([&](const auto& x) { return both(signal::stft(x[0], x[1], frames)); },
                     {random_data(Shape{9}, 9), random_data(Shape{4}, 10)});
  const TensorData window(Numbers{0.5, 1, 0.8, 0.3});
  expect_derivatives(
      [&](const auto& x) {
        return std::vector{signal::istft({x[0], x[1]}, x[2], frames, 7)};
      },
      {random_data(Shape{3, 4}, 11), random_data(Shape{3, 4}, 12), window}, {.tolerance = 1e-6});
}

TEST(Signal, TakesTensors) {
  using B = Autodiff<Cpu>;
  const auto x = Tensor<B, 1>::from_data({1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}).require_grad();
  const auto z = signal::rfft(x);
  const Tensor<B, 1> power = z.re * z.re + z.im * z.im;
  EXPECT_TRUE(power.sum().backward().size() == 1);
  EXPECT_NEAR(signal::irfft(z).to_data()[7], 8, 1e-5);
  const auto window = signal::window<B>(signal::Window::Hann, 4);
  const auto frames = signal::stft(x, window, {.size = 4, .hop = 1});
  static_assert(std::is_same_v<decltype(frames.re), Tensor<B, 2>>);
  const Tensor<B, 1> back = signal::istft(frames, window, {.size = 4, .hop = 1});
  EXPECT_NEAR(back.to_data()[3], 4, 1e-5);
  EXPECT_EQ(signal::fftshift(signal::fftfreq<B>(4), {0}).to_data(), TensorData({-0.5f, -0.25f, 0.0f, 0.25f}));
  EXPECT_EQ(signal::fft2(signal::Complex{frames.re, frames.im}).re.shape(), frames.re.shape());
}

TEST(Signal, RefusesWrongCalls) {
  const Array x = floats({1, 2, 3, 4}), window = floats({1, 1});
  EXPECT_EQ(message_of<ValueError>([&] { signal::fft({x, x}, 0); }), "fft: cannot transform 0 numbers");
  EXPECT_EQ(message_of<ShapeError>([&] { signal::fft({x, window}); }), "fft: shapes differ: [4] and [2]");
  EXPECT_EQ(message_of<DTypeError>([&] { signal::rfft(ints({1})); }),
            "rfft: takes f64 or f32 elements, got i64; cast() converts");
  EXPECT_THROW(signal::fft({x, floats({1, 2, 3, 4}, DType::F32)}), DTypeError);
  EXPECT_THROW(signal::ifft({x, Array()}), ValueError);
  EXPECT_THROW(signal::rfft(x, {}, 1), IndexError);
  EXPECT_THROW(signal::rfft(floats({1}, Shape{})), ShapeError);
  EXPECT_THROW(signal::rfft(x, std::numeric_limits<std::int64_t>::max()), ValueError);
  EXPECT_THROW(signal::rfft(floats({})), ValueError);
  EXPECT_THROW(signal::irfft({floats({1}), floats({0})}), ValueError);
  EXPECT_THROW(signal::fft2({x, x}), IndexError);
  const std::int64_t twice[] = {0, -1};
  EXPECT_THROW(signal::fftn({x, x}, twice), IndexError);
  EXPECT_THROW(signal::fftfreq(cpu(), 0, 1, DType::F64, {}), ValueError);
  EXPECT_THROW(signal::fftfreq(cpu(), 4, 0, DType::F64, {}), ValueError);
  EXPECT_THROW(signal::rfftfreq(cpu(), 4, kNan, DType::F64, {}), ValueError);
  EXPECT_THROW(signal::window(cpu(), signal::Window::Hann, -1, true, DType::F64, {}), ValueError);
  EXPECT_THROW(signal::window(cpu(), signal::Window::Hann, 4, true, DType::I64, {}), DTypeError);
  EXPECT_THROW(signal::window(cpu(), signal::Window::Hann, std::int64_t{1} << 62, true, DType::F64, {}), ValueError);
  EXPECT_THROW(signal::stft(x, window, {.size = 0, .hop = 1}), ValueError);
  EXPECT_THROW(signal::stft(x, window, {.size = 2, .hop = 0}), ValueError);
  EXPECT_THROW(signal::stft(x, x, {.size = 2, .hop = 1}), ShapeError);
  EXPECT_THROW(signal::stft(x, window, {.size = 8, .hop = 1}), ShapeError);
  EXPECT_THROW(signal::stft(x, window, {.size = 5, .hop = 1, .centered = false}), ShapeError);
  EXPECT_THROW(signal::stft(x, window, {.size = std::numeric_limits<std::int64_t>::max(), .hop = 1, .centered = false}),
               ShapeError);
  EXPECT_EQ(signal::stft(x, window, {.size = 2, .hop = std::numeric_limits<std::int64_t>::max()}).re.shape(),
            (Shape{2, 1}));
  const Pair z = signal::stft(x, window, {.size = 2, .hop = 1});
  EXPECT_THROW(signal::istft(z, window, {.size = 4, .hop = 1}), ShapeError);
  EXPECT_THROW(signal::istft(z, window, {.size = 2, .hop = 1}, -1), ValueError);
  EXPECT_EQ(message_of<ValueError>([&] {
              signal::istft(z, floats({0, 0}), {.size = 2, .hop = 1});
            }),
            "istft: the squared windows add up to less than 1e-11 somewhere: there the signal is lost");
}

}  // namespace
}  // namespace fornax::test
