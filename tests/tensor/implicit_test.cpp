// Derivatives of roots and fixed points: closed forms, in every mode and to second order.

#include <cmath>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>
#include <support/errors.hpp>

namespace fornax::test {
namespace {

using Vector = Tensor<Cpu, 1>;
Vector vector(std::initializer_list<double> values) { return Vector::from_data(values, {}, DType::F64); }
void expect_near(const Vector& got, const Vector& expected, double tolerance = 1e-10) {
  EXPECT_NO_THROW(got.to_data().assert_approx_eq(expected.to_data(), tolerance, tolerance));
}

// The square root by Newton's method, far from being differentiable itself: it reads its values.
const auto root = custom_root([](const auto& x, const auto& a) { return x * x - a; },
                              [](const auto& a) {
                                auto x = a * 0.0 + 1.0;
                                for (int i = 0; i < 60; ++i) x = (x + a / x) * 0.5;
                                return x;
                              });

TEST(CustomRoot, DifferentiatesTheEquation) {
  const Vector a = vector({4, 9, 2});
  expect_near(root(a), vector({2, 3, std::sqrt(2.0)}));
  expect_near(grad([](const auto& at) { return root(at).sum(); })(a), vector({0.25, 1.0 / 6, 0.5 / std::sqrt(2.0)}));
  expect_near(jvp(root, a, vector({1, 6, 0})).second, vector({0.25, 1, 0}));
}

TEST(CustomRoot, HasSecondDerivatives) {
  const auto second = grad([](const auto& at) { return grad([](const auto& x) { return root(x).sum(); })(at).sum(); });
  expect_near(second(vector({4})), vector({-0.25 / 8}));
  expect_near(hvp([](const auto& at) { return root(at).sum(); }, vector({4}), vector({1})), vector({-0.25 / 8}));
}

TEST(CustomRoot, TakesCoupledEquationsAndSeveralParameters) {
  // x0 + b x1 = a0, x0 x1 = a1 at a = (5, 6), b = 1: x = (2, 3) or (3, 2).
  const auto solve = [](const auto& a, const auto&) { return a * 0.0 + lift(vector({2, 3}), a); };
  const auto pair = custom_root(
      [](const auto& x, const auto& a, const auto& b) {
        const auto x0 = x.narrow(0, 0, 1), x1 = x.narrow(0, 1, 1);
        return std::remove_cvref_t<decltype(x0)>::cat({x0 + b * x1, x0 * x1}, 0) - a;
      },
      solve);
  const auto [da, db] =
      grad<0, 1>([&](const auto& a, const auto& b) { return pair(a, b).narrow(0, 0, 1); })(vector({5, 6}), vector({1}));
  // [1 b; x1 x0] dx = (da0 - x1 db, da1), whose determinant is x0 - b x1 = -1: dx0 = -2 (da0 - 3 db) + da1.
  expect_near(da, vector({-2, 1}));
  expect_near(db, vector({6}));
}

TEST(CustomRoot, RefusesASingularEquation) {
  const auto flat =
      custom_root([](const auto& x, const auto& a) { return x * x - a; }, [](const auto& a) { return a; });
  EXPECT_THROW(grad([&](const auto& a) { return flat(a).sum(); })(vector({0})), ValueError);
}

TEST(FixedPoint, ForgetsItsIterations) {
  // x = cos(a x): dx/da = -x sin(a x) / (1 + a sin(a x)).
  const auto solve = [](const auto& a) {
    return fixed_point([](const auto& x, const auto& at) { return (x * at).cos(); }, a * 0.0 + 0.5, {}, a);
  };
  const Vector x = solve(vector({1}));
  expect_near(x, vector({0.7390851332151607}));
  const double s = std::sin(0.7390851332151607);
  expect_near(grad([&](const auto& a) { return solve(a).sum(); })(vector({1})),
              vector({-0.7390851332151607 * s / (1 + s)}), 1e-8);
  EXPECT_EQ(message_of<ValueError>([] {
              fixed_point([](const auto& y, const auto& a) { return y * a; }, vector({1}), {.most_iterations = 5},
                          vector({2}));
            }),
            "fixed_point: did not converge in 5 iterations");
}

}  // namespace
}  // namespace fornax::test
