// The complete QR decomposition, and eigenvalues of matrices that are not symmetric.

#include <gtest/gtest.h>

#include "linalg_data.hpp"

namespace fornax::test {
namespace {

TEST(Qr, IsSquareIfComplete) {
  for (const MatrixSize& s : kSizes) {
    SCOPED_TRACE(s.shape.str());
    const Array a = random_array(s.shape, 1, s.dtype);
    const int rank = a.rank();
    const std::int64_t m = s.shape[rank - 2], n = s.shape[rank - 1];
    const auto [q, r] = linalg::qr(a, linalg::QrMode::Complete);
    ASSERT_EQ(q.shape(), s.shape.with(rank - 1, m));
    ASSERT_EQ(r.shape(), s.shape);
    expect_equal(matmul(q, r), a, s.tolerance);
    expect_equal(matmul(q, q, true, false), broadcast_to(eye(m, s.dtype), q.shape()), s.tolerance);
    const auto [thin, square] = linalg::qr(a);
    expect_equal(narrow(q, -1, 0, std::min(m, n)), thin, s.tolerance);
  }
  const auto [q, r] = linalg::qr(floats({}, Shape{3, 0}), linalg::QrMode::Complete);
  expect_same(numbers(q), numbers(eye(3)));
  EXPECT_EQ(r.shape(), (Shape{3, 0}));
}

TEST(Qr, HasACompleteGradientWhereQIsUnique) {
  const auto both = [](const Inputs& x) {
    auto [q, r] = linalg::qr(x[0], linalg::QrMode::Complete);
    return list({q, r});
  };
  for (const Shape& shape : {Shape{3, 3}, Shape{2, 4}})
    expect_derivatives(both, {random_data(shape, 16)}, {.tolerance = 1e-6});
  const auto only_r = [](const Inputs& x) { return linalg::qr(x[0], linalg::QrMode::Complete).r; };
  expect_derivatives(only_r, {kTall.to_data()}, {.tolerance = 1e-6});
  EXPECT_EQ(
      message_of<ValueError>([&] { gradients_of(first_tape(), both, {kTall}); }),
      "qr: the complete Q of a matrix with more rows than columns, here [4, 2], has no gradient: its last columns "
      "are not unique; the reduced one has");
}

// --- Eigenvalues of any matrix -----------------------------------------------------------------------------------------

const Array kReal = floats({2, 1, 0, 0.5, 3, -1, 0.25, -0.5, 5}, Shape{3, 3});

// numpy.linalg.eig, 2.4, columns in ascending order and turned; the gradient from its left and right vectors.
TEST(Eig, AgreesWithNumpy) {
  const auto [w, v] = linalg::eig(kReal);
  expect_near(numbers(w), {1.5582952180651484, 3.2358330508820536, 5.2058717310527935}, kClose);
  expect_near(numbers(v),
              {0.9076594680609948, 0.6236886703340964, -0.13550010590026076, -0.4009175274109841, 0.7707750722595593,
               -0.4343959590603064, -0.12417498239941455, 0.13007009833223823, 0.8904717132245665},
              1e-12);
  const auto values = [](const Inputs& x) { return linalg::eigvals(x[0]); };
  expect_near(gradients(values, {kReal}, {1, 2, 3})[0],
              {1.2644185124149987, 0.30162434404113503, 0.14171289453935831, 0.5911163181073243, 1.843402460547377,
               -0.2652272341162983, 0.02426473994989148, -0.5183220982576505, 2.892179027037624},
              1e-12);
}

TEST(Eig, HasDerivativesOfValuesAndVectors) {
  const auto both = [](const Inputs& x) {
    auto [w, v] = linalg::eig(x[0]);
    return list({w, v});
  };
  expect_derivatives(both, {kReal.to_data()}, {.tolerance = 1e-6});
  const Array batch = random_array(Shape{2, 4, 4}, 31) * 0.2 + linalg::diag_embed(floats({1, 2.5, 4, 7}));
  expect_derivatives(both, {batch.to_data()}, {.tolerance = 1e-6});
}

TEST(Eig, SolvesItsEquationForEveryDtypeAndSize) {
  for (const std::int64_t n : {1, 2, 7, 40}) {
    // Eigenvalues 1, 2, ..., n in a basis that is well conditioned.
    const Array basis = eye(n) + 0.1 / static_cast<double>(n) * random_array(Shape{n, n}, 32);
    const Array w = arange(Cpu::interpreter(), 1, n + 1, 1, DType::F64, {});
    const Array a = matmul(basis * w, linalg::inverse(basis));
    const auto [values, v] = linalg::eig(a);
    expect_equal(values, w, 1e-11);
    expect_equal(matmul(a, v), v * values, 1e-11 * static_cast<double>(n));
    const auto [small, u] = linalg::eig(cast(a, DType::F32));
    expect_equal(small, cast(w, DType::F32), 1e-5 * static_cast<double>(n));
  }
  EXPECT_EQ(linalg::eig(floats({}, Shape{0, 0})).vectors.shape(), (Shape{0, 0}));
  EXPECT_EQ(linalg::eigvals(floats({}, Shape{0, 3, 3})).shape(), (Shape{0, 3}));
  expect_same(numbers(linalg::eigvals(floats({0, 0, 0, 0}, Shape{2, 2}))), {0, 0});
}

TEST(Eig, OfTensorsHasTheirRanks) {
  const Tensor<Cpu, 2> a(kReal);
  const auto [w, v] = linalg::eig(a);
  static_assert(std::is_same_v<decltype(linalg::eigvals(a)), Tensor<Cpu, 1>>);
  EXPECT_EQ(linalg::eigvals(a).to_data(), w.to_data());
  EXPECT_EQ(v.shape(), a.shape());
  EXPECT_EQ(linalg::qr(Tensor<Cpu, 2>(kTall), linalg::QrMode::Complete).q.shape(), (Shape{4, 4}));
}

TEST(Eig, RefusesEigenvaluesThatAreNotReal) {
  const Array turn = floats({0, -1, 1, 0}, Shape{2, 2});
  EXPECT_EQ(message_of<ValueError>([&] { linalg::eig(turn); }), "eig: the matrix has eigenvalues that are not real");
  const Array batch = reshape(cat({eye(2), turn}, 0), Shape{2, 2, 2});
  EXPECT_EQ(message_of<ValueError>([&] { linalg::eigvals(batch); }),
            "eig: matrix [1] of the batch has eigenvalues that are not real");
  // Twice the eigenvalue 1 in a basis that hides it: LAPACK gives 1 ± 1e-8 i or 1 ± 1e-8, which is what rounding makes
  // of it.
  const Array basis = floats({1, 0.3, -0.7, 1.1}, Shape{2, 2});
  const Array twice = matmul(matmul(basis, floats({1, 1, 0, 1}, Shape{2, 2})), linalg::inverse(basis));
  expect_near(numbers(linalg::eigvals(twice)), {1, 1}, 1e-7);
}

}  // namespace
}  // namespace fornax::test
