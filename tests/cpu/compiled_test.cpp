// Programs of Fusion as machine code: the bits of the kernels over all kinds of numbers, and what happens where there is none.

#include <bit>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/cpu/fused/plan.hpp>
#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>
#include <fornax/ops/unary.hpp>
#include <support/fusion.hpp>

namespace fornax::test {
namespace {

using cpu::Executor;
using T1 = Tensor<Fusion<Cpu>, 1>;

class CompiledTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!cpu::can_compile()) GTEST_SKIP() << "this machine or this build has only the tile interpreter";
  }
  EverySize every_size_;
};

// Every exponent with random digits, both signs; zeros, infinities, NaN, the ends of the denormal numbers; integers and halves.
std::vector<double> all_kinds() {
  std::vector<double> x;
  Random random(1);
  for (std::uint32_t e = 0; e < 256; ++e) {
    for (int k = 0; k < 8; ++k) {
      const auto bits = static_cast<std::uint32_t>(random() % (1U << 23)) | e << 23;
      x.push_back(static_cast<double>(std::bit_cast<float>(bits)));
      x.push_back(static_cast<double>(std::bit_cast<float>(bits | 1U << 31)));
    }
  }
  for (int i = -400; i <= 400; ++i) x.push_back(i / 4.0);
  for (const float f : {0.0F, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::min(),
                        std::numeric_limits<float>::max(), std::numeric_limits<float>::infinity(),
                        std::numeric_limits<float>::quiet_NaN()}) {
    x.push_back(static_cast<double>(f));
    x.push_back(-static_cast<double>(f));
  }
  return x;
}

Array upload_f32(const std::vector<double>& x) {
  return upload(TensorData(x, Shape{static_cast<std::int64_t>(x.size())}).convert(DType::F32));
}

// f of arrays that wait, in a program with something before it, by each executor.
template <class F> void expect_same_bits(F&& f, const std::vector<Array>& x, const std::string& what) {
  const TensorData expected = f(x).to_data();
  for (const Executor executor : executors()) {
    const ByExecutor by(executor);
    const Array y = f(late(x));
    EXPECT_TRUE(same_bits(y.to_data(), expected)) << what << " by executor " << static_cast<int>(executor);
  }
}

TEST_F(CompiledTest, HasTheBitsOfTheKernelsForAllKindsOfNumbers) {
  const std::vector<double> a = all_kinds();
  std::vector<double> b = a, c(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) b[i] = a[(i * 37) % a.size()], c[i] = a[(i * 101 + 5) % a.size()];
  const Array x = upload_f32(a), y = upload_f32(b), z = upload_f32(c);
  for (int i = 0; i < kUnaryCount; ++i) {
    const auto fn = static_cast<UnaryFn>(i);
    const Op op = op::Unary{fn};
    try {
      static_cast<void>(execute(op, lend({x})));
    } catch (const Error&) {
      continue;  // not of f32
    }
    expect_same_bits([&](const std::vector<Array>& v) { return run(op, lend(v)); }, {x}, name(op).data());
    if (cpu::slope_kernel(fn, DType::F32, cpu::isa()))
      expect_same_bits([&](const std::vector<Array>& v) { return run(op::Slope{fn}, lend(v)); }, {y, x}, "slope");
  }
  for (int i = 0; i < kBinaryCount; ++i) {
    const Op op = op::Binary{static_cast<BinaryFn>(i)};
    try {
      static_cast<void>(execute(op, lend({x, y})));
    } catch (const Error&) {
      continue;
    }
    expect_same_bits([&](const std::vector<Array>& v) { return run(op, lend(v)); }, {x, y}, name(op).data());
  }
  for (int i = 0; i < kScalarCount; ++i)
    for (const double s : {0.5, -3.0, 0.0, std::numeric_limits<double>::infinity()})
      expect_same_bits(
          [&](const std::vector<Array>& v) {
            return run(op::WithScalar{static_cast<ScalarFn>(i), Scalar(s)}, lend(v));
          },
          {x}, "with a number");
  expect_same_bits([](const std::vector<Array>& v) { return where(lower(v[0], v[1]), v[2], v[0]); }, {x, y, z},
                   "where");
  expect_same_bits(
      [](const std::vector<Array>& v) {
        const Array both = run(op::Binary{BinaryFn::Xor}, {lower(v[0], v[1]), greater(v[1], v[2])});
        return cast(both, DType::F32) + cast(cast(v[2], DType::Bool), DType::F32);
      },
      {x, y, z}, "masks");
  expect_same_bits(
      [](const std::vector<Array>& v) {
        return run(op::Clamp{Scalar(-1.5), Scalar(2.0), true, true}, lend(v));
      },
      {x}, "clamp");
  EXPECT_GT(cpu::compiler_stats().segments, 50u);
}

