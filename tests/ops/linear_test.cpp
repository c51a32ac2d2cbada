// Linear maps with bias and activation in one operation: the bits of the separate operations, and what backward keeps.

#include <gtest/gtest.h>

#include <fornax/cpu/memory.hpp>
#include <fornax/cpu/threads.hpp>
#include <fornax/fornax.hpp>
#include <fornax/functional/linear.hpp>
#include <support/samples.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

using Plain = Tensor<Cpu, 2>;

constexpr UnaryFn kFunctions[] = {UnaryFn::Relu, UnaryFn::Gelu, UnaryFn::GeluTanh,
                                  UnaryFn::Silu, UnaryFn::Tanh, UnaryFn::Sigmoid};

Array noise(const Shape& shape, std::uint64_t seed, DType dtype = DType::F32) {
  return random(Cpu::interpreter(), {shape, dtype}, Distribution::normal(0, 1), Generator(seed).draw(shape.numel()));
}

TEST(Linear, GivesTheBitsOfProductThenBiasThenActivation) {
  // One row, a block, and several blocks of rows and columns with remainders.
  for (const Shape& x_shape : {Shape{1, 300}, Shape{5, 7}, Shape{3, 50, 90}, Shape{300, 270}, Shape{130}})
    for (const DType dtype : {DType::F32, DType::F64}) {
      const std::int64_t in = x_shape[x_shape.rank() - 1], out = 530;
      const Array x = noise(x_shape, 1, dtype), w = noise({in, out}, 2, dtype), b = noise({out}, 3, dtype);
      const Array y = functional::linear_io(x, w) + b;
      EXPECT_EQ(functional::linear_io(x, w, b).to_data(), y.to_data()) << x_shape.str();
      EXPECT_EQ(functional::linear(x, swap_dims(w, 0, 1), b).to_data(), y.to_data()) << x_shape.str();
      for (const UnaryFn f : kFunctions)
        EXPECT_EQ(functional::linear_io(x, w, b, f).to_data(), unary(f, y).to_data()) << x_shape.str();
    }
}

// A result of one column is computed as the row that lies in memory as it does, where x is transposed.
TEST(Linear, OfOneOutputIsRightForAnyLayoutOfTheInput) {
  for (const DType dtype : {DType::F32, DType::F16, DType::F64})
    for (const std::int64_t rows : {1, 2, 40, 300}) {
      const Array by_rows = noise({rows, 270}, 1, dtype), w = noise({270, 1}, 2, dtype), b = noise({1}, 3, dtype);
      const Array flat = reshape(swap_dims(by_rows, 0, 1), Shape{270 * rows});
      const Array by_columns = swap_dims(reshape(flat, Shape{270, rows}), 0, 1);
      const auto wide = [](const Array& a) { return cast(a, DType::F64); };
      const TensorData exact = functional::linear_io(wide(by_rows), wide(w), wide(b), UnaryFn::Tanh).to_data();
      for (const Array& x : {by_rows, by_columns})
        EXPECT_NO_THROW(wide(functional::linear_io(x, w, b, UnaryFn::Tanh))
                            .to_data()
                            .assert_approx_eq(exact, 0, dtype == DType::F16 ? 0x1p-11 : 1e-5))
            << rows;
    }
}

// Of the f32 result only one rounding is lost. The sums of 300 terms may be joined in another order: 1e-4 of an f32 sum.
TEST(Linear, RoundsSixteenBitsOnceAtTheEnd) {
  for (const Shape& x_shape : {Shape{1, 300}, Shape{5, 7}, Shape{3, 50, 90}, Shape{300, 270}, Shape{130}})
    for (const DType dtype : {DType::BF16, DType::F16}) {
      const std::int64_t in = x_shape[x_shape.rank() - 1], out = 530;
      const double half_unit = dtype == DType::BF16 ? 0x1p-8 : 0x1p-11;
      const Array x = noise(x_shape, 1, dtype), w = noise({out, in}, 2, dtype), b = noise({out}, 3, dtype);
      const auto wide = [](const Array& a) { return cast(a, DType::F32); };
      const auto expect_rounded = [&](const Array& y, const Array& full) {
        EXPECT_EQ(y.dtype(), dtype);
        EXPECT_NO_THROW(wide(y).to_data().assert_approx_eq(full.to_data(), half_unit, 1e-4)) << x_shape.str();
      };
      expect_rounded(functional::linear(x, w, b), functional::linear(wide(x), wide(w), wide(b)));
      const Array turned = swap_dims(w, 0, 1), strided = narrow(noise({2 * out}, 4, dtype), 0, 3, out);
      for (const UnaryFn f : kFunctions)
        expect_rounded(functional::linear_io(x, turned, strided, f),
                       functional::linear_io(wide(x), wide(turned), wide(strided), f));
    }
}

