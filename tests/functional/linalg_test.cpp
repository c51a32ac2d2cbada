// Linear algebra: what the factors multiply to, numbers from NumPy, singular matrices, and what is refused.

#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "linalg_data.hpp"

namespace fornax::test {
namespace {

// --- Decompositions ---------------------------------------------------------------------------------------------------

TEST(Qr, MultipliesToTheMatrix) {
  for (const MatrixSize& s : kSizes) {
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
  for (const MatrixSize& s : kSizes) {
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
  for (const MatrixSize& s : kSizes) {
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
  for (const MatrixSize& s : kSizes) {
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
  for (const MatrixSize& s : kSizes) {
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
    expect_derivatives(f, {random_data(shape, 16)}, {.tolerance = 1e-5});
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
                     {kTall.to_data(), random_data(Shape{4, 3}, 12)}, {.tolerance = 1e-6});
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

TEST(Linalg, GivesEveryThreadTheSameBits) {
  const Array a = random_array(Shape{60, 5, 5}, 25) + 3.0 * eye(5);
  const auto work = [&] {
    const auto [u, s, vt] = linalg::svd(a);
    return to_data({u, s, vt, linalg::qr(a).r, linalg::inverse(a), linalg::det(a), linalg::matrix_exp(a),
                    linalg::eigvalsh(a), signal::rfft(a).re, signal::rfft(a, 59).im});
  };
  const std::vector<TensorData> expected = work();
  std::vector<std::vector<TensorData>> found(4);
  std::vector<std::thread> threads;
  for (auto& f : found) threads.emplace_back([&] { f = work(); });
  for (std::thread& t : threads) t.join();
  for (const auto& f : found) EXPECT_EQ(f, expected);
}

// --- Singular matrices ------------------------------------------------------------------------------------------------

TEST(Singular, MatricesAreNamedByWhatNeedsAnInverse) {
  const Array good = floats({2, 1, 1, 3}, Shape{2, 2}), bad = floats({1, 2, 2, 4}, Shape{2, 2});
  const Array batch = reshape(cat({good, bad, good, bad}, 0), Shape{2, 2, 2, 2});
  EXPECT_EQ(message_of<ValueError>([&] { linalg::solve(bad, good); }), "solve: the matrix is singular");
  EXPECT_EQ(message_of<ValueError>([&] { linalg::inverse(batch); }), "inverse: matrix [0, 1] of the batch is singular");
  EXPECT_EQ(message_of<ValueError>([&] { linalg::matrix_power(bad, -1); }), "matrix_power: the matrix is singular");
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
  expect_derivatives(determinant, {TensorData(Numbers{1., 2, 3, 2, 4, 6, -1, -2, -3}, Shape{3, 3})},
                     {.tolerance = 1e-6});
  expect_derivatives(determinant, {TensorData(Shape{3, 3}, DType::F64)});
  const Array thin = random_array(Shape{4, 2}, 13);
  expect_derivatives(determinant, {matmul(thin, thin, false, true).to_data()}, {.tolerance = 1e-6});
  // Equal singular values.
  expect_derivatives(determinant, {eye(3).to_data()}, {.tolerance = 1e-6});
  expect_derivatives(determinant, {(-eye(2)).to_data()}, {.tolerance = 1e-6});
  expect_derivatives(determinant, {random_data(Shape{2, 3, 3}, 14)}, {.tolerance = 1e-6});
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
    const auto [ew, ev] = linalg::eig(a);
    const auto [full_q, full_r] = linalg::qr(a, linalg::QrMode::Complete);
    const auto [p, l, upper] = linalg::lu(a);
    const auto [sign, logarithm] = linalg::slogdet(a);
    for (const Array& y : {linalg::cholesky(a), q, r, full_q, full_r, u, s, vt, w, v, ew, ev, upper, linalg::det(a),
                           sign, logarithm, linalg::inverse(a), linalg::pinv(a), linalg::matrix_exp(a)}) {
      const std::int64_t half = y.numel() / 2;
      const Array flat = unary(UnaryFn::IsNan, reshape(y, Shape{2, half}));
      EXPECT_EQ(reduce_all(ReduceFn::Any, narrow(flat, 0, 0, 1)).item(), 1);
      EXPECT_EQ(reduce_all(ReduceFn::Any, narrow(flat, 0, 1, 1)).item(), 0);
    }
  }
}

}  // namespace
}  // namespace fornax::test
