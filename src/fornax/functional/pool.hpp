#pragma once
// Pooling over 1, 2 and 3 spatial dims: of windows that slide, and of a given number of windows (adaptive).

#include <optional>
#include <utility>

#include <fornax/functional/per_dim.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax::functional {

/// Distance of adjacent windows; the kernel's size if not given.
template <int N> struct PoolStride {
  std::optional<PerDim<N>> given;

  PoolStride() = default;
  PoolStride(PerDim<N> stride) : given(stride) {}  // NOLINT: implicit by design
  template <std::integral... T>
  requires(sizeof...(T) == N || sizeof...(T) == 1) PoolStride(T... stride) : given(PerDim<N>(stride...)) {}  // NOLINT
};

template <int N> struct MaxPoolOptions {
  PoolStride<N> stride = {};
  PerDim<N> padding = 0;  // of -inf
  PerDim<N> dilation = 1;
  bool ceil_mode = false;  // the last window may reach beyond the end
};

template <int N> struct AvgPoolOptions {
  PoolStride<N> stride = {};
  PerDim<N> padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;             // zeros of the padding count as elements
  std::optional<std::int64_t> divisor = {};  // instead of the number of elements
};

template <int N> struct LpPoolOptions {
  PoolStride<N> stride = {};
  bool ceil_mode = false;
};

/// The result of a max pool and where each element comes from: its position in the spatial dims of x, flattened.
struct Pooled {
  Array values, indices;
};

/// The largest element of each window; the first of ties has the gradient, a NaN wins.
///
/// Shapes:  x [N, C, in...] or [C, in...] -> [N, C, out...] with
///          out = floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, or rounded up with ceil_mode, but no
///          window starts in the padding behind x.
/// Kinds:   Float and Int.
/// Errors:  ShapeError for another rank, an empty spatial dim, or one smaller than the window; ValueError for a setting
///          out of range, or padding of more than half a window.
template <int N> Array max_pool(const Array& x, PerDim<N> kernel, const MaxPoolOptions<N>& options);
/// The same and where each element comes from, at the price of writing that down.
template <int N> Pooled max_pool_with_indices(const Array& x, PerDim<N> kernel, const MaxPoolOptions<N>& options);

/// The mean of each window.
///
/// Shapes:  as for max pools, with dilation 1.
/// Kinds:   Float.
/// Errors:  as for max pools; ValueError for a divisor of 0.
template <int N> Array avg_pool(const Array& x, PerDim<N> kernel, const AvgPoolOptions<N>& options);

/// The p-norm of each window, (sum of x^p)^(1/p); the gradient of a window whose sum is 0 is 0. There is no absolute
/// value in it: for odd p a negative sum gives NaN. Windows that ceil_mode lets reach beyond the end are scaled up to
/// full size (both as in PyTorch).
///
/// Errors:  as for average pools; ValueError unless p is positive and finite.
template <int N> Array lp_pool(const Array& x, double p, PerDim<N> kernel, const LpPoolOptions<N>& options);

/// Values at the places in their planes where max_pool_with_indices found them, zeros elsewhere. Of values for one place, one
/// stays.
///
/// Shapes:  x and indices [N, C, in...] or [C, in...] -> [N, C, output_size...].
/// Errors:  ShapeError if x and the indices differ in shape; IndexError for an index outside of its plane; ValueError for a size
///          that is not positive.
template <int N> Array max_unpool(const Array& x, const Array& indices, PerDim<N> output_size);

/// Pooling with `output_size` windows: window i of m in a dim of size n reaches from floor(i n / m) up to
/// ceil((i + 1) n / m).
///
/// Shapes:  x [N, C, in...] or [C, in...] -> [N, C, output_size...].
template <int N> Array adaptive_max_pool(const Array& x, PerDim<N> output_size);
template <int N> Pooled adaptive_max_pool_with_indices(const Array& x, PerDim<N> output_size);
template <int N> Array adaptive_avg_pool(const Array& x, PerDim<N> output_size);

