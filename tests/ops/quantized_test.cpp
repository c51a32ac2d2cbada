// Products of 8 bits beside the same in exact integers. FORNAX_ISA runs these with each instruction set.

#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

#include <fornax/cpu/threads.hpp>
#include <fornax/decorators/autodiff/autodiff.hpp>
#include <fornax/decorators/autodiff/tag.hpp>
#include <fornax/functional/quantize.hpp>
#include <support/errors.hpp>
#include <support/samples.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

struct Layer {
  std::int64_t rows, in, out;
  std::vector<float> x, scale, bias;
  std::vector<std::int8_t> weight;

  Layer(std::int64_t r, std::int64_t i, std::int64_t o, double low = -1, double high = 3) : rows(r), in(i), out(o) {
    Random random(static_cast<std::uint64_t>(r * 1000003 + i * 1009 + o));
    const auto floats = [&](std::int64_t n, double from, double to) {
      std::vector<float> values(static_cast<std::size_t>(n));
      for (float& v : values) v = static_cast<float>(from + (to - from) * uniform(random));
      return values;
    };
    x = floats(rows * in, low, high), scale = floats(out, 0.001, 0.01), bias = floats(out, -1, 1);
    weight.resize(static_cast<std::size_t>(out * in));
    for (auto& w : weight) w = static_cast<std::int8_t>(static_cast<int>(random() % 256) - 128);
  }

  Array run(bool with_bias = true) const {
    const functional::QuantizedWeight w{upload(TensorData(weight, Shape{out, in})), upload(TensorData(scale))};
    return functional::quantized_linear(upload(TensorData(x, Shape{rows, in})), w,
                                        with_bias ? upload(TensorData(bias)) : Array());
  }

  // The documented formulas, one by one: f32 where they round, i64 where they must not.
  std::vector<float> expected(bool with_bias = true) const {
    std::vector<float> y;
    for (std::int64_t r = 0; r < rows; ++r) {
      const float* row = x.data() + r * in;
      float low = 0, high = 0;
      for (std::int64_t k = 0; k < in; ++k) low = std::min(low, row[k]), high = std::max(high, row[k]);
      const float step = std::max(high / 255.0F - low / 255.0F, 1e-30F), inverse = 1.0F / step;
      const float zero = std::nearbyint(-low * inverse);
      std::vector<std::int64_t> differences;
      for (std::int64_t k = 0; k < in; ++k) {
        const float code = std::clamp(std::nearbyint(row[k] * inverse) + zero, 0.0F, 255.0F);
        differences.push_back(static_cast<std::int64_t>(code) - static_cast<std::int64_t>(zero));
      }
      for (std::int64_t o = 0; o < out; ++o) {
        std::int64_t sum = 0;
        for (std::int64_t k = 0; k < in; ++k)
          sum += differences[static_cast<std::size_t>(k)] * weight[static_cast<std::size_t>(o * in + k)];
        const auto at = static_cast<std::size_t>(o);
        const float product = static_cast<float>(sum) * step * scale[at];
        y.push_back(with_bias ? product + bias[at] : product);
      }
    }
    return y;
  }
};

std::vector<float> values(const Array& y) {
  const TensorData data = y.to_data();
  const auto v = data.values<float>();
  return {v.begin(), v.end()};
}

TEST(QuantizedLinear, IsExactAtEveryEndOfItsTilesAndBlocks) {
  for (const std::int64_t rows : {1, 2, 5, 7, 8, 13})
    for (const std::int64_t in : {1, 63, 64, 65, 130})
      for (const std::int64_t out : {1, 3, 4, 66}) {
        const Layer layer(rows, in, out);
        EXPECT_EQ(values(layer.run()), layer.expected()) << rows << " " << in << " " << out;
      }
  for (const Layer& layer : {Layer(94, 70, 5), Layer(95, 70, 5), Layer(96, 70, 70), Layer(197, 200, 70)}) {
    EXPECT_EQ(values(layer.run()), layer.expected()) << layer.rows;
    EXPECT_EQ(values(layer.run(false)), layer.expected(false)) << layer.rows;
  }
}

