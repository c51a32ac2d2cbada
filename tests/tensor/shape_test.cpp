// What rearranges elements: shapes, orders, joins and parts.

#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

template <std::size_t D> using Ints = Tensor<Cpu, D, Int>;
using Values = std::vector<std::int64_t>;

template <std::size_t D> Values values(const Ints<D>& t) { return t.to_data().template to_vector<std::int64_t>(); }

// 0 to 5 as [2, 3].
Ints<2> matrix() { return Ints<1>::arange(0, 6).reshape({2, 3}); }

// --- Shape ------------------------------------------------------------------------------------------------------------

TEST(Reshape, KeepsRowMajorOrderAndInfersOneSize) {
  EXPECT_EQ(matrix().reshape({3, 2}).shape(), (Shape{3, 2}));
  EXPECT_EQ(values(matrix().reshape({3, 2})), (Values{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(matrix().reshape({-1}).shape(), (Shape{6}));
  EXPECT_EQ(matrix().reshape({2, -1, 1}).shape(), (Shape{2, 3, 1}));
  EXPECT_EQ(matrix().reshape(std::array<std::int64_t, 2>{6, 1}).shape(), (Shape{6, 1}));
  EXPECT_EQ(matrix().reshape<2>(std::array<std::int64_t, 2>{6, 1}).shape(), (Shape{6, 1}));
  EXPECT_EQ(matrix().reshape<2>({6, 1}).shape(), (Shape{6, 1}));
  EXPECT_EQ(matrix().reshape<1>({6}).shape(), (Shape{6}));
  EXPECT_EQ(values(matrix().transpose().reshape({6})), (Values{0, 3, 1, 4, 2, 5}));
}

TEST(Reshape, SaysWhatDoesNotFit) {
  EXPECT_EQ(message_of<ShapeError>([] { matrix().reshape({4, 2}); }), "reshape: [2, 3] has 6 elements, [4, 2] needs 8");
  EXPECT_EQ(message_of<ShapeError>([] {
              matrix().reshape({-1, 4});
            }),
            "reshape: [2, 3] has 6 elements, which the given dims do not divide");
  EXPECT_EQ(message_of<ShapeError>([] {
              matrix().reshape({-1, -1});
            }),
            "reshape: two dims are -1; only one can be inferred");
  EXPECT_THROW(matrix().reshape({-2, 3}), ShapeError);
  EXPECT_THROW(matrix().reshape({-1, 0}), ShapeError) << "0 times anything is 0";
  EXPECT_THROW(matrix().reshape({std::int64_t{1} << 40, std::int64_t{1} << 40}), ShapeError);
  EXPECT_EQ(Ints<2>::zeros({0, 3}).reshape({-1, 3}).shape(), (Shape{0, 3}));
}

TEST(Flatten, JoinsDimsFirstToLast) {
  const auto x = Ints<1>::arange(0, 24).reshape({2, 3, 4});
  EXPECT_EQ(x.flatten().shape(), (Shape{24}));
  EXPECT_EQ(x.flatten<2>(1).shape(), (Shape{2, 12}));
  EXPECT_EQ(x.flatten<2>(0, 1).shape(), (Shape{6, 4}));
  EXPECT_EQ(x.flatten<3>(1, 1).shape(), (Shape{2, 3, 4}));
  EXPECT_EQ(x.flatten<2>(-3, -2).shape(), (Shape{6, 4}));
  EXPECT_EQ(message_of<ShapeError>([&] { x.flatten<2>(); }),
            "flatten: dims 0 to 2 of [2, 3, 4] leave rank 1, the result's rank is 2");
  EXPECT_EQ(message_of<IndexError>([&] { x.flatten<2>(2, 1); }), "flatten: first dim 2 comes after last dim 1");
  EXPECT_THROW((Ints<0>::ones(Shape{}).flatten<2>()), ShapeError);
}

TEST(Squeeze, RemovesDimsOfSizeOne) {
  const auto x = Ints<4>::ones({1, 3, 1, 2});
  EXPECT_EQ(x.squeeze<2>().shape(), (Shape{3, 2}));
  EXPECT_EQ(x.squeeze_dim(0).shape(), (Shape{3, 1, 2}));
  EXPECT_EQ(x.squeeze(-2).shape(), (Shape{1, 3, 2}));
  EXPECT_EQ(Ints<2>::ones({1, 1}).squeeze<0>().shape(), Shape{});
  EXPECT_EQ(Ints<2>::ones({1, 1}).squeeze<1>().shape(), (Shape{1}));
  EXPECT_EQ(message_of<ShapeError>([&] { x.squeeze_dim(1); }),
            "squeeze_dim: dim 1 of [1, 3, 1, 2] does not have size 1");
  EXPECT_EQ(message_of<ShapeError>([&] { x.squeeze<3>(); }),
            "squeeze: [1, 3, 1, 2] has 2 dims of a size other than 1, the result's rank is 3");
}

TEST(Unsqueeze, AddsDimsOfSizeOne) {
  EXPECT_EQ(matrix().unsqueeze().shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(matrix().unsqueeze<5>().shape(), (Shape{1, 1, 1, 2, 3}));
  EXPECT_EQ(matrix().unsqueeze_dim(0).shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(matrix().unsqueeze_dim(2).shape(), (Shape{2, 3, 1}));
  EXPECT_EQ(matrix().unsqueeze_dim(-1).shape(), (Shape{2, 3, 1}));
  EXPECT_THROW(matrix().unsqueeze_dim(3), IndexError);
}

// --- Order ------------------------------------------------------------------------------------------------------------

TEST(Transpose, SwapsTheLastTwoDims) {
  EXPECT_EQ(values(matrix().transpose()), (Values{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(values(matrix().t()), values(matrix().transpose()));
  EXPECT_EQ((Ints<3>::ones({2, 3, 4}).transpose().shape()), (Shape{2, 4, 3}));
}

TEST(Permute, OrdersDimsAsNamed) {
  const auto x = Ints<1>::arange(0, 24).reshape({2, 3, 4});
  EXPECT_EQ(x.permute({2, 0, 1}).shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(x.permute({2, 0, 1}).slice({1, 1, 2}).into_scalar(), 1 * 12 + 2 * 4 + 1);
  EXPECT_EQ(x.permute({-1, 0, 1}).shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(x.swap_dims(0, -1).shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(x.movedim(0, 2).shape(), (Shape{3, 4, 2}));
  EXPECT_EQ(x.movedim(2, 0).shape(), (Shape{4, 2, 3}));
  EXPECT_EQ(x.movedim(1, 1).shape(), (Shape{2, 3, 4}));
  EXPECT_THROW(x.permute({0, 0, 1}), IndexError);
  EXPECT_THROW(x.swap_dims(0, 3), IndexError);
}

TEST(Flip, ReversesTheNamedDims) {
  EXPECT_EQ(values(matrix().flip({1})), (Values{2, 1, 0, 5, 4, 3}));
  EXPECT_EQ(values(matrix().flip({0, -1})), (Values{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(message_of<IndexError>([] { matrix().flip({0, -2}); }), "flip: dim 0 appears twice");
}

TEST(Roll, MovesElementsRoundTheEnd) {
  EXPECT_EQ(values(matrix().roll(1, 1)), (Values{2, 0, 1, 5, 3, 4}));  // NumPy 2.4.6: roll
  EXPECT_EQ(values(matrix().roll(-1, 1)), (Values{1, 2, 0, 4, 5, 3}));
  EXPECT_EQ(values(matrix().roll(7, 1)), values(matrix().roll(1, 1)));
  EXPECT_EQ(values(matrix().roll(3, 1)), values(matrix()));
  EXPECT_EQ(values(matrix().roll(1, 0)), (Values{3, 4, 5, 0, 1, 2}));
  EXPECT_EQ(values(matrix().roll(std::numeric_limits<std::int64_t>::min(), 0)), values(matrix()));
  EXPECT_EQ(Ints<1>::zeros({0}).roll(2, 0).numel(), 0);
}

// --- Copies -----------------------------------------------------------------------------------------------------------

TEST(Expand, RepeatsSizesOfOne) {
  const auto row = Ints<1>::arange(0, 3).reshape({1, 3});
  EXPECT_EQ(values(row.expand({2, 3})), (Values{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(row.expand({2, 1, 3}).shape(), (Shape{2, 1, 3}));
  EXPECT_EQ(row.expand({4, -1}).shape(), (Shape{4, 3}));
  EXPECT_EQ(row.expand({0, 3}).shape(), (Shape{0, 3}));
  EXPECT_EQ(message_of<ShapeError>([&] {
              row.expand({1, 4});
            }),
            "expand: [1, 3] does not expand to [1, 4]; sizes must be equal or 1");
}

TEST(Repeat, TilesDims) {
  EXPECT_EQ(values(matrix().repeat_dim(0, 2)), (Values{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(values(matrix().repeat({1, 2})), (Values{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  EXPECT_EQ(matrix().repeat({2, 0}).shape(), (Shape{4, 0}));
  EXPECT_EQ(message_of<ValueError>([] { matrix().repeat_dim(0, -1); }), "repeat_dim: the number of repeats is -1");
  const auto deep = Ints<8>::ones({1, 1, 1, 1, 1, 1, 1, 2});
  EXPECT_EQ(deep.repeat_dim(7, 3).shape(), (Shape{1, 1, 1, 1, 1, 1, 1, 6})) << "rank 8 has no room for a dim between";
  EXPECT_EQ(deep.repeat_dim(7, 0).numel(), 0);
}

TEST(Cat, JoinsAlongADim) {
  const auto row = Ints<2>::full({1, 3}, 9);
  EXPECT_EQ(values(Ints<2>::cat({matrix(), row}, 0)), (Values{0, 1, 2, 3, 4, 5, 9, 9, 9}));
  EXPECT_EQ(values(Ints<2>::cat({matrix(), Ints<2>::full({2, 1}, 9)}, -1)), (Values{0, 1, 2, 9, 3, 4, 5, 9}));
  const std::vector<Ints<2>> many(100, row);
  EXPECT_EQ(Ints<2>::cat(many, 0).shape(), (Shape{100, 3}));
  EXPECT_EQ(message_of<ValueError>([] { Ints<2>::cat(std::vector<Ints<2>>(), 0); }), "cat: needs at least one tensor");
  EXPECT_EQ(message_of<ShapeError>([&] {
              Ints<2>::cat({matrix(), row}, 1);
            }),
            "cat: shapes differ outside dim 1: [2, 3] and [1, 3]");
}

TEST(Stack, JoinsAlongANewDim) {
  const auto a = Ints<1>::from_data({1, 2}), b = Ints<1>::from_data({3, 4});
  EXPECT_EQ(values(Ints<1>::stack({a, b}, 0)), (Values{1, 2, 3, 4}));
  EXPECT_EQ(values(Ints<1>::stack({a, b}, 1)), (Values{1, 3, 2, 4}));
  EXPECT_EQ(values(Ints<1>::stack({a, b}, -1)), (Values{1, 3, 2, 4}));
  EXPECT_THROW(Ints<1>::stack({a, Ints<1>::from_data({1})}, 0), ShapeError);
  EXPECT_THROW(Ints<1>::stack(std::vector<Ints<1>>(), 0), ValueError);
}

TEST(Split, GivesPartsOfOneSizeAndARest) {
  const auto x = Ints<1>::arange(0, 7);
  const auto parts = x.split(3, 0);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(values(parts[0]), (Values{0, 1, 2}));
  EXPECT_EQ(values(parts[2]), (Values{6}));
  EXPECT_EQ(x.split(100, 0).size(), 1u);
  EXPECT_EQ(Ints<1>::zeros({0}).split(2, 0).size(), 1u);
  EXPECT_EQ(message_of<ValueError>([&] { x.split(0, 0); }), "split: the size of a part is 0");
  EXPECT_THROW(x.split(2, 1), IndexError);
}

TEST(Chunk, GivesAtMostThatManyParts) {
  const auto sizes = [](std::int64_t n, std::int64_t count) {
    Values all;
    for (const auto& part : Ints<1>::arange(0, n).chunk(count, 0)) all.push_back(part.numel());
    return all;
  };
  // PyTorch 2.1, torch.chunk: the parts have size ceil(n / count).
  EXPECT_EQ(sizes(11, 6), (Values{2, 2, 2, 2, 2, 1}));
  EXPECT_EQ(sizes(12, 6), (Values{2, 2, 2, 2, 2, 2}));
  EXPECT_EQ(sizes(13, 6), (Values{3, 3, 3, 3, 1}));
  EXPECT_EQ(sizes(2, 5), (Values{1, 1}));
  EXPECT_THROW(Ints<1>::arange(0, 3).chunk(0, 0), ValueError);
}

TEST(Triangle, KeepsOneSideOfTheDiagonal) {
  const auto x = Ints<2>::ones({3, 4});
  // NumPy 2.4.6: triu, tril
  EXPECT_EQ(values(x.triu()), (Values{1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1}));
  EXPECT_EQ(values(x.tril()), (Values{1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0}));
  EXPECT_EQ(values(x.triu(1)), (Values{0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1}));
  EXPECT_EQ(values(x.tril(-1)), (Values{0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(values(x.triu(-100)), values(x));
  EXPECT_EQ((Ints<3>::ones({2, 2, 2}).tril().sum().into_scalar()), 6);
  EXPECT_EQ((Tensor<Cpu, 2, Bool>::full({2, 2}, true).triu().to_int().sum().into_scalar()), 3);
  const auto leaf = Tensor<Autodiff<Cpu>, 2>::ones({2, 2}).require_grad();
  EXPECT_EQ(leaf.grad(leaf.triu().backward())->to_data(), TensorData({{1.0F, 1.0F}, {0.0F, 1.0F}}));
}

}  // namespace
}  // namespace fornax::test
