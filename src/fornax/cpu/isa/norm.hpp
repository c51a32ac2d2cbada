#pragma once
// Normalisation of one row of adjacent f32 or f64 elements: `channels` runs of `length` elements, each run with a weight and
// a bias of its own.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

struct NormRow {
  std::int64_t channels, length;
  double eps;
  bool centred;  // subtract the mean; else only divide by the root mean square
};

/// Of a row; elements of its type, which a double holds exactly.
struct RowMoments {
  double mean, scale;  // 1 / sqrt(variance + eps)
};
/// What a row's gradient takes besides: the means over the row of u = g weight and of u (x - mean) scale^2.
struct RowMeans {
  double plain, along;
};

/// One channel of a batch: `count` runs of `length` adjacent elements, `step` elements apart.
struct ChannelRuns {
  std::int64_t count, step, length;
};
struct ChannelNorm {
  double weight, bias, mean, variance,
      eps;  // mean and variance: what channel_forward finds, and channel_backward reads
};

struct NormKernels {
  RowMoments (*moments)(const NormRow& row, const void* x);
  /// y = (x - mean) scale weight + bias; weight and bias, one for each channel, may be null. y may be x.
  void (*forward)(const NormRow& row, const RowMoments& at, const void* x, const void* weight, const void* bias,
                  void* y);
  /// For a cotangent g; adds to dweight and dbias, which are null if there is no weight.
  RowMeans (*means)(const NormRow& row, const RowMoments& at, const void* x, const void* weight, const void* g,
                    void* dweight, void* dbias);
  /// dx = (g weight - plain - (x - mean) along) scale, after `means`. dx may be g.
  void (*backward)(const NormRow& row, const RowMoments& at, const void* x, const void* weight, const void* g, void* dx,
                   void* dweight, void* dbias);
  /// y = (x - mean) / sqrt(variance + eps) weight + bias over all runs. y may be x.
  void (*channel_forward)(const ChannelRuns& runs, const void* x, void* y, ChannelNorm& norm);
  /// dx for a cotangent g; the gradients of weight and bias take their places in `norm`.
  void (*channel_backward)(const ChannelRuns& runs, const void* x, const void* g, void* dx, ChannelNorm& norm);
};

/// For f32 or f64.
const NormKernels& norm_kernels(DType type, Isa isa);

}  // namespace fornax::cpu
