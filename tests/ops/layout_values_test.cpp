// Values of what moves elements: casts, views, joins, indexing, products.

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/array/dense.hpp>
#include <support/layouts.hpp>
#include <support/values.hpp>

namespace fornax::test {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min(), kMax = std::numeric_limits<std::int64_t>::max();

SliceDims at(std::initializer_list<SliceDim> dims) {
  SliceDims all{};
  std::copy(dims.begin(), dims.end(), all.dims.begin());
  return all;
}

// --- cast -------------------------------------------------------------------------------------------------------------

TEST(Cast, FromFloatToIntTruncatesAndSaturates) {
  const Array x = floats({3.99, -3.99, -0.5, kNan, kInf, -kInf, 1e30, -1e30});
  EXPECT_EQ(integers(cast(x, DType::I64)), (Integers{3, -3, 0, 0, kMax, kMin, kMax, kMin}));
  EXPECT_EQ(integers(cast(x, DType::I32)), (Integers{3, -3, 0, 0, 2147483647, -2147483648, 2147483647, -2147483648}));
  EXPECT_EQ(integers(cast(x, DType::I8)), (Integers{3, -3, 0, 0, 127, -128, 127, -128}));
  EXPECT_EQ(integers(cast(x, DType::U8)), (Integers{3, 0, 0, 0, 255, 0, 255, 0}));
  EXPECT_EQ(integers(cast(floats({127.9, 128, -128.9, 255.9, 256}), DType::I8)), (Integers{127, 127, -128, 127, 127}));
  EXPECT_EQ(integers(cast(floats({127.9, 128, -128.9, 255.9, 256}), DType::U8)), (Integers{127, 128, 0, 255, 255}));
  EXPECT_EQ(integers(cast(floats({9.3e18, -9.3e18}, DType::F32), DType::I64)), (Integers{kMax, kMin}));
  EXPECT_EQ(integers(cast(floats({65504, -70000}, DType::F16), DType::I16)), (Integers{32767, -32768}));
}

TEST(Cast, FromIntToANarrowerIntWraps) {
  EXPECT_EQ(integers(cast(ints({300, -1, 128, -129}), DType::U8)), (Integers{44, 255, 128, 127}));
  EXPECT_EQ(integers(cast(ints({300, -1, 128, -129}), DType::I8)), (Integers{44, -1, -128, 127}));
  EXPECT_EQ(integers(cast(ints({255}, DType::U8), DType::I64)), (Integers{255}));
}

TEST(Cast, ToAndFromBool) {
  EXPECT_EQ(integers(cast(floats({0.0, -0.0, 0.1, kNan, -kInf}), DType::Bool)), (Integers{0, 0, 1, 1, 1}));
  EXPECT_EQ(integers(cast(ints({0, 256, -1}), DType::Bool)), (Integers{0, 1, 1}));
  EXPECT_EQ(numbers(cast(bools({0, 1}), DType::F16)), (Numbers{0, 1}));
}

TEST(Cast, BetweenFloatsRoundsToNearestEven) {
  expect_same(numbers(cast(floats({1e39, -1e39, 1e-50, kNan, -0.0}), DType::F32)), {kInf, -kInf, 0.0, kNan, -0.0});
  EXPECT_EQ(numbers(cast(floats({1 + 0x1p-24, 1 + 3 * 0x1p-24}), DType::F32)), (Numbers{1, 1 + 0x1p-22}));
  // Halves near 1 are 2^-10 apart. A tie goes to the even one; anything above a tie goes up, be it by 2^-40.
  EXPECT_EQ(numbers(cast(floats({1 + 0x1p-11, 1 + 3 * 0x1p-11, 1 + 0x1p-11 + 0x1p-40}), DType::F16)),
            (Numbers{1, 1 + 0x1p-9, 1 + 0x1p-10}));
  EXPECT_EQ(numbers(cast(floats({1 + 0x1p-8, 1 + 3 * 0x1p-8, 1 + 0x1p-8 + 0x1p-40}), DType::BF16)),
            (Numbers{1, 1 + 0x1p-6, 1 + 0x1p-7}));
  EXPECT_EQ(numbers(cast(floats({65519, 65520, -65520}), DType::F16)), (Numbers{65504, kInf, -kInf}));
  EXPECT_EQ(numbers(cast(ints({2049, 2051, 70000}), DType::F16)), (Numbers{2048, 2052, kInf}));
}

// --- Views ------------------------------------------------------------------------------------------------------------

TEST(Views, OfNoElements) {
  const Array none = floats({}, Shape{0, 3});
  EXPECT_EQ(broadcast_to(floats({}, Shape{1, 0}), Shape{4, 0}).to_data(), TensorData(Shape{4, 0}, DType::F64));
  EXPECT_EQ(broadcast_to(floats({5}), Shape{0}).to_data(), TensorData(Shape{0}, DType::F64));
  EXPECT_EQ(reshape(none, Shape{2, 0, 7}).to_data(), TensorData(Shape{2, 0, 7}, DType::F64));
  EXPECT_EQ(slice(none, at({{0, 0, 1}, {2, 2, -1}})).to_data(), TensorData(Shape{0, 2}, DType::F64));
  const Array x = floats({1, 2, 3});
  EXPECT_EQ(slice(x, at({{3, 0, 1}})).shape(), (Shape{0}));
  EXPECT_EQ(numbers(slice_assign(x, at({{0, 0, 1}}), floats({}))), (Numbers{1, 2, 3}));
  EXPECT_EQ(cat({none, none}, 0).shape(), (Shape{0, 3}));
  EXPECT_EQ(flip(none, std::vector<std::int64_t>{0, 1}).shape(), (Shape{0, 3}));
}

TEST(Views, CopyNothing) {
  const Array x = upload(TensorData(Shape{64, 64}, DType::F32));
  const auto* data = dense(x).data;
  EXPECT_EQ(dense(swap_dims(x, 0, 1)).data, data);
  EXPECT_EQ(dense(reshape(x, Shape{4, 1024})).data, data);
  EXPECT_EQ(dense(broadcast_to(x, Shape{3, 64, 64})).data, data);
  EXPECT_EQ(dense(narrow(x, 0, 1, 2)).data, data + 64 * sizeof(float));
  EXPECT_EQ(dense(reshape(narrow(x, 0, 1, 2), Shape{8, 16})).data, data + 64 * sizeof(float));
  EXPECT_NE(dense(reshape(swap_dims(x, 0, 1), Shape{4096})).data, data) << "this one has to copy";
}

TEST(Views, ReshapeOfAnyViewReadsInRowMajorOrder) {
  TensorData data(Shape{2, 3, 4}, DType::I32);
  for (std::size_t i = 0; i < 24; ++i) data.values<std::int32_t>()[i] = static_cast<std::int32_t>(i);
  for (const Layout layout : kLayouts)
    for (const Shape& shape : {Shape{24}, Shape{6, 4}, Shape{2, 12}, Shape{4, 6}, Shape{1, 24, 1}, Shape{2, 3, 2, 2}})
      EXPECT_EQ(reshape(with_layout(data, layout), shape).to_data(), data.reshape(shape)) << shape.str();
}

TEST(Views, RefuseWhatDoesNotFit) {
  EXPECT_EQ(message_of<ShapeError>([] {
              reshape(floats({1, 2, 3, 4, 5, 6}, Shape{2, 3}), Shape{4, 2});
            }),
            "reshape: [2, 3] has 6 elements, [4, 2] needs 8");
  EXPECT_EQ(message_of<ShapeError>([] {
              broadcast_to(floats({1, 2}), Shape{3});
            }),
            "expand: [2] does not expand to [3]; sizes must be equal or 1");
  EXPECT_EQ(message_of<ShapeError>([] {
              broadcast_to(floats({1, 2}, Shape{1, 2}), Shape{2});
            }),
            "expand: [1, 2] does not expand to [2]; sizes must be equal or 1");
  EXPECT_EQ(message_of<IndexError>([] {
              slice(floats({1, 2, 3}), at({{1, 3, 1}}));
            }),
            "slice: elements 1 to 3 of dim 0, which has size 3");
  EXPECT_THROW(slice(floats({1, 2, 3}), at({{1, 3, -1}})), IndexError);
  EXPECT_THROW(slice(floats({1, 2, 3}), at({{0, -1, 1}})), IndexError);
  EXPECT_THROW(slice(floats({1, 2, 3}), at({{0, 3, kMax}})), IndexError) << "the arithmetic must not wrap around";
  EXPECT_EQ(message_of<IndexError>([] {
              permute(floats({1}, Shape{1, 1}), std::vector<std::int64_t>{0, 0});
            }),
            "permute: dim 0 appears twice");
  EXPECT_EQ(message_of<ShapeError>([] {
              cat({floats({1}), floats({1}, Shape{1, 1})}, 0);
            }),
            "cat: shapes differ outside dim 0: [1] and [1, 1]");
}

TEST(SliceAssign, WritesAPartOfItselfToAnotherPlace) {
  const Array x = floats({1, 2, 3, 4, 5});
  EXPECT_EQ(numbers(slice_assign(x, at({{1, 4, 1}}), slice(x, at({{0, 4, 1}})))), (Numbers{1, 1, 2, 3, 4}));
  Array given = floats({1, 2, 3, 4, 5, 6, 7, 8});
  const Array part = slice(given, at({{0, 7, 1}}));
  EXPECT_EQ(numbers(slice_assign(std::move(given), at({{1, 7, 1}}), part)), (Numbers{1, 1, 2, 3, 4, 5, 6, 7}));
}

// --- Indexing ---------------------------------------------------------------------------------------------------------

TEST(Indexing, GathersScattersAndSelects) {
  const Array x = floats({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  EXPECT_EQ(numbers(gather(x, 1, ints({2, 0, 1, 1}, Shape{2, 2}))), (Numbers{3, 1, 5, 5}));
  EXPECT_EQ(numbers(gather(x, 0, ints({1, 0, 1}, Shape{1, 3}))), (Numbers{4, 2, 6}));
  EXPECT_EQ(numbers(select(x, 1, ints({2, 2, 0}))), (Numbers{3, 3, 1, 6, 6, 4}));
  EXPECT_EQ(numbers(select(x, 0, ints({1}))), (Numbers{4, 5, 6}));
  const Array index = ints({0, 0, 1, 1}, Shape{2, 2}), values = floats({10, 20, 30, 40}, Shape{2, 2});
  EXPECT_EQ(numbers(scatter(x, 1, index, values, Update::Add)), (Numbers{31, 2, 3, 4, 75, 6}));
  EXPECT_EQ(numbers(scatter(x, 1, index, values, Update::Assign)), (Numbers{20, 2, 3, 4, 40, 6}))
      << "the last one stays";
  EXPECT_EQ(numbers(select_assign(x, 0, ints({1, 1}), floats({1, 1, 1, 2, 2, 2}, Shape{2, 3}), Update::Add)),
            (Numbers{1, 2, 3, 7, 8, 9}));
  EXPECT_EQ(numbers(select_assign(x, 1, ints({2, 0}), floats({1, 2, 3, 4}, Shape{2, 2}), Update::Assign)),
            (Numbers{2, 2, 1, 4, 5, 3}));
}

TEST(Indexing, TakesPositionsOfEveryIntDtype) {
  const Array x = floats({10, 20, 30, 40});
  for (const DType t : {DType::I64, DType::I32, DType::I16, DType::I8, DType::U8}) {
    EXPECT_EQ(numbers(select(x, 0, ints({3, 0}, t))), (Numbers{40, 10})) << name(t);
    EXPECT_EQ(numbers(gather(x, 0, ints({3, 0}, t))), (Numbers{40, 10})) << name(t);
  }
  EXPECT_THROW(select(x, 0, floats({1})), DTypeError);
}

TEST(Indexing, NamesThePositionThatIsOutOfRange) {
  const Array x = floats({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  EXPECT_EQ(message_of<IndexError>([&] {
              gather(x, 1, ints({2, 0, 3, 1}, Shape{2, 2}));
            }),
            "gather: index 3 at position [1, 0] is out of range for dim 1 of size 3");
  EXPECT_EQ(message_of<IndexError>([&] {
              select(x, 0, ints({0, 1, -1}));
            }),
            "select: index -1 at position 2 is out of range for dim 0 of size 2");
  EXPECT_EQ(message_of<IndexError>([&] {
              scatter(x, 0, ints({7}, Shape{1, 1}), floats({1}, Shape{1, 1}), Update::Add);
            }),
            "scatter: index 7 at position [0, 0] is out of range for dim 0 of size 2");
  EXPECT_EQ(message_of<IndexError>([&] {
              select_assign(x, 1, ints({300}), floats({1, 1}, Shape{2, 1}), Update::Assign);
            }),
            "select_assign: index 300 at position 0 is out of range for dim 1 of size 3");
  EXPECT_EQ(numbers(x), (Numbers{1, 2, 3, 4, 5, 6}));
}

// --- Products ---------------------------------------------------------------------------------------------------------

// Against loops in the same dtype's exact arithmetic: small whole numbers have exact products in every dtype.
TEST(MatMul, OfWholeNumbersIsExactInEveryDtypeAndSize) {
  Random random(1);
  const std::int64_t sizes[][3] = {{1, 1, 1},      {1, 7, 1},      {3, 1, 5},      {5, 4, 3},   {17, 33, 9},
                                   {64, 64, 64},   {70, 129, 65},  {1, 300, 100},  {2, 17, 64}, {3, 90, 97},
                                   {4, 1030, 139}, {521, 23, 700}, {1100, 23, 300}};
  for (const DType t :
       {DType::F64, DType::F32, DType::F16, DType::BF16, DType::I64, DType::I32, DType::I16, DType::I8, DType::U8}) {
    for (const auto& [m, k, n] : sizes) {
      if (m > 500 && t != DType::F32) continue;  // results that are cut into blocks, of an uneven size
      const auto draw_matrix = [&](std::int64_t rows, std::int64_t columns) {
        Integers values(static_cast<std::size_t>(rows * columns));
        for (auto& v : values) v = static_cast<std::int64_t>(random() % 3);
        return values;
      };
      const Integers a = draw_matrix(m, k), b = draw_matrix(k, n);
      Integers expected(static_cast<std::size_t>(m * n));
      for (std::int64_t i = 0; i < m; ++i)
        for (std::int64_t l = 0; l < k; ++l)
          for (std::int64_t j = 0; j < n; ++j)
            expected[static_cast<std::size_t>(i * n + j)] +=
                a[static_cast<std::size_t>(i * k + l)] * b[static_cast<std::size_t>(l * n + j)];
      const TensorData wanted = TensorData(expected, Shape{m, n}).convert(t);
      const TensorData lhs = TensorData(a, Shape{m, k}).convert(t), rhs = TensorData(b, Shape{k, n}).convert(t);
      const Array x = upload(lhs), y = upload(rhs);
      SCOPED_TRACE(std::string(name(t)) + " " + lhs.shape().str() + rhs.shape().str());
      EXPECT_EQ(matmul(x, y).to_data(), wanted);
      const Array xt = upload(swap_dims(x, 0, 1).to_data()), yt = upload(swap_dims(y, 0, 1).to_data());
      EXPECT_EQ(matmul(xt, y, true, false).to_data(), wanted);
      EXPECT_EQ(matmul(x, yt, false, true).to_data(), wanted);
      EXPECT_EQ(matmul(xt, yt, true, true).to_data(), wanted);
      EXPECT_EQ(matmul(swap_dims(xt, 0, 1), swap_dims(yt, 0, 1)).to_data(), wanted);
      for (const Layout layout : kLayouts)
        EXPECT_EQ(matmul(with_layout(lhs, layout), with_layout(rhs, layout)).to_data(), wanted);
    }
  }
}

TEST(MatMul, OfNoInnerElementsIsZero) {
  for (const DType t : {DType::F64, DType::F32, DType::BF16, DType::I32}) {
    const Array a = upload(TensorData(Shape{2, 0}, t)), b = upload(TensorData(Shape{0, 3}, t));
    EXPECT_EQ(matmul(a, b).to_data(), TensorData(Shape{2, 3}, t)) << name(t);
    EXPECT_EQ(matmul(b, swap_dims(b, 0, 1)).to_data(), TensorData(Shape{0, 0}, t)) << name(t);
    EXPECT_EQ(matmul(swap_dims(a, 0, 1), a).to_data(), TensorData(Shape{0, 0}, t)) << name(t);
  }
}

TEST(MatMul, BroadcastsItsBatchDims) {
  const Array a = floats({1, 2, 3, 4}, Shape{2, 1, 2}), b = floats({1, 10, 100, 1000}, Shape{1, 2, 2});
  EXPECT_EQ(numbers(matmul(a, b)), (Numbers{201, 2010, 403, 4030}));
  EXPECT_EQ(numbers(matmul(a, floats({1, 10, 100, 1000}, Shape{2, 2}))), (Numbers{201, 2010, 403, 4030}));
  EXPECT_EQ(matmul(floats({}, Shape{0, 2, 3}), floats({1, 2, 3}, Shape{3, 1})).shape(), (Shape{0, 2, 1}));
}

TEST(MatMul, RefusesShapesThatDoNotMeetAndHintsOnlyIfItHelps) {
  EXPECT_EQ(message_of<ShapeError>([] {
              matmul(upload(TensorData(Shape{32, 784}, DType::F32)), upload(TensorData(Shape{256, 784}, DType::F32)));
            }),
            "matmul: inner dimensions differ: lhs [32, 784], rhs [256, 784]; rhs.transpose() has shape [784, 256]");
  EXPECT_EQ(message_of<ShapeError>([] {
              matmul(floats({1, 2}, Shape{1, 2}), floats({1, 2, 3}, Shape{3, 1}));
            }),
            "matmul: inner dimensions differ: lhs [1, 2], rhs [3, 1]");
  EXPECT_THROW(matmul(floats({1}), floats({1})), ShapeError);
  EXPECT_THROW(matmul(floats({1, 2}, Shape{2, 1, 1}), floats({1, 2, 3}, Shape{3, 1, 1})), ShapeError);
}

}  // namespace
}  // namespace fornax::test
