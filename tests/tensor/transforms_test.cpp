// Function transforms: against closed forms, against each other, nested, over structs, and refused where they must be.

#include <cmath>
#include <optional>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using Vector = Tensor<Cpu, 1>;
using Matrix = Tensor<Cpu, 2>;

Vector vector(std::initializer_list<double> values) { return Vector::from_data(values, {}, DType::F64); }
Matrix matrix(std::initializer_list<std::initializer_list<double>> rows) {
  return Matrix::from_data(rows, {}, DType::F64);
}

template <class T> void expect_near(const T& got, const T& expected, double tolerance = 1e-12) {
  EXPECT_NO_THROW(got.to_data().assert_approx_eq(expected.to_data(), tolerance, tolerance));
}

const auto cube = [](const auto& x) { return (x * x * x).sum(); };

// Rosenbrock's function of n variables.
const auto rosenbrock = [](const auto& x) {
  const auto n = x.dims()[0];
  const auto head = x.narrow(0, 0, n - 1), tail = x.narrow(0, 1, n - 1);
  const auto bend = tail - head * head, rest = 1.0 - head;
  return (bend * bend * 100.0 + rest * rest).sum();
};

template <class B> struct Line {
  Tensor<B, 2> w;
  Tensor<B, 1> b;
  std::vector<Tensor<B, 1>> more;
  std::optional<Tensor<B, 1>> absent;
  double scale = 1;
  FORNAX_FIELDS(w, b, more, absent, scale)
};

// --- grad -----------------------------------------------------------------------------------------------------------

TEST(Grad, GivesTheDerivativeAndTheValue) {
  const auto [value, gradient] = value_and_grad(cube)(vector({1, -2, 0.5}));
  EXPECT_DOUBLE_EQ(value.into_scalar(), 1 - 8 + 0.125);
  expect_near(gradient, vector({3, 12, 0.75}));
  expect_near(grad(cube)(vector({2})), vector({12}));
}

TEST(Grad, NestsToAnyOrder) {
  const auto second = grad([](const auto& x) { return grad(cube)(x).sum(); });
  const auto third = grad([&](const auto& x) { return second(x).sum(); });
  expect_near(second(vector({1, 2})), vector({6, 12}));
  expect_near(third(vector({1, 2})), vector({6, 6}));
}

TEST(Grad, IsForTheArgumentsThatAreNamed) {
  const auto f = [](const auto& a, const auto& b) { return (a * b * b).sum(); };
  expect_near(grad(f)(vector({2}), vector({3})), vector({9}));
  expect_near(grad<1>(f)(vector({2}), vector({3})), vector({12}));
  const auto [da, db] = grad<0, 1>(f)(vector({2}), vector({3}));
  expect_near(da, vector({9}));
  expect_near(db, vector({12}));
}

TEST(Grad, LooksIntoStructs) {
  Line<Cpu> line{matrix({{1, 2}, {3, 4}}), vector({1, 1}), {vector({5}), vector({6})}, std::nullopt, 3};
  const auto f = []<class B>(const Line<B>& l) {
    return (l.w.matmul(l.b.unsqueeze_dim(1)).sum() + (l.more[0] * l.more[1]).sum()) * l.scale;
  };
  const Line<Cpu> g = grad(f)(line);
  expect_near(g.w, matrix({{3, 3}, {3, 3}}));
  expect_near(g.b, vector({12, 18}));
  ASSERT_EQ(g.more.size(), 2u);
  expect_near(g.more[0], vector({18}));
  expect_near(g.more[1], vector({15}));
  EXPECT_FALSE(g.absent.has_value());
  EXPECT_EQ(g.scale, 3);
}

TEST(Grad, OfWhatDoesNotDependIsZeros) {
  expect_near(grad([](const auto& x) { return x.detach().sum(); })(vector({1, 2})), vector({0, 0}));
  expect_near(grad<1>([](const auto& x, const auto&) { return x.sum(); })(vector({1}), vector({4, 5})), vector({0, 0}));
  expect_near(grad([](const auto& x) { return (stop_gradient(x) * x).sum(); })(vector({3})), vector({3}));
}

TEST(Grad, RecordsEvenWhereTheUserRecordsNothing) {
  const Vector g = no_grad([] { return grad(cube)(vector({1})); });
  expect_near(g, vector({3}));
}

TEST(Grad, LiftsWhatAFunctionCaptures) {
  const Vector w = vector({2, 3});
  expect_near(grad([&](const auto& x) { return (x * lift(w, x)).sum(); })(vector({1, 1})), w);
}

TEST(Grad, RefusesSeveralElements) {
  EXPECT_EQ(
      message_of<ShapeError>([] {
        grad([](const auto& x) { return x * 2.0; })(vector({1, 2}));
      }),
      "grad: the function gives shape [2], only one element has a gradient; jacobian() differentiates all of them");
}

// --- vjp, jvp, linearize ----------------------------------------------------------------------------------------------

TEST(Vjp, MapsCotangentsAnyNumberOfTimes) {
  const auto run = vjp([](const auto& a, const auto& b) { return a * b; }, vector({2, 3}), vector({5, 7}));
  expect_near(run.value, vector({10, 21}));
  for (int i = 0; i < 2; ++i) {
    const auto [da, db] = run.pullback(vector({1, 10}));
    expect_near(da, vector({5, 70}));
    expect_near(db, vector({2, 30}));
  }
  EXPECT_THROW(run.pullback(vector({1})), ShapeError);
}

TEST(Vjp, TakesFunctionsWithSeveralResults) {
  const auto run = vjp([](const auto& x) { return std::tuple(x.sin(), x * 2.0); }, vector({0.5}));
  expect_near(run.pullback({vector({1}), vector({10})}), vector({std::cos(0.5) + 20}));
}

