// Linear algebra: what the factors multiply to, numbers from NumPy, singular matrices, and what is refused.

#include <cmath>

#include <gtest/gtest.h>

#include <fornax/fornax.hpp>

#include "derivatives.hpp"

namespace fornax::test {
namespace {

// Numbers marked NumPy are from numpy 2.4 and scipy 1.17 on these.
const Array kA = floats({2, -1, 0.5, 1, 3, -2, 0, 1.5, 4}, Shape{3, 3});
const Array kS = floats({4, 1, -1, 1, 3, 0.5, -1, 0.5, 2}, Shape{3, 3});
const Array kTall = floats({1, 2, -1, 0.5, 3, -2, 0.25, 1}, Shape{4, 2});
constexpr double kClose = 1e-13;

Array transposed(const Array& x) { return swap_dims(x, -2, -1); }
Array random_array(const Shape& shape, std::uint64_t seed, DType dtype = DType::F64) {
  return upload(random_data(shape, seed).convert(dtype));
}
void expect_equal(const Array& a, const Array& b, double tolerance) {
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_NO_THROW(a.to_data().assert_approx_eq(b.to_data(), tolerance, tolerance));
}
Array eye(std::int64_t n, DType dtype = DType::F64) { return Tensor<Cpu, 2>::eye(n, {}, dtype).array(); }
std::vector<Array> list(std::initializer_list<Array> a) { return a; }

// --- Decompositions ---------------------------------------------------------------------------------------------------

struct Sizes {
  Shape shape;
  DType dtype;
  double tolerance;
};
// Larger than LAPACK's blocks, wide, tall, single, empty, in batches.
const std::vector<Sizes> kSizes = {
    {Shape{3, 3}, DType::F64, 1e-13},      {Shape{150, 90}, DType::F64, 1e-12}, {Shape{40, 130}, DType::F64, 1e-12},
    {Shape{1, 1}, DType::F64, 1e-14},      {Shape{0, 0}, DType::F64, 0},        {Shape{4, 0}, DType::F64, 0},
    {Shape{0, 3}, DType::F64, 0},          {Shape{0, 3, 3}, DType::F64, 0},     {Shape{2, 3, 4, 2}, DType::F64, 1e-13},
    {Shape{300, 5, 6}, DType::F64, 1e-12}, {Shape{70, 70}, DType::F32, 2e-4},   {Shape{5, 3, 4}, DType::F32, 1e-5}};

TEST(Qr, MultipliesToTheMatrix) {
  for (const Sizes& s : kSizes) {
    SCOPED_TRACE(s.shape.str());
    const Array a = random_array(s.shape, 1, s.dtype);
    const auto [q, r] = linalg::qr(a);
    expect_equal(matmul(q, r), a, s.tolerance);
    const Array identity = matmul(q, q, true, false);
    expect_equal(identity, broadcast_to(eye(identity.shape()[identity.rank() - 1], s.dtype), identity.shape()),
                 s.tolerance);
    EXPECT_EQ(reduce_all(ReduceFn::Any, with_scalar(ScalarFn::Less, linalg::diagonal(r), 0.0)).item(), 0);
    expect_same(numbers(detail::triangle(r, -1, false)), Numbers(static_cast<std::size_t>(r.numel()), 0.0));
  }
  const auto [q, r] = linalg::qr(kTall);  // NumPy, signs turned
  expect_near(numbers(r), {3.3260336739125176, -1.2777982476048089, 0, 2.759933267022607}, kClose, "R", kClose);
}

TEST(Svd, MultipliesToTheMatrixAndDescends) {
  for (const Sizes& s : kSizes) {
    SCOPED_TRACE(s.shape.str());
    const Array a = random_array(s.shape, 2, s.dtype);
    const auto [u, values, vt] = linalg::svd(a);
    const int rank = a.rank();
    const std::int64_t k = std::min(s.shape[rank - 1], s.shape[rank - 2]);
    expect_equal(matmul(u * reshape(values, values.shape().inserted(rank - 2, 1)), vt), a, s.tolerance);
    const Array identity = broadcast_to(eye(k, s.dtype), s.shape.with(rank - 1, k).with(rank - 2, k));
    expect_equal(matmul(u, u, true, false), identity, s.tolerance);
    expect_equal(matmul(vt, vt, false, true), identity, s.tolerance);
    if (k < 2) continue;
    const Array falls = greater_equal(narrow(values, -1, 0, k - 1), narrow(values, -1, 1, k - 1));
    EXPECT_EQ(reduce_all(ReduceFn::All, falls).item(), 1);
  }
  expect_near(numbers(linalg::svdvals(kTall)), {3.8081226593889457, 2.410539734384908}, kClose);  // NumPy
}

TEST(Eigh, MultipliesToTheMatrixAndAscends) {
  for (const Sizes& s : kSizes) {
    const int rank = s.shape.rank();
    if (s.shape[rank - 1] != s.shape[rank - 2]) continue;
    SCOPED_TRACE(s.shape.str());
    const Array x = random_array(s.shape, 3, s.dtype), a = x + transposed(x);
    const auto [w, v] = linalg::eigh(a);
    expect_equal(matmul(v * reshape(w, w.shape().inserted(rank - 2, 1)), v, false, true), a, s.tolerance);
    expect_equal(matmul(v, v, true, false), broadcast_to(eye(s.shape[rank - 1], s.dtype), s.shape), s.tolerance);
  }
  const auto [w, v] = linalg::eigh(kS);  // NumPy, signs turned
  expect_near(numbers(w), {1.1599281908357781, 3.0770638986178946, 4.763007910546325}, kClose);
  expect_near(numbers(v),
              {0.43311613157294665, -0.22730378448211058, 0.8722060571512882, -0.4479164208360771, 0.7854548659624674,
               0.4271200457497639, 0.7821644945385107, 0.5756679972831501, -0.23838007548308912},
              kClose, "V", kClose);
  expect_same(numbers(linalg::eigvalsh(kA)), numbers(linalg::eigvalsh((kA + transposed(kA)) * 0.5)));
}

TEST(Cholesky, MultipliesToTheMatrix) {
  for (const Sizes& s : kSizes) {
    const int rank = s.shape.rank();
    SCOPED_TRACE(s.shape.str());
    const Array x = random_array(s.shape, 4, s.dtype);
    const Array a = matmul(x, x, false, true) + eye(s.shape[rank - 2], s.dtype);
    const Array l = linalg::cholesky(a), u = linalg::cholesky(a, true);
    expect_equal(matmul(l, l, false, true), a, 10 * s.tolerance);
    expect_same(numbers(u), numbers(transposed(l)));
  }
  expect_near(numbers(linalg::cholesky(kS)),  // NumPy
              {2.0, 0.0, 0.0, 0.5, 1.6583123951777, 0.0, -0.5, 0.45226701686664544, 1.243163121016122}, kClose);
}

TEST(Lu, MultipliesToTheMatrixWithItsRowsPermuted) {
  for (const Sizes& s : kSizes) {
    SCOPED_TRACE(s.shape.str());
    const Array a = random_array(s.shape, 5, s.dtype);
    const auto [p, l, u] = linalg::lu(a);
    expect_equal(matmul(p, matmul(l, u)), a, s.tolerance);
  }
  const auto [p, l, u] = linalg::lu(floats({1, 2, 3, 4, 5, 6, 7, 8, 10}, Shape{3, 3}));  // NumPy
  expect_same(numbers(p), {0, 1, 0, 0, 0, 1, 1, 0, 0});
  expect_near(numbers(l), {1, 0, 0, 0.14285714285714285, 1, 0, 0.5714285714285714, 0.5000000000000002, 1}, kClose, "",
              kClose);
  expect_near(numbers(u), {7, 8, 10, 0, 0.8571428571428572, 1.5714285714285716, 0, 0, -0.5}, kClose, "", kClose);
}

TEST(Lu, HasGradientsWhenRowsAreExchanged) {
  const auto f = [](const std::vector<Array>& x) {
    auto [p, l, u] = linalg::lu(x[0]);
    return list({l, u});
  };
  for (const Shape& shape : {Shape{3, 3}, Shape{4, 2}, Shape{2, 4}, Shape{2, 3, 3}})
    expect_derivatives(f, {random_data(shape, 16)}, 1e-5);
}

// --- Systems of equations ---------------------------------------------------------------------------------------------

TEST(Solve, TakesMatricesVectorsAndBatchesThatBroadcast) {
  const Array b = floats({1, -2, 3});
  const Numbers x{0.20143884892086333, -0.18705035971223025, 0.8201438848920862};  // NumPy
  expect_near(numbers(linalg::solve(kA, b)), x, kClose);
  expect_near(numbers(linalg::solve(kA, reshape(b, Shape{3, 1}))), x, kClose);
  const Array many = random_array(Shape{4, 1, 3, 3}, 6) + 3.0 * eye(3), sides = random_array(Shape{2, 3, 5}, 7);
  const Array y = linalg::solve(many, sides);
  EXPECT_EQ(y.shape(), (Shape{4, 2, 3, 5}));
  expect_equal(matmul(many, y), broadcast_to(sides, y.shape()), 1e-12);
  const Array vectors = random_array(Shape{4, 1, 3}, 8);
  const Array z = linalg::solve(many, vectors);
  EXPECT_EQ(z.shape(), (Shape{4, 1, 3}));
  expect_near(numbers(narrow(z, 0, 2, 1)),
              numbers(linalg::solve(matrix_at(many, 2), reshape(narrow(vectors, 0, 2, 1), Shape{3}))), kClose);
  EXPECT_EQ(linalg::solve(floats({}, Shape{0, 0}), floats({}, Shape{0, 2})).shape(), (Shape{0, 2}));
  EXPECT_EQ(linalg::solve(kA, floats({}, Shape{3, 0})).shape(), (Shape{3, 0}));
  const Array large = random_array(Shape{120, 120}, 9) + 12.0 * eye(120);
  expect_equal(matmul(large, linalg::inverse(large)), eye(120), 1e-12);
}

TEST(Solve, AgreesForABatchWithALoop) {
  const Array a = random_array(Shape{500, 4, 4}, 10) + 3.0 * eye(4), b = random_array(Shape{500, 4, 2}, 11);
  const Array y = linalg::solve(a, b), d = linalg::det(a);
  for (const std::int64_t i : {0, 7, 499}) {
    expect_same(numbers(matrix_at(y, i)), numbers(linalg::solve(matrix_at(a, i), matrix_at(b, i))));
    EXPECT_EQ(narrow(d, 0, i, 1).item(), linalg::det(matrix_at(a, i)).item());
  }
}

TEST(TriangularSolve, ReadsOneTriangle) {
  const Array b = floats({1, -2, 3}, Shape{3, 1});
  expect_near(numbers(linalg::triangular_solve(kA, b)), {0.5, -0.8333333333333334, 1.0625}, kClose);  // NumPy
  expect_near(numbers(linalg::triangular_solve(kA, b, {.upper = true, .transpose = true})), {0.5, -0.5, 0.4375},
              kClose);
  expect_near(numbers(linalg::triangular_solve(kA, b, {.upper = true, .unit = true})), {3.5, 4.0, 3.0}, kClose);
  const Array right = linalg::triangular_solve(kA, transposed(b), {.upper = true, .left = false});
  expect_near(numbers(matmul(right, detail::triangle(kA, 0, true))), {1, -2, 3}, kClose);
}

TEST(Lstsq, AgreesWithNumpyForTallAndWideMatrices) {
  expect_near(numbers(linalg::lstsq(kTall, floats({1, 0, 2, -1}))), {0.5896532542184315, -0.053402558872612756},
              kClose);
  expect_near(numbers(linalg::lstsq(transposed(kTall), floats({1, 2}))),
              {0.8366400890042645, -0.05414426107917669, 0.005933617652512435, 0.3656591878360837}, 1e-12);
  // Of a matrix without full rank: the shortest solution, (0.5, 0.5).
  expect_near(numbers(linalg::lstsq(floats({1, 1, 1, 1}, Shape{2, 2}), floats({1, 1}))), {0.5, 0.5}, kClose);
  expect_derivatives([](const std::vector<Array>& x) { return list({linalg::lstsq(x[0], x[1])}); },
                     {kTall.to_data(), random_data(Shape{4, 3}, 12)}, 1e-6);
}

TEST(Pinv, AgreesWithNumpyAndCutsOffSmallSingularValues) {
  expect_near(numbers(linalg::pinv(kTall)),
              {0.2106434266641944, -0.0845540515483034, 0.22844427962173197, 0.07787873168922682, 0.31299833117003534,
               0.015204895234563346, -0.11125533098460974, 0.14389022807342858},
              1e-12);
  expect_near(numbers(linalg::pinv(floats({1, 2, 2, 4}, Shape{2, 2}))), {0.04, 0.08, 0.08, 0.16}, kClose);
  expect_same(numbers(linalg::pinv(floats({2, 0, 0, 0.5}, Shape{2, 2}), 0.5)), {0.5, 0, 0, 0});
  expect_same(numbers(linalg::pinv(floats({0, 0, 0, 0, 0, 0}, Shape{3, 2}))), Numbers(6, 0.0));
  EXPECT_EQ(linalg::pinv(floats({}, Shape{0, 2})).shape(), (Shape{2, 0}));
}

// --- Singular matrices ------------------------------------------------------------------------------------------------

TEST(Singular, MatricesAreNamedByWhatNeedsAnInverse) {
  const Array good = floats({2, 1, 1, 3}, Shape{2, 2}), bad = floats({1, 2, 2, 4}, Shape{2, 2});
  const Array batch = reshape(cat({good, bad, good, bad}, 0), Shape{2, 2, 2, 2});
  EXPECT_EQ(message_of<ValueError>([&] { linalg::solve(bad, good); }), "solve: the matrix is singular");
  EXPECT_EQ(message_of<ValueError>([&] { linalg::inverse(batch); }), "solve: matrix [0, 1] of the batch is singular");
  EXPECT_EQ(message_of<ValueError>([&] { linalg::matrix_power(bad, -1); }), "solve: the matrix is singular");
  EXPECT_EQ(message_of<ValueError>([&] {
              linalg::triangular_solve(floats({0, 1, 1, 1}, Shape{2, 2}), good);
            }),
            "triangular_solve: the matrix is singular: there is a zero on its diagonal");
  EXPECT_EQ(message_of<ValueError>([&] {
              linalg::cholesky(floats({1, 2, 2, 1}, Shape{2, 2}));
            }),
            "cholesky: the matrix is not positive definite");
}

std::vector<Array> determinant(const std::vector<Array>& x) { return {linalg::det(x[0])}; }

TEST(Singular, MatricesHaveADeterminantWithTheRightGradients) {
  const Numbers lu_exact = {1, 2, 2, 4};
  EXPECT_EQ(linalg::det(floats(lu_exact, Shape{2, 2})).item(), 0);
  // Rank 1 of 2, rank 1 and 0 of 3, rank 2 of 4: the cofactors, and their derivatives, against differences.
  expect_derivatives(determinant, {TensorData(Numbers{1.0, 2.0, 2.0, 4.0}, Shape{2, 2})});
  expect_derivatives(determinant, {TensorData(Numbers{1., 2, 3, 2, 4, 6, -1, -2, -3}, Shape{3, 3})}, 1e-6);
  expect_derivatives(determinant, {TensorData(Shape{3, 3}, DType::F64)});
  const Array thin = random_array(Shape{4, 2}, 13);
  expect_derivatives(determinant, {matmul(thin, thin, false, true).to_data()}, 1e-6);
  // Equal singular values.
  expect_derivatives(determinant, {eye(3).to_data()}, 1e-6);
  expect_derivatives(determinant, {(-eye(2)).to_data()}, 1e-6);
  expect_derivatives(determinant, {random_data(Shape{2, 3, 3}, 14)}, 1e-6);
}

TEST(Singular, MatricesHaveALogarithmOfMinusInfinity) {
  const auto [sign, logarithm] = linalg::slogdet(floats({1, 2, 2, 4}, Shape{2, 2}));
  EXPECT_EQ(sign.item(), 0);
  EXPECT_EQ(logarithm.item(), -kInf);
  const auto [plus, log_a] = linalg::slogdet(kA);
  EXPECT_EQ(plus.item(), 1);
  EXPECT_NEAR(log_a.item(), 3.5481795720108016, 1e-14);  // NumPy
  EXPECT_NEAR(linalg::det(kA).item(), 34.75, 1e-13);
  EXPECT_EQ(linalg::slogdet(floats({0, 1, 1, 0}, Shape{2, 2})).sign.item(), -1);
  EXPECT_EQ(linalg::det(floats({}, Shape{0, 0})).item(), 1);
  EXPECT_EQ(linalg::slogdet(floats({}, Shape{0, 0})).logarithm.item(), 0);
  // 2 to the power 2000 is beyond f64; its logarithm is not.
  EXPECT_NEAR(linalg::slogdet(4.0 * eye(1000)).logarithm.item(), 1000 * std::log(4.0), 1e-9);
}

TEST(Singular, ValuesHaveFiniteGradientsWhereTheyAreEqual) {
  Interpreter& on = Autodiff<Cpu>::interpreter();
  const Array a = autodiff::require_grad(on, eye(3));
  expect_near(numbers(autodiff::backward(on, reduce_all(ReduceFn::Sum, linalg::svdvals(a)), Array()).find(a)),
              numbers(eye(3)), kClose, "sum of singular values", kClose);
  expect_near(numbers(autodiff::backward(on, reduce_all(ReduceFn::Sum, linalg::eigvalsh(a)), Array()).find(a)),
              numbers(eye(3)), kClose, "sum of eigenvalues", kClose);
  const Array g = autodiff::backward(on, reduce_all(ReduceFn::Sum, linalg::eigh(a).vectors), Array()).find(a);
  EXPECT_EQ(reduce_all(ReduceFn::All, unary(UnaryFn::IsFinite, g)).item(), 0) << "vectors have none there";
}

TEST(NotANumber, StaysWithinItsMatrix) {
  Numbers values(18, 0.0);
  for (const std::size_t i : {0u, 4u, 8u, 9u, 13u, 17u}) values[i] = static_cast<double>(i + 1);
  for (const double bad : {kNan, kInf, -kInf}) {
    values[1] = bad;
    const Array a = floats(values, Shape{2, 3, 3});
    const auto [q, r] = linalg::qr(a);
    const auto [u, s, vt] = linalg::svd(a);
    const auto [w, v] = linalg::eigh(a);
    const auto [p, l, upper] = linalg::lu(a);
    const auto [sign, logarithm] = linalg::slogdet(a);
    for (const Array& y : {linalg::cholesky(a), q, r, u, s, vt, w, v, upper, linalg::det(a), sign, logarithm,
                           linalg::inverse(a), linalg::pinv(a), linalg::matrix_exp(a)}) {
      const std::int64_t half = y.numel() / 2;
      const Array flat = unary(UnaryFn::IsNan, reshape(y, Shape{2, half}));
      EXPECT_EQ(reduce_all(ReduceFn::Any, narrow(flat, 0, 0, 1)).item(), 1);
      EXPECT_EQ(reduce_all(ReduceFn::Any, narrow(flat, 0, 1, 1)).item(), 0);
    }
  }
}

// --- Numbers and functions --------------------------------------------------------------------------------------------

TEST(MatrixNorm, AgreesWithNumpy) {
  using enum linalg::Norm;
  const std::pair<linalg::Norm, double> norms[] = {
      {Frobenius, 4.5069390943299865}, {Nuclear, 6.218662393773854}, {One, 5.5}, {NegOne, 5.25},
      {Two, 3.8081226593889457},       {NegTwo, 2.410539734384908},  {Inf, 5.0}, {NegInf, 1.25}};
  for (const auto& [norm, value] : norms) {
    EXPECT_NEAR(linalg::matrix_norm(kTall, norm).item(), value, kClose);
    const auto f = [norm = norm](const std::vector<Array>& x) { return list({linalg::matrix_norm(x[0], norm)}); };
    expect_derivatives(f, {random_data(Shape{2, 4, 3}, 15)}, 1e-6);
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
  expect_derivatives(f, {random_data(Shape{2, 3}, 17)}, 1e-6);
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
                     {random_data(Shape{2, 3, 3}, 18)}, 1e-6);
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
                     1e-6);
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
