#pragma once
// Products with few rows, which are bound by reading the right factor.

#include <cstdint>

#include <fornax/cpu/isa/isa.hpp>

namespace fornax::cpu {

/// The most rows for which it is worth it.
inline constexpr std::int64_t kFewRows = 4;

/// y[i, j] = sum over k of a[i * a_row + k * a_column] b[k * b_row + j], for up to kFewRows rows. b is read once, several rows at a
/// time from end to end, as it lies in memory.
using FewRows = void (*)(const float* a, std::int64_t a_row, std::int64_t a_column, std::int64_t rows, const float* b,
                         std::int64_t b_row, std::int64_t columns, std::int64_t depth, float* y, std::int64_t y_row);
FewRows few_rows_kernel(Isa isa);

}  // namespace fornax::cpu
