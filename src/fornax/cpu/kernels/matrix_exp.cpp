#include <array>

#include <fornax/array/convert.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/matrices.hpp>

namespace fornax::cpu {

namespace {

// Higham 2005, "The scaling and squaring method for the matrix exponential revisited": the numerator of the Padé
// approximant of degree 13, and the largest 1-norm for which its error is below the rounding of f64 (table 2.3).
constexpr std::array<double, 14> kPade = {64764752532480000.,
                                          32382376266240000.,
                                          7771770303897600.,
                                          1187353796428800.,
                                          129060195264000.,
                                          10559470521600.,
                                          670442572800.,
                                          33522128640.,
                                          1323241920.,
                                          40840800.,
                                          960960.,
                                          16380.,
                                          182.,
                                          1.};
constexpr double kLargestNorm = 5.371920351148152;

/// exp(a) to `to`, n x n. Whether memory is read by rows or by columns makes no difference: exp(aᵀ) = exp(a)ᵀ.
class Exponential {
 public:
  Exponential(int n, double* scratch) : n_(n), size_(std::int64_t{n} * n) {
    for (double*& m : part_) m = scratch, scratch += size_;
    pivots_ = reinterpret_cast<int*>(scratch);
  }
  static std::int64_t room(int n) { return kParts * std::int64_t{n} * n + n; }

  void operator()(const double* from, double* to) {
    double *const a = part_[0], *const a2 = part_[1], *const a4 = part_[2], *const a6 = part_[3];
    double *const inner = part_[4], *const odd = part_[5], *const even = part_[6];
    double norm = 0;
    for (std::int64_t r = 0; r < n_; ++r) {
      double sum = 0;
      for (std::int64_t c = 0; c < n_; ++c) sum += std::abs(from[r * n_ + c]);
      norm = std::max(norm, sum);
    }
    // A norm beyond the range of f64 has no finite exponential to miss.
    const int squarings = norm <= kLargestNorm ? 0 : std::isinf(norm) ? 1030 : std::ilogb(norm / kLargestNorm) + 1;
    for (std::int64_t i = 0; i < size_; ++i) a[i] = std::ldexp(from[i], -squarings);
    product(a, a, a2);
    product(a2, a2, a4);
    product(a4, a2, a6);
    // odd = A (A6 (b13 A6 + b11 A4 + b9 A2) + b7 A6 + b5 A4 + b3 A2 + b1), even likewise with b12 to b0 and without A.
    combine(kPade[13], kPade[11], kPade[9], inner);
    product(a6, inner, even);
    add(kPade[7], kPade[5], kPade[3], kPade[1], even);
    product(a, even, odd);
    combine(kPade[12], kPade[10], kPade[8], inner);
    product(a6, inner, even);
    add(kPade[6], kPade[4], kPade[2], kPade[0], even);
    // (even - odd) exp(A) = even + odd
    for (std::int64_t i = 0; i < size_; ++i) inner[i] = even[i] - odd[i], to[i] = even[i] + odd[i];
    int info = 0;
    Lapack<double>::getrf(&n_, &n_, inner, &n_, pivots_, &info);
    Lapack<double>::getrs("N", &n_, &n_, inner, &n_, pivots_, to, &n_, &info, 1);
    for (int i = 0; i < squarings; ++i) {
      product(to, to, a);
      std::copy(a, a + size_, to);
    }
  }

 private:
  static constexpr int kParts = 7;

  void product(const double* x, const double* y, double* to) const {
    const double one = 1, zero = 0;
    Lapack<double>::gemm("N", "N", &n_, &n_, &n_, &one, x, &n_, y, &n_, &zero, to, &n_, 1, 1);
  }
  void combine(double b6, double b4, double b2, double* to) const {
    for (std::int64_t i = 0; i < size_; ++i) to[i] = b6 * part_[3][i] + b4 * part_[2][i] + b2 * part_[1][i];
  }
  void add(double b6, double b4, double b2, double b0, double* to) const {
    for (std::int64_t i = 0; i < size_; ++i) to[i] += b6 * part_[3][i] + b4 * part_[2][i] + b2 * part_[1][i];
    for (std::int64_t i = 0; i < n_; ++i) to[i * n_ + i] += b0;
  }

  int n_;
  std::int64_t size_;
  std::array<double*, kParts> part_;
  int* pivots_;
};

}  // namespace

Array execute(const op::MatrixExp& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, DType::F64);
  const Matrices m(spec.shape);
  Array x = cpu_contiguous(inputs[0].array());
  if (spec.dtype != DType::F64) {
    const Array stored = x;
    x = cpu_empty(op.name(), spec.shape, DType::F64);
    convert_elements(dense(stored).data, spec.dtype, dense(x).data, DType::F64, x.numel());
  }
  const double operations = 30.0 * m.rows * static_cast<double>(m.size());
  if (y.numel() > 0) {
    for_each_matrix<double>(op.name(), m.count, Exponential::room(m.rows), operations,
                            [&](std::int64_t index, double* scratch) {
                              const double* from = elements<double>(x) + index * m.size();
                              double* to = elements<double>(y) + index * m.size();
                              if (!all_finite(from, m.size())) return fill_nan(to, m.size()), true;
                              Exponential(m.rows, scratch)(from, to);
                              return true;
                            });
  }
  if (spec.dtype == DType::F64) return y;
  Array rounded = cpu_empty(op.name(), spec.shape, spec.dtype);
  convert_elements(dense(y).data, DType::F64, dense(rounded).data, spec.dtype, y.numel());
  return rounded;
}

}  // namespace fornax::cpu
