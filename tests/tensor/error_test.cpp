// What the typed surface says when something does not fit (style.md §7), and that it leaves the operands alone.

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using Matrix = Tensor<Cpu, 2>;
using Vector = Tensor<Cpu, 1>;

TEST(Broadcasting, NamesTheDimThatDiffers) {
  const auto a = Matrix::ones({8, 3}), b = Matrix::ones({8, 5});
  EXPECT_EQ(message_of<ShapeError>([&] { a + b; }),
            "add: dim 1 differs: lhs [8, 3], rhs [8, 5]; sizes must be equal or 1");
  EXPECT_EQ(message_of<ShapeError>([&] {
              a.lower(Matrix::ones({2, 3}));
            }),
            "lower: dim 0 differs: lhs [8, 3], rhs [2, 3]; sizes must be equal or 1");
  EXPECT_THROW(a.hypot(Matrix::ones({0, 3})), ShapeError) << "0 is not 1";
}

TEST(Broadcasting, StretchesSizesOfOne) {
  const auto column = Matrix::from_data({{1.0}, {2.0}}), row = Matrix::from_data({{10.0, 20.0, 30.0}});
  EXPECT_EQ((column + row).to_data(), TensorData({{11.0F, 21.0F, 31.0F}, {12.0F, 22.0F, 32.0F}}));
  EXPECT_EQ((column * Matrix::zeros({2, 0})).shape(), (Shape{2, 0}));
  EXPECT_EQ((row - Matrix::zeros({0, 1})).shape(), (Shape{0, 3}));
}

TEST(Broadcasting, SumsTheGradientOverWhatWasStretched) {
  const auto column = Tensor<Autodiff<Cpu>, 2>::from_data({{1.0}, {2.0}}).require_grad();
  const auto row = Tensor<Autodiff<Cpu>, 2>::from_data({{10.0, 20.0, 30.0}}).require_grad();
  const auto gradients = (column * row).backward();
  EXPECT_EQ(column.grad(gradients)->to_data(), TensorData({{60.0F}, {60.0F}}));
  EXPECT_EQ(row.grad(gradients)->to_data(), TensorData({{3.0F, 3.0F, 3.0F}}));
}

TEST(TensorError, NamesTheOperationAndBothDtypes) {
  const auto wide = Vector::ones({2}, {}, DType::F64);
  EXPECT_EQ(message_of<DTypeError>([&] { Vector::ones({2}) * wide; }),
            "mul: dtypes differ: lhs f32, rhs f64; cast() one of them");
  try {
    static_cast<void>(Vector::ones({2}) * wide);
  } catch (const Error& e) {
    EXPECT_EQ(e.operation(), "mul");
  }
}

TEST(TensorError, OfMatmulHintsWhereATransposeWouldFit) {
  EXPECT_EQ(message_of<ShapeError>([] {
              Matrix::ones({32, 784}).matmul(Matrix::ones({256, 784}));
            }),
            "matmul: inner dimensions differ: lhs [32, 784], rhs [256, 784]; rhs.transpose() has shape [784, 256]");
  EXPECT_EQ(message_of<ShapeError>([] {
              Tensor<Cpu, 3>::ones({2, 3, 4}).matmul(Tensor<Cpu, 3>::ones({3, 4, 5}));
            }),
            "matmul: dim 0 differs: lhs [2], rhs [3]; sizes must be equal or 1");
}

TEST(TensorError, LeavesGivenOperandsAlone) {
  auto a = Vector::full({300}, 2), b = Vector::full({301}, 3);
  EXPECT_THROW(std::move(a) + std::move(b), ShapeError);
  EXPECT_EQ(a.sum().into_scalar(), 600);
  EXPECT_EQ(b.sum().into_scalar(), 903);
  auto x = Tensor<Cpu, 1, Int>::full({300}, 2), zeros = Tensor<Cpu, 1, Int>::zeros({300});
  EXPECT_THROW(std::move(x) / std::move(zeros), ValueError);
  EXPECT_EQ(x.sum().into_scalar(), 600);
  EXPECT_EQ(zeros.sum().into_scalar(), 0);
}

