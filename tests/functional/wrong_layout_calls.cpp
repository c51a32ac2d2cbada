// Wrong calls: arrangements, padding, quantisation, sampling; and the elementwise functions of ops/functions.

#include "wrong_calls.hpp"

#include <fornax/ops/functions/elementwise.hpp>
#include <fornax/ops/functions/indexing.hpp>

namespace fornax::test {
namespace {

using namespace functional;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;
constexpr std::int64_t k0[] = {0}, k1[] = {1}, k2[] = {2}, k01[] = {0, 1}, k00[] = {0, 0}, k22[] = {2, 2},
                       kMinus[] = {-1, 2};
constexpr PadWidth kWidths[] = {{1, 1}, {1, 1}, {1, 1}}, kWide[] = {{4, 0}}, kCut[] = {{-2, -2}};

}  // namespace

// clang-format off
WrongCalls layout_calls() {
  const Array none, v = zeros({3}), m = zeros({2, 3}), s = zeros({}), whole = zeros({3}, DType::I64), flags = zeros({3}, DType::Bool),
              codes = zeros({3, 3}, DType::I8);
  const std::vector<Array> nothing, two{v, zeros({4})}, types{v, whole}, matrices{m, m}, with_none{v, none};
  return {
    WRONG(movedim, Value, movedim(none, k0, k0)),
    WRONG(movedim, Value, movedim(m, k01, k0)),
    WRONG(movedim, Value, movedim(m, k00, k01)),
    WRONG(movedim, Index, movedim(m, k2, k0)),
    WRONG(stack, Value, stack(nothing)),
    WRONG(stack, Value, stack(with_none)),
    WRONG(stack, Shape, stack(two)),
    WRONG(stack, DType, stack(types)),
    WRONG(stack, Index, stack(matrices, 3)),
    WRONG(split, Value, split(none, k1)),
    WRONG(split, Shape, split(v, k22)),
    WRONG(split, Index, split(v, k1, 1)),
    WRONG(split, Shape, split(zeros({1}), kMinus)),
    WRONG(chunk, Value, chunk(none, 2)),
    WRONG(chunk, Value, chunk(v, 0)),
    WRONG(chunk, Index, chunk(v, 2, 1)),
    WRONG(tile, Value, tile(none, k2)),
    WRONG(tile, Shape, tile(m, k2)),
    WRONG(tile, Value, tile(m, kMinus)),
    WRONG(repeat_interleave, Value, repeat_interleave(none, 2)),
    WRONG(repeat_interleave, Value, repeat_interleave(v, -1)),
    WRONG(repeat_interleave, Index, repeat_interleave(v, 2, 1)),
    WRONG(repeat_interleave, Shape, repeat_interleave(v, k22)),
    WRONG(repeat_interleave, Value, repeat_interleave(zeros({2}), kMinus)),
    WRONG(roll, Value, roll(none, k1)),
    WRONG(roll, Value, roll(m, k1, k01)),
    WRONG(roll, Index, roll(v, k1, k2)),
    WRONG(rot90, Value, rot90(none)),
    WRONG(rot90, Value, rot90(m, 1, 1, 1)),
    WRONG(rot90, Index, rot90(m, 1, 0, 2)),
    WRONG(tril, Value, tril(none)),
    WRONG(tril, Shape, tril(v)),
    WRONG(tril, Shape, tril(s)),
    WRONG(triu, Value, triu(none)),
    WRONG(triu, Shape, triu(v)),
    WRONG(triu, Shape, triu(s, 1)),
    WRONG(diagonal, Value, functional::diagonal(none)),
    WRONG(diagonal, Value, functional::diagonal(m, 0, 1, 1)),
    WRONG(diagonal, Index, functional::diagonal(m, 0, 0, 2)),
    WRONG(diag_embed, Value, functional::diag_embed(none)),
    WRONG(diag_embed, Shape, functional::diag_embed(s)),
    WRONG(diag_embed, Value, functional::diag_embed(v, kHuge)),
    WRONG(meshgrid, Value, meshgrid(nothing)),
    WRONG(meshgrid, Value, meshgrid(with_none)),
    WRONG(meshgrid, Shape, meshgrid(matrices)),
    WRONG(unfold_dim, Value, unfold_dim(none, 0, 1)),
    WRONG(unfold_dim, Value, unfold_dim(v, 0, 4)),
    WRONG(unfold_dim, Value, unfold_dim(v, 0, -1)),
    WRONG(unfold_dim, Value, unfold_dim(v, 0, 2, 0)),
    WRONG(unfold_dim, Index, unfold_dim(v, 1, 1)),
    WRONG(pad, Value, pad(none, kCut)),
    WRONG(pad, Shape, pad(m, kWidths)),
    WRONG(pad, Shape, pad(v, kCut)),
    WRONG(pad, Shape, pad(v, kWide, {.mode = PadMode::Reflect})),
    WRONG(pad, Shape, pad(v, kWide, {.mode = PadMode::Circular})),
    WRONG(pad, DType, pad(whole, kWide, {.value = 0.5})),
    WRONG(quantize_affine, Value, quantize_affine(none, {})),
    WRONG(quantize_affine, DType, quantize_affine(whole, {})),
    WRONG(quantize_affine, Value, quantize_affine(v, {.scale = 0})),
    WRONG(quantize_affine, Value, quantize_affine(v, {.low = 1, .high = 0})),
    WRONG(quantize_affine, Value, quantize_affine(v, {.low = -300})),
    WRONG(quantize_affine, Value, quantize_affine(v, {.zero_point = 200})),
    WRONG(dequantize_affine, Value, dequantize_affine(none, {})),
    WRONG(dequantize_affine, DType, dequantize_affine(v, {})),
    WRONG(dequantize_affine, DType, dequantize_affine(whole, {}, DType::I64)),
    WRONG(dequantize_affine, Value, dequantize_affine(whole, {.scale = -1})),
    WRONG(fake_quantize, Value, fake_quantize(none, {})),
    WRONG(fake_quantize, DType, fake_quantize(whole, {})),
    WRONG(fake_quantize, Value, fake_quantize(v, {.scale = kNan})),
    WRONG(quantize_weight, Value, quantize_weight(none)),
    WRONG(quantize_weight, DType, quantize_weight(zeros({2, 3}, DType::I64))),
    WRONG(quantize_weight, Shape, quantize_weight(v)),
    WRONG(quantize_weight, Shape, quantize_weight(zeros({2, 0}))),
    WRONG(quantized_linear, Value, quantized_linear(none, {codes, v})),
    WRONG(quantized_linear, DType, quantized_linear(whole, {codes, v})),
    WRONG(quantized_linear, DType, quantized_linear(v, {whole, v})),
    WRONG(quantized_linear, Shape, quantized_linear(v, {codes, zeros({2})})),
    WRONG(quantized_linear, Shape, quantized_linear(v, {codes, v}, zeros({2}))),
    WRONG(gumbel_noise, Value, gumbel_noise(none, Shape{2})),
    WRONG(categorical_from_logits, Value, categorical_from_logits(none)),
    WRONG(categorical_from_logits, DType, categorical_from_logits(whole)),
    WRONG(categorical_from_logits, Shape, categorical_from_logits(zeros({2, 0}))),
    WRONG(categorical_from_logits, Shape, categorical_from_logits(s)),
    WRONG(categorical_from_logits, Value, categorical_from_logits(v, {.samples = -1})),
    WRONG(categorical_from_logits, Value, categorical_from_logits(floats({0, kNan}))),
    WRONG(categorical, Value, categorical(none)),
    WRONG(categorical, DType, categorical(whole)),
    WRONG(categorical, Value, categorical(floats({0.5, -0.5}))),
    WRONG(categorical, Value, categorical(floats({0, 0}))),
    WRONG(cartesian_prod, Value, cartesian_prod(nothing)),
    WRONG(cartesian_prod, Value, cartesian_prod(with_none)),
    WRONG(cartesian_prod, Shape, cartesian_prod(matrices)),
    WRONG(cartesian_grid, Shape, cartesian_grid(cpu(), Shape{})),
    WRONG(cartesian_grid, Shape, cartesian_grid(cpu(), Shape{1, 1, 1, 1, 1, 1, 1, 1})),
  };
}

WrongCalls elementwise_calls() {
  const Array none, v = zeros({3}), m = zeros({2, 3}), four = zeros({4}), whole = zeros({3}, DType::I64), flags = zeros({3}, DType::Bool), small = zeros({3}, DType::F32);
  const Array at = ints({0, 2, 1});
  return {
    WRONG(clamp, Value, clamp(v, none, v)),
    WRONG(clamp, DType, clamp(v, v, small)),
    WRONG(clamp, DType, clamp(flags, flags, flags)),
    WRONG(clamp, Shape, clamp(v, v, four)),
    WRONG(clamp_min, Value, clamp_min(none, v)),
    WRONG(clamp_min, DType, clamp_min(v, whole)),
    WRONG(clamp_min, Shape, clamp_min(v, four)),
    WRONG(clamp_max, Value, clamp_max(v, none)),
    WRONG(clamp_max, DType, clamp_max(whole, v)),
    WRONG(clamp_max, Shape, clamp_max(four, v)),
    WRONG(fmax, Value, fmax(none, v)),
    WRONG(fmax, DType, fmax(v, small)),
    WRONG(fmax, Shape, fmax(v, four)),
    WRONG(fmin, Value, fmin(v, none)),
    WRONG(fmin, DType, fmin(flags, flags)),
    WRONG(fmin, Shape, fmin(m, four)),
    WRONG(gcd, Value, gcd(none, whole)),
    WRONG(gcd, DType, gcd(v, v)),
    WRONG(gcd, Shape, gcd(whole, ints({1, 2}))),
    WRONG(lcm, Value, lcm(whole, none)),
    WRONG(lcm, DType, lcm(v, v)),
    WRONG(lcm, DType, lcm(whole, ints({1}, DType::I32))),
    WRONG(lcm, Shape, lcm(whole, ints({1, 2}))),
    WRONG(scatter_reduce, Value, scatter_reduce(none, 0, at, v, Combine::Sum, false)),
    WRONG(scatter_reduce, DType, scatter_reduce(v, 0, at, small, Combine::Max, false)),
    WRONG(scatter_reduce, DType, scatter_reduce(flags, 0, at, flags, Combine::Prod, false)),
    WRONG(scatter_reduce, DType, scatter_reduce(whole, 0, at, whole, Combine::Mean, false)),
    WRONG(index_reduce, Value, index_reduce(v, 0, at, none, Combine::Sum, false)),
    WRONG(index_reduce, DType, index_reduce(v, 0, at, whole, Combine::Min, false)),
    WRONG(index_reduce, DType, index_reduce(whole, 0, at, whole, Combine::Mean, false)),
    WRONG_IN(scatter_reduce, "scatter", Index, scatter_reduce(v, 1, at, v, Combine::Sum, false)),
    WRONG_IN(scatter_reduce, "scatter", Index, scatter_reduce(v, 0, ints({3}), zeros({1}), Combine::Sum, false)),
    WRONG_IN(index_reduce, "select_assign", Shape, index_reduce(v, 0, ints({1}), v, Combine::Sum, false)),
  };
}
// clang-format on

}  // namespace fornax::test
