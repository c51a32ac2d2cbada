// Convolutions with bias and activation in one operation, against the separate operations in f64.

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

// Small whole numbers, and biases that lie between them: results are exact, and none is near the kink of relu.
Array whole(const Shape& shape, unsigned seed) { return unary(UnaryFn::Round, drawn(shape, seed, DType::F32) * 3.0); }

struct Results {
  Numbers y, gx, gw, gb;
};

struct Case {
  Shape x, w;
  ConvOptions<2> options = {};
};

Results run(const Case& c, DType type, bool together, bool gradient_of_x = true) {
  const auto leaf = [&](const Array& a) { return Tensor<Taped, 4>::from_inner(Tensor<Cpu, 4>(cast(a, type))); };
  auto x = leaf(whole(c.x, 1)), w = leaf(whole(c.w, 2)).require_grad();
  if (gradient_of_x) x = x.require_grad();
  const auto b =
      Tensor<Taped, 1>::from_inner(Tensor<Cpu, 1>(cast(whole({c.w[0]}, 3) * 4.0 + 0.5, type))).require_grad();
  Tensor<Taped, 4> y;
  if (together) {
    y = functional::conv2d(x, w, b, c.options);
  } else {
    ConvOptions<2> plain = c.options;
    plain.activation = {};
    y = functional::conv2d(x, w, plain) + b.reshape({1, c.w[0], 1, 1});
    if (c.options.activation) y = Tensor<Taped, 4>(unary(*c.options.activation, y.array()));
  }
  const auto gradients = y.backward(Tensor<Cpu, 4>(cast(whole(y.inner().array().shape(), 4), type)));
  return {numbers(y.inner().array()), gradient_of_x ? numbers(x.grad(gradients)->array()) : Numbers(),
          numbers(w.grad(gradients)->array()), numbers(b.grad(gradients)->array())};
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {{4, 16, 10, 10}, {32, 16, 3, 3}, {.padding = 1}},           // the library, in direct order
      {{8, 32, 28, 28}, {32, 32, 3, 3}, {.padding = 1}},           // in tiles
      {{12, 32, 26, 25}, {32, 32, 3, 3}},                          // in tiles that are cut
      {{9, 1, 20, 20}, {16, 1, 3, 3}},                             // of one channel
      {{9, 5, 11, 9}, {7, 5, 3, 2}, {.stride = 2, .padding = 1}},  // nothing divides anything
      {{4, 16, 6, 6}, {32, 4, 3, 3}, {.padding = 1, .groups = 4}},
      {{3, 16, 9, 9}, {24, 16, 1, 1}},  // a product
      {{1, 3, 8, 8}, {4, 3, 3, 3}},     // columns
      {{6, 2, 4, 3}, {3, 2, 2, 2}},     // of several images at once
  };
  return all;
}

TEST(BiasedConv, AgreesWithTheSeparateOperations) {
  constexpr std::optional<UnaryFn> functions[] = {{}, UnaryFn::Relu, UnaryFn::Tanh, UnaryFn::Gelu};
  for (Case c : cases())
    for (const auto& f : functions) {
      const bool large = c.x.numel() > 30000;
      if (large && f && f != UnaryFn::Relu) continue;
      c.options.activation = f;
      SCOPED_TRACE("x " + c.x.str() + ", w " + c.w.str() + (f ? std::string(" ").append(op::Unary{*f}.name()) : ""));
      for (const DType type : {DType::F32, DType::F64}) {
        if (type == DType::F64 && c.x.numel() > 2000) continue;
        const Results found = run(c, type, true), expected = run(c, DType::F64, false);
        // tanh is so flat out there that its slope has few digits.
        const double tolerance = type == DType::F32 ? (f == UnaryFn::Tanh ? 1e-4 : 5e-6) : 1e-9;
        expect_near_largest(found.y, expected.y, tolerance, "y");
        expect_near_largest(found.gx, expected.gx, tolerance, "gradient of x");
        expect_near_largest(found.gw, expected.gw, tolerance, "gradient of w");
        expect_near_largest(found.gb, expected.gb, tolerance, "gradient of the bias");
      }
    }
}

TEST(BiasedConv, TakesGradientsOfItsParametersAlone) {
  for (Case c : {cases()[2], cases()[3], cases()[7]}) {
    c.options.activation = UnaryFn::Relu;
    const Results found = run(c, DType::F32, true, false), expected = run(c, DType::F64, false);
    expect_near_largest(found.gw, expected.gw, 5e-6, "gradient of w");
    expect_near_largest(found.gb, expected.gb, 5e-6, "gradient of the bias");
  }
}

TEST(BiasedConv, RoundsSixteenBitsOnce) {
  for (Case c : {cases()[0], cases()[4], cases()[7]})
    for (const DType type : {DType::BF16, DType::F16}) {
      c.options.activation = UnaryFn::Relu;
      const Results found = run(c, type, true), expected = run(c, DType::F64, false);
      // The inputs are exact, and so are f32 sums of them.
      const double half_unit = type == DType::BF16 ? 0x1.01p-9 : 0x1.01p-12;
      for (std::size_t i = 0; i < found.y.size(); ++i)
        ASSERT_LE(std::abs(found.y[i] - expected.y[i]), 2 * half_unit * std::abs(expected.y[i])) << i;
    }
}

TEST(BiasedConv, GivesTheSameBitsOnAnyNumberOfThreads) {
  const int before = num_threads();
  for (Case c : {cases()[0], cases()[1], cases()[6], cases()[7]}) {
    c.options.activation = UnaryFn::Relu;
    set_num_threads(1);
    const Results one = run(c, DType::F32, true);
    set_num_threads(kThreadSanitizer ? 1 : 3);  // libgomp's regions do not run under it
    const Results more = run(c, DType::F32, true);
    EXPECT_EQ(one.y, more.y);
    EXPECT_EQ(one.gx, more.gx);
    EXPECT_EQ(one.gw, more.gw);
    EXPECT_EQ(one.gb, more.gb);
  }
  set_num_threads(before);
}

TEST(BiasedConv, ActivatesWithoutABiasToo) {
  const Array x = whole({2, 3, 5, 5}, 1), w = whole({4, 3, 3, 3}, 2);
  EXPECT_EQ(numbers(functional::conv2d(x, w, {.activation = UnaryFn::Tanh})), numbers(tanh(functional::conv2d(x, w))));
}

TEST(BiasedConv, OfASequentialNetworkEndsWithTheActivationBehindIt) {
  const auto program = trace::record(
      [](const auto& a) {
        using B = typename std::decay_t<decltype(a)>::Backend;
        const auto conv = nn::Conv2dConfig{.channels = {1, 2}, .kernel_size = 3}.template init<B>();
        return nn::sequential(conv, nn::Relu(), nn::Tanh()).forward(a);
      },
      Tensor<Cpu, 4>::ones({2, 1, 5, 5}));
  std::vector<std::string> names;
  for (const trace::Node& node : program.nodes())
    if (node.kind == trace::NodeKind::Operation) names.push_back(node.name);
  ASSERT_GE(names.size(), 2U);
  EXPECT_EQ(names[names.size() - 2], "biased_conv2d");
  EXPECT_EQ(names.back(), "tanh");
}

}  // namespace
}  // namespace fornax::test