TEST(Jvp, GivesTheDirectionalDerivative) {
  const auto [y, dy] = jvp([](const auto& x) { return x.sin(); }, vector({0.3, 1}), vector({1, 2}));
  expect_near(y, vector({std::sin(0.3), std::sin(1.0)}));
  expect_near(dy, vector({std::cos(0.3), 2 * std::cos(1.0)}));
  const auto [z, dz] = jvp([](const auto& a, const auto& b) { return a * b; }, std::tuple(vector({2}), vector({3})),
                           std::tuple(vector({1}), Vector()));
  expect_near(dz, vector({3}));
  EXPECT_EQ(message_of<ShapeError>([] {
              jvp(cube, vector({1, 2}), vector({1}));
            }),
            "jvp: the tangent has shape [1], the value has [2]");
}

TEST(Jvp, NestsWithoutConfusingItsPerturbations) {
  // d/dx (x d/dy (x + y)) = 1: the inner derivative must not see the outer tangent.
  const auto inner = [](const auto& x) {
    const auto one = jvp([&](const auto& y) { return lift(x, y) + y; }, x, x * 0.0 + 1.0).second;
    return x * one;
  };
  expect_near(jvp(inner, vector({3}), vector({1})).second, vector({1}));
}

TEST(Linearize, IsTheSameAsJvpForEveryDirection) {
  const auto f = [](const auto& x) { return x.exp() * x.sum(); };
  const Vector x = vector({0.1, -0.4, 0.7});
  const auto linear = linearize(f, x);
  for (const Vector& t : {vector({1, 0, 0}), vector({0.3, -2, 5})}) {
    const auto [y, dy] = jvp(f, x, t);
    expect_near(linear.value, y);
    expect_near(linear.map(t), dy);
  }
}

// --- Hessians and Jacobians ---------------------------------------------------------------------------------------------

TEST(Jacobian, IsTheSameForwardAndInReverse) {
  const auto f = [](const auto& x) { return (x * x).sum() * x.narrow(0, 0, 2); };
  const Vector x = vector({1, 2, 3});
  const Matrix expected = matrix({{14 + 2, 4, 6}, {4, 14 + 8, 12}});
  expect_near(jacobian_forward(f)(x), expected);
  expect_near(jacobian_reverse(f)(x), expected);
  expect_near(jacobian(f)(x), expected);
  const auto wide = [](const auto& y) { return y.narrow(0, 0, 1) * y.narrow(0, 1, 1).expand({4}); };
  expect_near(jacobian(wide)(vector({2, 3})), matrix({{3, 2}, {3, 2}, {3, 2}, {3, 2}}));
}

TEST(Jacobian, OfMatricesHasTheDimsOfBoth) {
  const auto f = [](const auto& m) { return m.transpose(); };
  const auto j = jacobian(f)(matrix({{1, 2, 3}, {4, 5, 6}}));
  EXPECT_EQ(j.shape(), (Shape{3, 2, 2, 3}));
  EXPECT_EQ(j.sum().into_scalar(), 6);
  const auto constant = jacobian([](const auto& x) { return x.detach(); })(vector({1, 2}));
  expect_near(constant, matrix({{0, 0}, {0, 0}}));
}

TEST(Hessian, OfRosenbrockIsKnown) {
  const Vector x = vector({-1.2, 1, 0.7});
  const Matrix h = hessian(rosenbrock)(x);
  // d²/dx0² = 1200 x0² - 400 x1 + 2 and so on: tridiagonal.
  expect_near(h, matrix({{1200 * 1.44 - 400 + 2, 480, 0}, {480, 200 + 1200 - 280 + 2, -400}, {0, -400, 200}}), 1e-10);
  expect_near(hvp(rosenbrock, x, vector({1, -1, 2})), h.matmul(matrix({{1}, {-1}, {2}})).squeeze_dim(1), 1e-10);
}

// --- Rules of the user's own --------------------------------------------------------------------------------------------

TEST(CustomVjp, ReplacesTheDerivativeInEveryMode) {
  const auto f = custom_vjp([](const auto& x) { return x.exp(); },
                            [](const auto& x, const auto& g) { return g * x * 7.0; });  // not the derivative of exp
  const Vector x = vector({0.5, 2});
  expect_near(f(x), vector({std::exp(0.5), std::exp(2.0)}));
  expect_near(grad([&](const auto& y) { return f(y).sum(); })(x), vector({3.5, 14}));
  expect_near(jvp(f, x, vector({1, 10})).second, vector({3.5, 140}));
  const auto twice = grad([&](const auto& y) { return grad([&](const auto& z) { return f(z).sum(); })(y).sum(); });
  expect_near(twice(x), vector({7, 7}));
  expect_near(vmap(f)(matrix({{0.5, 2}, {1, 0}})), matrix({{0.5, 2}, {1, 0}}).exp());
}

TEST(CustomJvp, ReplacesTheDerivativeInEveryMode) {
  const auto f =
      custom_jvp([](const auto& a, const auto& b) { return a * b; },
                 [](const auto& a, const auto&, const auto& da, const auto& db) { return da * 3.0 + db * a; });
  const Vector a = vector({2, 5}), b = vector({1, 1});
  expect_near(jvp(f, std::tuple(a, b), std::tuple(vector({1, 1}), vector({1, 0}))).second, vector({5, 3}));
  const auto [da, db] = grad<0, 1>([&](const auto& x, const auto& y) { return f(x, y).sum(); })(a, b);
  expect_near(da, vector({3, 3}));
  expect_near(db, a);
}

}  // namespace
}  // namespace fornax::test
