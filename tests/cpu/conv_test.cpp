// Convolutions in f32 that are large enough for the library, against the products of columns, which f64 takes; and what
// becomes of pictures whose channels are adjacent in memory.

#include <gtest/gtest.h>

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>
#include <support/derivatives.hpp>
#include <support/process.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

using functional::ConvOptions;
using Taped = Autodiff<Cpu>;

struct Results {
  Numbers y, gx, gw;
};

// In `type`, of numbers that `rounded` holds.
template <int N>
Results convolve(const Shape& x, const Shape& w, const ConvOptions<N>& options, DType type, DType rounded) {
  constexpr std::size_t D = N + 2;
  const auto plain = [&](const Shape& s, unsigned seed) {
    return Tensor<Cpu, D>(drawn(s, seed, DType::F32)).cast(rounded).cast(type);
  };
  const auto tx = Tensor<Taped, D>::from_inner(plain(x, 1)).require_grad();
  const auto tw = Tensor<Taped, D>::from_inner(plain(w, 2)).require_grad();
  const auto y = Tensor<Taped, D>(functional::conv<N>(tx.array(), tw.array(), nullptr, options));
  const auto gradients = y.backward(plain(y.inner().array().shape(), 3));
  return {numbers(y.inner().array()), numbers(tx.grad(gradients)->array()), numbers(tw.grad(gradients)->array())};
}

template <int N>
void expect_agreement(const Shape& x, const Shape& w, const ConvOptions<N>& options = {}, DType type = DType::F32) {
  SCOPED_TRACE("x " + x.str() + ", w " + w.str());
  const Results found = convolve<N>(x, w, options, type, type), expected = convolve<N>(x, w, options, DType::F64, type);
  const double tolerance = type == DType::BF16 ? 0x1.01p-8 : 3e-6;  // bf16: sums in f32, rounded once
  expect_near_largest(found.y, expected.y, tolerance, "y");
  expect_near_largest(found.gx, expected.gx, tolerance, "gradient of x");
  expect_near_largest(found.gw, expected.gw, tolerance, "gradient of w");
}

TEST(LargeConv, AgreesWithF64) {
  expect_agreement<2>({4, 16, 20, 20}, {32, 16, 3, 3}, {.padding = 1});
  expect_agreement<2>({9, 13, 17, 15}, {21, 13, 3, 2}, {.stride = 2, .padding = 1});  // nothing divides anything
  expect_agreement<2>({3, 16, 24, 24}, {16, 16, 3, 3}, {.padding = 2, .dilation = 2});
  expect_agreement<2>({8, 1, 28, 28}, {32, 1, 3, 3});
  expect_agreement<2>({2, 3, 40, 40}, {16, 3, 7, 7}, {.stride = 2, .padding = 3});
  expect_agreement<2>({4, 64, 16, 16}, {64, 64, 1, 1});
  expect_agreement<2>({4, 64, 16, 16}, {64, 64, 1, 1}, {.stride = 2});
}

TEST(LargeConv, AgreesWithF64InGroupsAndOtherDims) {
  expect_agreement<2>({4, 32, 20, 20}, {64, 8, 3, 3}, {.padding = 1, .groups = 4});
  expect_agreement<2>({4, 64, 24, 24}, {64, 1, 3, 3}, {.padding = 1, .groups = 64});
  expect_agreement<1>({4, 16, 400}, {32, 16, 5}, {.padding = 2});
  expect_agreement<3>({3, 8, 9, 10, 11}, {16, 8, 3, 3, 3}, {.padding = 1});
}

// In tiles, by Winograd's algorithm: whole tiles and cut ones, parts of different sizes.
TEST(LargeConv, AgreesWithF64InTiles) {
  expect_agreement<2>({9, 32, 28, 28}, {64, 32, 3, 3}, {.padding = 1});
  expect_agreement<2>({22, 32, 26, 25}, {32, 32, 3, 3});
  expect_agreement<2>({2, 64, 40, 40}, {48, 64, 3, 3}, {.padding = 2});
}

TEST(LargeConv, AgreesWithF64InBf16) {
  expect_agreement<2>({4, 16, 20, 20}, {32, 16, 3, 3}, {.padding = 1}, DType::BF16);
  expect_agreement<2>({9, 13, 17, 15}, {21, 13, 3, 2}, {.stride = 2, .padding = 1}, DType::BF16);
  expect_agreement<2>({4, 64, 16, 16}, {64, 64, 1, 1}, {}, DType::BF16);
  expect_agreement<1>({4, 16, 400}, {32, 16, 5}, {.padding = 2}, DType::BF16);
}

