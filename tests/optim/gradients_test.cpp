// Gradients by path: norms, clipping, accumulation.

#include "net.hpp"

namespace fornax::test {
namespace {

using namespace optim;

TensorData numbers(const Numbers& values) { return TensorData(values); }

// 3-4-12-13: norms that are whole numbers.
NamedGradients three_four_twelve() {
  NamedGradients g;
  g.set("weight", floats({3, 4}));
  g.set("bias", floats({-12}));
  return g;
}

TEST(Clipping, ByValue) {
  NamedGradients g = three_four_twelve();
  g.clip(Clip::value(3.5));
  EXPECT_EQ(g.find("weight").to_data(), numbers({3, 3.5}));
  EXPECT_EQ(g.find("bias").to_data(), numbers({-3.5}));
}

TEST(Clipping, ByNormOfEach) {
  NamedGradients g = three_four_twelve();
  g.clip(Clip::norm(6));
  EXPECT_EQ(g.find("weight").to_data(), numbers({3, 4}));
  EXPECT_NEAR(g.find("bias").item(), -6, 1e-5);
}

TEST(Clipping, ByGlobalNorm) {
  NamedGradients g = three_four_twelve();
  EXPECT_EQ(g.norm(), 13);
  EXPECT_EQ(g.clip(Clip::global_norm(1.3)), 13);
  EXPECT_NEAR(g.norm(), 1.3, 1e-6);
  EXPECT_NEAR(g.find("bias").item(), -1.2, 1e-6);
  // Below the limit nothing changes.
  g = three_four_twelve();
  g.clip(Clip::global_norm(14));
  EXPECT_EQ(g.find("bias").item(), -12);
}

TEST(Clipping, SurvivesSquaresThatOverflow) {
  NamedGradients g;
  g.set("w", floats({3e30, 4e30}, DType::F32));
  EXPECT_NEAR(g.norm() / 5e30, 1, 1e-6);
  g.clip(Clip::norm(1));
  EXPECT_NEAR(g.find("w").to_data()[0], 0.6, 1e-6);
  g.set("v", floats({6e4, 6e4}, DType::F16));
  EXPECT_NEAR(NamedGradients(g).norm() / std::hypot(6e4, 6e4), 1, 1e-3);
}

TEST(Clipping, IsDoneInTheStep) {
  auto layer = make_layer();
  auto optimizer = Sgd({.lr = 1});
  optimizer.set_clipping(Clip::global_norm(0.5));
  optimizer.add_group({.pattern = "weight", .frozen = true});  // counts for no norm
  const auto report = optimizer.step(layer, (layer.weight.sum() + layer.bias.square().sum()).backward());
  const double norm = 2 * std::sqrt(0.04 + 0.16 + 2.25);
  EXPECT_NEAR(report.norm, norm, 1e-12);
  EXPECT_NEAR(layer.bias.to_data()[2], 1.5 - 3 * 0.5 / norm, 1e-6);
  EXPECT_THROW(optimizer.set_clipping(Clip::norm(0)), ValueError);
  EXPECT_THROW(optimizer.set_clipping(Clip::value(kNan)), ValueError);
}

TEST(Accumulator, SumsAndAverages) {
  auto layer = make_layer();
  GradientsAccumulator accumulator;
  accumulator.add(layer, layer.bias.sum().backward());
  accumulator.add(layer, (layer.bias * 2.0).sum().backward());
  accumulator.add(layer, layer.weight.sum().backward());
  EXPECT_EQ(accumulator.count(), 3);
  NamedGradients sum = accumulator.take();
  EXPECT_EQ(accumulator.count(), 0);
  EXPECT_TRUE(accumulator.take().empty());
  EXPECT_EQ(sum.find("bias").to_data(), numbers({3, 3, 3}));
  EXPECT_EQ(sum.find("weight").to_data(), TensorData(Numbers(6, 1.0), Shape{2, 3}));
  accumulator.add(layer, sum);
  accumulator.add(layer, sum);
  EXPECT_EQ(accumulator.take_mean().find("bias").to_data(), numbers({3, 3, 3}));
  // In f32 where 16 bits overflow.
  NamedGradients half;
  half.set("w", floats({6e4}, DType::F16));
  accumulator.add(layer, half);
  accumulator.add(layer, half);
  EXPECT_NEAR(accumulator.take().find("w").item(), 12e4, 100);
  NamedGradients other;
  other.set("w", floats({1, 2}));
  accumulator.add(layer, half);
  EXPECT_EQ(message_of<ShapeError>([&] { accumulator.add(layer, other); }),
            "gradients: the gradients of \"w\" have shapes [1] and [2]");
}

}  // namespace
}  // namespace fornax::test