// By their usual names, on arrays and on tensors.
#define FORNAX_POOL(N)                                                                                                 \
  inline Array max_pool##N##d(const Array& x, PerDim<N> kernel, const MaxPoolOptions<N>& options = {}) {               \
    return max_pool(x, kernel, options);                                                                               \
  }                                                                                                                    \
  inline Pooled max_pool##N##d_with_indices(const Array& x, PerDim<N> kernel, const MaxPoolOptions<N>& options = {}) { \
    return max_pool_with_indices(x, kernel, options);                                                                  \
  }                                                                                                                    \
  inline Array avg_pool##N##d(const Array& x, PerDim<N> kernel, const AvgPoolOptions<N>& options = {}) {               \
    return avg_pool(x, kernel, options);                                                                               \
  }                                                                                                                    \
  inline Array lp_pool##N##d(const Array& x, double p, PerDim<N> kernel, const LpPoolOptions<N>& options = {}) {       \
    return lp_pool(x, p, kernel, options);                                                                             \
  }                                                                                                                    \
  inline Array max_unpool##N##d(const Array& x, const Array& indices, PerDim<N> output_size) {                         \
    return max_unpool(x, indices, output_size);                                                                        \
  }                                                                                                                    \
  template <BackendType B, std::size_t D, Kind K>                                                                      \
  Tensor<B, D, K> max_unpool##N##d(const Tensor<B, D, K>& x, const Tensor<B, D, Int>& indices,                         \
                                   PerDim<N> output_size) {                                                            \
    detail::require_picture<D, N>();                                                                                   \
    return Tensor<B, D, K>(max_unpool<N>(x.array(), indices.array(), output_size));                                    \
  }                                                                                                                    \
  inline Array adaptive_max_pool##N##d(const Array& x, PerDim<N> output_size) {                                        \
    return adaptive_max_pool(x, output_size);                                                                          \
  }                                                                                                                    \
  inline Pooled adaptive_max_pool##N##d_with_indices(const Array& x, PerDim<N> output_size) {                          \
    return adaptive_max_pool_with_indices(x, output_size);                                                             \
  }                                                                                                                    \
  inline Array adaptive_avg_pool##N##d(const Array& x, PerDim<N> output_size) {                                        \
    return adaptive_avg_pool(x, output_size);                                                                          \
  }                                                                                                                    \
  template <BackendType B, std::size_t D, Kind K>                                                                      \
  Tensor<B, D, K> max_pool##N##d(const Tensor<B, D, K>& x, PerDim<N> kernel, const MaxPoolOptions<N>& options = {}) {  \
    detail::require_picture<D, N>();                                                                                   \
    return Tensor<B, D, K>(max_pool##N##d(x.array(), kernel, options));                                                \
  }                                                                                                                    \
  template <BackendType B, std::size_t D, Kind K>                                                                      \
  std::pair<Tensor<B, D, K>, Tensor<B, D, Int>> max_pool##N##d_with_indices(                                           \
      const Tensor<B, D, K>& x, PerDim<N> kernel, const MaxPoolOptions<N>& options = {}) {                             \
    detail::require_picture<D, N>();                                                                                   \
    const Pooled y = max_pool##N##d_with_indices(x.array(), kernel, options);                                          \
    return {Tensor<B, D, K>(y.values), Tensor<B, D, Int>(y.indices)};                                                  \
  }                                                                                                                    \
  template <BackendType B, std::size_t D>                                                                              \
  Tensor<B, D> avg_pool##N##d(const Tensor<B, D>& x, PerDim<N> kernel, const AvgPoolOptions<N>& options = {}) {        \
    detail::require_picture<D, N>();                                                                                   \
    return Tensor<B, D>(avg_pool##N##d(x.array(), kernel, options));                                                   \
  }                                                                                                                    \
  template <BackendType B, std::size_t D>                                                                              \
  Tensor<B, D> lp_pool##N##d(const Tensor<B, D>& x, double p, PerDim<N> kernel,                                        \
                             const LpPoolOptions<N>& options = {}) {                                                   \
    detail::require_picture<D, N>();                                                                                   \
    return Tensor<B, D>(lp_pool##N##d(x.array(), p, kernel, options));                                                 \
  }                                                                                                                    \
  template <BackendType B, std::size_t D, Kind K>                                                                      \
  Tensor<B, D, K> adaptive_max_pool##N##d(const Tensor<B, D, K>& x, PerDim<N> output_size) {                           \
    detail::require_picture<D, N>();                                                                                   \
    return Tensor<B, D, K>(adaptive_max_pool##N##d(x.array(), output_size));                                           \
  }                                                                                                                    \
  template <BackendType B, std::size_t D, Kind K>                                                                      \
  std::pair<Tensor<B, D, K>, Tensor<B, D, Int>> adaptive_max_pool##N##d_with_indices(const Tensor<B, D, K>& x,         \
                                                                                     PerDim<N> output_size) {          \
    detail::require_picture<D, N>();                                                                                   \
    const Pooled y = adaptive_max_pool##N##d_with_indices(x.array(), output_size);                                     \
    return {Tensor<B, D, K>(y.values), Tensor<B, D, Int>(y.indices)};                                                  \
  }                                                                                                                    \
  template <BackendType B, std::size_t D>                                                                              \
  Tensor<B, D> adaptive_avg_pool##N##d(const Tensor<B, D>& x, PerDim<N> output_size) {                                 \
    detail::require_picture<D, N>();                                                                                   \
    return Tensor<B, D>(adaptive_avg_pool##N##d(x.array(), output_size));                                              \
  }
FORNAX_POOL(1)
FORNAX_POOL(2)
FORNAX_POOL(3)
#undef FORNAX_POOL

}  // namespace fornax::functional