TEST(LargeConv, HasTheSameBitsOnAnyNumberOfThreads) {
  const auto expect_same_bits = [](const Shape& x, const Shape& w, DType type) {
    const auto run = [&] { return convolve<2>(x, w, {.padding = 1}, type, type); };
    const int before = num_threads();
    set_num_threads(1);
    const Results one = run();
#if !defined(__SANITIZE_THREAD__)  // libgomp's regions do not run under it
    for (const int n : {2, 3}) {
      set_num_threads(n);
      const Results more = run();
      EXPECT_EQ(one.y, more.y);
      EXPECT_EQ(one.gx, more.gx);
      EXPECT_EQ(one.gw, more.gw);
    }
#endif
    set_num_threads(before);
  };
  expect_same_bits({9, 16, 20, 20}, {32, 16, 3, 3}, DType::F32);
  expect_same_bits({9, 32, 28, 28}, {32, 32, 3, 3}, DType::F32);
  expect_same_bits({9, 16, 20, 20}, {32, 16, 3, 3}, DType::BF16);
}

// [N, C, H, W] with adjacent channels.
Array turned(const Array& x) {
  const std::vector<std::int64_t> there = {0, 2, 3, 1}, back = {0, 3, 1, 2};
  return permute(cpu_contiguous(permute(x, there)), back);
}

TEST(ChannelsLast, StaysThroughElementwiseOperations) {
  const Array x = drawn({3, 8, 5, 7}, 1, DType::F32), b = drawn({8, 1, 1}, 2, DType::F32);
  const Array t = turned(x);
  ASSERT_FALSE(is_contiguous(t));
  const Array y = exp(t) * t + b - x;
  EXPECT_EQ(dense(y).strides, dense(t).strides);
  EXPECT_EQ(dense(cast(t, DType::BF16)).strides, dense(t).strides);
  EXPECT_EQ(numbers(y), numbers(exp(x) * x + b - x));
  EXPECT_EQ(numbers(where(greater(t, 0.0), x, t)), numbers(x));
  EXPECT_EQ(numbers(cast(cast(t, DType::BF16) * cast(x, DType::BF16), DType::F32)),
            numbers(cast(cast(x, DType::BF16) * cast(x, DType::BF16), DType::F32)));
}

TEST(ChannelsLast, IsWrittenInPlaceOnlyByItsOwnLayout) {
  const Array x = drawn({3, 8, 5, 7}, 1, DType::F32);
  Array given = turned(x) + 0.0, other = x + 0.0;
  const std::byte* at = dense(given).data;
  const Array sum = std::move(other) + std::move(given);
  EXPECT_EQ(dense(sum).data, at);
  EXPECT_EQ(numbers(sum), numbers(x + x));
}

TEST(ChannelsLast, HasTheSameLargestPlaces) {
  Array x = drawn({3, 20, 13, 10}, 1, DType::F32);
  auto some = numbers(x);
  some[100] = kNan;
  some[777] = kInf;
  x = floats(some, x.shape(), DType::F32);
  const functional::MaxPoolOptions<2> options{.stride = 2, .padding = 1};
  const auto expected = functional::max_pool_with_indices<2>(x, 3, options);
  const auto found = functional::max_pool_with_indices<2>(turned(x), 3, options);
  EXPECT_EQ(integers(found.indices), integers(expected.indices));
  expect_same(numbers(found.values), numbers(expected.values));
}

/// Calls f() on one thread and on three.
template <class F> void on_threads(const F& f) {
  const int before = num_threads();
  for (const int n : {1, 3}) {
    if (kThreadSanitizer && n > 1) break;  // libgomp's regions do not run under it
    SCOPED_TRACE(n);
    set_num_threads(n);
    f();
  }
  set_num_threads(before);
}

void expect_same_pools(const Array& x, PerDim<2> kernel, const functional::MaxPoolOptions<2>& options) {
  const auto pooled = [&](const Array& a) {
    const auto tx = Tensor<Taped, 4>::from_inner(Tensor<Cpu, 4>(a)).require_grad();
    const Tensor<Taped, 4> y(functional::max_pool2d(tx.array(), kernel, options));
    const auto gradients = y.backward(y.inner().sin());
    return std::pair(y.inner().array(), tx.grad(gradients)->array());
  };
  on_threads([&] {
    const auto [y, g] = pooled(x);
    const auto [y_turned, g_turned] = pooled(turned(x));
    EXPECT_EQ(numbers(y_turned), numbers(y));
    EXPECT_EQ(numbers(g_turned), numbers(g));
    EXPECT_EQ(dense(y_turned).strides, dense(turned(y)).strides) << "the layout stays";
    EXPECT_EQ(dense(g_turned).strides, dense(turned(g)).strides) << "the layout stays";
  });
}

TEST(ChannelsLast, IsPooledAsRowMajorPicturesAre) {
  const Array x = drawn({9, 20, 33, 30}, 1, DType::F32);
  expect_same_pools(x, 3, {.stride = 2, .padding = 1});  // windows overlap: gradients add up
  expect_same_pools(x, {3, 2}, {});                      // each element is in one window
  expect_same_pools(x, 2, {});                           // the last row is in none
  expect_same_pools(x, 2, {.stride = 1, .dilation = 3});
  expect_same_pools(x, 4, {.ceil_mode = true});
  for (const DType type : {DType::F64, DType::BF16, DType::F16}) expect_same_pools(cast(x, type), 2, {.padding = 1});
}

