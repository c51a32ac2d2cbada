#pragma once
// Methods of Tensor: the same elements under other shapes, in other orders, with others beside them.

#include <array>
#include <concepts>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include <fornax/tensor/build.hpp>
#include <fornax/tensor/operators.hpp>

namespace fornax::methods {

template <class B, std::size_t D, class K> class Shaping {
  using Self = Tensor<B, D, K>;

 public:
  /// The same elements under another shape; one size may be -1, inferred.
  template <std::size_t N> Tensor<B, N, K> reshape(const Index (&dims)[N]) const {
    return ranked<N>(detail::reshape(defined(), detail::list(dims)));
  }
  // The array's type is deduced, so that reshape<2>({2, 3}) means the sizes above.
  template <std::size_t N = 0, class Sizes, std::size_t R = std::tuple_size_v<Sizes>>
  requires(std::same_as<Sizes, std::array<std::int64_t, R>> &&
           (N == 0 || N == R)) Tensor<B, R, K> reshape(const Sizes& dims)
  const { return ranked<R>(detail::reshape(defined(), dims)); }
  /// Dims first to last become one.
  template <std::size_t D2 = 1> Tensor<B, D2, K> flatten(std::int64_t first = 0, std::int64_t last = -1) const {
    return ranked<D2>(detail::flatten(defined(), first, last, D2));
  }
  /// Without its dims of size 1; what is left must have rank D2.
  template <std::size_t D2> Tensor<B, D2, K> squeeze() const { return ranked<D2>(detail::squeeze(defined(), D2)); }
  /// Without one dim, of size 1.
  Tensor<B, (D > 0 ? D - 1 : 0), K> squeeze(std::int64_t dim) const { return squeeze_dim(dim); }
  Tensor<B, (D > 0 ? D - 1 : 0), K> squeeze_dim(std::int64_t dim) const {
    static_assert(D > 0, "a tensor of rank 0 has no dim to squeeze");
    return ranked<(D > 0 ? D - 1 : 0)>(detail::squeeze_dim(defined(), dim));
  }
  /// Without some dims, all of size 1.
  template <std::size_t N> Tensor<B, (D > N ? D - N : 0), K> squeeze_dims(const Index (&dims)[N]) const {
    static_assert(N <= D, "squeeze_dims names a dim of the tensor once");
    return ranked<(D > N ? D - N : 0)>(detail::squeeze_dims(defined(), detail::list(dims)));
  }
  /// Leading dims of size 1 until the rank is D2.
  template <std::size_t D2 = D + 1> Tensor<B, D2, K> unsqueeze() const {
    static_assert(D2 >= D, "unsqueeze adds dims; squeeze removes them");
    return ranked<D2>(detail::unsqueeze(defined(), D2));
  }
  /// A new dim of size 1 before `dim`.
  Tensor<B, D + 1, K> unsqueeze_dim(std::int64_t dim) const {
    return ranked<D + 1>(detail::unsqueeze_dim(defined(), dim));
  }
  /// Dims of size 1 at these places of the result.
  template <std::size_t N> Tensor<B, D + N, K> unsqueeze_dims(const Index (&dims)[N]) const {
    return ranked<D + N>(detail::unsqueeze_dims(defined(), detail::list(dims)));
  }
  /// The last two dims swapped.
  Self transpose() const {
    static_assert(D >= 2, "transpose needs rank >= 2; unsqueeze() adds a dim");
    return Self::unchecked(fornax::swap_dims(array(), -2, -1));
  }
  Self t() const {
    static_assert(D == 2, "t() needs rank 2; transpose() swaps the last two dims of any rank");
    return transpose();
  }
  Self swap_dims(std::int64_t a, std::int64_t b) const { return Self::unchecked(fornax::swap_dims(array(), a, b)); }
  template <std::size_t N> Self permute(const Index (&dims)[N]) const {
    static_assert(N == D, "permute names every dim once");
    return Self::unchecked(fornax::permute(array(), detail::list(dims)));
  }
  Self movedim(std::int64_t from, std::int64_t to) const {
    return Self::unchecked(detail::move_dim(defined(), from, to));
  }
  /// Dims of size 1 repeated without a copy; -1 keeps a size; new dims come first.
  template <std::size_t N> Tensor<B, N, K> expand(const Index (&dims)[N]) const {
    static_assert(N >= D, "expand adds dims; it does not remove them");
    return ranked<N>(detail::expand(defined(), detail::list(dims)));
  }
  Self repeat_dim(std::int64_t dim, std::int64_t times) const {
    return Self::unchecked(detail::repeat_dim(defined(), dim, times));
  }
  template <std::size_t N> Self repeat(const Index (&times)[N]) const {
    static_assert(N == D, "repeat names a count for every dim");
    return Self::unchecked(detail::repeat(defined(), detail::list(times)));
  }
  template <std::size_t N> Self flip(const Index (&dims)[N]) const {
    return Self::unchecked(fornax::flip(array(), detail::list(dims)));
  }
  /// Elements moved along a dim; those that leave at the end come back at the start.
  Self roll(std::int64_t shift, std::int64_t dim) const { return Self::unchecked(detail::roll(defined(), shift, dim)); }
  /// Tensors one after another along a dim.
  static Self cat(std::span<const Self> parts, std::int64_t dim) {
    std::vector<Operand> operands;
    for (const Self& p : parts) operands.emplace_back(p.array());
    return Self::unchecked(fornax::cat(operands, dim));
  }
  static Self cat(std::initializer_list<Self> parts, std::int64_t dim) {
    return cat(std::span<const Self>(parts.begin(), parts.size()), dim);
  }
  /// Tensors of one shape along a new dim.
  static Tensor<B, D + 1, K> stack(std::span<const Self> parts, std::int64_t dim) {
    std::vector<Tensor<B, D + 1, K>> raised;
    for (const Self& p : parts) raised.push_back(p.unsqueeze_dim(dim));
    return Tensor<B, D + 1, K>::cat(raised, dim);
  }
  static Tensor<B, D + 1, K> stack(std::initializer_list<Self> parts, std::int64_t dim) {
    return stack(std::span<const Self>(parts.begin(), parts.size()), dim);
  }
  /// Parts of `size` along a dim; the last may be smaller.
  std::vector<Self> split(std::int64_t size, std::int64_t dim) const {
    std::vector<Self> parts;
    for (Array& a : detail::split(defined(), size, dim)) parts.push_back(Self::unchecked(std::move(a)));
    return parts;
  }
  /// Parts of the given sizes, which add up to the dim's.
  template <std::size_t N> std::vector<Self> split_with_sizes(const Index (&sizes)[N], std::int64_t dim) const {
    std::vector<Self> parts;
    for (Array& a : detail::split_with_sizes(defined(), detail::list(sizes), dim))
      parts.push_back(Self::unchecked(std::move(a)));
    return parts;
  }
  /// The slices along a dim, each with size 1 there.
  std::vector<Self> iter_dim(std::int64_t dim) const { return split(1, dim); }
  /// At most `count` parts of equal size; the last may be smaller.
  std::vector<Self> chunk(std::int64_t count, std::int64_t dim) const {
    if (count <= 0) throw ValueError("chunk", "the number of chunks is " + std::to_string(count));
    const std::int64_t n = defined().shape()[checked_dim("chunk", dim, D)];
    return split(n == 0 ? 1 : (n - 1) / count + 1, dim);
  }
  /// The elements on and above (below) the diagonal, zeros elsewhere.
  Self triu(std::int64_t diagonal = 0) const {
    static_assert(D >= 2, "triu needs rank >= 2; unsqueeze() adds a dim");
    return Self::unchecked(detail::triangle(defined(), diagonal, true));
  }
  Self tril(std::int64_t diagonal = 0) const {
    static_assert(D >= 2, "tril needs rank >= 2; unsqueeze() adds a dim");
    return Self::unchecked(detail::triangle(defined(), diagonal, false));
  }

 private:
  const Array& array() const { return static_cast<const Self&>(*this).array(); }
  const Array& defined() const {
    if (!array().defined()) detail::throw_empty();
    return array();
  }
  template <std::size_t N> static Tensor<B, N, K> ranked(Array array) {
    return Tensor<B, N, K>::unchecked(std::move(array));
  }
};

}  // namespace fornax::methods