TEST(Linear, GivesTheSameBitsOnAnyNumberOfThreads) {
  const int before = num_threads();
  for (const DType dtype : {DType::F32, DType::BF16, DType::F16})
    for (const std::int64_t rows : {1, 3, 200}) {  // few rows share the depth, not the columns
      const Array x = noise({rows, 1500}, 1, dtype), w = noise({1500, 300}, 2, dtype), b = noise({300}, 3, dtype);
      set_num_threads(1);
      const TensorData one = functional::linear_io(x, w, b, UnaryFn::Gelu).to_data();
      set_num_threads(3);
      EXPECT_EQ(functional::linear_io(x, w, b, UnaryFn::Gelu).to_data(), one) << rows;
    }
  set_num_threads(before);
}

TEST(Linear, ActivatesWithoutABiasToo) {
  const Array x = noise({4, 5}, 1), w = noise({5, 3}, 2);
  EXPECT_EQ(functional::linear_io(x, w, {}, UnaryFn::Tanh).to_data(), tanh(functional::linear_io(x, w)).to_data());
}

TEST(Linear, HasTheGradientsOfTheSeparateOperations) {
  using B = Autodiff<Cpu>;
  using T = Tensor<B, 2>;
  const auto leaf = [](const Shape& shape, std::uint64_t seed) {
    return T::unchecked(noise(shape, seed, DType::F64)).require_grad();
  };
  for (const UnaryFn f : kFunctions) {
    const T x = leaf({6, 5}, 1), w = leaf({5, 4}, 2);
    const auto b = Tensor<B, 1>::unchecked(noise({4}, 3, DType::F64)).require_grad();
    const auto gradients_of = [&](const T& y) {
      const auto g = (y * y).sum().backward();
      return std::array{x.grad(g)->array().to_data(), w.grad(g)->array().to_data(), b.grad(g)->array().to_data()};
    };
    const auto fused = gradients_of(functional::linear_io(x, w, b, f));
    const T z = x.matmul(w) + b.unsqueeze<2>();
    const auto separate = gradients_of(T::unchecked(unary(f, z.array())));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NO_THROW(fused[i].assert_approx_eq(separate[i], 1e-13, 1e-13));
  }
}

TEST(Linear, KeepsNothingButItsResultForReluBesideItsInputs) {
  using T = Tensor<Autodiff<Cpu>, 2>;
  const T x = T::zeros({256, 256}), w = T::zeros({256, 256}).require_grad();
  const auto b = Tensor<Autodiff<Cpu>, 1>::zeros({256}).require_grad();
  const std::uint64_t before = memory_stats().live;
  const T y = functional::linear_io(x, w, b, UnaryFn::Relu);
  EXPECT_LT(memory_stats().live - before, std::uint64_t{2 * 256 * 256 * 4});
}

TEST(Linear, OfASequentialNetworkEndsWithTheActivationBehindIt) {
  const auto fc = nn::LinearConfig{.d_input = 3, .d_output = 4}.init<Cpu>();
  const auto net = nn::sequential(fc, nn::Tanh(), nn::Relu());
  const Plain x = Plain::ones({2, 3});
  EXPECT_EQ(net.forward(x).array().to_data(), fc.forward(x).tanh().relu().array().to_data());
  const auto program = trace::record(
      [&](const auto& a) {
        using T = std::decay_t<decltype(a)>;
        using B = typename T::Backend;
        const nn::Linear<B> layer{Tensor<B, 2>::unchecked(fc.weight.array()),
                                  Tensor<B, 1>::unchecked(fc.bias->array())};
        return nn::sequential(layer, nn::Tanh(), nn::Relu()).forward(a);
      },
      x);
  std::vector<std::string> names;
  for (const trace::Node& node : program.nodes())
    if (node.kind == trace::NodeKind::Operation) names.push_back(node.name);
  EXPECT_EQ(names, (std::vector<std::string>{"linear", "relu"}));
}

}  // namespace
}  // namespace fornax::test
