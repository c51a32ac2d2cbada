// Host data: how values enter and leave tensors.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <fornax/array/error.hpp>
#include <fornax/array/tensor_data.hpp>

namespace fornax {
namespace {

TEST(TensorData, TakesItsDTypeFromNestedLists) {
  EXPECT_EQ(TensorData({1.0, 2.0}).dtype(), DType::F64);
  EXPECT_EQ(TensorData({{1, 2}, {3, 4}}).dtype(), DType::I32);
  EXPECT_EQ(TensorData({{true}, {false}}).shape(), (Shape{2, 1}));
  EXPECT_EQ(TensorData({{{1.0f}, {2.0f}}, {{3.0f}, {4.0f}}})[3], 4.0);
}

TEST(TensorData, RefusesRaggedLists) { EXPECT_THROW(TensorData({{1.0, 2.0}, {3.0}}), ShapeError); }

TEST(TensorData, RefusesAVectorOfTheWrongLength) {
  EXPECT_THROW(TensorData(std::vector<float>{1, 2, 3}, Shape{2, 2}), ShapeError);
}

TEST(TensorData, GivesItsElementsOnlyAsWhatTheyAre) {
  const TensorData d({1.0f, 2.0f});
  EXPECT_EQ(d.values<float>()[1], 2.0f);
  EXPECT_THROW(d.values<double>(), DTypeError);
  EXPECT_EQ(d.to_vector<std::int64_t>(), (std::vector<std::int64_t>{1, 2}));
  EXPECT_THROW(d[2], IndexError);
}

TEST(TensorData, EqualityIsOfDTypeShapeAndBits) {
  EXPECT_EQ(TensorData({1.0, 2.0}), TensorData({1.0, 2.0}));
  EXPECT_FALSE(TensorData({1.0, 2.0}) == TensorData({1.0f, 2.0f}));
  EXPECT_FALSE(TensorData({1.0, 2.0}) == TensorData({{1.0, 2.0}}));
}

TEST(TensorData, IsApproximatelyEqualWithinRelativeAndAbsoluteBounds) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  EXPECT_TRUE(TensorData({1.0, nan, inf}).approx_eq(TensorData({1.0 + 1e-7, nan, inf}), 1e-6, 0));
  EXPECT_FALSE(TensorData({1.0, 2.0}).approx_eq(TensorData({1.0, 2.1}), 1e-6, 0));
  EXPECT_FALSE(TensorData({inf}).approx_eq(TensorData({1.0}), 1, 1));
  EXPECT_FALSE(TensorData({nan}).approx_eq(TensorData({1.0}), 1, 1));
  EXPECT_THROW(TensorData({1.0}).assert_approx_eq(TensorData({2.0})), ValueError);
}

TEST(TensorData, PrintsNestedLists) {
  EXPECT_EQ(TensorData({{1.0, 2.5}, {-3.0, 4.0}}).str(), "[[ 1.0000,  2.5000],\n [-3.0000,  4.0000]]");
  EXPECT_EQ(TensorData({1, 20, 300}).str(), "[  1,  20, 300]");
  EXPECT_EQ(TensorData({true, false}).str(), "[ true, false]");
  EXPECT_EQ(TensorData({1.0, 2.0}).str(), "[1., 2.]");
  EXPECT_EQ(TensorData(Shape{0}, DType::F32).str(), "[]");
  EXPECT_EQ(TensorData({1e-9, 1.0}).str(), "[1.0000e-09, 1.0000e+00]");
}

TEST(TensorData, AbbreviatesWhatIsLarge) {
  TensorData d(Shape{2000}, DType::I64);
  for (std::size_t i = 0; i < 2000; ++i) d.values<std::int64_t>()[i] = static_cast<std::int64_t>(i);
  EXPECT_EQ(d.str(), "[   0,    1,    2, ..., 1997, 1998, 1999]");
}

}  // namespace
}  // namespace fornax
