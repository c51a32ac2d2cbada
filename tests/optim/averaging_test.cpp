// Averages of weights, and loss scaling.

#include "net.hpp"

namespace fornax::test {
namespace {

using namespace optim;

Tensor<B, 1> leaf(const Numbers& values) { return Tensor<B, 1>::from_data(TensorData(values)).require_grad(); }

TEST(Ema, AveragesExponentially) {
  auto w = leaf({1, 2});
  Ema ema({.decay = 0.75});
  ema.update(w);  // as they are
  w = leaf({5, 2});
  ema.update(w);
  EXPECT_EQ(ema.find("").to_data(), TensorData(Numbers{2, 2}));
  ema.update(w);
  EXPECT_EQ(ema.find("").to_data(), TensorData(Numbers{2.75, 2}));
  EXPECT_EQ(ema.updates(), 3);
}

TEST(Ema, WarmsUp) {
  auto w = leaf({0});
  Ema ema({.decay = 0.9, .warmup = true});
  ema.update(w);
  w = leaf({1});
  ema.update(w);  // keeps (1 + 2) / (10 + 2)
  EXPECT_NEAR(ema.find("").item(), 0.75, 1e-15);
}

TEST(Swa, IsTheMean) {
  Swa swa;
  for (const double value : {1.0, 2.0, 6.0}) {
    auto w = leaf({value});
    swa.update(w);
  }
  EXPECT_NEAR(swa.find("").item(), 3, 1e-15);
}

TEST(WeightAverage, IsSwappedAndCopied) {
  auto layer = make_layer();
  const TensorData first = layer.bias.to_data();
  Ema ema({.decay = 0.5});
  ema.update(layer);
  Sgd optimizer({.lr = 1});
  optimizer.step(layer, layer.bias.sum().backward());
  ema.update(layer);
  const TensorData now = layer.bias.to_data();
  const TensorData mean = ((layer.bias + Tensor<B, 1>::from_data(first)) / 2.0).to_data();
  ema.swap(layer);
  EXPECT_NO_THROW(layer.bias.to_data().assert_approx_eq(mean, 1e-15, 1e-15));
  EXPECT_TRUE(layer.bias.is_require_grad());
  ema.swap(layer);
  EXPECT_EQ(layer.bias.to_data(), now);
  auto copy = make_layer();
  ema.copy_to(copy);
  EXPECT_NO_THROW(copy.bias.to_data().assert_approx_eq(mean, 1e-15, 1e-15));
  // Training goes on without touching the copy.
  const TensorData before = copy.bias.to_data();
  ema.update(layer);
  EXPECT_EQ(copy.bias.to_data(), before);
}

TEST(WeightAverage, GoesOnFromItsState) {
  auto layer = make_layer();
  Swa first, straight;
  Sgd optimizer({.lr = 0.1});
  for (int t = 1; t <= 6; ++t) {
    run(optimizer, layer, t, t);
    straight.update(layer);
    if (t <= 3) first.update(layer);
    if (t == 3) {
      Swa second;
      second.load_state(first.state());
      first = second;
    } else if (t > 3) {
      first.update(layer);
    }
  }
  EXPECT_EQ(first.find("weight").to_data(), straight.find("weight").to_data());
  EXPECT_THROW(Ema().load_state(first.state()), ValueError);
}

TEST(WeightAverage, OfAnotherModelIsRefused) {
  auto layer = make_layer();
  Ema ema;
  ema.update(layer);
  auto pair = std::pair(layer.weight, layer.bias);
  EXPECT_EQ(message_of<ValueError>([&] { ema.update(pair); }),
            "Ema: the averages have \"weight\" where the model has \"0\"");
  EXPECT_THROW(ema.update(layer.bias), ValueError);
  layer.bias = leaf({1});
  EXPECT_EQ(message_of<ShapeError>([&] { ema.copy_to(layer); }),
            "Ema: the average of \"bias\" has shape [3], the parameter has [1]");
  EXPECT_THROW(Ema({.decay = 1.1}), ValueError);
}

TEST(GradScaler, ScalesAndUnscales) {
  auto w = leaf({3});
  GradScaler scaler({.initial_scale = 1024, .interval = 2});
  Sgd optimizer({.lr = 0.25});
  for (int i = 0; i < 2; ++i) scaler.step(optimizer, w, scaler.scale(w.square().sum()).backward());
  EXPECT_EQ(w.into_scalar(), 3 * 0.25);
  EXPECT_EQ(scaler.scale(), 2048);  // two steps without an overflow
}

TEST(GradScaler, SkipsAfterAnOverflow) {
  auto w = Tensor<B, 1>::from_data({300.0}, {}, DType::F16).require_grad();
  GradScaler scaler;
  Sgd optimizer({.lr = 1});
  const auto step = [&] { return scaler.step(optimizer, w, scaler.scale(w.square().sum() / 600.0).backward()); };
  const StepReport report = step();  // 65536 is infinite in f16
  EXPECT_TRUE(report.skipped);
  EXPECT_EQ(report.non_finite, "");
  EXPECT_EQ(w.into_scalar(), 300);
  EXPECT_EQ(scaler.scale(), 32768);
  int steps = 1;
  while (step().skipped) ++steps;
  EXPECT_EQ(w.into_scalar(), 299);
  EXPECT_LT(steps, 12);
}

TEST(GradScaler, KeepsGradientsThatF16LosesUnscaled) {
  // The gradient, 1e-8, is 0 in f16; scaled by 65536 it is not, and it is divided in f32.
  auto w = Tensor<B, 1>::from_data({1.0}, {}, DType::F16).require_grad();
  GradScaler scaler;
  Sgd optimizer({.lr = 1e6});
  scaler.step(optimizer, w, (w * (1e-8 * scaler.scale())).sum().backward());
  EXPECT_NEAR(w.into_scalar(), 0.99, 1e-3);
}

TEST(GradScaler, GoesOnFromItsState) {
  GradScaler first({.interval = 3});
  first.update(true);
  first.update(false);
  GradScaler second({.interval = 3});
  second.load_state(first.state());
  EXPECT_EQ(second.scale(), 32768);
  second.update(false);
  second.update(false);
  EXPECT_EQ(second.scale(), 65536);
  EXPECT_THROW(GradScaler({.growth = 1}), ValueError);
  EXPECT_THROW(GradScaler({.backoff = 0}), ValueError);
  EXPECT_THROW(GradScaler({.initial_scale = 0}), ValueError);
}

}  // namespace
}  // namespace fornax::test
