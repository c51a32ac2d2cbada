// How tensors come to be, and how their values leave them.

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

template <std::size_t D> using Floats = Tensor<Cpu, D>;
template <std::size_t D> using Ints = Tensor<Cpu, D, Int>;
template <std::size_t D> using Bools = Tensor<Cpu, D, Bool>;

TEST(FromData, TakesNestedListsUpToRankFour) {
  EXPECT_EQ(Floats<1>::from_data({1.0, 2.0}).to_data(), TensorData({1.0F, 2.0F}));
  EXPECT_EQ(Floats<2>::from_data({{1.0, 2.0}, {3.0, 4.0}}).to_data(), TensorData({{1.0F, 2.0F}, {3.0F, 4.0F}}));
  EXPECT_EQ(Floats<3>::from_data({{{1.0}, {2.0}}}).shape(), (Shape{1, 2, 1}));
  EXPECT_EQ(Floats<4>::from_data({{{{1.0}, {2.0}}, {{3.0}, {4.0}}}}).shape(), (Shape{1, 2, 2, 1}));
}

TEST(FromData, GivesTheKindsDefaultDtypeOrTheOneThatIsNamed) {
  EXPECT_EQ(Floats<1>::from_data({1, 2}).dtype(), DType::F32);
  EXPECT_EQ(Floats<1>::from_data({1.0, 2.0}, {}, DType::BF16).dtype(), DType::BF16);
  EXPECT_EQ(Ints<1>::from_data({1, 2}).dtype(), DType::I64);
  EXPECT_EQ(Ints<1>::from_data({1, 300}, {}, DType::U8).to_data(), TensorData(std::vector<std::uint8_t>{1, 44}));
  EXPECT_EQ(Bools<1>::from_data({true, false}).dtype(), DType::Bool);
}

TEST(FromData, KeepsTheDtypeOfHostData) {
  EXPECT_EQ(Floats<1>::from_data(TensorData(std::vector<double>{1, 2})).dtype(), DType::F64);
  EXPECT_EQ(Ints<1>::from_data(TensorData(std::vector<std::int16_t>{1, 2})).dtype(), DType::I16);
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(Floats<2>::from_data(TensorData(values, Shape{2, 3})).to_data(), TensorData(values, Shape{2, 3}));
  EXPECT_EQ(Floats<1>::from_data(TensorData(std::vector<double>{1.5}), {}, DType::F32).to_data(), TensorData({1.5F}));
}

TEST(FromData, RefusesHostDataOfAnotherKindOrRank) {
  EXPECT_EQ(message_of<DTypeError>([] { Floats<1>::from_data(TensorData(std::vector<std::int64_t>{1})); }),
            "from_data: the elements are i64, the tensor's kind is Float; convert them first");
  EXPECT_EQ(message_of<ShapeError>([] {
              Floats<2>::from_data(TensorData(std::vector<float>{1, 2, 3}));
            }),
            "from_data: the data have shape [3], the tensor's rank is 2");
  EXPECT_THROW(Ints<1>::from_data({1, 2}, {}, DType::F32), DTypeError);
  EXPECT_THROW(Floats<2>::from_data({{1.0, 2.0}, {3.0}}), ShapeError);
}

