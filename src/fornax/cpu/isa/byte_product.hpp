#pragma once
// Products of bytes with exact sums, and what turns rows of floats into bytes and sums into floats.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

/// x = step (code - zero); a row with a NaN or an infinity has codes 0 and the step NaN.
struct RowCodes {
  float step;
  std::int32_t zero;
};

struct ByteKernels {
  /// Codes of n floats by the rule of op::QuantizedLinear.
  RowCodes (*quantize)(const float* x, std::int64_t n, std::uint8_t* codes);
  /// y[i, j] = sum over k of x[i, k] w[j, k]. Rows of x may be read up to the next multiple of 64 bytes.
  void (*multiply)(const std::uint8_t* x, std::int64_t x_step, std::int64_t rows, const std::int8_t* w,
                   std::int64_t w_step, std::int64_t columns, std::int64_t depth, std::int32_t* y, std::int64_t y_step);
  /// y[j] = (sums[j] - zero totals[j]) step scale[j] + bias[j]; the bias may be null.
  void (*finish)(const std::int32_t* sums, const std::int32_t* totals, RowCodes row, const float* scale,
                 const float* bias, float* y, std::int64_t n);
};

const ByteKernels& byte_kernels(Isa isa);

}  // namespace fornax::cpu
