#pragma once
// What the pages of linear algebra share: checks of shape rules, and matrices made in operations. A matrix is the last
// two dims of an array; the dims before them are batch dims.

#include <fornax/ops/rule.hpp>

namespace fornax {

/// Rank >= 2, f64 or f32, and sizes that LAPACK can count.
void require_matrix(std::string_view op, const Array& x);
void require_square(std::string_view op, const Array& x);
/// Equal sizes in all dims but the last two.
void require_same_batch(std::string_view op, const Array& a, const Array& b);
/// The shape with its last two sizes replaced, and without them.
Shape with_matrix(const Shape& shape, std::int64_t rows, std::int64_t columns);
Shape batch_of(const Shape& shape);

Array transpose(const Array& x);
/// x where column - row <= diagonal (>= if `upper`), zeros elsewhere.
Array triangle(Operand x, std::int64_t diagonal, bool upper);
/// (x + xᵀ) / 2.
Array symmetric_part(const Array& x);
/// True on the main diagonal: [rows, columns].
Array on_diagonal(const Array& like, std::int64_t rows, std::int64_t columns);
/// The elements of the main diagonal: [..., M, N] -> [..., min(M, N)].
Array diagonal_of(const Array& x);
/// Zeros beside a diagonal: [..., N] -> [..., N, N].
Array diagonal_matrix(const Array& diagonal);
/// Identity matrices of x's shape [..., N, N].
Array identity_like(const Array& x);
/// x [..., M, N] with column j times v[j]: [..., N].
Array scale_columns(const Array& x, const Array& v);
/// g, or zeros of y's shape if no cotangent arrived.
Array or_zeros(const Array& g, const Array& y);

}  // namespace fornax
