// Masks and positions: tensors that choose among the elements of others.

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using Floats = Tensor<Cpu, 2>;
using Vector = Tensor<Cpu, 1>;
using Positions = Tensor<Cpu, 1, Int>;
using Grid = Tensor<Cpu, 2, Int>;
using Mask = Tensor<Cpu, 2, Bool>;

Floats x() { return Floats::from_data({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}); }

TEST(Mask, ReplacesWhereItIsTrue) {
  const Mask mask = x().greater(3.0);
  EXPECT_EQ(x().mask_fill(mask, 0).to_data(), TensorData({{1.0F, 2.0F, 3.0F}, {0.0F, 0.0F, 0.0F}}));
  EXPECT_EQ(x().mask_where(mask, -x()).to_data(), TensorData({{1.0F, 2.0F, 3.0F}, {-4.0F, -5.0F, -6.0F}}));
  EXPECT_EQ(x().to_int().mask_fill(mask, -1).to_data(), Grid::from_data({{1, 2, 3}, {-1, -1, -1}}).to_data());
  EXPECT_EQ(mask.mask_fill(mask, false).any().into_scalar(), false);
}

TEST(Mask, Broadcasts) {
  const auto row = Mask::from_data({{true, false, true}});
  EXPECT_EQ(x().mask_fill(row, 9).to_data(), TensorData({{9.0F, 2.0F, 9.0F}, {9.0F, 5.0F, 9.0F}}));
  const auto column = Mask::from_data({{true}, {false}});
  EXPECT_EQ(x().mask_where(column, Floats::full({1, 1}, 7)).to_data(),
            TensorData({{7.0F, 7.0F, 7.0F}, {4.0F, 5.0F, 6.0F}}));
  EXPECT_EQ(message_of<ShapeError>([] { x().mask_fill(Mask::full({2, 2}, true), 0); }).substr(0, 7), "where: ");
}

TEST(Mask, RefusesAFractionForIntegers) { EXPECT_THROW(x().to_int().mask_fill(x().greater(3.0), 0.5), DTypeError); }

TEST(Mask, StopsTheGradientOfWhatItReplaces) {
  const auto leaf = Tensor<Autodiff<Cpu>, 1>::from_data({1.0, -2.0}).require_grad();
  const auto y = leaf.mask_fill(leaf.lower(0.0), 100.0);
  EXPECT_EQ(leaf.grad(y.backward())->to_data(), TensorData({1.0F, 0.0F}));
}

TEST(Select, TakesSlicesAtPositions) {
  EXPECT_EQ(x().select(0, Positions::from_data({1, 1, 0})).to_data(),
            TensorData({{4.0F, 5.0F, 6.0F}, {4.0F, 5.0F, 6.0F}, {1.0F, 2.0F, 3.0F}}));
  EXPECT_EQ(x().select(-1, Positions::from_data({2})).to_data(), TensorData({{3.0F}, {6.0F}}));
  EXPECT_EQ(x().select(0, Positions::zeros({0})).shape(), (Shape{0, 3}));
  EXPECT_EQ(message_of<IndexError>([] {
              x().select(0, Positions::from_data({0, 2}));
            }),
            "select: index 2 at position 1 is out of range for dim 0 of size 2");
  EXPECT_EQ(message_of<IndexError>([] { x().select(2, Positions::from_data({0})); }),
            "select: dim 2 is out of range for rank 2");
}

TEST(Select, AssignsOrAddsAtPositions) {
  const auto ones = Floats::ones({2, 3});
  EXPECT_EQ(x().select_assign(0, Positions::from_data({1, 1}), ones).to_data(),
            TensorData({{1.0F, 2.0F, 3.0F}, {6.0F, 7.0F, 8.0F}}));
  EXPECT_EQ(x().select_assign(0, Positions::from_data({1, 1}), ones, Update::Assign).to_data(),
            TensorData({{1.0F, 2.0F, 3.0F}, {1.0F, 1.0F, 1.0F}}));
  EXPECT_EQ(message_of<ShapeError>([&] { x().select_assign(0, Positions::from_data({1}), ones); }),
            "select_assign: the selection has shape [1, 3], the values have [2, 3]");
}

TEST(Gather, ReadsOnePositionForEachResult) {
  EXPECT_EQ(x().gather(1, Grid::from_data({{2, 0}, {1, 1}})).to_data(), TensorData({{3.0F, 1.0F}, {5.0F, 5.0F}}));
  EXPECT_EQ(message_of<IndexError>([] {
              x().gather(1, Grid::from_data({{0}, {-1}}));
            }),
            "gather: index -1 at position [1, 0] is out of range for dim 1 of size 3");
  EXPECT_EQ(
      message_of<ShapeError>([] {
        x().gather(1, Grid::zeros({3, 1}));
      }),
      "gather: index has shape [3, 1], the tensor [2, 3]; ranks must be equal and the index no larger outside dim 1");
}

TEST(Scatter, WritesOnePositionForEachValue) {
  const auto values = Floats::from_data({{10.0, 20.0}, {30.0, 40.0}});
  const auto at = Grid::from_data({{0, 0}, {2, 1}});
  EXPECT_EQ(x().scatter(1, at, values).to_data(), TensorData({{31.0F, 2.0F, 3.0F}, {4.0F, 45.0F, 36.0F}}));
  EXPECT_EQ(x().scatter(1, at, values, Update::Assign).to_data(),
            TensorData({{20.0F, 2.0F, 3.0F}, {4.0F, 40.0F, 30.0F}}));
  EXPECT_EQ(message_of<IndexError>([&] { x().scatter(0, at, values); }),
            "scatter: index 2 at position [1, 0] is out of range for dim 0 of size 2");
  EXPECT_EQ(message_of<ShapeError>([&] {
              x().scatter(1, Grid::zeros({1, 2}), values);
            }),
            "scatter: index has shape [1, 2], the values have [2, 2]");
}

TEST(OneHot, MarksEachClass) {
  EXPECT_EQ(Positions::from_data({2, 0}).one_hot(3).to_data(), Grid::from_data({{0, 0, 1}, {1, 0, 0}}).to_data());
  EXPECT_EQ(Positions::from_data({3}, {}, DType::U8).one_hot(4).dtype(), DType::I64);
  EXPECT_EQ(Positions::zeros({0}).one_hot(3).shape(), (Shape{0, 3}));
  EXPECT_THROW(Positions::from_data({3}).one_hot(3), IndexError);
  EXPECT_THROW(Positions::from_data({-1}).one_hot(3), IndexError);
  EXPECT_THROW(Positions::from_data({0}).one_hot(0), ValueError);
  EXPECT_THROW(Positions::from_data({0}, {}, DType::U8).one_hot(-256), ValueError);
}

TEST(EmbeddingByHand, AddsTheGradientsOfRepeatedRows) {
  const auto table = Tensor<Autodiff<Cpu>, 2>::ones({4, 2}).require_grad();
  const auto rows = table.select(0, Tensor<Autodiff<Cpu>, 1, Int>::from_data({1, 3, 1}));
  EXPECT_EQ(table.grad(rows.backward())->to_data(),
            TensorData({{0.0F, 0.0F}, {2.0F, 2.0F}, {0.0F, 0.0F}, {1.0F, 1.0F}}));
}

}  // namespace
}  // namespace fornax::test
