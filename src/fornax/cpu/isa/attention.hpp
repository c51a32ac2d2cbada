#pragma once
// Scaled dot-product attention of one head, by tiles that stay in the cache.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>
#include <fornax/cpu/kernels/kernel.hpp>

namespace fornax::cpu {

/// Widths that are whole vectors in every instruction set are multiples of this.
inline constexpr std::int64_t kWidthGrain = 16;

/// What all heads have in common. Rows of widths that are multiples of kWidthGrain lie `..._step` elements apart. q, k, v, g and
/// y may be stored in 16 bits; all else is in the dtype that is computed in.
struct AttentionHead {
  std::int64_t queries, keys, width, value_width;
  std::int64_t q_step, k_step, v_step, y_step;  // y_step: of y, or of its cotangent g
  double scale, softcap;                        // softcap: 0 if there is none
  bool causal;                                  // query i sees keys 0 ... i
  bool bool_mask;
  std::int64_t mask_row, mask_column;  // steps of the mask
  double dropout;
  std::uint64_t seed;
  Kernel widen, narrow;  // from and to what is stored; null if that is the dtype that is computed in

  /// Blocks of random words for a query.
  std::int64_t blocks() const { return (keys + 3) / 4; }
};

struct AttentionForward {
  const void *q, *k, *v, *mask;  // mask may be null
  std::uint64_t draws;           // the first block of the first query
  void *y, *lse;
};
struct AttentionBackward {
  const void *q, *k, *v, *mask, *lse, *delta, *g;
  std::uint64_t draws;
  void *dq, *dk, *dv, *dmask;  // dmask [queries, keys] may be null
  std::int64_t dq_step, dk_step, dv_step;
  std::int64_t first_key, keys;  // those of this call, from a multiple of kWidthGrain on; rows of dk and dv are theirs
};

struct AttentionKernels {
  /// Queries that are computed together; where a head has no more than `few`, `forward_few` is quicker.
  std::int64_t block, few;
  /// Elements of scratch memory that the kernels need.
  std::int64_t (*forward_scratch)(const AttentionHead&);
  std::int64_t (*few_scratch)(const AttentionHead&);
  std::int64_t (*backward_scratch)(const AttentionHead&);
  /// y and log(sum(exp(scores))) for the queries from number `first` on, one block of them.
  void (*forward)(const AttentionHead&, const AttentionForward&, std::int64_t first, void* scratch);
  /// The same for all queries, few of them with many keys: keys and values are read once.
  void (*forward_few)(const AttentionHead&, const AttentionForward&, void* scratch);
  /// Adds to dq, dk and dv what comes by way of some keys, for a cotangent g; delta is the sum of g y for each query.
  void (*backward)(const AttentionHead&, const AttentionBackward&, void* scratch);
};

/// For f32 or f64.
const AttentionKernels& attention_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
