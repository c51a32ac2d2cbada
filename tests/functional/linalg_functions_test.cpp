// Norms, functions and products of matrices, and what linear algebra refuses.

#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "linalg_data.hpp"

namespace fornax::test {
namespace {

// --- Numbers and functions --------------------------------------------------------------------------------------------

TEST(MatrixNorm, AgreesWithNumpy) {
  using enum linalg::Norm;
  const std::pair<linalg::Norm, double> norms[] = {
      {Frobenius, 4.5069390943299865}, {Nuclear, 6.218662393773854}, {One, 5.5}, {NegOne, 5.25},
      {Two, 3.8081226593889457},       {NegTwo, 2.410539734384908},  {Inf, 5.0}, {NegInf, 1.25}};
  for (const auto& [norm, value] : norms) {
    EXPECT_NEAR(linalg::matrix_norm(kTall, norm).item(), value, kClose);
    const auto f = [norm = norm](const std::vector<Array>& x) { return list({linalg::matrix_norm(x[0], norm)}); };
    expect_derivatives(f, {random_data(Shape{2, 4, 3}, 15)}, {.tolerance = 1e-6});
  }
  EXPECT_EQ(linalg::matrix_norm(kTall).shape(), Shape{});
}

TEST(VectorNorm, AgreesWithNumpyAndIsFlatAtZero) {
  const Array v = floats({3, -4, 0, 12});
  const std::pair<double, double> norms[] = {
      {0, 3}, {1, 19}, {2, 13}, {3, 12.207054953820636}, {0.5, 51.78460969082653}, {-1, 0}, {kInf, 12}, {-kInf, 0}};
  for (const auto& [p, value] : norms) EXPECT_NEAR(linalg::vector_norm(v, p).item(), value, 1e-12) << p;
  EXPECT_NEAR(linalg::vector_norm(floats({3, -4, 12}), -2).item(), 2.3533936216582085, 1e-14);
  Interpreter& on = Autodiff<Cpu>::interpreter();
  for (const double p : {0.0, 1.0, 1.5, 2.0, 3.0, kInf}) {
    const Array zero = autodiff::require_grad(on, floats({0, 0}));
    const Array norm = linalg::vector_norm(zero, p);
    if (!autodiff::is_tracked(on, norm)) continue;
    const Array g = autodiff::backward(on, norm, Array()).find(zero);
    if (g.defined()) expect_same(numbers(unary(UnaryFn::Abs, g)), {0, 0}, std::to_string(p));
  }
  const auto f = [](const std::vector<Array>& x) {
    return list({linalg::vector_norm(x[0], 2.5, 1), linalg::vector_norm(x[0])});
  };
  expect_derivatives(f, {random_data(Shape{2, 3}, 17)}, {.tolerance = 1e-6});
}

TEST(Cond, AgreesWithNumpy) {
  EXPECT_NEAR(linalg::cond(kA).item(), 2.0573140336691558, kClose);
  EXPECT_NEAR(linalg::cond(kA, linalg::Norm::NegTwo).item(), 0.48607066477669963, kClose);
  EXPECT_NEAR(linalg::cond(kA, linalg::Norm::Frobenius).item(), 3.560878559443991, kClose);
  EXPECT_NEAR(linalg::cond(kA, linalg::Norm::One).item(), 3.8345323741007196, kClose);
  EXPECT_NEAR(linalg::cond(kA, linalg::Norm::Inf).item(), 3.496402877697842, kClose);
  EXPECT_EQ(linalg::cond(floats({1, 0, 0, 0}, Shape{2, 2})).item(), kInf);
}

TEST(MatrixRank, CountsSingularValues) {
  expect_same(numbers(linalg::matrix_rank(floats({1, 2, 2, 4, 1, 0, 0, 1, 0, 0, 0, 0}, Shape{3, 2, 2}))), {1, 2, 0});
  EXPECT_EQ(linalg::matrix_rank(floats({1, 0, 0, 1e-3}, Shape{2, 2}), 0.01).item(), 1);
  EXPECT_EQ(linalg::matrix_rank(kA).dtype(), DType::I64);
  EXPECT_EQ(linalg::matrix_rank(floats({}, Shape{0, 3})).item(), 0);
}

TEST(MatrixExp, AgreesWithScipyAtAnyNorm) {
  expect_near(numbers(linalg::matrix_exp(kA)),
              {5.926310444843364, 2.6835325667743035, 20.478620917652158, 3.008742355235951, -13.834046887961696,
               -32.58143434651975, 11.384549844020507, 27.282213220894928, 11.943795155315257},
              1e-12);
  // exp(t [0 1; -1 0]) turns by t.
  for (const double t : {0.0, 1e-9, 0.5, 10.0, 1000.0})
    expect_near(numbers(linalg::matrix_exp(floats({0, t, -t, 0}, Shape{2, 2}))),
                {std::cos(t), std::sin(t), -std::sin(t), std::cos(t)}, 1e-12, std::to_string(t), 1e-12);
  expect_same(numbers(linalg::matrix_exp(floats({-1e6, 1e308}, Shape{2, 1, 1}))), {0, kInf});
  // A nilpotent matrix: 1 + a, exactly.
  expect_near(numbers(linalg::matrix_exp(floats({0, 5, 0, 0}, Shape{2, 2}))), {1, 5, 0, 1}, 0);
  // A large cotangent does not spoil the gradient: that of a scalar's exponential is exp(a) g.
  Interpreter& on = Autodiff<Cpu>::interpreter();
  const Array a = autodiff::require_grad(on, floats({0.3}, Shape{1, 1}));
  for (const double g : {1e12, 1e-12, 0.0})
    expect_near(numbers(autodiff::backward(on, linalg::matrix_exp(a), floats({g}, Shape{1, 1})).find(a)),
                {std::exp(0.3) * g}, kClose);
  expect_derivatives([](const std::vector<Array>& x) { return list({linalg::matrix_exp(x[0])}); },
                     {random_data(Shape{2, 3, 3}, 18)}, {.tolerance = 1e-6});
}

TEST(MatrixPower, TakesPositiveAndNegativePowers) {
  expect_near(numbers(linalg::matrix_power(kA, 3)), {1.75, -8.25, 30.0, 15.0, -10.25, -61.5, 13.5, 49.5, 31.75},
              kClose);
  expect_near(
      numbers(linalg::matrix_power(kA, -2)),
      {0.17121267015164848, 0.08922933595569586, 0.026810206511050153, -0.07059676000207028, 0.026085606335075822,
       0.05424149888722116, 0.03726515190725117, -0.03136483618860307, 0.030019150147507893},
      1e-12);
  expect_same(numbers(linalg::matrix_power(kA, 0)), numbers(eye(3)));
  expect_same(numbers(linalg::matrix_power(ints({1, 1, 0, 1}, Shape{2, 2}), 10)), {1, 10, 0, 1});
  expect_same(numbers(linalg::matrix_power(eye(2), std::numeric_limits<std::int64_t>::min())), {1, 0, 0, 1});
  expect_derivatives([](const std::vector<Array>& x) { return list({linalg::matrix_power(x[0], -3)}); }, {kA.to_data()},
                     {.tolerance = 1e-6});
}

TEST(Products, AgreeWithNumpy) {
  expect_same(numbers(linalg::kron(floats({1, 2, 3, 4}, Shape{2, 2}), floats({0, 5}, Shape{1, 2}))),
              {0, 5, 0, 10, 0, 15, 0, 20});
  expect_same(numbers(linalg::cross(floats({1, 2, 3}), floats({4, -5, 6}))), {27, 6, -13});
  expect_same(numbers(linalg::outer(floats({1, 2}), floats({3, 4, 5}))), {3, 4, 5, 6, 8, 10});
  const std::vector<Array> chain{random_array(Shape{10}, 20), random_array(Shape{10, 100}, 21),
                                 random_array(Shape{100, 5}, 22), random_array(Shape{5}, 23)};
  const Array expected =
      matmul(matmul(matmul(reshape(chain[0], Shape{1, 10}), chain[1]), chain[2]), reshape(chain[3], Shape{5, 1}));
  const Array y = linalg::multi_dot(chain);
  EXPECT_EQ(y.shape(), Shape{});
  EXPECT_NEAR(y.item(), expected.item(), 1e-12);
}

TEST(Diagonals, AreTakenAndFilledAtAnyOffset) {
  const Array a = floats({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  expect_same(numbers(linalg::diagonal(a)), {1, 5});
  expect_same(numbers(linalg::diagonal(a, 1)), {2, 6});
  expect_same(numbers(linalg::diagonal(a, 2)), {3});
  expect_same(numbers(linalg::diagonal(a, -1)), {4});
  expect_same(numbers(linalg::diagonal(a, 7)), {});
  expect_same(numbers(linalg::diagonal(a, std::numeric_limits<std::int64_t>::min())), {});
  expect_same(numbers(linalg::diag(floats({1, 2}))), {1, 0, 0, 2});
  expect_same(numbers(linalg::diag(floats({1, 2}), 1)), {0, 1, 0, 0, 0, 2, 0, 0, 0});
  expect_same(numbers(linalg::diag(ints({1, 2}), -1)), {0, 0, 0, 1, 0, 0, 0, 2, 0});
  EXPECT_EQ(linalg::trace(reshape(kA, Shape{1, 3, 3})).shape(), Shape{1});
  EXPECT_EQ(linalg::trace(kA).item(), 9);
  EXPECT_EQ(linalg::trace(floats({}, Shape{0, 4})).item(), 0);
  const auto f = [](const std::vector<Array>& x) {
    return list({linalg::diag_embed(linalg::diagonal(x[0], 1), -1), linalg::trace(x[0])});
  };
  expect_derivatives(f, {random_data(Shape{2, 3, 4}, 24)});
}

// --- Wrong calls ------------------------------------------------------------------------------------------------------

TEST(Linalg, RefusesWhatIsNoSquareMatrixOfFloats) {
  const Array vector = floats({1, 2}), wide = floats({1, 2, 3, 4, 5, 6}, Shape{2, 3}),
              whole = ints({1, 0, 0, 1}, Shape{2, 2});
  const Array half = cast(eye(2), DType::F16);
  const std::pair<const char*, std::function<void(const Array&)>> functions[] = {
      {"cholesky", [](const Array& x) { linalg::cholesky(x); }},
      {"eigh", [](const Array& x) { linalg::eigh(x); }},
      {"eigh", [](const Array& x) { linalg::eigvalsh(x); }},
      {"inverse", [](const Array& x) { linalg::inverse(x); }},
      {"det", [](const Array& x) { linalg::det(x); }},
      {"slogdet", [](const Array& x) { linalg::slogdet(x); }},
      {"matrix_exp", [](const Array& x) { linalg::matrix_exp(x); }},
      {"solve",
       [](const Array& x) {
         linalg::solve(x, floats({1, 2}));
       }},
      {"triangular_solve",
       [](const Array& x) {
         linalg::triangular_solve(x, floats({1, 2}));
       }},
      {"cond", [](const Array& x) { linalg::cond(x, linalg::Norm::One); }}};
  for (const auto& [name, f] : functions) {
    const std::string start = std::string(name) + ": ";
    EXPECT_EQ(message_of<ShapeError>([&] { f(vector); }),
              start + "needs matrices, rank >= 2: got shape [2]; unsqueeze() adds a dim");
    EXPECT_EQ(message_of<ShapeError>([&] { f(wide); }), start + "needs square matrices: got shape [2, 3]");
    EXPECT_EQ(message_of<DTypeError>([&] { f(whole); }), start + "takes f64 or f32 elements, got i64; cast() converts");
    EXPECT_EQ(message_of<DTypeError>([&] { f(half); }), start + "takes f64 or f32 elements, got f16; cast() converts");
    EXPECT_TRUE(message_of<ValueError>([&] { f(Array()); }).find("an operand is empty") != std::string::npos);
  }
}

TEST(Linalg, RefusesWhatIsNoMatrix) {
  const Array vector = floats({1, 2}), whole = ints({1, 0, 0, 1}, Shape{2, 2});
  const std::function<void(const Array&)> functions[] = {
      [](const Array& x) { linalg::qr(x); },          [](const Array& x) { linalg::lu(x); },
      [](const Array& x) { linalg::svd(x); },         [](const Array& x) { linalg::pinv(x); },
      [](const Array& x) { linalg::matrix_rank(x); }, [](const Array& x) { linalg::svdvals(x); },
      [](const Array& x) { linalg::cond(x); },        [](const Array& x) { linalg::lstsq(x, floats({1, 2})); },
      [](const Array& x) { linalg::matrix_norm(x); }};
  for (const auto& f : functions) {
    EXPECT_THROW(f(vector), ShapeError);
    EXPECT_THROW(f(whole), DTypeError);
    EXPECT_THROW(f(Array()), ValueError);
  }
}

TEST(Linalg, RefusesOperandsThatDoNotFit) {
  EXPECT_THROW(linalg::solve(kA, floats({1, 2})), ShapeError);
  EXPECT_THROW(linalg::solve(kA, floats({1, 2, 3}, DType::F32)), DTypeError);
  EXPECT_THROW(linalg::solve(reshape(kA, Shape{1, 3, 3}), random_array(Shape{2, 4, 2}, 1)), ShapeError);
  EXPECT_THROW(linalg::solve(random_array(Shape{2, 3, 3}, 1), random_array(Shape{3, 3, 2}, 1)), ShapeError);
  EXPECT_THROW(linalg::triangular_solve(kA, floats({1, 2}, Shape{2, 1})), ShapeError);
  EXPECT_THROW(linalg::triangular_solve(kA, floats({1, 2}, Shape{2, 1}), {.left = false}), ShapeError);
  EXPECT_THROW(linalg::lstsq(kTall, floats({1, 2, 3})), ShapeError);
  EXPECT_THROW(linalg::lstsq(kTall, floats({1, 2, 3, 4}, DType::F32)), DTypeError);
  EXPECT_THROW(linalg::pinv(kTall, kNan), ValueError);
  EXPECT_THROW(linalg::matrix_rank(kTall, kNan), ValueError);
  EXPECT_THROW(linalg::cond(floats({}, Shape{0, 0})), ShapeError);
  EXPECT_THROW(linalg::vector_norm(ints({1}), 2), DTypeError);
  EXPECT_THROW(linalg::vector_norm(floats({1}), kNan), ValueError);
  EXPECT_THROW(linalg::vector_norm(floats({1}), 2, 1), IndexError);
  EXPECT_THROW(linalg::matrix_power(kTall, 2), ShapeError);
  EXPECT_THROW(linalg::matrix_power(ints({1, 0, 0, 1}, Shape{2, 2}), -1), DTypeError);
  EXPECT_THROW(linalg::outer(kA, kA), ShapeError);
  EXPECT_THROW(linalg::outer(floats({1}), floats({1}, DType::F32)), DTypeError);
  EXPECT_THROW(linalg::kron(random_array(Shape{1, 1, 1, 1, 2}, 1), floats({1})), ShapeError);
  EXPECT_THROW(linalg::cross(floats({1, 2}), floats({1, 2})), ShapeError);
  EXPECT_THROW(linalg::cross(floats({1, 2, 3}), floats({1, 2, 3}), 1), IndexError);
  EXPECT_THROW(linalg::trace(floats({1})), ShapeError);
  EXPECT_THROW(linalg::diag(random_array(Shape{1, 1, 1}, 1)), ShapeError);
  EXPECT_THROW(linalg::diag_embed(floats({1}, Shape{})), ShapeError);
  EXPECT_THROW(linalg::diag_embed(floats({1}), std::numeric_limits<std::int64_t>::max()), ValueError);
  EXPECT_THROW(linalg::multi_dot(std::vector<Array>{kA}), ValueError);
  EXPECT_THROW(linalg::multi_dot(std::vector<Array>{kA, kTall}), ShapeError);
  EXPECT_THROW(linalg::multi_dot(std::vector<Array>{kA, floats({1, 2, 3}), kA}), ShapeError);
  // A matrix of 2^32 equal rows takes no memory, and LAPACK cannot count it.
  EXPECT_THROW(linalg::svd(broadcast_to(floats({1}, Shape{1, 1}), Shape{std::int64_t{1} << 32, 1})), ShapeError);
}

TEST(Linalg, TakesTensors) {
  using B = Autodiff<Cpu>;
  const auto a = Tensor<B, 3>::from_data(TensorData(Numbers{2.0, 1.0, 1.0, 3.0}, Shape{1, 2, 2})).require_grad();
  const auto [u, s, vt] = linalg::svd(a);
  static_assert(std::is_same_v<decltype(s), const Tensor<B, 2>>);
  const Tensor<B, 1> det = linalg::det(a);
  const auto gradients = det.sum().backward();
  expect_near(numbers(a.grad(gradients)->array()), {3, -1, -1, 2}, kClose);
  const Tensor<B, 2> x = linalg::solve(a, Tensor<B, 1>::from_data(TensorData({1.0, 2.0})));
  const auto b = Tensor<B, 3>::from_data(TensorData(Numbers{1.0, 2.0}, Shape{1, 2, 1}));
  expect_near(numbers(x.array()), numbers(linalg::solve(a, b).array()), kClose);
  const Tensor<B, 1, Int> rank = linalg::matrix_rank(a);
  EXPECT_EQ(rank.into_scalar(), 2);
  const Tensor<B, 2> flat = linalg::diag(Tensor<B, 1>::from_data({1.0, 2.0}));
  EXPECT_EQ(linalg::trace(flat).into_scalar(), 3);
  EXPECT_EQ(linalg::multi_dot({flat, flat, flat}).shape(), (Shape{2, 2}));
  EXPECT_EQ(linalg::vector_norm(flat, 2, 1).shape(), (Shape{2, 1}));
}

}  // namespace
}  // namespace fornax::test
