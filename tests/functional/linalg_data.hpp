#pragma once
// Matrices for the tests of linear algebra.

#include <fornax/fornax.hpp>

#include <support/derivatives.hpp>

namespace fornax::test {

// Numbers marked NumPy are from numpy 2.4 and scipy 1.17 on these.
inline const Array kA = floats({2, -1, 0.5, 1, 3, -2, 0, 1.5, 4}, Shape{3, 3});
inline const Array kS = floats({4, 1, -1, 1, 3, 0.5, -1, 0.5, 2}, Shape{3, 3});
inline const Array kTall = floats({1, 2, -1, 0.5, 3, -2, 0.25, 1}, Shape{4, 2});
inline constexpr double kClose = 1e-13;

struct MatrixSize {
  Shape shape;
  DType dtype;
  double tolerance;
};
// Larger than LAPACK's blocks, wide, tall, single, empty, in batches.
inline const std::vector<MatrixSize> kSizes = {
    {Shape{3, 3}, DType::F64, 1e-13},      {Shape{150, 90}, DType::F64, 1e-12}, {Shape{40, 130}, DType::F64, 1e-12},
    {Shape{1, 1}, DType::F64, 1e-14},      {Shape{0, 0}, DType::F64, 0},        {Shape{4, 0}, DType::F64, 0},
    {Shape{0, 3}, DType::F64, 0},          {Shape{0, 3, 3}, DType::F64, 0},     {Shape{2, 3, 4, 2}, DType::F64, 1e-13},
    {Shape{300, 5, 6}, DType::F64, 1e-12}, {Shape{70, 70}, DType::F32, 2e-4},   {Shape{5, 3, 4}, DType::F32, 1e-5}};

inline Array transposed(const Array& x) { return swap_dims(x, -2, -1); }
inline Array random_array(const Shape& shape, std::uint64_t seed, DType dtype = DType::F64) {
  return upload(random_data(shape, seed).convert(dtype));
}
inline void expect_equal(const Array& a, const Array& b, double tolerance) {
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_NO_THROW(a.to_data().assert_approx_eq(b.to_data(), tolerance, tolerance));
}
/// Matrix number `index` of a batch.
inline Array matrix_at(const Array& a, std::int64_t index) {
  const Shape& s = a.shape();
  const std::int64_t rows = s[s.rank() - 2], columns = s[s.rank() - 1];
  return reshape(narrow(reshape(a, Shape{a.numel() / (rows * columns), rows, columns}), 0, index, 1),
                 Shape{rows, columns});
}
inline Array eye(std::int64_t n, DType dtype = DType::F64) { return Tensor<Cpu, 2>::eye(n, {}, dtype).array(); }
inline std::vector<Array> list(std::initializer_list<Array> a) { return a; }

}  // namespace fornax::test
