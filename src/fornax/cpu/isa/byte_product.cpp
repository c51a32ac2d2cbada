#include <fornax/cpu/isa/byte_product.hpp>

#include <fornax/cpu/isa/vec.hpp>
#include <fornax/ops/quantized.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

// --- Floats and bytes -------------------------------------------------------------------------------------------------

FORNAX_INLINE float rounded(float x) {
  constexpr float kRound = 12582912.0F;  // halves to even, for numbers below 2^22
  return (x + kRound) - kRound;
}

RowCodes quantize(const float* x, std::int64_t n, std::uint8_t* codes) {
  const auto smaller = [](auto a, auto b) { return a < b ? a : b; };
  const auto larger = [](auto a, auto b) { return a > b ? a : b; };
  Vec<float> low{}, high{}, odd{};
  const auto look_at = [&](Vec<float> v) {
    low = smaller(v, low), high = larger(v, high);
    odd += v * 0.0F;  // NaN for infinities too
  };
  std::int64_t i = 0;
  for (; i + kLanes<float> <= n; i += kLanes<float>) look_at(load(x + i));
  if (i < n) look_at(load_first(x + i, n - i));
  if (sum_of_lanes<float>(odd) != 0.0F) {
    for (i = 0; i < n; ++i) codes[i] = 0;
    return {__builtin_nanf(""), 0};
  }
  const float least = join_lanes<float>(low, smaller);
  const float range = join_lanes<float>(high, larger) / 255.0F - least / 255.0F;
  const float step = larger(range, op::QuantizedLinear::kLeastStep), inverse = 1.0F / step;
  const float zero = rounded(-least * inverse);
  for (i = 0; i < n; ++i) {
    const float code = rounded(x[i] * inverse) + zero, above = code > 0.0F ? code : 0.0F;
    codes[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(above < 255.0F ? above : 255.0F));
  }
  return {step, static_cast<std::int32_t>(zero)};
}

void finish(const std::int32_t* sums, const std::int32_t* totals, RowCodes row, const float* scale, const float* bias,
            float* y, std::int64_t n) {
  const auto value = [&](std::int64_t j) {
    return static_cast<float>(sums[j] - row.zero * totals[j]) * row.step * scale[j];
  };
  if (bias) {
    for (std::int64_t j = 0; j < n; ++j) y[j] = value(j) + bias[j];
  } else {
    for (std::int64_t j = 0; j < n; ++j) y[j] = value(j);
  }
}

// --- Products ---------------------------------------------------------------------------------------------------------

/// R rows of x with C rows of w.
struct Operand {
  const std::uint8_t* x;
  const std::int8_t* w;
  std::int64_t x_step, w_step, depth;
};

struct PlainTile {
  static constexpr int kMostRows = 2;

  template <int R, int C> static void run(const Operand& o, std::int32_t* y, std::int64_t y_step) {
    std::int32_t sum[R][C] = {};
    for (std::int64_t k = 0; k < o.depth; ++k)
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c)
          sum[r][c] +=
              static_cast<std::int32_t>(o.x[r * o.x_step + k]) * static_cast<std::int32_t>(o.w[c * o.w_step + k]);
    for (int r = 0; r < R; ++r)
      for (int c = 0; c < C; ++c) y[r * y_step + c] = sum[r][c];
  }
};

#if defined(__AVX512BW__)
/// With the instruction that adds four products of bytes to each lane, without saturation (AVX-512 VNNI).
struct VnniTile {
  static constexpr int kMostRows = 6;  // 24 sums, 4 vectors of w and one of x are in registers

