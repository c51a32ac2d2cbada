#pragma once
// Scaled dot-product attention of one head, by tiles that stay in the cache.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

/// Widths that are whole vectors in every instruction set are multiples of this.
inline constexpr std::int64_t kWidthGrain = 16;

struct AttentionHead {
  std::int64_t queries, keys, width, value_width;  // widths are multiples of kWidthGrain
  double scale;
  bool causal;  // query i sees keys 0 ... i
};

struct AttentionKernels {
  /// Queries that are computed together.
  std::int64_t block;
  /// Elements of scratch memory that `forward` and `backward` need.
  std::int64_t (*forward_scratch)(const AttentionHead&);
  std::int64_t (*backward_scratch)(const AttentionHead&);
  /// y and log(sum(exp(scores))) for the queries from number `first` on, one block of them.
  void (*forward)(const AttentionHead&, const void* q, const void* k, const void* v, std::int64_t first, void* y,
                  void* lse, void* scratch);
  /// Adds to dq, dk and dv for a cotangent g; delta is the sum of g y for each query.
  void (*backward)(const AttentionHead&, const void* q, const void* k, const void* v, const void* lse,
                   const void* delta, const void* g, void* dq, void* dk, void* dv, void* scratch);
};

/// For f32 or f64.
const AttentionKernels& attention_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
