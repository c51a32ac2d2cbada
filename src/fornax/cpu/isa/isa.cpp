#include <fornax/cpu/isa/isa.hpp>

#include <cstdlib>
#include <cstring>

#include <fornax/cpu/isa/attention.hpp>
#include <fornax/cpu/isa/byte_product.hpp>
#include <fornax/cpu/isa/columns.hpp>
#include <fornax/cpu/isa/few_rows.hpp>
#include <fornax/cpu/isa/gru.hpp>
#include <fornax/cpu/isa/half.hpp>
#include <fornax/cpu/isa/lstm.hpp>
#include <fornax/cpu/isa/norm.hpp>
#include <fornax/cpu/isa/product.hpp>
#include <fornax/cpu/isa/random.hpp>
#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/isa/step.hpp>

namespace fornax::cpu {

#define FORNAX_DECLARE_KERNELS(ISA)                 \
  namespace ISA {                                   \
  Kernel float_kernel(UnaryFn, DType);              \
  Kernel float_kernel(BinaryFn, DType);             \
  Kernel float_kernel(ScalarFn, DType);             \
  Kernel slope_kernel(UnaryFn, DType);              \
  const AttentionKernels& attention_kernels(DType); \
  const ByteKernels& byte_kernels();                \
  const ColumnKernels& column_kernels(DType);       \
  FewRows few_rows_kernel();                        \
  const GruKernels& gru_kernels(DType);             \
  const LstmKernels& lstm_kernels(DType);           \
  const NormKernels& norm_kernels(DType);           \
  const ProductKernels& product_kernels(DType);     \
  const RandomKernels& random_kernels(DType);       \
  const RowKernels& row_kernels(DType);             \
  const StepKernels& step_kernels(DType);           \
  Kernel where_kernel(std::size_t);                 \
  Kernel clamp_kernel(DType);                       \
  Kernel half_kernel(DType, DType);                 \
  }

FORNAX_DECLARE_KERNELS(portable)
#ifdef FORNAX_X86_KERNELS
FORNAX_DECLARE_KERNELS(avx2)
FORNAX_DECLARE_KERNELS(avx512)
#endif

#undef FORNAX_DECLARE_KERNELS

bool has_isa(Isa isa) {
#ifdef FORNAX_X86_KERNELS
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512cd");
  switch (isa) {
    case Isa::Avx512: return v4;
    case Isa::Avx2: return v3;
    case Isa::Portable: break;
  }
#endif
  return isa == Isa::Portable;
}

namespace {

Isa choose() {
  const char* wish = std::getenv("FORNAX_ISA");  // NOLINT(concurrency-mt-unsafe): read once, before any change by us
  const auto allowed = [&](const char* name) { return !wish || std::strcmp(wish, name) == 0; };
  const bool any = !wish || (std::strcmp(wish, "portable") != 0 && std::strcmp(wish, "avx2") != 0);
  if (any && has_isa(Isa::Avx512)) return Isa::Avx512;
  if ((any || allowed("avx2")) && has_isa(Isa::Avx2)) return Isa::Avx2;
  return Isa::Portable;
}

}  // namespace

Isa isa() {
  static const Isa best = choose();
  return best;
}

// NAME(...) from the copy that was compiled for the instruction set.
#ifdef FORNAX_X86_KERNELS
#define FORNAX_CHOOSE(NAME, ...)                  \
  (isa == Isa::Avx512 ? avx512::NAME(__VA_ARGS__) \
   : isa == Isa::Avx2 ? avx2::NAME(__VA_ARGS__)   \
                      : portable::NAME(__VA_ARGS__))
#else
#define FORNAX_CHOOSE(NAME, ...) (static_cast<void>(isa), portable::NAME(__VA_ARGS__))
#endif

Kernel float_kernel(UnaryFn fn, DType type, Isa isa) { return FORNAX_CHOOSE(float_kernel, fn, type); }
Kernel float_kernel(BinaryFn fn, DType type, Isa isa) { return FORNAX_CHOOSE(float_kernel, fn, type); }
Kernel float_kernel(ScalarFn fn, DType type, Isa isa) { return FORNAX_CHOOSE(float_kernel, fn, type); }
Kernel slope_kernel(UnaryFn fn, DType type, Isa isa) { return FORNAX_CHOOSE(slope_kernel, fn, type); }
const AttentionKernels& attention_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(attention_kernels, type); }
Kernel where_kernel(std::size_t bytes, Isa isa) { return FORNAX_CHOOSE(where_kernel, bytes); }
Kernel clamp_kernel(DType type, Isa isa) { return FORNAX_CHOOSE(clamp_kernel, type); }
Kernel half_kernel(DType from, DType to, Isa isa) { return FORNAX_CHOOSE(half_kernel, from, to); }
const RandomKernels& random_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(random_kernels, type); }
const RowKernels& row_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(row_kernels, type); }
const StepKernels& step_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(step_kernels, type); }
FewRows few_rows_kernel(Isa isa) { return FORNAX_CHOOSE(few_rows_kernel); }
const GruKernels& gru_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(gru_kernels, type); }
const LstmKernels& lstm_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(lstm_kernels, type); }
const ByteKernels& byte_kernels(Isa isa) { return FORNAX_CHOOSE(byte_kernels); }
const ColumnKernels& column_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(column_kernels, type); }
const NormKernels& norm_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(norm_kernels, type); }
const ProductKernels& product_kernels(DType type, Isa isa) { return FORNAX_CHOOSE(product_kernels, type); }

#undef FORNAX_CHOOSE

}  // namespace fornax::cpu
