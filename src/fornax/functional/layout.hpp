#pragma once
// Arrangements of elements: views and copies of any kind, with gradients where the elements are Float. Dims may be
// negative, counted from the back.

#include <span>
#include <vector>

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// Dim from[i] becomes dim to[i]; the others keep their order.
///
/// Errors: ValueError if the lists differ in length or a dim appears twice.
Array movedim(const Array& x, std::span<const std::int64_t> from, std::span<const std::int64_t> to);
/// Without its dims of size 1.
Array squeeze(const Array& x);
/// Arrays of one shape along a new dim.
Array stack(std::span<const Array> parts, std::int64_t dim = 0);
/// Parts of the given sizes along a dim. Errors: ShapeError unless they add up to its size.
std::vector<Array> split(const Array& x, std::span<const std::int64_t> sizes, std::int64_t dim = 0);
/// At most `count` parts of equal size, the last may be smaller; an empty dim gives `count` empty parts.
std::vector<Array> chunk(const Array& x, std::int64_t count, std::int64_t dim = 0);
/// The whole repeated along each dim; leading dims are added where there are more counts than dims.
///
/// Errors: ShapeError for fewer counts than dims, ValueError for a negative one.
Array tile(const Array& x, std::span<const std::int64_t> counts);
/// Each slice along a dim `times` times, one after another.
Array repeat_interleave(const Array& x, std::int64_t times, std::int64_t dim = 0);
/// Slice i along a dim times[i] times.
Array repeat_interleave(const Array& x, std::span<const std::int64_t> times, std::int64_t dim = 0);
/// Elements moved along dims; those that leave at the end come back at the start. Without dims the array is rolled as if
/// it were flat.
Array roll(const Array& x, std::span<const std::int64_t> shifts, std::span<const std::int64_t> dims = {});
/// A quarter turn from dim `from` towards dim `to`, `turns` times.
Array rot90(const Array& x, std::int64_t turns = 1, std::int64_t from = 0, std::int64_t to = 1);
/// The elements on and below (above) a diagonal of the last two dims, zeros elsewhere.
Array tril(const Array& x, std::int64_t diagonal = 0);
Array triu(const Array& x, std::int64_t diagonal = 0);
/// The elements (i, i + offset) of two dims, as the last dim.
Array diagonal(const Array& x, std::int64_t offset = 0, std::int64_t dim0 = 0, std::int64_t dim1 = 1);
/// Matrices with the last dim's elements on a diagonal, zeros elsewhere: [..., n] -> [..., n + |offset|, n + |offset|].
Array diag_embed(const Array& x, std::int64_t offset = 0);

/// Whose index runs along which dim: vector i along dim i (matrices), or the first two swapped (plots).
enum class Indexing : std::uint8_t { Matrix, Plot };
/// Each vector spread over the grid that they span.
///
/// Shapes: [n1], ..., [nk] -> k of [n1, ..., nk]. No copies.
std::vector<Array> meshgrid(std::span<const Array> vectors, Indexing indexing = Indexing::Matrix);

/// Windows of `size` elements of a dim, `step` apart, as a new last dim.
///
/// Shapes: [..., n, ...] -> [..., (n - size) / step + 1, ..., size].
/// Errors: ValueError if size is negative or beyond n, or step is not positive.
Array unfold_dim(const Array& x, std::int64_t dim, std::int64_t size, std::int64_t step = 1);

// --- Typed --------------------------------------------------------------------------------------------------------------

namespace impl {
template <std::size_t N> std::array<std::int64_t, N> list(const Index (&values)[N]) {
  std::array<std::int64_t, N> all{};
  for (std::size_t i = 0; i < N; ++i) all[i] = values[i].value;
  return all;
}
template <BackendType B, std::size_t D, Kind K> std::vector<Tensor<B, D, K>> typed(std::vector<Array> arrays) {
  std::vector<Tensor<B, D, K>> tensors;
  for (Array& a : arrays) tensors.push_back(Tensor<B, D, K>::unchecked(std::move(a)));
  return tensors;
}
}  // namespace impl

