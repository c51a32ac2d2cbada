// Autodiff of Autodiff: higher derivatives against closed forms.

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>

namespace fornax::test {
namespace {

using AD1 = Autodiff<Cpu>;
using AD2 = Autodiff<AD1>;
using AD3 = Autodiff<AD2>;

constexpr double kTolerance = 1e-13;  // f64, a few dozen roundings of values near 1

template <class B> Tensor<B, 1> vector(const std::vector<double>& values) {
  return Tensor<B, 1>::from_data(TensorData(values));
}

void expect_close(const TensorData& a, const std::vector<double>& expected, double tolerance = kTolerance) {
  EXPECT_NO_THROW(a.assert_approx_eq(TensorData(expected), tolerance, tolerance));
}

// The second derivatives of sum f(x), elementwise, at points.
template <class F> TensorData second_derivative(F f, const std::vector<double>& points) {
  const auto x1 = vector<AD1>(points).require_grad();
  const auto x2 = Tensor<AD2, 1>::from_inner(x1).require_grad();
  const Tensor<AD1, 1> g = *x2.grad(f(x2).sum().backward());
  return x1.grad(g.sum().backward())->to_data();
}

template <class F> TensorData third_derivative(F f, const std::vector<double>& points) {
  const auto x1 = vector<AD1>(points).require_grad();
  const auto x2 = Tensor<AD2, 1>::from_inner(x1).require_grad();
  const auto x3 = Tensor<AD3, 1>::from_inner(x2).require_grad();
  const Tensor<AD2, 1> g3 = *x3.grad(f(x3).sum().backward());
  const Tensor<AD1, 1> g2 = *x2.grad(g3.sum().backward());
  return x1.grad(g2.sum().backward())->to_data();
}

const std::vector<double> kPoints = {-1.3, 0.0, 0.4, 2.0};

std::vector<double> at_points(double (*f)(double)) {
  std::vector<double> values;
  for (const double x : kPoints) values.push_back(f(x));
  return values;
}

TEST(NestedAutodiff, GivesSecondDerivatives) {
  expect_close(second_derivative([](const auto& x) { return x.powf_scalar(3.0); }, kPoints),
               at_points([](double x) { return 6 * x; }));
  expect_close(second_derivative([](const auto& x) { return x * x * x; }, kPoints),
               at_points([](double x) { return 6 * x; }));
  expect_close(second_derivative([](const auto& x) { return x.sin(); }, kPoints),
               at_points([](double x) { return -std::sin(x); }));
  expect_close(second_derivative([](const auto& x) { return (x * x).neg().exp(); }, kPoints),
               at_points([](double x) { return (4 * x * x - 2) * std::exp(-x * x); }));
  expect_close(second_derivative([](const auto& x) { return x.tanh(); }, kPoints), at_points([](double x) {
                 const double t = std::tanh(x);
                 return -2 * t * (1 - t * t);
               }));
}

TEST(NestedAutodiff, GivesThirdDerivativesWhenNestedThrice) {
  expect_close(third_derivative([](const auto& x) { return x.powf_scalar(4.0); }, kPoints),
               at_points([](double x) { return 24 * x; }));
  expect_close(third_derivative([](const auto& x) { return x.sin(); }, kPoints),
               at_points([](double x) { return -std::cos(x); }));
  expect_close(third_derivative([](const auto& x) { return (x * 2.0).exp(); }, kPoints),
               at_points([](double x) { return 8 * std::exp(2 * x); }));
}

TEST(NestedAutodiff, GivesMixedDerivatives) {
  // d²/dx dy of x² y³ = 6 x y²
  const auto x = vector<AD1>({3.0}), y1 = vector<AD1>({2.0}).require_grad();
  const auto x2 = Tensor<AD2, 1>::from_inner(x).require_grad();
  const auto y2 = Tensor<AD2, 1>::from_inner(y1);
  const auto dx = *x2.grad((x2 * x2 * y2 * y2 * y2).backward());
  EXPECT_EQ(y1.grad(dx.backward())->to_data(), TensorData({72.0}));
}

// f(w) = v · softmax(X w). With p = softmax(z), m = v · p and e = v - m:
// d²f/dz_j dz_k = δ_jk p_j e_j - p_j p_k (e_j + e_k), and the Hessian in w is Xᵀ (d²f/dz²) X.
TEST(NestedAutodiff, GivesTheHessianOfAMatmulAndSoftmax) {
  const std::vector<std::vector<double>> X = {{0.5, -1.0, 0.3}, {1.5, 0.2, -0.7}, {-0.4, 0.9, 1.1}, {0.8, 0.1, -1.2}};
  const std::vector<double> w = {0.3, -0.6, 0.9}, v = {1.0, -2.0, 0.5, 3.0};
  const std::size_t n = X.size(), d = w.size();

  std::vector<double> p(n), e(n);
  double total = 0, m = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double z = 0;
    for (std::size_t j = 0; j < d; ++j) z += X[i][j] * w[j];
    total += p[i] = std::exp(z);
  }
  for (std::size_t i = 0; i < n; ++i) m += v[i] * (p[i] /= total);
  for (std::size_t i = 0; i < n; ++i) e[i] = v[i] - m;
  std::vector<double> hessian(d * d);
  for (std::size_t a = 0; a < d; ++a)
    for (std::size_t b = 0; b < d; ++b)
      for (std::size_t j = 0; j < n; ++j)
        for (std::size_t k = 0; k < n; ++k)
          hessian[a * d + b] += X[j][a] * X[k][b] * ((j == k ? p[j] * e[j] : 0) - p[j] * p[k] * (e[j] + e[k]));

