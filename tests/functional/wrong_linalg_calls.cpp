// Wrong calls: linear algebra, einsum, Fourier transforms and windows.

#include "wrong_calls.hpp"

namespace fornax::test {
namespace {

using namespace linalg;
using Pair = signal::Complex<Array>;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

// Functions of matrices.
void add_matrices(WrongCalls& all) {
  struct Function {
    const char* name;
    void (*f)(const Array&);
    bool square;
    std::string named = {};
  };
  const Function functions[] = {
      {"cholesky", [](const Array& a) { cholesky(a); }, true},
      {"qr", [](const Array& a) { qr(a); }, false},
      {"qr", [](const Array& a) { qr(a, QrMode::Complete); }, false},
      {"lu", [](const Array& a) { lu(a); }, false},
      {"svd", [](const Array& a) { svd(a); }, false},
      {"svdvals", [](const Array& a) { svdvals(a); }, false, "svd"},
      {"eigh", [](const Array& a) { eigh(a); }, true},
      {"eigvalsh", [](const Array& a) { eigvalsh(a); }, true, "eigh"},
      {"eig", [](const Array& a) { eig(a); }, true},
      {"eigvals", [](const Array& a) { eigvals(a); }, true, "eig"},
      {"solve",
       [](const Array& a) {
         linalg::solve(a, zeros({2, 1}));
       },
       true},
      {"triangular_solve",
       [](const Array& a) {
         triangular_solve(a, zeros({2, 1}));
       },
       true},
      {"lstsq",
       [](const Array& a) {
         lstsq(a, zeros({2, 1}));
       },
       false},
      {"inverse", [](const Array& a) { inverse(a); }, true},
      {"pinv", [](const Array& a) { pinv(a); }, false},
      {"det", [](const Array& a) { det(a); }, true},
      {"slogdet", [](const Array& a) { slogdet(a); }, true},
      {"cond", [](const Array& a) { cond(a); }, false},
      {"matrix_rank", [](const Array& a) { matrix_rank(a); }, false},
      {"matrix_exp", [](const Array& a) { matrix_exp(a); }, true},
  };
  for (const Function& f : functions) {
    const std::string text = f.name;
    const auto add = [&](Wrong error, const Array& a, const char* what) {
      all.push_back({f.name, error, [call = f.f, a] { call(a); }, text + what, f.named});
    };
    add(Wrong::Value, Array(), " of an empty handle");
    add(Wrong::Shape, zeros({3}), " of a vector");
    add(Wrong::DType, zeros({2, 2}, DType::I64), " of integers");
    add(Wrong::DType, zeros({2, 2}, DType::F16), " of f16");
    if (f.square) add(Wrong::Shape, zeros({2, 3}), " of a matrix that is not square");
  }
}

// clang-format off
void add_linalg(WrongCalls& all) {
  const Array none, v = zeros({3}), m = zeros({2, 3}), square = zeros({3, 3}), s = zeros({}), whole = zeros({2, 2}, DType::I64), flags = zeros({2, 2}, DType::Bool);
  const std::vector<Array> nothing, misfits{m, m}, vectors{v, v, v}, with_none{m, none}, types{whole, zeros({2, 2})};
  all.insert(all.end(), {
    WRONG(cholesky, Value, cholesky(square)),
    WRONG(eig, Value, eig(floats({0, -1, 1, 0}, Shape{2, 2}))),
    WRONG(solve, Shape, linalg::solve(square, zeros({2, 1}))),
    WRONG(solve, DType, linalg::solve(square, zeros({3, 1}, DType::F32))),
    WRONG(solve, Value, linalg::solve(square, zeros({3, 1}))),
    WRONG(solve, Shape, linalg::solve(square, s)),
    WRONG(triangular_solve, Shape, triangular_solve(square, zeros({2, 1}))),
    WRONG(triangular_solve, Shape, triangular_solve(square, v)),
    WRONG(triangular_solve, Value, triangular_solve(square, zeros({3, 1}))),
    WRONG(lstsq, Shape, lstsq(m, zeros({3, 1}))),
    WRONG(lstsq, DType, lstsq(m, zeros({2, 1}, DType::F32))),
    WRONG(pinv, Value, pinv(m, kNan)),
    WRONG(matrix_rank, Value, matrix_rank(m, kNan)),
    WRONG(cond, Shape, cond(m, Norm::One)),
    WRONG(cond, Shape, cond(zeros({0, 3}))),
    WRONG(trace, Value, linalg::trace(none)),
    WRONG(trace, Shape, linalg::trace(v)),
    WRONG(trace, DType, linalg::trace(flags)),
    WRONG(matrix_norm, Value, matrix_norm(none)),
    WRONG(matrix_norm, Shape, matrix_norm(v)),
    WRONG(matrix_norm, DType, matrix_norm(whole)),
    WRONG(matrix_norm, Shape, matrix_norm(v, Norm::Two)),
    WRONG(matrix_norm, DType, matrix_norm(whole, Norm::Nuclear)),
    WRONG(vector_norm, Value, vector_norm(none)),
    WRONG(vector_norm, DType, vector_norm(whole)),
    WRONG(vector_norm, Index, vector_norm(m, 2, 2)),
    WRONG(vector_norm, Value, vector_norm(m, kNan)),
    WRONG(matrix_power, Value, matrix_power(none, 2)),
    WRONG(matrix_power, Shape, matrix_power(m, 2)),
    WRONG(matrix_power, Shape, matrix_power(v, 2)),
    WRONG(matrix_power, DType, matrix_power(whole, -1)),
    WRONG(matrix_power, Value, matrix_power(square, -1)),
    WRONG(inverse, Value, inverse(square)),
    WRONG(outer, Value, outer(v, none)),
    WRONG(outer, Shape, outer(m, v)),
    WRONG(outer, DType, outer(v, ints({1}))),
    WRONG(kron, Value, kron(none, m)),
    WRONG(kron, DType, kron(m, whole)),
    WRONG(kron, DType, kron(flags, flags)),
    WRONG(cross, Value, cross(v, none)),
    WRONG(cross, Shape, cross(zeros({2}), zeros({2}))),
    WRONG(cross, Index, cross(v, v, 1)),
    WRONG(cross, DType, cross(v, ints({1, 2, 3}))),
    WRONG(multi_dot, Value, multi_dot(nothing)),
    WRONG(multi_dot, Value, multi_dot(with_none)),
    WRONG(multi_dot, Shape, multi_dot(misfits)),
    WRONG(multi_dot, Shape, multi_dot(vectors)),
    WRONG(multi_dot, DType, multi_dot(types)),
    WRONG(diagonal, Value, linalg::diagonal(none)),
    WRONG(diagonal, Shape, linalg::diagonal(v)),
    WRONG(diagonal, Shape, linalg::diagonal(s, 1)),
    WRONG(diag_embed, Value, linalg::diag_embed(none)),
    WRONG(diag_embed, Shape, linalg::diag_embed(s)),
    WRONG(diag_embed, Value, linalg::diag_embed(v, kHuge)),
    WRONG(diag, Value, diag(none)),
    WRONG(diag, Shape, diag(s)),
    WRONG(diag, Shape, diag(zeros({2, 2, 2}))),
  });
}

void add_einsum(WrongCalls& all) {
  const Array none, m = zeros({2, 3}), whole = zeros({3, 2}, DType::I64);
  all.insert(all.end(), {
    WRONG(einsum, Value, einsum("ij->ji", {none})),
    WRONG(einsum, Value, einsum("ij,jk", {m})),
    WRONG(einsum, Value, einsum("i1->i", {m})),
    WRONG(einsum, Value, einsum("ij->ik", {m})),
    WRONG(einsum, Shape, einsum("ijk->i", {m})),
    WRONG(einsum, Shape, einsum("ij,ij->ij", {m, zeros({3, 2})})),
    WRONG(einsum, DType, einsum("ij,jk->ik", {m, whole})),
  });
}
// clang-format on

}  // namespace

WrongCalls linalg_calls() {
  WrongCalls all;
  add_matrices(all);
  add_linalg(all);
  add_einsum(all);
  return all;
}

// clang-format off
WrongCalls signal_calls() {
  using namespace signal;
  const Array none, x = zeros({4, 6}), s = zeros({}), whole = zeros({6}, DType::I64), half = zeros({6}, DType::F16), w = zeros({4});
  const Pair z{x, x}, empty{x, none}, shapes{x, zeros({6})}, types{x, zeros({4, 6}, DType::F32)}, ints_{whole, whole}, flat{w, w};
  static constexpr std::int64_t two[] = {2}, twice[] = {1, 1}, one[] = {0};
  const Frames frames{.size = 4, .hop = 2}, no_hop{.size = 4, .hop = 0}, no_size{.size = 0, .hop = 2}, large{.size = 40, .hop = 2};
  const Pair spectrum{zeros({3, 4}), zeros({3, 4})};
  const DType f64 = DType::F64;
  return {
    WRONG(fft, Value, fft(empty)),
    WRONG(fft, Shape, fft(shapes)),
    WRONG(fft, DType, fft(types)),
    WRONG(fft, Value, fft(z, 0)),
    WRONG(fft, Index, fft(z, {}, 2)),
    WRONG(ifft, DType, ifft(ints_)),
    WRONG(ifft, Value, ifft(z, -1)),
    WRONG(ifft, Index, ifft(z, {}, -3)),
    WRONG(rfft, Value, rfft(none)),
    WRONG(rfft, DType, rfft(half)),
    WRONG(rfft, Shape, rfft(s)),
    WRONG(rfft, Value, rfft(x, kHuge)),
    WRONG(irfft, Value, irfft(empty)),
    WRONG(irfft, DType, irfft(types)),
    WRONG(irfft, Value, irfft(z, 0)),
    WRONG(fftn, Index, fftn(z, two)),
    WRONG(fftn, Index, fftn(z, twice)),
    WRONG(fftn, DType, fftn(ints_, one)),
    WRONG(ifftn, Index, ifftn(z, two)),
    WRONG(ifftn, Shape, ifftn(shapes, one)),
    WRONG(ifftn, Value, ifftn(empty, one)),
    WRONG(fft2, Index, fft2(flat)),
    WRONG(fft2, Value, fft2(empty)),
    WRONG(fft2, DType, fft2(types)),
    WRONG(ifft2, Index, ifft2(flat)),
    WRONG(ifft2, Value, ifft2(empty)),
    WRONG(ifft2, Shape, ifft2(shapes)),
    WRONG(fftfreq, Value, fftfreq(cpu(), 0, 1, f64, {})),
    WRONG(fftfreq, Value, fftfreq(cpu(), 4, 0, f64, {})),
    WRONG(fftfreq, Value, fftfreq(cpu(), 4, kNan, f64, {})),
    WRONG(fftfreq, DType, fftfreq(cpu(), 4, 1, DType::I64, {})),
    WRONG(rfftfreq, Value, rfftfreq(cpu(), -1, 1, f64, {})),
    WRONG(rfftfreq, Value, rfftfreq(cpu(), 4, 0, f64, {})),
    WRONG(rfftfreq, DType, rfftfreq(cpu(), 4, 1, DType::Bool, {})),
    WRONG(fftshift, Value, fftshift(none, one)),
    WRONG(fftshift, Index, fftshift(x, two)),
    WRONG(fftshift, Index, fftshift(s, one)),
    WRONG(ifftshift, Value, ifftshift(none, one)),
    WRONG(ifftshift, Index, ifftshift(x, two)),
    WRONG(ifftshift, Index, ifftshift(s, one)),
    WRONG(stft, Value, stft(none, w, frames)),
    WRONG(stft, Value, stft(x, w, no_hop)),
    WRONG(stft, Value, stft(x, w, no_size)),
    WRONG(stft, Shape, stft(x, w, large)),
    WRONG(stft, Shape, stft(x, x, frames)),
    WRONG(stft, DType, stft(whole, ints({1}), frames)),
    WRONG(istft, Value, istft(spectrum, none, frames)),
    WRONG(istft, Shape, istft(flat, w, frames)),
    WRONG(istft, Shape, istft({zeros({3, 4}), zeros({3, 5})}, w, frames)),
    WRONG(istft, DType, istft({zeros({3, 4}, DType::I64), zeros({3, 4}, DType::I64)}, zeros({4}, DType::I64), frames)),
    WRONG(istft, Value, istft(spectrum, w, no_hop)),
    WRONG(istft, Value, istft(spectrum, w, frames)),
    WRONG(window, Value, window(cpu(), Window::Hann, -1, true, f64, {})),
    WRONG(window, Value, window(cpu(), Window::Hann, kHuge, true, f64, {})),
    WRONG(window, DType, window(cpu(), Window::Hann, 4, true, DType::I64, {})),
    WRONG(kaiser_window, Value, kaiser_window(cpu(), -1, 12, true, f64, {})),
    WRONG(kaiser_window, Value, kaiser_window(cpu(), 4, -1, true, f64, {})),
    WRONG(kaiser_window, Value, kaiser_window(cpu(), 4, kInf, true, f64, {})),
    WRONG(kaiser_window, DType, kaiser_window(cpu(), 4, 12, true, DType::I64, {})),
  };
}
// clang-format on

}  // namespace fornax::test