template <BackendType B, std::size_t D, Kind K, std::size_t N>
Tensor<B, D, K> movedim(const Tensor<B, D, K>& x, const Index (&from)[N], const Index (&to)[N]) {
  return Tensor<B, D, K>::unchecked(movedim(x.array(), impl::list(from), impl::list(to)));
}
template <BackendType B, std::size_t D, Kind K, std::size_t N>
std::vector<Tensor<B, D, K>> split(const Tensor<B, D, K>& x, const Index (&sizes)[N], std::int64_t dim = 0) {
  return impl::typed<B, D, K>(split(x.array(), impl::list(sizes), dim));
}
template <BackendType B, std::size_t D, Kind K, std::size_t N>
Tensor<B, N, K> tile(const Tensor<B, D, K>& x, const Index (&counts)[N]) {
  static_assert(N >= D, "tile names a count for every dim");
  return Tensor<B, N, K>::unchecked(tile(x.array(), impl::list(counts)));
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> repeat_interleave(const Tensor<B, D, K>& x, std::int64_t times, std::int64_t dim = 0) {
  return Tensor<B, D, K>::unchecked(repeat_interleave(x.array(), times, dim));
}
template <BackendType B, std::size_t D, Kind K, std::size_t N>
Tensor<B, D, K> repeat_interleave(const Tensor<B, D, K>& x, const Index (&times)[N], std::int64_t dim = 0) {
  return Tensor<B, D, K>::unchecked(repeat_interleave(x.array(), impl::list(times), dim));
}
template <BackendType B, std::size_t D, Kind K, std::size_t N>
Tensor<B, D, K> roll(const Tensor<B, D, K>& x, const Index (&shifts)[N], const Index (&dims)[N]) {
  return Tensor<B, D, K>::unchecked(roll(x.array(), impl::list(shifts), impl::list(dims)));
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D, K> rot90(const Tensor<B, D, K>& x, std::int64_t turns = 1, std::int64_t from = 0, std::int64_t to = 1) {
  static_assert(D >= 2, "rot90 needs rank >= 2; unsqueeze() adds a dim");
  return Tensor<B, D, K>::unchecked(rot90(x.array(), turns, from, to));
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D - 1, K> diagonal(const Tensor<B, D, K>& x, std::int64_t offset = 0, std::int64_t dim0 = 0,
                             std::int64_t dim1 = 1) {
  static_assert(D >= 2, "diagonal needs rank >= 2; unsqueeze() adds a dim");
  return Tensor<B, D - 1, K>::unchecked(diagonal(x.array(), offset, dim0, dim1));
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D + 1, K> diag_embed(const Tensor<B, D, K>& x, std::int64_t offset = 0) {
  static_assert(D >= 1, "diag_embed needs rank >= 1; unsqueeze() adds a dim");
  return Tensor<B, D + 1, K>::unchecked(diag_embed(x.array(), offset));
}
/// Example: auto [i, j] = meshgrid(std::array{rows, columns});
template <BackendType B, Kind K, std::size_t N>
std::array<Tensor<B, N, K>, N> meshgrid(const std::array<Tensor<B, 1, K>, N>& vectors,
                                        Indexing indexing = Indexing::Matrix) {
  std::array<Array, N> arrays;
  for (std::size_t i = 0; i < N; ++i) arrays[i] = vectors[i].array();
  std::vector<Array> grids = meshgrid(std::span<const Array>(arrays), indexing);
  std::array<Tensor<B, N, K>, N> tensors;
  for (std::size_t i = 0; i < N; ++i) tensors[i] = Tensor<B, N, K>::unchecked(std::move(grids[i]));
  return tensors;
}
template <BackendType B, std::size_t D, Kind K>
Tensor<B, D + 1, K> unfold_dim(const Tensor<B, D, K>& x, std::int64_t dim, std::int64_t size, std::int64_t step = 1) {
  static_assert(D >= 1, "unfold_dim needs rank >= 1");
  return Tensor<B, D + 1, K>::unchecked(unfold_dim(x.array(), dim, size, step));
}

}  // namespace fornax::functional
