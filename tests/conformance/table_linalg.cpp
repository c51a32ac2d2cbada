// Linear algebra, einsum and Fourier transforms: each row is one call of the library, or two.

#include <cmath>
#include <optional>

#include <fornax/functional/einsum.hpp>
#include <fornax/functional/linalg.hpp>
#include <fornax/functional/signal.hpp>

#include "compose.hpp"

namespace fornax::conformance {

namespace {

linalg::Norm norm_of(const Value& ord) {
  if (ord.kind == Value::Kind::Text) {
    if (ord.text == "fro") return linalg::Norm::Frobenius;
    if (ord.text == "nuc") return linalg::Norm::Nuclear;
    if (ord.text == "inf") return linalg::Norm::Inf;
    if (ord.text == "-inf") return linalg::Norm::NegInf;
    throw ValueError("matrix_norm", "there is no norm \"" + ord.text + "\"");
  }
  const double p = ord.kind == Value::Kind::Int ? static_cast<double>(ord.integer) : ord.real;
  if (p == 1) return linalg::Norm::One;
  if (p == -1) return linalg::Norm::NegOne;
  if (p == 2) return linalg::Norm::Two;
  if (p == -2) return linalg::Norm::NegTwo;
  if (std::isinf(p)) return p > 0 ? linalg::Norm::Inf : linalg::Norm::NegInf;
  throw ValueError("matrix_norm", "there is no norm of this order");
}

Arrays vector_norm(const Call& c) {
  const DimSet dims = reduced_dims(c, c[0]);
  return drop_dims(linalg::vector_norm(c[0], c.attrs.real("ord"), dims), dims, c.attrs.flag("keepdim", false));
}

Arrays qr(const Call& c) {
  const auto [q, r] = linalg::qr(c[0]);
  return {q, r};
}

Arrays lu(const Call& c) {
  const auto [p, l, u] = linalg::lu(c[0]);
  return {p, l, u};
}

Arrays slogdet(const Call& c) {
  const auto [sign, logarithm] = linalg::slogdet(c[0]);
  return {sign, logarithm};
}

// U f(S) Vᵀ with f(s) = s / (1 + s).
Arrays svd_func(const Call& c) {
  const auto [u, s, vt] = linalg::svd(c[0]);
  return matmul(u * unsqueeze(s / (1.0 + s), -2), vt);
}

// Q tanh(L) Qᵀ.
Arrays eigh_func(const Call& c) {
  const auto [values, vectors] = linalg::eigh(c[0]);
  return matmul(vectors * unsqueeze(tanh(values), -2), vectors, false, true);
}

Arrays triangular_solve(const Call& c) {
  return linalg::triangular_solve(c[0], c[1], {.upper = c.attrs.flag("upper"), .unit = c.attrs.flag("unit", false)});
}

std::optional<std::int64_t> length_of(const Call& c) {
  if (!c.attrs.has("n") || c.attrs.at("n").kind == Value::Kind::Null) return std::nullopt;
  return c.attrs.integer("n");
}
std::int64_t dim_of(const Call& c) { return c.attrs.integer("dim", -1); }

Arrays both(const signal::Complex<Array>& z) { return {z.re, z.im}; }

Arrays stft(const Call& c) {
  return both(signal::stft(c[0], c[1], {c.attrs.integer("n_fft"), c.attrs.integer("hop"), c.attrs.flag("center")}));
}

Arrays window(const Call& c) {
  const std::string kind = c.attrs.text("kind");
  const signal::Window w = kind == "hann"       ? signal::Window::Hann
                           : kind == "hamming"  ? signal::Window::Hamming
                           : kind == "blackman" ? signal::Window::Blackman
                           : kind == "bartlett" ? signal::Window::Bartlett
                                                : throw Absent("the library has no window \"" + kind + "\"");
  return signal::window(c.on, w, c.attrs.integer("size"), c.attrs.flag("periodic"), c.real, Device::cpu());
}

constexpr Row kRows[] = {
    {"cholesky", [](const Call& c) -> Arrays { return linalg::cholesky(c[0]); }},
    {"qr_positive", qr},
    {"lu_factors", lu},
    {"singular_values", [](const Call& c) -> Arrays { return linalg::svdvals(c[0]); }},
    {"svd_func", svd_func},
    {"eigvalsh", [](const Call& c) -> Arrays { return linalg::eigvalsh(c[0]); }},
    {"eigvalsh_sym", [](const Call& c) -> Arrays { return linalg::eigvalsh(c[0]); }},
    {"eigh_func", eigh_func},
    {"solve", [](const Call& c) -> Arrays { return linalg::solve(c[0], c[1]); }},
    {"triangular_solve", triangular_solve},
    {"lstsq", [](const Call& c) -> Arrays { return linalg::lstsq(c[0], c[1]); }},
    {"inverse", [](const Call& c) -> Arrays { return linalg::inverse(c[0]); }},
    {"pinv", [](const Call& c) -> Arrays { return linalg::pinv(c[0]); }},
    {"det", [](const Call& c) -> Arrays { return linalg::det(c[0]); }},
    {"slogdet", slogdet},
    {"vector_norm", vector_norm},
    {"matrix_norm", [](const Call& c) -> Arrays { return linalg::matrix_norm(c[0], norm_of(c.attrs.at("ord"))); }},
    {"matrix_power", [](const Call& c) -> Arrays { return linalg::matrix_power(c[0], c.attrs.integer("n")); }},
    {"matrix_exp", [](const Call& c) -> Arrays { return linalg::matrix_exp(c[0]); }},
    {"outer", [](const Call& c) -> Arrays { return linalg::outer(c[0], c[1]); }},
    {"kron", [](const Call& c) -> Arrays { return linalg::kron(c[0], c[1]); }},
    {"cross", [](const Call& c) -> Arrays { return linalg::cross(c[0], c[1], c.attrs.integer("dim", -1)); }},
    {"einsum",
     [](const Call& c) -> Arrays {
       return einsum(c.attrs.text("equation"), {c.inputs.data(), c.inputs.size()});
     }},
    {"fft",
     [](const Call& c) -> Arrays {
       return both(signal::fft({c[0], c[1]}, length_of(c), dim_of(c)));
     }},
    {"ifft",
     [](const Call& c) -> Arrays {
       return both(signal::ifft({c[0], c[1]}, length_of(c), dim_of(c)));
     }},
    {"rfft", [](const Call& c) -> Arrays { return both(signal::rfft(c[0], length_of(c), dim_of(c))); }},
    {"irfft",
     [](const Call& c) -> Arrays {
       return signal::irfft({c[0], c[1]}, length_of(c), dim_of(c));
     }},
    {"stft", stft},
    {"window", window},
};

}  // namespace

std::span<const Row> linalg_rows() { return kRows; }

}  // namespace fornax::conformance
