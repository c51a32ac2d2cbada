#pragma once
// Methods of Tensor: reading and writing at positions that are data.

#include <array>

#include <fornax/ops/functions/indexing.hpp>
#include <fornax/tensor/build.hpp>
#include <fornax/tensor/operators.hpp>

namespace fornax::methods {

template <class B, std::size_t D, class K> class Indexing {
  using Self = Tensor<B, D, K>;

 public:
  /// The slices at the given positions of a dim.
  Self select(std::int64_t dim, const Tensor<B, 1, Int>& index) const {
    return Self::unchecked(fornax::select(array(), dim, index.array()));
  }
  /// The tensor with `values` assigned, added, multiplied or compared at the given positions of a dim.
  Self select_assign(std::int64_t dim, const Tensor<B, 1, Int>& index, const Self& values,
                     Update update = Update::Add) const {
    return Self::unchecked(fornax::select_assign(array(), dim, index.array(), values.array(), update));
  }
  /// y[i][j] = x[index[i][j]][j] for dim 0, and likewise for other dims.
  Self gather(std::int64_t dim, const Tensor<B, D, Int>& index) const {
    return Self::unchecked(fornax::gather(array(), dim, index.array()));
  }
  /// The tensor with `values` assigned, added, multiplied or compared where gather would read.
  Self scatter(std::int64_t dim, const Tensor<B, D, Int>& index, const Self& values,
               Update update = Update::Add) const {
    return Self::unchecked(fornax::scatter(array(), dim, index.array(), values.array(), update));
  }
  /// The same for sums, products, smallest and largest ones, and means, of the values and, if `include_self`, what is
  /// there already.
  Self scatter_reduce(std::int64_t dim, const Tensor<B, D, Int>& index, const Self& values, Combine combine,
                      bool include_self = true) const {
    return Self::unchecked(fornax::scatter_reduce(array(), dim, index.array(), values.array(), combine, include_self));
  }
  Self index_reduce(std::int64_t dim, const Tensor<B, 1, Int>& index, const Self& values, Combine combine,
                    bool include_self = true) const {
    return Self::unchecked(fornax::index_reduce(array(), dim, index.array(), values.array(), combine, include_self));
  }
  Self index_add(std::int64_t dim, const Tensor<B, 1, Int>& index, const Self& values) const {
    return select_assign(dim, index, values, Update::Add);
  }
  Self index_copy(std::int64_t dim, const Tensor<B, 1, Int>& index, const Self& values) const {
    return select_assign(dim, index, values, Update::Assign);
  }
  Self index_fill(std::int64_t dim, const Tensor<B, 1, Int>& index, Scalar value) const {
    return Self::unchecked(fornax::index_fill(array(), dim, index.array(), value));
  }
  /// x[i, j, ...] for each tuple of k positions in the last dim of index; negative ones count from the end. DV is the
  /// rank of the result, DI - 1 + D - k.
  template <std::size_t DV, std::size_t DI> Tensor<B, DV, K> gather_nd(const Tensor<B, DI, Int>& index) const {
    return Tensor<B, DV, K>(fornax::gather_nd(array(), index.array()));
  }
  /// The tensor with `values` assigned, added, multiplied or compared where gather_nd would read.
  template <std::size_t DI, std::size_t DV>
  Self scatter_nd(const Tensor<B, DI, Int>& index, const Tensor<B, DV, K>& values, Update update = Update::Add) const {
    return Self::unchecked(fornax::scatter_nd(array(), index.array(), values.array(), update));
  }
  /// The elements at row-major positions; negative ones count from the end.
  template <std::size_t DI> Tensor<B, DI, K> take(const Tensor<B, DI, Int>& index) const {
    return Tensor<B, DI, K>::unchecked(fornax::take(array(), index.array()));
  }
  /// The slices at positions of a dim, whose place the dims of index take.
  template <std::size_t DI>
  Tensor<B, (D > 0 ? D - 1 : 0) + DI, K> take(std::int64_t dim, const Tensor<B, DI, Int>& index) const {
    static_assert(D > 0, "a tensor of rank 0 has no dim to index; unsqueeze() adds one");
    return Tensor<B, (D > 0 ? D - 1 : 0) + DI, K>::unchecked(fornax::take(array(), dim, index.array()));
  }
  /// 1 at each class, 0 elsewhere: [..., classes].
  Tensor<B, D + 1, Int> one_hot(std::int64_t classes) const {
    static_assert(std::same_as<K, Int>, "one_hot needs Int elements; to_int() converts a tensor");
    return Tensor<B, D + 1, Int>::unchecked(fornax::one_hot(array(), classes));
  }

  /// `on` at each class, `off` elsewhere; the classes run along dim `axis` of the result.
  Tensor<B, D + 1, Int> one_hot_fill(std::int64_t classes, std::int64_t on, std::int64_t off,
                                     std::int64_t axis = -1) const {
    static_assert(std::same_as<K, Int>, "one_hot_fill needs Int elements; to_int() converts a tensor");
    return Tensor<B, D + 1, Int>::unchecked(detail::one_hot_fill(array(), classes, on, off, axis));
  }

  // How many there are is read from the data.

  /// The elements where the mask is true, in row-major order.
  Tensor<B, 1, K> mask_select(const Tensor<B, D, Bool>& mask) const {
    return Tensor<B, 1, K>::unchecked(fornax::masked_select(array(), mask.array()));
  }
  /// The coordinates of the elements that are not 0 (true): [n, D], and the same for each dim apart.
  Tensor<B, 2, Int> argwhere() const { return Tensor<B, 2, Int>::unchecked(fornax::argwhere(array())); }
  std::array<Tensor<B, 1, Int>, D> nonzero() const {
    const Arrays found = fornax::nonzero(array());
    std::array<Tensor<B, 1, Int>, D> coordinates;
    for (std::size_t d = 0; d < D; ++d) coordinates[d] = Tensor<B, 1, Int>::unchecked(found[d]);
    return coordinates;
  }

 private:
  const Array& array() const { return static_cast<const Self&>(*this).array(); }
};

}  // namespace fornax::methods
