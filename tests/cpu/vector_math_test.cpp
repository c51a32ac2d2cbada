// Accuracy of the vectorised elementary functions, for every instruction set that this machine has.
//
// The distance from the exact result, in units in the last place: of f32 beside the C library's f64, of f64 beside its
// long double. The arguments run over all bit patterns in steps of a prime; FORNAX_EXHAUSTIVE=1 takes every f32.

#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/ops/binary.hpp>
#include <fornax/ops/unary.hpp>

namespace fornax::test {
namespace {

using cpu::Isa;

constexpr Isa kIsas[] = {Isa::Portable, Isa::Avx2, Isa::Avx512};

// |got - exact| in units of the last place of T at the exact value; 0 if both are the same infinity or NaN.
template <class T, class Exact> double ulps(T got, Exact exact) {
  const auto rounded = static_cast<T>(exact);
  if (std::isnan(exact)) return std::isnan(got) ? 0 : HUGE_VAL;
  if (got == rounded) return std::signbit(got) == std::signbit(rounded) || got != 0 ? 0 : HUGE_VAL;
  if (!std::isfinite(got) || !std::isfinite(rounded)) {
    // The largest finite number and infinity are neighbours.
    constexpr T most = std::numeric_limits<T>::max();
    const bool beside =
        std::abs(got) >= most && std::abs(rounded) >= most && std::signbit(got) == std::signbit(rounded);
    return beside ? 1 : HUGE_VAL;
  }
  int exponent = 0;
  std::frexp(static_cast<Exact>(std::max(std::abs(rounded), std::numeric_limits<T>::min())), &exponent);
  return static_cast<double>(
      std::abs(std::ldexp(static_cast<Exact>(got) - exact, std::numeric_limits<T>::digits - exponent)));
}

template <class T> struct Worst {
  double error = 0;
  T at = 0, got = 0;
};

template <class T, class F, class Exact> Worst<T> worst_of(F&& f, Exact&& exact, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  f(x, y);
  Worst<T> worst;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = ulps(y[i], exact(x[i]));
    if (error > worst.error) worst = {error, x[i], y[i]};
  }
  return worst;
}

bool exhaustive() {
  const char* wish = std::getenv("FORNAX_EXHAUSTIVE");  // NOLINT(concurrency-mt-unsafe): tests start no thread here
  return wish && *wish == '1';
}

template <class Exact> void expect_f32(UnaryFn fn, double bound, Exact&& exact) {
  const std::uint64_t step = exhaustive() ? 1 : 2909;
  for (const Isa isa : kIsas) {
    if (!cpu::has_isa(isa)) continue;
    const cpu::Kernel kernel = cpu::float_kernel(fn, DType::F32, isa);
    const auto run = [&](const std::vector<float>& x, std::vector<float>& y) {
      const auto* from = reinterpret_cast<const std::byte*>(x.data());
      kernel(reinterpret_cast<std::byte*>(y.data()), &from, static_cast<std::int64_t>(x.size()), nullptr);
    };
    Worst<float> worst;
    std::vector<float> x;
    const auto close = [&] {
      const Worst<float> here = worst_of<float>(
          run, [&](float v) { return exact(static_cast<double>(v)); }, x);
      if (here.error > worst.error) worst = here;
      x.clear();
    };
    for (std::uint64_t b = 0; b < std::uint64_t{1} << 32; b += step) {
      x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(b)));
      if (x.size() == 1 << 16) close();
    }
    for (const float v : {0.0F, -0.0F, 1.0F, -1.0F, HUGE_VALF, -HUGE_VALF, FLT_MIN, -FLT_MIN, FLT_TRUE_MIN,
                          -FLT_TRUE_MIN, FLT_MAX, -FLT_MAX, NAN})
      x.push_back(v);
    close();
    EXPECT_LE(worst.error, bound) << "instruction set " << static_cast<int>(isa) << ", at " << worst.at << ": "
                                  << worst.got;
    if (exhaustive()) printf("  %d: %.3f at %g\n", static_cast<int>(isa), worst.error, static_cast<double>(worst.at));
  }
}

template <class Exact> void expect_f64(UnaryFn fn, double bound, Exact&& exact) {
  std::vector<double> x;
  // Steps of a prime through the bit patterns, and through the range in which the functions change.
  for (std::uint64_t b = 0; b < std::numeric_limits<std::uint64_t>::max() - 184467440737099ULL; b += 184467440737099ULL)
    x.push_back(std::bit_cast<double>(b));
  for (int i = -100000; i <= 100000; ++i) x.push_back(static_cast<double>(i) * 7.4503e-3);
  for (int i = -100000; i <= 100000; ++i) x.push_back(1 + static_cast<double>(i) * 1.17e-5);
  for (const double v :
       {0.0, -0.0, HUGE_VAL, -HUGE_VAL, DBL_MIN, DBL_TRUE_MIN, -DBL_TRUE_MIN, DBL_MAX, -DBL_MAX, std::nan("")})
    x.push_back(v);
  for (const Isa isa : kIsas) {
    if (!cpu::has_isa(isa)) continue;
    const cpu::Kernel kernel = cpu::float_kernel(fn, DType::F64, isa);
    const auto run = [&](const std::vector<double>& in, std::vector<double>& y) {
      const auto* from = reinterpret_cast<const std::byte*>(in.data());
      kernel(reinterpret_cast<std::byte*>(y.data()), &from, static_cast<std::int64_t>(in.size()), nullptr);
    };
    const Worst<double> worst = worst_of<double>(
        run, [&](double v) { return exact(static_cast<long double>(v)); }, x);
    EXPECT_LE(worst.error, bound) << "instruction set " << static_cast<int>(isa) << ", at " << worst.at << ": "
                                  << worst.got;
  }
}