TEST(ChannelsLast, PoolsTheFirstOfTiesAndTheLastNan) {
  Array x = unary(UnaryFn::Round, drawn({2, 19, 8, 6}, 1, DType::F32));
  auto some = numbers(x);
  some[100] = some[101] = some[305] = kNan;
  some[777] = kInf;
  x = floats(some, x.shape(), DType::F32);
  const auto gradient = [](const Array& a) {
    const auto tx = Tensor<Taped, 4>::from_inner(Tensor<Cpu, 4>(a)).require_grad();
    const Tensor<Taped, 4> y(functional::max_pool2d(tx.array(), {2, 3}));
    return numbers(tx.grad(y.backward(Tensor<Cpu, 4>(drawn({2, 19, 4, 2}, 2, DType::F32))))->array());
  };
  const auto [values, places] = functional::max_pool2d_with_indices(x, {2, 3});
  expect_same(numbers(functional::max_pool2d(turned(x), {2, 3})), numbers(values));
  EXPECT_EQ(gradient(turned(x)), gradient(x));
  EXPECT_EQ(gradient(x), numbers(functional::max_unpool2d(drawn({2, 19, 4, 2}, 2, DType::F32), places, {8, 6})));
}

TEST(ChannelsLast, HasTheSameSums) {
  const Array x = drawn({9, 20, 43, 50}, 1, DType::F32);
  // The sum over all dims but the channels.
  const auto of_channels = [](const Array& a) { return numbers(sum_to(a, Shape{1, 20, 1, 1})); };
  const Numbers expected = of_channels(x);
  on_threads([&] { EXPECT_EQ(of_channels(turned(x)), expected); });
}

TEST(ChannelsLast, IsNormalisedAsRowMajorPicturesAre) {
  const Array weight = drawn({70}, 3), bias = drawn({70}, 4);
  const auto normalise = [&](const Array& x, const Array& g, DType type) {
    const auto tensor = [&](const Array& a) {
      return Tensor<Taped, 4>::from_inner(Tensor<Cpu, 4>(cast(a, type))).require_grad();
    };
    const auto vector = [&](const Array& a) {
      return Tensor<Taped, 1>::from_inner(Tensor<Cpu, 1>(cast(a, type))).require_grad();
    };
    const auto tx = tensor(x);
    const auto tw = vector(weight), tb = vector(bias);
    const auto r = functional::batch_norm(tx.array(), tw.array(), tb.array(), {}, {}, {.training = true});
    const auto gradients = Tensor<Taped, 4>(r.output).backward(Tensor<Cpu, 4>(cast(g, type)));
    return std::vector<Numbers>{numbers(r.output), numbers(tx.grad(gradients)->array()),
                                numbers(tw.grad(gradients)->array()), numbers(tb.grad(gradients)->array())};
  };
  const Array x = drawn({5, 70, 19, 23}, 1) * 2.0 + 3.0, g = drawn({5, 70, 19, 23}, 2);
  for (const DType type : {DType::F64, DType::F32}) {
    const auto expected = normalise(x, g, DType::F64);
    for (const auto& found : {normalise(turned(x), turned(g), type), normalise(turned(x), g, type)})
      for (std::size_t i = 0; i < 4; ++i) {
        double most = 0, size = 0;
        for (std::size_t k = 0; k < found[i].size(); ++k) {
          most = std::max(most, std::abs(found[i][k] - expected[i][k]));
          size = std::max(size, std::abs(expected[i][k]));
        }
        EXPECT_LE(most, (type == DType::F64 ? 1e-13 : 5e-6) * size) << i;
      }
  }
}

TEST(Copy, TurnsDimsOfAnySizeAndType) {
  for (const DType type : {DType::F64, DType::F32, DType::F16, DType::U8})
    for (const Shape& shape : {Shape{37, 65}, Shape{2, 3, 33, 17}, Shape{5, 1, 70, 2}, Shape{64, 64, 3}}) {
      Numbers counted(static_cast<std::size_t>(shape.numel()));
      for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<double>(i % 251);
      const Array x = Array(floats(counted, shape, DType::F32));
      const Array typed = type == DType::U8 ? cast(x, DType::U8) : cast(x, type);
      std::vector<std::int64_t> back(static_cast<std::size_t>(shape.rank()));
      for (int d = 0; d < shape.rank(); ++d) back[static_cast<std::size_t>(d)] = shape.rank() - 1 - d;
      const Array swapped = cpu_contiguous(permute(typed, back));
      EXPECT_TRUE(is_contiguous(swapped));
      EXPECT_EQ(numbers(cpu_contiguous(permute(swapped, back))), counted);
    }
}

}  // namespace
}  // namespace fornax::test