TEST_F(CompiledTest, TakesProgramsOfAnySizeThatNeedMoreRegistersThanThereAre) {
  const ByExecutor by(Executor::Compiled);
  for (const std::int64_t n : {1, 15, 16, 17, 31, 33, 511, 513, 1030}) {
    const T1 x = T1::arange(0.0, static_cast<double>(n), 1.0) * 0.01f;
    std::vector<T1> all, alone;
    for (int i = 0; i < 48; ++i) all.push_back((x + 0.1f * static_cast<float>(i)).tanh());
    T1 sum = all[0];
    for (std::size_t i = all.size(); i-- > 1;) sum = sum + all[i];
    const TensorData got = sum.to_data();
    all.clear();
    const ByExecutor again(Executor::Tiles);
    for (int i = 0; i < 48; ++i) alone.push_back((x + 0.1f * static_cast<float>(i)).tanh());
    T1 expected = alone[0];
    for (std::size_t i = alone.size(); i-- > 1;) expected = expected + alone[i];
    EXPECT_TRUE(same_bits(got, expected.to_data())) << n;
  }
}

TEST_F(CompiledTest, InterpretsAFewTimesAndThenCompiles) {
  const ByExecutor by(Executor::Automatic);
  const T1 x = T1::arange(0.0, 1000.0, 1.0);
  const std::uint64_t before = cpu::compiler_stats().plans;
  const auto run_once = [&] { return (x.floor().ceil().trunc() + 3.0f).sigmoid().to_data(); };
  const TensorData first = run_once();
  EXPECT_EQ(cpu::compiler_stats().plans, before);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(same_bits(run_once(), first));
  EXPECT_EQ(cpu::compiler_stats().plans, before + 1);
}

TEST_F(CompiledTest, GoesOnWithTilesWithoutMemoryToExecute) {
  const ByExecutor by(Executor::Compiled);
  const std::uint64_t before = cpu::compiler_stats().failures;
  const T1 x = T1::arange(0.0, 100.0, 1.0);
  cpu::refuse_code_pages(true);
  const T1 y = (x.ceil().floor() * 2.0f).sqrt();
  EXPECT_EQ(y.to_data()[8], 4.0);
  cpu::refuse_code_pages(false);
  EXPECT_EQ(cpu::compiler_stats().failures, before + 1);
  EXPECT_EQ((x.ceil().floor() * 2.0f).sqrt().to_data()[2], 2.0);  // does not try again
  EXPECT_EQ(cpu::compiler_stats().failures, before + 1);
}

TEST_F(CompiledTest, FreesTheCodeOfPlansThatMakeRoom) {
  const ByExecutor by(Executor::Compiled);
  const T1 x = T1::arange(0.0, 4.0, 1.0);
  const std::uint64_t before = cpu::compiler_stats().plans;
  for (int i = 0; i < 600; ++i) {
    T1 y = x;
    for (int bits = i + 1024; bits > 1; bits /= 2) y = bits % 2 ? y + 1.0f : y.ceil();
    const TensorData got = y.to_data();
    EXPECT_GE(got[3], 3.0);
  }
  EXPECT_GE(cpu::compiler_stats().plans - before, 500u);
  EXPECT_LE(cpu::cached_plans(), cpu::kMostPlans);
  EXPECT_LE(cpu::compiler_stats().bytes, cpu::kMostPlans * 64 * 1024);
}

TEST_F(CompiledTest, IsMadeOnceForManyThreads) {
  const ByExecutor by(Executor::Compiled);
  const T1 x = T1::arange(0.0, 3000.0, 1.0);
  static_cast<void>(x.to_data());
  const std::uint64_t before = cpu::compiler_stats().plans;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const SingleThreaded alone;
      for (int i = 0; i < 20; ++i) right += (x.trunc() * 2.0f - 1.0f).abs().trunc().to_data()[5] == 9.0;
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(right, 80);
  EXPECT_EQ(cpu::compiler_stats().plans, before + 1);
}

TEST(Executor, WithoutCodeIsTheTileInterpreter) {
  const EverySize every_size;
  const ByExecutor by(Executor::Tiles);
  const std::uint64_t before = cpu::compiler_stats().plans;
  const T1 x = T1::arange(0.0, 100.0, 1.0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ((x.trunc() + 1.0f).sqrt().to_data()[8], 3.0);
  EXPECT_EQ(cpu::compiler_stats().plans, before);
}

}  // namespace
}  // namespace fornax::test