#define FORNAX_F32(NAME, FN, BOUND, EXACT)                          \
  TEST(VectorMath, F32##NAME) {                                     \
    expect_f32(UnaryFn::FN, BOUND, [](double x) { return EXACT; }); \
  }
#define FORNAX_F64(NAME, FN, BOUND, EXACT)                               \
  TEST(VectorMath, F64##NAME) {                                          \
    expect_f64(UnaryFn::FN, BOUND, [](long double x) { return EXACT; }); \
  }

FORNAX_F32(Exp, Exp, 2, std::exp(x))
FORNAX_F32(Log, Log, 2, std::log(x))
FORNAX_F32(Sin, Sin, 2, std::sin(x))
FORNAX_F32(Cos, Cos, 2, std::cos(x))
FORNAX_F32(Tanh, Tanh, 2, std::tanh(x))
FORNAX_F32(Sigmoid, Sigmoid, 2, 1 / (1 + std::exp(-x)))
FORNAX_F32(Erf, Erf, 2, std::erf(x))
FORNAX_F32(Erfc, Erfc, 1, std::erfc(x))
FORNAX_F32(Gelu, Gelu, 4, x * 0.5 * std::erfc(x * -0.70710678118654752))
FORNAX_F32(Silu, Silu, 4, x / (1 + std::exp(-x)))
FORNAX_F32(GeluTanh, GeluTanh, 4, x / (1 + std::exp(-1.5957691216057308 * (x + 0.044715 * x * x * x))))
FORNAX_F32(Softplus, Softplus, 3, std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))))
FORNAX_F32(Mish, Mish, 4, x* std::tanh(std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)))))
FORNAX_F32(Expm1, Expm1, 1, std::expm1(x))
FORNAX_F32(Exp2, Exp2, 1, std::exp2(x))
FORNAX_F32(Log1p, Log1p, 1, std::log1p(x))
FORNAX_F32(Log2, Log2, 1, std::log2(x))
FORNAX_F32(Log10, Log10, 1, std::log10(x))
FORNAX_F32(Tan, Tan, 1, std::tan(x))
FORNAX_F32(Asin, Asin, 1, std::asin(x))
FORNAX_F32(Acos, Acos, 1, std::acos(x))
FORNAX_F32(Atan, Atan, 1, std::atan(x))
FORNAX_F32(Sinh, Sinh, 1, std::sinh(x))
FORNAX_F32(Cosh, Cosh, 1, std::cosh(x))
FORNAX_F32(Asinh, Asinh, 1, std::asinh(x))
FORNAX_F32(Acosh, Acosh, 1, std::acosh(x))
FORNAX_F32(Atanh, Atanh, 1, std::atanh(x))
FORNAX_F64(Exp, Exp, 2, std::exp(x))
FORNAX_F64(Log, Log, 2, std::log(x))
FORNAX_F64(Sigmoid, Sigmoid, 2, 1 / (1 + std::exp(-x)))

#undef FORNAX_F32
#undef FORNAX_F64

void pairs(BinaryFn fn, Isa isa, const std::vector<float>& a, const std::vector<float>& b, std::vector<float>& y) {
  const std::byte* x[] = {reinterpret_cast<const std::byte*>(a.data()), reinterpret_cast<const std::byte*>(b.data())};
  y.resize(a.size());
  cpu::float_kernel(fn, DType::F32, isa)(reinterpret_cast<std::byte*>(y.data()), x, static_cast<std::int64_t>(a.size()),
                                         nullptr);
}

// Every pair of special numbers, and a grid of ordinary ones, beside C's pow and hypot.
TEST(VectorMath, F32PowAndHypotOfPairs) {
  const float inf = HUGE_VALF;
  std::vector<float> values{0.0F,  -0.0F,       1.0F,        -1.0F,        2.0F,        -2.0F,     0.5F,
                            -0.5F, 3.0F,        -3.0F,       inf,          -inf,        NAN,       2.5F,
                            -2.5F, FLT_MIN,     FLT_MAX,     -FLT_MAX,     1e-42F,      -1e-42F,   1e9F,
                            -1e9F, 16777217.0F, 16777215.0F, -16777215.0F, 0.99999994F, 1.0000001F};
  for (int i = 0; i < 400; ++i)
    values.push_back(std::exp(static_cast<float>(i - 200) * 0.31F) * (i % 3 ? 1.0F : -1.0F));
  std::vector<float> a, b, y;
  for (const float u : values)
    for (const float v : values) a.push_back(u), b.push_back(v);
  for (const Isa isa : kIsas) {
    if (!cpu::has_isa(isa)) continue;
    pairs(BinaryFn::Pow, isa, a, b, y);
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_LE(ulps(y[i], std::pow(static_cast<double>(a[i]), static_cast<double>(b[i]))), 1) << a[i] << " ^ " << b[i];
      const float expected = std::isnan(y[i]) ? y[i] : std::pow(a[i], b[i]);
      ASSERT_EQ(std::signbit(y[i]), std::signbit(expected)) << a[i] << " ^ " << b[i];
    }
    pairs(BinaryFn::Hypot, isa, a, b, y);
    for (std::size_t i = 0; i < y.size(); ++i)
      ASSERT_LE(ulps(y[i], std::hypot(static_cast<double>(a[i]), static_cast<double>(b[i]))), 1)
          << a[i] << ", " << b[i];
  }
}

}  // namespace
}  // namespace fornax::test