  std::vector<double> flat;
  for (const auto& row : X) flat.insert(flat.end(), row.begin(), row.end());
  const auto w1 = Tensor<AD1, 2>::from_data(TensorData(w, Shape{3, 1})).require_grad();
  const auto w2 = Tensor<AD2, 2>::from_inner(w1).require_grad();
  const auto x = Tensor<AD2, 2>::from_data(TensorData(flat, Shape{4, 3}));
  const auto weights = Tensor<AD2, 2>::from_data(TensorData(v, Shape{4, 1}));
  const auto f = (x.matmul(w2).softmax(0) * weights).sum();
  const Tensor<AD1, 2> gradient = *w2.grad(f.backward());
  for (std::int64_t row = 0; row < 3; ++row) {
    const auto g = w1.grad(gradient.narrow(0, row, 1).sum().backward());
    const auto at = hessian.begin() + row * 3;
    expect_close(g->to_data().reshape(Shape{3}), std::vector<double>(at, at + 3));
  }
}

// A penalty on the gradient's norm, as in WGAN-GP: P = |∇f|² with f = sum x³ / 3, so ∇f = x² and dP/dx = 4x³.
TEST(NestedAutodiff, DifferentiatesAPenaltyOnAGradient) {
  const auto x1 = vector<AD1>(kPoints).require_grad();
  const auto x2 = Tensor<AD2, 1>::from_inner(x1).require_grad();
  const auto g = *x2.grad((x2 * x2 * x2 / 3.0).sum().backward());
  expect_close(x1.grad((g * g).sum().backward())->to_data(), at_points([](double x) { return 4 * x * x * x; }));
}

TEST(NestedAutodiff, KeepsItsLevelsApart) {
  const auto x1 = vector<AD1>({2.0}).require_grad();
  const auto constant = Tensor<AD2, 1>::from_inner(x1);
  EXPECT_FALSE(constant.is_tracked()) << "a leaf of the inner level is a constant of the outer one";
  const auto y = constant * constant;
  EXPECT_FALSE(y.is_tracked());
  EXPECT_TRUE(y.inner().is_tracked()) << "and what is computed from it is still recorded inside";
  EXPECT_EQ(x1.grad(y.inner().backward())->to_data(), TensorData({4.0}));

  const auto x2 = constant.require_grad();
  EXPECT_FALSE(x2.detach().is_tracked());
  EXPECT_FALSE(x2.detach().inner().is_tracked()) << "detach cuts every level";
  const auto linear = *x2.grad((x2 * 3.0).backward());
  EXPECT_FALSE(linear.is_tracked()) << "the slope of a line does not depend on x";
}

}  // namespace
}  // namespace fornax::test
