// Sparse Jacobians and Hessians: the dense ones, from few directions.

#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using Vector = Tensor<Cpu, 1>;

Vector points(std::int64_t n) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(0.3 + 0.1 * static_cast<double>(i % 7));
  return Vector::from_data(TensorData(values));
}

const auto rosenbrock = [](const auto& x) {
  const auto n = x.dims()[0];
  const auto low = x.narrow(0, 0, n - 1), bend = x.narrow(0, 1, n - 1) - low * low, rest = 1.0 - low;
  return (bend * bend * 100.0 + rest * rest).sum();
};
// y_i = x_i² + sin(x_{i+1}): two entries in each row.
const auto chain = [](const auto& x) {
  const auto n = x.dims()[0];
  const auto low = x.narrow(0, 0, n - 1);
  return low * low + x.narrow(0, 1, n - 1).sin();
};

TEST(Sparsity, OfRosenbrockIsThreeDiagonals) {
  const SparsityPattern pattern = detect_sparsity(grad(rosenbrock), points(20));
  EXPECT_EQ(pattern.size(), 20 + 2 * 19);
  EXPECT_EQ(pattern.colours(), 3);
}

TEST(Sparsity, SeesArgumentsWhoseSlopeIsZeroHere) {
  const SparsityPattern pattern = detect_sparsity([](const auto& x) { return x * x; }, Vector::zeros({4}));
  EXPECT_EQ(pattern.size(), 4);
  EXPECT_EQ(pattern.colours(), 1);
}

TEST(SparseJacobian, IsTheDenseOne) {
  const Vector x = points(12);
  const auto sparse = sparse_jacobian(chain, detect_sparsity(chain, x))(x);
  EXPECT_EQ(sparse.pattern.colours(), 2);
  sparse.to_dense().to_data().assert_approx_eq(jacobian(chain)(x).to_data(), 1e-14, 1e-14);
}

TEST(SparseHessian, IsTheDenseOneAtOtherPointsToo) {
  const auto sparse = sparse_hessian(rosenbrock, detect_sparsity(grad(rosenbrock), points(30)));
  const Vector x = points(30) * 2.0 - 1.0;
  sparse(x).to_dense().to_data().assert_approx_eq(hessian(rosenbrock)(x).to_data(), 1e-11, 1e-11);
}

TEST(SparseHessian, CanBeDifferentiated) {
  const Vector x = points(5);
  const auto pattern = detect_sparsity(grad(rosenbrock), x);
  const auto sum = [&](const auto& h) { return h.sum(); };
  const Vector got = grad([&](const auto& at) { return sum(sparse_hessian(rosenbrock, pattern)(at).values); })(x);
  const Vector expected = grad([&](const auto& at) { return sum(hessian(rosenbrock)(at)); })(x);
  got.to_data().assert_approx_eq(expected.to_data(), 1e-10, 1e-10);
}

TEST(Sparsity, RefusesWhatDoesNotFit) {
  const std::vector<std::int64_t> rows{0, 2}, columns{1, 0};
  EXPECT_EQ(message_of<IndexError>([&] { SparsityPattern(2, 2, rows, columns); }),
            "SparsityPattern: entry (2, 0) of a matrix of shape [2, 2]");
  const SparsityPattern pattern(3, 3, rows, columns);
  EXPECT_EQ(message_of<ShapeError>([&] { sparse_jacobian(chain, pattern)(points(4)); }),
            "sparse_jacobian: x has shape [4], the pattern 3 columns");
  EXPECT_THROW(sparse_jacobian(chain, pattern)(points(3)), ShapeError);
}

}  // namespace
}  // namespace fornax::test