TEST(QuantizedLinear, DoesNotSaturateAtTheLargestSumOfAll) {
  // 255 * -128 for each pair and in each product of four: 16-bit sums would be cut off at -32768.
  Layer layer(2, 65793, 2, 1, 1);
  std::fill(layer.weight.begin(), layer.weight.end(), std::int8_t{-128});
  EXPECT_EQ(values(layer.run()), layer.expected());
  layer.x.assign(layer.x.size(), -1.0F);
  EXPECT_EQ(values(layer.run()), layer.expected());
  EXPECT_NEAR(layer.expected(false)[0], 65793.0 * 128 * static_cast<double>(layer.scale[0]), 1e3);
}

TEST(QuantizedLinear, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Layer layer(150, 500, 200);
  const int before = num_threads();
  set_num_threads(1);
  const std::vector<float> one = values(layer.run());
  for (const int threads : {2, 3}) {
    set_num_threads(threads);
    EXPECT_EQ(values(layer.run()), one);
  }
  set_num_threads(before);
}

TEST(QuantizedLinear, KeepsItsRowsApart) {
  Layer layer(6, 70, 3);
  const auto set = [&](std::int64_t row, float v) { layer.x[static_cast<std::size_t>(row * 70 + 69)] = v; };
  const std::vector<float> plain = values(layer.run());
  set(0, std::numeric_limits<float>::quiet_NaN());
  set(1, std::numeric_limits<float>::infinity());
  set(2, -std::numeric_limits<float>::infinity());
  std::fill_n(layer.x.begin() + 3 * 70, 70, 0.0F);
  set(4, 1e35F);
  const std::vector<float> y = values(layer.run());
  for (std::size_t i = 0; i < 9; ++i) EXPECT_TRUE(std::isnan(y[i])) << i;
  for (std::size_t i = 9; i < 12; ++i) EXPECT_EQ(y[i], layer.bias[i - 9]) << "zeros give the bias";
  for (std::size_t i = 12; i < 15; ++i) EXPECT_TRUE(std::isfinite(y[i])) << i;
  for (std::size_t i = 15; i < 18; ++i) EXPECT_EQ(y[i], plain[i]) << "a row without oddities";
}

TEST(QuantizedLinear, IsAConstantToDerivatives) {
  const Layer layer(2, 5, 3);
  Interpreter& tape = Autodiff<Cpu>::interpreter();
  const Array x = autodiff::require_grad(tape, upload(TensorData(layer.x, Shape{2, 5})));
  const functional::QuantizedWeight w{upload(TensorData(layer.weight, Shape{3, 5})), upload(TensorData(layer.scale))};
  EXPECT_FALSE(autodiff::is_tracked(tape, functional::quantized_linear(x, w)));
}

TEST(QuantizeWeight, RoundsToTheNearestOf255Codes) {
  // Scales 2 and 0.5; 1.25 / 0.5 is half between two codes: the even one. An output without weights keeps its zeros.
  const Array w = floats({254.0, -3.0, 63.5, 1.25, 0.0, 0.0}, Shape{3, 2});
  const functional::QuantizedWeight q = functional::quantize_weight(w);
  EXPECT_EQ(q.codes.dtype(), DType::I8);
  EXPECT_EQ(integers(q.codes), (Integers{127, -2, 127, 2, 0, 0}));
  EXPECT_EQ(numbers(q.scale), (Numbers{2, 0.5, 1}));

  const Array turned = swap_dims(floats({1, 2, 3, 4, 5, 6}, Shape{2, 3}), 0, 1);
  EXPECT_TRUE(is_contiguous(functional::quantize_weight(turned).codes)) << "products read rows";
}

}  // namespace
}  // namespace fornax::test
