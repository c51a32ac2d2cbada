// A tensor as text: its shape and dtype, then its values. The layout of the values is tested in array/print_test.cpp.

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>

namespace fornax::test {
namespace {

template <class T> std::string text(const T& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}

TEST(TensorPrinting, NamesShapeAndDtype) {
  EXPECT_EQ(text(Tensor<Cpu, 2>::ones({2, 2})), "Tensor [2, 2] f32\n[[1., 1.],\n [1., 1.]]");
  EXPECT_EQ(text(Tensor<Cpu, 1, Int>::arange(0, 3)), "Tensor [3] i64\n[0, 1, 2]");
  EXPECT_EQ(text(Tensor<Cpu, 1, Bool>::from_data({true, false})), "Tensor [2] bool\n[ true, false]");
  EXPECT_EQ(text(Tensor<Cpu, 0>::full(Shape{}, 1.5)), "Tensor [] f32\n1.5000");
  EXPECT_EQ(text(Tensor<Cpu, 1>::zeros({0}, {}, DType::BF16)), "Tensor [0] bf16\n[]");
}

TEST(TensorPrinting, LooksThroughDecoratorsAndViews) {
  const auto x = Tensor<Autodiff<Cpu>, 2>::from_data({{1.0, 2.0}, {3.0, 4.0}}).require_grad();
  EXPECT_EQ(text(x.transpose() * 2.0), "Tensor [2, 2] f32\n[[2., 6.],\n [4., 8.]]");
  EXPECT_EQ(x.narrow(0, 1, 1).to_string(), "Tensor [1, 2] f32\n[[3., 4.]]");
}

TEST(TensorPrinting, AbbreviatesAndFollowsOptions) {
  EXPECT_EQ(text(Tensor<Cpu, 1, Int>::arange(0, 5000)), "Tensor [5000] i64\n[   0,    1,    2, ..., 4997, 4998, 4999]");
  EXPECT_EQ((Tensor<Cpu, 1>::from_data({0.125, 2.0}).to_string({.precision = 1})), "Tensor [2] f32\n[0.1, 2.0]");
}

TEST(TensorPrinting, OfAnEmptyHandleSaysSo) { EXPECT_EQ(text(Tensor<Cpu, 1>()), "Tensor (empty)"); }

}  // namespace
}  // namespace fornax::test
