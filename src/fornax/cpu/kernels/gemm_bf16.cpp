#include <fornax/cpu/kernels/gemm.hpp>

#include <fornax/array/dtype.hpp>

#if defined(FORNAX_WITH_ONEDNN)

#include <array>
#include <map>
#include <unordered_map>

#include <fornax/cpu/cpu.hpp>
#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/onednn.hpp>

namespace fornax::cpu {

namespace {

using Desc = dnnl::memory::desc;
using Type = dnnl::memory::data_type;

/// A product that is ready to run.
struct Product {
  dnnl::matmul primitive;
  Desc a, b, bias, y;
  std::size_t scratch;

  Product(const Desc& lhs, const Desc& rhs, const Desc& vector, const Desc& result)
      : a(lhs), b(rhs), bias(vector), y(result) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::matmul::desc plain = bias ? dnnl::matmul::desc(a, b, bias, y) : dnnl::matmul::desc(a, b, y);
    const dnnl::matmul::primitive_desc desc(plain, attributes, engine());
    primitive = dnnl::matmul(desc);
    scratch = desc.scratchpad_desc().get_size();
  }
};

Desc described(const Matrix<BFloat16>& m) {
  return {{m.rows, m.columns}, Type::bf16, dnnl::memory::dims{m.row_step, m.column_step}};
}

/// Products of this thread by their sizes. Each runs on one thread, so callers must hold a OneThread.
const Product& product_of(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, bool with_bias, std::int64_t y_step,
                          Type y_type) {
  constexpr std::size_t most = 256;
  using Key = std::array<std::int64_t, 10>;
  thread_local std::map<Key, Product> products;
  const Key key = {a.rows,     a.columns,     b.columns, a.row_step, a.column_step,
                   b.row_step, b.column_step, y_step,    with_bias,  static_cast<std::int64_t>(y_type)};
  if (const auto found = products.find(key); found != products.end()) return found->second;
  if (products.size() >= most) products.clear();
  const Desc y({a.rows, b.columns}, y_type, dnnl::memory::dims{y_step, 1});
  const Desc bias = with_bias ? Desc({1, b.columns}, Type::f32, dnnl::memory::format_tag::ab) : Desc();
  return products.try_emplace(key, described(a), described(b), bias, y).first->second;
}

bool multiply(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, const float* bias, void* y, std::int64_t y_step,
              Type y_type) try {
  const Product& p = product_of(a, b, bias != nullptr, y_step, y_type);
  const Array scratch = cpu_empty("matmul", Shape{static_cast<std::int64_t>(p.scratch) + 64}, DType::U8);
  const auto memory = [](const Desc& desc, const void* at) {
    return dnnl::memory(desc, engine(),
                        const_cast<void*>(at));  // the library has one type for what it reads and writes
  };
  const Desc bytes({static_cast<std::int64_t>(p.scratch)}, Type::u8, dnnl::memory::format_tag::a);
  std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, memory(p.a, a.data)},
                                                  {DNNL_ARG_WEIGHTS, memory(p.b, b.data)},
                                                  {DNNL_ARG_DST, memory(p.y, y)},
                                                  {DNNL_ARG_SCRATCHPAD, memory(bytes, dense(scratch).data)}};
  if (bias) arguments.emplace(DNNL_ARG_BIAS, memory(p.bias, bias));
  p.primitive.execute(stream(), arguments);
  return true;
} catch (const dnnl::error&) {
  return false;
}

}  // namespace

bool has_bf16_products() {
  static const bool has = isa() == Isa::Avx512 && __builtin_cpu_supports("avx512bf16");
  return has;
}

template <> bool gemm(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, BFloat16* y, std::int64_t y_step) {
  return multiply(a, b, nullptr, y, y_step, Type::bf16);
}
bool gemm(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, float* y, std::int64_t y_step) {
  return multiply(a, b, nullptr, y, y_step, Type::f32);
}
bool gemm_and_add(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, const float* bias, BFloat16* y,
                  std::int64_t y_step) {
  return multiply(a, b, bias, y, y_step, Type::bf16);
}

}  // namespace fornax::cpu

#else

namespace fornax::cpu {

bool has_bf16_products() { return false; }
template <> bool gemm(const Matrix<BFloat16>&, const Matrix<BFloat16>&, BFloat16*, std::int64_t) { return false; }
bool gemm(const Matrix<BFloat16>&, const Matrix<BFloat16>&, float*, std::int64_t) { return false; }
bool gemm_and_add(const Matrix<BFloat16>&, const Matrix<BFloat16>&, const float*, BFloat16*, std::int64_t) {
  return false;
}

}  // namespace fornax::cpu

#endif
