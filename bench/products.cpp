// Matrix products.

#include "workloads.hpp"

namespace {

Report matmul(const Options& o, std::int64_t n) {
  Report r = start();
  const auto a = uni<Plain<2>>({n, n}, 1), b = uni<Plain<2>>({n, n}, 2);
  Plain<2> c;
  r.stats = bench::time_it(o, [&] { c = a.matmul(b); });
  r.flops = 2.0 * std::pow(static_cast<double>(n), 3);
  add_abs(r, "c_abs", c);
  return r;
}

Report matmul_fb(const Options& o, std::int64_t n) {
  Report r = start();
  const auto a = uni<Tracked<2>>({n, n}, 1).require_grad(), b = uni<Tracked<2>>({n, n}, 2).require_grad();
  const auto g = uni<Plain<2>>({n, n}, 3);
  Gradients<AD> gradients;
  r.stats = bench::time_it(o, [&] {
    gradients = {};
    gradients = a.matmul(b).backward(g);
  });
  r.flops = 6.0 * std::pow(static_cast<double>(n), 3);
  add_abs(r, "ga_abs", *a.grad(gradients));
  add_abs(r, "gb_abs", *b.grad(gradients));
  return r;
}

/// x Wᵀ with weights of 8 bits; the rows of x become codes in each call.
Report matmul_int8(const Options& o, std::int64_t n) {
  Report r = start();
  const auto a = uni<Plain<2>>({n, n}, 1), b = uni<Plain<2>>({n, n}, 2);
  const auto w = functional::quantize_weight(b.transpose().array());
  const auto codes = Tensor<Base, 2, Int>::unchecked(w.codes);
  const auto scale = Plain<1>::unchecked(w.scale);
  Plain<2> c;
  r.stats = bench::time_it(o, [&] { c = functional::quantized_linear(a, codes, scale); });
  r.flops = 2.0 * std::pow(static_cast<double>(n), 3);
  add_abs(r, "c_abs", c);
  return r;
}

}  // namespace

void add_products(Table& table) {
  table["matmul_64"] = [](const Options& o) { return matmul(o, 64); };
  table["matmul_256"] = [](const Options& o) { return matmul(o, 256); };
  table["matmul_1024"] = [](const Options& o) { return matmul(o, sized(o, 1024, 300)); };
  table["matmul_2048"] = [](const Options& o) { return matmul(o, sized(o, 2048, 400)); };
  table["matmul_1024_int8"] = [](const Options& o) { return matmul_int8(o, sized(o, 1024, 300)); };
  table["matmul_1024_fb"] = [](const Options& o) { return matmul_fb(o, sized(o, 1024, 300)); };
}
