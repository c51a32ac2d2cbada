// Fourier transforms of lines. Lengths without a large prime factor go to kissfft, the others are turned into a
// convolution of a length that has none.

#include <kissfft/kissfft.hh>

#include <algorithm>
#include <complex>
#include <memory>
#include <new>
#include <numbers>
#include <vector>

#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/matrices.hpp>

namespace fornax::cpu {

namespace {

using Complex = std::complex<double>;

std::size_t largest_prime_factor(std::size_t n) {
  std::size_t largest = 1;
  for (std::size_t p = 2; p * p <= n; ++p)
    while (n % p == 0) n /= p, largest = p;
  return std::max(n, largest);
}

/// The least length from n on that 2, 3 and 5 divide to 1.
std::size_t smooth_length(std::size_t n) {
  const auto smooth = [](std::size_t m) {
    for (const std::size_t p : {2u, 3u, 5u})
      while (m % p == 0) m /= p;
    return m == 1;
  };
  while (!smooth(n)) ++n;
  return n;
}

/// What a transform of one length and direction needs to know. Not for two threads at once: kissfft keeps scratch space.
class Plan {
  // A prime factor p costs p multiplications an element, the detour about as much as p = 50.
  static constexpr std::size_t kLargePrime = 50;

 public:
  Plan(std::size_t n, bool inverse) : n_(n), inverse_(inverse) {
    if (largest_prime_factor(n) < kLargePrime) {
      direct_ = std::make_unique<kissfft<double>>(n, inverse);
      return;
    }
    // Bluestein 1970, "A linear filtering approach to the computation of the discrete Fourier transform":
    // jk = (j² + k² - (k - j)²) / 2, so that Y_k = c_k sum over j of (X_j c_j) conj(c_(k-j)), c_j = exp(-pi i j² / n).
    const std::size_t length = smooth_length(2 * n - 1);
    forward_ = std::make_unique<kissfft<double>>(length, false);
    backward_ = std::make_unique<kissfft<double>>(length, true);
    chirp_.resize(n);
    std::size_t square = 0;  // j² modulo 2 n, where exp() repeats
    for (std::size_t j = 0; j < n; ++j) {
      const double angle = std::numbers::pi * static_cast<double>(square) / static_cast<double>(n);
      chirp_[j] = {std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle)};
      square = (square + 2 * j + 1) % (2 * n);
    }
    std::vector<Complex> filter(length);
    for (std::size_t j = 0; j < n; ++j) filter[j] = filter[(length - j) % length] = std::conj(chirp_[j]);
    filter_.resize(length);
    forward_->transform(filter.data(), filter_.data());
    for (Complex& f : filter_) f /= static_cast<double>(length);
  }

  bool is(std::size_t n, bool inverse) const { return n == n_ && inverse == inverse_; }

  /// Complex numbers of scratch that a transform of length n needs.
  static std::size_t room(std::size_t n) {
    return largest_prime_factor(n) < kLargePrime ? 0 : 2 * smooth_length(2 * n - 1);
  }

  void operator()(const Complex* x, Complex* y, Complex* scratch) const {
    if (direct_) return direct_->transform(x, y);
    const std::size_t length = filter_.size();
    Complex *const a = scratch, *const b = scratch + length;
    for (std::size_t j = 0; j < n_; ++j) a[j] = x[j] * chirp_[j];
    std::fill(a + n_, a + length, Complex());
    forward_->transform(a, b);
    for (std::size_t j = 0; j < length; ++j) b[j] *= filter_[j];
    backward_->transform(b, a);
    for (std::size_t k = 0; k < n_; ++k) y[k] = a[k] * chirp_[k];
  }

  /// The calling thread's plan; the last few are kept, for making one takes as long as using it.
  static const Plan& of(std::size_t n, bool inverse) {
    constexpr std::size_t kKept = 8;
    thread_local std::vector<std::unique_ptr<Plan>> plans;
    const auto at = std::find_if(plans.begin(), plans.end(), [&](const auto& p) { return p->is(n, inverse); });
    if (at != plans.end()) {
      std::rotate(plans.begin(), at, at + 1);
    } else {
      plans.insert(plans.begin(), std::make_unique<Plan>(n, inverse));
      if (plans.size() > kKept) plans.pop_back();
    }
    return *plans.front();
  }

 private:
  std::size_t n_;
  bool inverse_;
  std::unique_ptr<kissfft<double>> direct_, forward_, backward_;
  std::vector<Complex> chirp_, filter_;
};

/// One line of n complex numbers, `step` of them apart. False without the memory for a plan: no exception may leave a
/// parallel region.
template <class T>
bool transform_line(const T* x, T* y, std::int64_t n, std::int64_t step, bool inverse, double* scratch) try {
  auto* const from = reinterpret_cast<Complex*>(scratch);
  Complex* const to = from + n;
  for (std::int64_t j = 0; j < n; ++j) from[j] = {x[2 * j * step], x[2 * j * step + 1]};
  Plan::of(static_cast<std::size_t>(n), inverse)(from, to, to + n);
  for (std::int64_t k = 0; k < n; ++k) {
    y[2 * k * step] = static_cast<T>(to[k].real());
    y[2 * k * step + 1] = static_cast<T>(to[k].imag());
  }
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

}  // namespace

Array execute(const op::Fft& op, const Spec& spec, Operands inputs) {
  const Array x = cpu_contiguous(inputs[0].array());
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  if (y.numel() == 0) return y;
  const std::int64_t n = spec.shape[op.dim], lines = y.numel() / 2 / n;
  std::int64_t step = 1;
  for (int d = op.dim + 1; d < spec.shape.rank() - 1; ++d) step *= spec.shape[d];
  const auto room = 2 * (2 * n + static_cast<std::int64_t>(Plan::room(static_cast<std::size_t>(n))));
  const double operations = 5.0 * static_cast<double>(n) * std::log2(static_cast<double>(n) + 1);
  std::int64_t failed = -1;
  with_real_type(spec.dtype, [&]<class T>(T) {
    failed = for_each_matrix<double>(op.name(), lines, room, operations, [&](std::int64_t line, double* scratch) {
      const std::int64_t first = 2 * (line / step * n * step + line % step);
      return transform_line(elements<T>(x) + first, elements<T>(y) + first, n, step, op.inverse, scratch);
    });
  });
  if (failed >= 0) throw OutOfMemory(op.name(), "no memory for a transform of length " + std::to_string(n));
  return y;
}

}  // namespace fornax::cpu
