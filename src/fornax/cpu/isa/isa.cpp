#include <fornax/cpu/isa/isa.hpp>

#include <cstdlib>
#include <cstring>

#include <fornax/cpu/isa/rows.hpp>

namespace fornax::cpu {

#define FORNAX_DECLARE_KERNELS(ISA)     \
  namespace ISA {                       \
  Kernel float_kernel(UnaryFn, DType);  \
  Kernel float_kernel(BinaryFn, DType); \
  Kernel float_kernel(ScalarFn, DType); \
  const RowKernels& row_kernels(DType); \
  Kernel where_kernel(std::size_t);     \
  Kernel clamp_kernel(DType);           \
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

template <class Fn> Kernel chosen(Fn fn, DType type, Isa isa) {
  switch (isa) {
#ifdef FORNAX_X86_KERNELS
    case Isa::Avx512: return avx512::float_kernel(fn, type);
    case Isa::Avx2: return avx2::float_kernel(fn, type);
#endif
    default: return portable::float_kernel(fn, type);
  }
}

}  // namespace

Isa isa() {
  static const Isa best = choose();
  return best;
}

Kernel float_kernel(UnaryFn fn, DType type, Isa isa) { return chosen(fn, type, isa); }
Kernel float_kernel(BinaryFn fn, DType type, Isa isa) { return chosen(fn, type, isa); }
Kernel float_kernel(ScalarFn fn, DType type, Isa isa) { return chosen(fn, type, isa); }

Kernel where_kernel(std::size_t bytes, Isa isa) {
  switch (isa) {
#ifdef FORNAX_X86_KERNELS
    case Isa::Avx512: return avx512::where_kernel(bytes);
    case Isa::Avx2: return avx2::where_kernel(bytes);
#endif
    default: return portable::where_kernel(bytes);
  }
}

Kernel clamp_kernel(DType type, Isa isa) {
  switch (isa) {
#ifdef FORNAX_X86_KERNELS
    case Isa::Avx512: return avx512::clamp_kernel(type);
    case Isa::Avx2: return avx2::clamp_kernel(type);
#endif
    default: return portable::clamp_kernel(type);
  }
}

const RowKernels& row_kernels(DType type, Isa isa) {
  switch (isa) {
#ifdef FORNAX_X86_KERNELS
    case Isa::Avx512: return avx512::row_kernels(type);
    case Isa::Avx2: return avx2::row_kernels(type);
#endif
    default: return portable::row_kernels(type);
  }
}

}  // namespace fornax::cpu
