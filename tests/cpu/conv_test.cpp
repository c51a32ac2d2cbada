// The convolution kernels on shapes that are cut into several blocks, against the sums that define them.

#include <vector>

#include <gtest/gtest.h>

#include <fornax/ops/conv.hpp>
#include <support/layouts.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

// Small whole numbers: every sum is exact in f32, whatever its order.
std::vector<double> whole(std::int64_t n, unsigned seed) {
  Random random(seed);
  std::vector<double> values(static_cast<std::size_t>(n));
  for (double& v : values) v = std::floor(5 * uniform(random)) - 2;
  return values;
}

struct Sum {
  const ConvSettings& s;
  Shape x, w, y;  // of three spatial dims

  /// Calls f(x's element, w's element, y's element) for each product of the sum that defines convolution.
  template <class F> void for_each(F&& f) const {
    const std::int64_t groups = s.groups, in = w[1], out = w[0] / groups;
    const auto inside = [&](int d, std::int64_t o, std::int64_t k) {
      const auto i = static_cast<std::size_t>(d - 2);
      const std::int64_t at = o * s.stride[i] - s.before[i] + k * s.dilation[i];
      return at >= 0 && at < x[d] ? at : -1;
    };
    std::int64_t yi = 0;
    for (std::int64_t n = 0; n < x[0]; ++n)
      for (std::int64_t o = 0; o < w[0]; ++o)
        for (std::int64_t a = 0; a < y[2]; ++a)
          for (std::int64_t b = 0; b < y[3]; ++b)
            for (std::int64_t c = 0; c < y[4]; ++c, ++yi)
              for (std::int64_t i = 0; i < in; ++i)
                for (std::int64_t p = 0; p < w[2]; ++p)
                  for (std::int64_t q = 0; q < w[3]; ++q)
                    for (std::int64_t r = 0; r < w[4]; ++r) {
                      const std::int64_t xa = inside(2, a, p), xb = inside(3, b, q), xc = inside(4, c, r);
                      if (xa < 0 || xb < 0 || xc < 0) continue;
                      const std::int64_t channel = n * x[1] + o / out * in + i;
                      f(static_cast<std::size_t>(((channel * x[2] + xa) * x[3] + xb) * x[4] + xc),
                        static_cast<std::size_t>((((o * in + i) * w[2] + p) * w[3] + q) * w[4] + r),
                        static_cast<std::size_t>(yi));
                    }
  }
};

struct Sizes {
  const char* what;
  ConvSettings settings;
  Shape x, w;
};

