#pragma once
// Reading and writing at positions, as functions on Array.

#include <fornax/ops/functions.hpp>

namespace fornax {

// Where elements are not zero. How many there are is read from the data, so these are not differentiable, nor to be used
// where the data are not known yet.

/// Row-major positions of the elements that are not 0 (true): [n], I64.
Array nonzero_positions(const Array& x);
/// The same as coordinates: [n, rank].
Array argwhere(const Array& x);
/// The same with the coordinates of each dim apart: rank arrays [n].
Arrays nonzero(const Array& x);

/// The elements where the mask is true, in row-major order: [n]. Shapes broadcast.
Array masked_select(const Array& x, const Array& mask);
/// Elements at row-major positions, which may be negative, counted from the end: the shape of index.
Array take(const Array& x, const Array& index);
/// The slices at positions of a dim, which may be negative: the dim is replaced by the dims of index.
Array take(const Array& x, std::int64_t dim, const Array& index);
/// 1 at each class, 0 elsewhere: [..., classes], I64.
///
/// Errors: IndexError if a class is outside [0, classes).
Array one_hot(const Array& index, std::int64_t classes);

/// x[i, j, ...] for each tuple (i, j, ...) of k positions, which may be negative.
///
/// Shapes: x of rank >= k, index [..., k] -> [..., the dims of x from the k-th on].
Array gather_nd(const Array& x, const Array& index);
/// x with values assigned, added, multiplied or compared where gather_nd would read; the gradients are those of scatter.
///
/// Shapes: values of the shape that gather_nd gives, or one that broadcasts to it.
Array scatter_nd(const Array& x, const Array& index, const Array& values, Update update);

/// How the values that meet at a place, and what is there already, become one.
enum class Combine : std::uint8_t { Sum, Prod, Min, Max, Mean };

/// x with values combined into it where gather (or select) would read. The gradient of prod is exact with zeros; min and
/// max share theirs evenly among ties. Without include_self what is there already counts only where no value goes.
Array scatter_reduce(const Array& x, std::int64_t dim, const Array& index, const Array& values, Combine combine,
                     bool include_self = true);
Array index_reduce(const Array& x, std::int64_t dim, const Array& index, const Array& values, Combine combine,
                   bool include_self = true);
/// x with the slices at index increased by values, replaced by them, or filled with a number.
Array index_add(const Array& x, std::int64_t dim, const Array& index, const Array& values);
Array index_copy(const Array& x, std::int64_t dim, const Array& index, const Array& values);
Array index_fill(const Array& x, std::int64_t dim, const Array& index, Scalar value);

}  // namespace fornax