TEST(Creation, FillsWithConstants) {
  EXPECT_EQ(Floats<2>::zeros({2, 3}).to_data(), TensorData(Shape{2, 3}, DType::F32));
  EXPECT_EQ(Ints<1>::ones({2}).to_data(), TensorData(std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(Floats<1>::full({2}, 0.1).to_data(), TensorData({0.1F, 0.1F}));
  EXPECT_EQ(Floats<1>::full({3}, -1.5, {}, DType::F16).to_data().convert(DType::F32),
            TensorData({-1.5F, -1.5F, -1.5F}));
  EXPECT_EQ(Bools<1>::full({2}, true).to_data()[1], 1);
  EXPECT_EQ(Floats<0>::full(Shape{}, 7).into_scalar(), 7);
  EXPECT_EQ(Floats<2>::ones({0, 3}).shape(), (Shape{0, 3}));
  EXPECT_EQ(message_of<DTypeError>([] { Ints<1>::full({2}, 1.5); }),
            "full: the value 1.5 is a float, the dtype is i64");
  EXPECT_EQ(message_of<ShapeError>([] { Floats<1>::zeros({-1}); }), "shape: negative size: [-1]");
  EXPECT_EQ(message_of<ShapeError>([] {
              Floats<1>::zeros(Shape{2, 2});
            }),
            "full: the data have shape [2, 2], the tensor's rank is 1");
  EXPECT_THROW(Floats<1>::zeros({2}, {}, DType::I32), DTypeError);
}

TEST(Creation, FollowsAnotherTensor) {
  const auto x = Floats<2>::full({2, 1}, 3, {}, DType::F64);
  EXPECT_EQ(x.zeros_like().to_data(), TensorData(std::vector<double>{0, 0}, Shape{2, 1}));
  EXPECT_EQ(x.ones_like().to_data(), TensorData(std::vector<double>{1, 1}, Shape{2, 1}));
  EXPECT_EQ(x.full_like(2.5).to_data(), TensorData(std::vector<double>{2.5, 2.5}, Shape{2, 1}));
  EXPECT_EQ(x.random_like().dtype(), DType::F64);
}

TEST(Creation, CountsWithArange) {
  EXPECT_EQ(Ints<1>::arange(0, 5).to_data(), TensorData(std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(Ints<1>::arange(5, 0, -2).to_data(), TensorData(std::vector<std::int64_t>{5, 3, 1}));
  EXPECT_EQ(Ints<1>::arange(3, 3).numel(), 0);
  EXPECT_EQ(Ints<1>::arange(3, 0).numel(), 0);
  // NumPy 2.4.6: arange(0, 1, 0.3)
  EXPECT_EQ(Floats<1>::arange(0, 1, 0.25).to_data(), TensorData({0.0F, 0.25F, 0.5F, 0.75F}));
  EXPECT_EQ(Floats<1>::arange(0.0, 1.0, 0.3).numel(), 4);
  EXPECT_EQ(Floats<1>::arange(1.0, 0.0, -0.5).to_data(), TensorData({1.0F, 0.5F}));
  EXPECT_EQ(Ints<1>::arange(250, 258, 2, {}, DType::U8).to_data(),
            TensorData(std::vector<std::uint8_t>{250, 252, 254, 0}));
  EXPECT_EQ(message_of<ValueError>([] { Ints<1>::arange(0, 5, 0); }), "arange: step is 0");
  EXPECT_THROW(Ints<1>::arange(0.0, 2.0), DTypeError);
  EXPECT_THROW(Floats<1>::arange(0.0, std::numeric_limits<double>::infinity()), ValueError);
  EXPECT_THROW(Floats<1>::arange(0.0, std::numeric_limits<double>::quiet_NaN()), ValueError);
  EXPECT_THROW(Ints<1>::arange(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()),
               ShapeError);
  EXPECT_EQ(Ints<1>::arange(std::numeric_limits<std::int64_t>::max() - 1, std::numeric_limits<std::int64_t>::max(), 7)
                .numel(),
            1);
}

TEST(Creation, MakesIdentityMatrices) {
  EXPECT_EQ(Floats<2>::eye(2).to_data(), TensorData({{1.0F, 0.0F}, {0.0F, 1.0F}}));
  EXPECT_EQ(Ints<2>::eye(1).into_scalar(), 1);
  EXPECT_EQ(Floats<2>::eye(0).shape(), (Shape{0, 0}));
  EXPECT_THROW(Floats<2>::eye(-1), ShapeError);
}

TEST(Creation, WorksOnAutodiffAndGivesConstants) {
  const auto x = Tensor<Autodiff<Cpu>, 1>::ones({2});
  EXPECT_FALSE(x.is_tracked());
  EXPECT_EQ(x.to_data(), TensorData({1.0F, 1.0F}));
}

// --- What it is, and to the host --------------------------------------------------------------------------------------

TEST(Tensor, TellsItsSizesAlsoToAStructuredBinding) {
  const auto x = Floats<3>::zeros({2, 3, 4});
  const auto [n, c, w] = x.dims();
  EXPECT_EQ(n, 2);
  EXPECT_EQ(c, 3);
  EXPECT_EQ(w, 4);
  EXPECT_EQ(x.numel(), 24);
  EXPECT_EQ(x.shape(), (Shape{2, 3, 4}));
  EXPECT_EQ(Floats<3>::rank, 3u);
  EXPECT_EQ(x.device(), Device::cpu());
}

TEST(IntoScalar, GivesTheOnlyElementInTheKindsType) {
  EXPECT_EQ(Floats<1>::from_data({2.5}).into_scalar(), 2.5);
  EXPECT_EQ(Ints<1>::from_data({std::numeric_limits<std::int64_t>::max()}).into_scalar(),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(Bools<1>::from_data({true}).into_scalar());
  EXPECT_EQ(Floats<1>::from_data({2.9}).into_scalar<int>(), 2);
  EXPECT_EQ(Floats<2>::from_data({{1.0, 2.0}}).slice({0, 1}).into_scalar<float>(), 2.0F);
  EXPECT_EQ((Tensor<Autodiff<Cpu>, 1>::from_data({4.0}).require_grad().into_scalar()), 4);
  EXPECT_EQ(message_of<ShapeError>([] { Floats<1>::zeros({3}).into_scalar(); }),
            "into_scalar: needs exactly one element, the tensor has shape [3]");
  EXPECT_THROW(Floats<1>::zeros({0}).into_scalar(), ShapeError);
}

TEST(Tensor, OfRankZeroIsOneElement) {
  const auto x = Floats<0>::from_data(TensorData(std::vector<float>{3}, Shape{}));
  EXPECT_EQ(x.numel(), 1);
  EXPECT_EQ((x * 2.0 + x).into_scalar(), 9);
  EXPECT_EQ(x.exp().shape(), Shape{});
  EXPECT_EQ(x.sum().shape(), (Shape{1}));
  EXPECT_EQ(x.reshape({1, 1}).shape(), (Shape{1, 1}));
  EXPECT_EQ(x.unsqueeze().shape(), (Shape{1}));
  EXPECT_EQ(x.flatten().shape(), (Shape{1}));
  EXPECT_EQ(x.dims().size(), 0u);
  EXPECT_THROW(x.sum_dim(0), IndexError);
  const auto leaf = Tensor<Autodiff<Cpu>, 0>::from_inner(x).require_grad();
  EXPECT_EQ(leaf.grad((leaf * leaf).backward())->into_scalar(), 6);
}

TEST(Tensor, IsCheckedWhenMadeOfARunTimeArray) {
  const Array array = Floats<2>::zeros({2, 3}).array();
  EXPECT_EQ(Floats<2>(array).shape(), (Shape{2, 3}));
  EXPECT_EQ(message_of<ShapeError>([&] { Floats<1>{array}; }),
            "Tensor: the array has shape [2, 3], the tensor's rank is 1");
  EXPECT_EQ(message_of<DTypeError>([&] { Ints<2>{array}; }),
            "Tensor: the elements are f32, the tensor's kind is Int; convert them first");
  EXPECT_EQ(message_of<ValueError>([] { Floats<1>{Array()}; }), "Tensor: the array is empty");
  const auto tracked = Tensor<Autodiff<Cpu>, 1>::ones({1}).require_grad();
  EXPECT_EQ(message_of<DeviceError>([&] { Floats<1>{tracked.array()}; }),
            "Tensor: the array lives on Autodiff<Cpu>, the tensor on Cpu");
  EXPECT_TRUE((Tensor<Autodiff<Cpu>, 2>(array).array().defined())) << "an array of a wrapped backend is a constant";
}

}  // namespace
}  // namespace fornax::test