  template <int R, int C> static void run(const Operand& o, std::int32_t* y, std::int64_t y_step) {
    __m512i sum[R][C];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) sum[r][c] = _mm512_setzero_si512();
    const std::int64_t whole = o.depth / 64 * 64;
    for (std::int64_t k = 0; k < whole; k += 64)
      add(o, k, sum, [](const std::int8_t* w) { return _mm512_loadu_si512(w); });
    if (whole < o.depth) {
      const __mmask64 rest = (std::uint64_t{1} << (o.depth - whole)) - 1;
      add(o, whole, sum, [&](const std::int8_t* w) { return _mm512_maskz_loadu_epi8(rest, w); });
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) join(sum[r], y + r * y_step);
  }

 private:
  template <int R, int C, class Load>
  FORNAX_INLINE static void add(const Operand& o, std::int64_t k, __m512i (&sum)[R][C], const Load& load_w) {
    __m512i w[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) w[c] = load_w(o.w + c * o.w_step + k);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const __m512i x = _mm512_loadu_si512(o.x + r * o.x_step + k);
      // As an intrinsic, g++ 12 moves and spills the sums: less than half the speed.
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) asm("vpdpbusd %2, %1, %0" : "+v"(sum[r][c]) : "v"(x), "v"(w[c]));
    }
  }

  FORNAX_INLINE static void join(const __m512i (&sum)[1], std::int32_t* y) {
    Vec<std::int32_t> lanes;
    __builtin_memcpy(&lanes, sum, sizeof lanes);
    *y = sum_of_lanes<std::int32_t>(lanes);
  }
  FORNAX_INLINE static void join(const __m512i (&sum)[4], std::int32_t* y) {
    constexpr __mmask16 all = 0xffff;  // with a mask, because g++ 12 warns of its own header without
    const auto pairs = [](__m512i a, __m512i b) {
      return _mm512_add_epi32(_mm512_maskz_unpacklo_epi32(all, a, b), _mm512_maskz_unpackhi_epi32(all, a, b));
    };
    const __m512i a = pairs(sum[0], sum[1]), b = pairs(sum[2], sum[3]);
    const __m512i four =
        _mm512_add_epi32(_mm512_maskz_unpacklo_epi64(0xff, a, b), _mm512_maskz_unpackhi_epi64(0xff, a, b));
    const __m256i half = _mm256_add_epi32(_mm512_maskz_extracti64x4_epi64(0xff, four, 0),
                                          _mm512_maskz_extracti64x4_epi64(0xff, four, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y),
                     _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
  }
};
#endif

template <class Tile, int R> void row_of_tiles(Operand o, std::int64_t columns, std::int32_t* y, std::int64_t y_step) {
  const std::int8_t* const w = o.w;
  std::int64_t j = 0;
  for (; j + 4 <= columns; j += 4) {
    o.w = w + j * o.w_step;
    Tile::template run<R, 4>(o, y + j, y_step);
  }
  for (; j < columns; ++j) {
    o.w = w + j * o.w_step;
    Tile::template run<R, 1>(o, y + j, y_step);
  }
}

template <class Tile>
void multiply(const std::uint8_t* x, std::int64_t x_step, std::int64_t rows, const std::int8_t* w, std::int64_t w_step,
              std::int64_t columns, std::int64_t depth, std::int32_t* y, std::int64_t y_step) {
  for (std::int64_t i = 0; i < rows;) {
    // As many rows in each tile as in the others: 8 are 4 and 4, not 6 and 2.
    const std::int64_t left = rows - i, tiles = (left + Tile::kMostRows - 1) / Tile::kMostRows;
    const std::int64_t size = (left + tiles - 1) / tiles;
    const Operand o{x + i * x_step, w, x_step, w_step, depth};
    std::int32_t* const to = y + i * y_step;
    i += size;
    if constexpr (Tile::kMostRows > 2) {
      switch (size) {
        case 6: row_of_tiles<Tile, 6>(o, columns, to, y_step); continue;
        case 5: row_of_tiles<Tile, 5>(o, columns, to, y_step); continue;
        case 4: row_of_tiles<Tile, 4>(o, columns, to, y_step); continue;
        case 3: row_of_tiles<Tile, 3>(o, columns, to, y_step); continue;
        default: break;
      }
    }
    if (size == 2)
      row_of_tiles<Tile, 2>(o, columns, to, y_step);
    else
      row_of_tiles<Tile, 1>(o, columns, to, y_step);
  }
}

}  // namespace

const ByteKernels& byte_kernels();
const ByteKernels& byte_kernels() {
  static constexpr ByteKernels plain{quantize, multiply<PlainTile>, finish};
#if defined(__AVX512BW__)
  static constexpr ByteKernels vnni{quantize, multiply<VnniTile>, finish};
  static const bool has_vnni = __builtin_cpu_supports("avx512vnni");
  if (has_vnni) return vnni;
#endif
  return plain;
}

}  // namespace fornax::cpu::FORNAX_ISA