TEST(ConvKernel, AgreesWithTheSumThatDefinesItOnEveryPathThroughTheBlocks) {
  const std::vector<Sizes> all = {
      {"several blocks of positions",
       {.dims = 3, .before = {0, 0, 2}, .after = {0, 0, 2}},
       {2, 3, 1, 1, 3001},
       {4, 3, 1, 1, 5}},
      {"blocks that end within a row",
       {.dims = 3, .before = {0, 1, 1}, .after = {0, 1, 1}},
       {1, 2, 1, 60, 61},
       {2, 2, 1, 3, 3}},
      {"several images in a block", {.dims = 3}, {300, 2, 1, 5, 5}, {3, 2, 1, 3, 3}},
      {"a kernel of one element", {.dims = 3}, {2, 600, 1, 6, 6}, {520, 600, 1, 1, 1}},
      {"one element in a large picture", {.dims = 3}, {1, 40, 1, 40, 41}, {130, 40, 1, 1, 1}},
      {"one element, with a stride", {.dims = 3, .stride = {1, 2, 3}}, {2, 7, 1, 9, 9}, {5, 7, 1, 1, 1}},
      {"blocks of output channels",
       {.dims = 3, .before = {0, 1, 1}, .after = {0, 1, 1}},
       {1, 96, 1, 7, 7},
       {256, 96, 1, 3, 3}},
      {"one channel for each group",
       {.dims = 3, .groups = 40, .before = {0, 1, 1}, .after = {0, 1, 1}},
       {2, 40, 1, 20, 20},
       {40, 1, 1, 3, 3}},
      {"everything at once",
       {.dims = 3, .groups = 2, .stride = {2, 1, 3}, .dilation = {1, 3, 2}, .before = {1, 0, 4}, .after = {0, 2, 1}},
       {2, 10, 5, 14, 21},
       {6, 5, 3, 2, 4}},
  };
  for (const Sizes& c : all) {
    SCOPED_TRACE(c.what);
    const Array shapes[] = {upload(TensorData(c.x, DType::F32)), upload(TensorData(c.w, DType::F32))};
    const Operand operands[] = {shapes[0], shapes[1]};
    const Shape y = op::Conv(c.settings).infer(operands).shape;
    const Sum sum{c.settings, c.x, c.w, y};
    const std::vector<double> x = whole(c.x.numel(), 1), w = whole(c.w.numel(), 2), g = whole(y.numel(), 3);
    std::vector<double> forward(g.size()), input(x.size()), weight(w.size());
    sum.for_each([&](std::size_t i, std::size_t k, std::size_t o) {
      forward[o] += x[i] * w[k];
      input[i] += g[o] * w[k];
      weight[k] += x[i] * g[o];
    });
    for (const DType type : {DType::F64, DType::F32}) {
      const Array ax = floats(x, c.x, type), aw = floats(w, c.w, type), ag = floats(g, y, type);
      ConvSettings s = c.settings;
      EXPECT_EQ(numbers(run(op::Conv(s), {ax, aw})), forward) << name(type);
      for (int d = 0; d < 3; ++d) s.size[static_cast<std::size_t>(d)] = c.x[d + 2];
      s.kind = ConvKind::Input;
      EXPECT_EQ(numbers(run(op::Conv(s), {ag, aw})), input) << name(type);
      for (int d = 0; d < 3; ++d) s.size[static_cast<std::size_t>(d)] = c.w[d + 2];
      s.kind = ConvKind::Weight;
      EXPECT_EQ(numbers(run(op::Conv(s), {ax, ag})), weight) << name(type);
    }
  }
}

TEST(ConvKernel, ReadsArraysInAnyLayout) {
  const TensorData x(whole(2 * 3 * 9 * 8, 1), Shape{2, 3, 9, 8}), w(whole(4 * 3 * 3 * 2, 2), Shape{4, 3, 3, 2});
  const op::Conv op(ConvSettings{.dims = 2, .stride = {2, 1, 1}});
  const Numbers expected = numbers(run(op, {upload(x), upload(w)}));
  for (const Layout layout : kLayouts)
    EXPECT_EQ(numbers(run(op, {with_layout(x, layout), with_layout(w, layout)})), expected);
}

TEST(ConvKernel, RefusesSizesThatDoNotBelongTogether) {
  const Array x = floats(Numbers(10, 1.0), {1, 1, 10}), w = floats(Numbers(3, 1.0), {1, 1, 3});
  const auto settings = [](ConvKind kind, std::int64_t size) {
    return op::Conv(ConvSettings{.kind = kind, .dims = 1, .stride = {2}, .size = {size}});
  };
  EXPECT_THROW(run(settings(ConvKind::Input, 5), {x, w}), ShapeError) << "5 elements have 2 windows, not 10";
  EXPECT_THROW(run(settings(ConvKind::Input, -1), {x, w}), ValueError);
  EXPECT_THROW(run(settings(ConvKind::Weight, 4), {x, w}), ShapeError) << "10 elements have 4 windows of 4, not 3";
  EXPECT_THROW(run(op::Conv(ConvSettings{.dims = 4}), {x, w}), ShapeError);
  EXPECT_THROW(run(op::Conv(ConvSettings{.dims = 0}), {x, w}), ShapeError);
  EXPECT_EQ(run(settings(ConvKind::Input, 22), {x, w}).shape(), (Shape{1, 1, 22}));
}

}  // namespace
}  // namespace fornax::test