TEST(MovedFromTensor, SaysThatItIsEmptyInEveryCall) {
  auto x = Vector::ones({2});
  const auto y = std::move(x) * 2.0;
  const std::string empty = "it was moved from, or never given a value";
  const auto says = [&](auto f) {
    const std::string message = message_of<ValueError>(f);
    EXPECT_NE(message.find(empty), std::string::npos) << message;
  };
  says([&] { x.shape(); });
  says([&] { x.dims(); });
  says([&] { x.numel(); });
  says([&] { x.dtype(); });
  says([&] { x.to_data(); });
  says([&] { x.into_scalar(); });
  says([&] { x + y; });
  says([&] { y + x; });
  says([&] { x + 1.0; });
  says([&] { 1.0 - x; });
  says([&] { x.exp(); });
  says([&] { x.sum(); });
  says([&] { x.sum_dim(0); });
  says([&] { x.argmax(0); });
  says([&] { x.var(0); });
  says([&] { x.reshape({1, 2}); });
  says([&] { x.unsqueeze(); });
  says([&] { x.flatten(); });
  says([&] { x.slice({0}); });
  says([&] { x.narrow(0, 0, 1); });
  says([&] { x.flip({0}); });
  says([&] { x.roll(1, 0); });
  says([&] { x.expand({3, 2}); });
  says([&] { x.repeat({2}); });
  says([&] { x.split(1, 0); });
  says([&] { x.chunk(2, 0); });
  says([&] { x.softmax(0); });
  says([&] { x.clamp(0, 1); });
  says([&] { x.cast(DType::F64); });
  says([&] { x.to_int(); });
  says([&] { x.mask_fill(y.greater(0.0), 1); });
  says([&] { y.mask_where(y.greater(0.0), x); });
  says([&] { x.select(0, y.to_int()); });
  says([&] { x.gather(0, y.to_int()); });
  says([&] { Vector::cat({y, x}, 0); });
  says([&] { Vector::cat({x, y}, 0); });
  says([&] { Vector::stack({x}, 0); });
  says([&] { x.zeros_like(); });
  says([&] { x.to_device({}); });
  says([&] { y.max_pair(x); });
  says([&] { x.max_pair(1.0); });
  says([&] { x.dot(y); });
  says([&] { x.is_nan(); });
  says([&] { x.detach(); });
  says([&] { Matrix().matmul(Matrix()); });
  says([&] { Matrix().transpose(); });
  says([&] { Matrix().triu(); });
  says([&] { Matrix().permute({1, 0}); });
  says([&] { Matrix().swap_dims(0, 1); });
  EXPECT_EQ(x.to_string(), "Tensor (empty)") << "but it can be printed";
  x = y;
  EXPECT_EQ(x.sum().into_scalar(), 4) << "and given a value again";
}

TEST(MovedFromTensor, SaysThatItIsEmptyOnAutodiffToo) {
  using AD = Autodiff<Cpu>;
  Tensor<AD, 1> x;
  EXPECT_THROW(x.require_grad(), ValueError);
  EXPECT_THROW(x.is_require_grad(), ValueError);
  EXPECT_THROW(x.is_tracked(), ValueError);
  EXPECT_THROW(x.inner(), ValueError);
  EXPECT_THROW(x.detach(), ValueError);
  EXPECT_THROW(x.retain_grad(), ValueError);
  EXPECT_THROW((Tensor<AD, 1>::from_inner(Vector())), ValueError);
  Gradients<AD> gradients;
  EXPECT_THROW(x.grad(gradients), ValueError);
  EXPECT_THROW(checkpoint([](const Tensor<AD, 1>& a) { return a; }, x), ValueError);
}

TEST(ToDevice, GivesTheTensorOrSaysWhatThereIs) {
  const auto x = Vector::ones({2});
  EXPECT_EQ(x.to_device(Device::cpu()).to_data(), x.to_data());
  EXPECT_EQ(message_of<DeviceError>([&] {
              x.to_device({Device::Kind::Cpu, 3});
            }),
            "to_device: there is no device of index 3; the only one is the CPU, index 0");
}

TEST(Device, OfAnyOtherIndexIsRefusedAtCreation) {
  const Device nowhere{Device::Kind::Cpu, 3};
  EXPECT_EQ(message_of<DeviceError>([&] { Vector::ones({2}, nowhere); }),
            "full: there is no device of index 3; the only one is the CPU, index 0");
  EXPECT_THROW(Vector::from_data(TensorData({1.0F}), nowhere), DeviceError);
  EXPECT_THROW(Vector::from_data({1.0}, nowhere), DeviceError);
  EXPECT_THROW(Vector::random({2}, {}, nowhere), DeviceError);
  EXPECT_THROW(Vector::arange(0, 2, 1, nowhere), DeviceError);
  EXPECT_THROW(Matrix::eye(2, nowhere), DeviceError);
  EXPECT_THROW((Tensor<Cpu, 1, Int>::random_permutation(2, nowhere)), DeviceError);
}

}  // namespace
}  // namespace fornax::test
