#pragma once
// Methods of Tensor: one value from many. Over all elements the result is [1]; along a dim, that dim stays with size 1.

#include <initializer_list>
#include <span>
#include <utility>

#include <fornax/ops/functions/statistics.hpp>
#include <fornax/tensor/build.hpp>
#include <fornax/tensor/operators.hpp>

namespace fornax::methods {

template <class B, std::size_t D, class K> class Reducing {
  using Self = Tensor<B, D, K>;
  using One = Tensor<B, 1, K>;
  using Positions = Tensor<B, D, Int>;
  using Flags = Tensor<B, D, Bool>;

 public:
  One sum() const { return One::unchecked(reduce_all(ReduceFn::Sum, number())); }
  One prod() const { return One::unchecked(reduce_all(ReduceFn::Prod, number())); }
  One mean() const { return One::unchecked(reduce_all(ReduceFn::Mean, real())); }
  /// Largest element; the gradient is shared among ties.
  One max() const { return One::unchecked(reduce_all(ReduceFn::Max, number())); }
  One min() const { return One::unchecked(reduce_all(ReduceFn::Min, number())); }
  Self sum_dim(std::int64_t dim) const { return Self::unchecked(reduce(ReduceFn::Sum, number(), dim)); }
  Self prod_dim(std::int64_t dim) const { return Self::unchecked(reduce(ReduceFn::Prod, number(), dim)); }
  Self mean_dim(std::int64_t dim) const { return Self::unchecked(reduce(ReduceFn::Mean, real(), dim)); }
  template <std::size_t N> Self sum_dims(const Index (&dims)[N]) const {
    return Self::unchecked(detail::reduce_dims(ReduceFn::Sum, number(), detail::list(dims)));
  }
  template <std::size_t N> Self prod_dims(const Index (&dims)[N]) const {
    return Self::unchecked(detail::reduce_dims(ReduceFn::Prod, number(), detail::list(dims)));
  }
  /// The sums along some dims, which go away.
  template <std::size_t N> Tensor<B, (D > N ? D - N : 0), K> sum_dims_squeeze(const Index (&dims)[N]) const {
    return sum_dims(dims).squeeze_dims(dims);
  }
  template <std::size_t N> Self mean_dims(const Index (&dims)[N]) const {
    return Self::unchecked(detail::reduce_dims(ReduceFn::Mean, real(), detail::list(dims)));
  }
  /// Largest and smallest along some dims; the gradient is shared among ties.
  template <std::size_t N> Self max_dims(const Index (&dims)[N]) const {
    return Self::unchecked(detail::reduce_dims(ReduceFn::Max, number(), detail::list(dims)));
  }
  template <std::size_t N> Self min_dims(const Index (&dims)[N]) const {
    return Self::unchecked(detail::reduce_dims(ReduceFn::Min, number(), detail::list(dims)));
  }
  /// Largest absolute value; the gradient is shared among ties.
  One max_abs() const { return One::unchecked(reduce_all(ReduceFn::Max, magnitudes())); }
  Self max_abs_dim(std::int64_t dim) const { return Self::unchecked(reduce(ReduceFn::Max, magnitudes(), dim)); }
  template <std::size_t N> Self max_abs_dims(const Index (&dims)[N]) const {
    return Self::unchecked(detail::reduce_dims(ReduceFn::Max, magnitudes(), detail::list(dims)));
  }
  /// Position of the largest or smallest element along a dim; the first of ties.
  Positions argmax(std::int64_t dim) const { return arg(true, dim); }
  Positions argmin(std::int64_t dim) const { return arg(false, dim); }
  /// Largest and smallest along a dim; the gradient goes to the position that argmax or argmin names.
  Self max_dim(std::int64_t dim) const { return max_dim_with_indices(dim).first; }
  Self min_dim(std::int64_t dim) const { return min_dim_with_indices(dim).first; }
  std::pair<Self, Positions> max_dim_with_indices(std::int64_t dim) const { return at(dim, arg(true, dim)); }
  std::pair<Self, Positions> min_dim_with_indices(std::int64_t dim) const { return at(dim, arg(false, dim)); }
  /// Variance along a dim, divided by n - 1; `var_bias` divides by n.
  Self var(std::int64_t dim) const { return Self::unchecked(detail::variance(real(), dim, 1)); }
  Self var_bias(std::int64_t dim) const { return Self::unchecked(detail::variance(real(), dim, 0)); }
  std::pair<Self, Self> var_mean(std::int64_t dim) const { return {var(dim), mean_dim(dim)}; }
  std::pair<Self, Self> var_mean_bias(std::int64_t dim) const { return {var_bias(dim), mean_dim(dim)}; }
  Tensor<B, 1, Bool> any() const { return Tensor<B, 1, Bool>::unchecked(reduce_all(ReduceFn::Any, truths())); }
  Tensor<B, 1, Bool> all() const { return Tensor<B, 1, Bool>::unchecked(reduce_all(ReduceFn::All, truths())); }
  Flags any_dim(std::int64_t dim) const { return Flags::unchecked(reduce(ReduceFn::Any, truths(), dim)); }
  Flags all_dim(std::int64_t dim) const { return Flags::unchecked(reduce(ReduceFn::All, truths(), dim)); }
  Tensor<B, 1, Bool> contains_nan() const {
    return Tensor<B, 1, Bool>::unchecked(reduce_all(ReduceFn::Any, is_nan(real())));
  }

  // --- Statistics -------------------------------------------------------------------------------------------------

  /// The k-th smallest element along a dim, k from 1, and where it is; the gradient goes there.
  Self kthvalue(std::int64_t k, std::int64_t dim) const { return kthvalue_with_indices(k, dim).first; }
  std::pair<Self, Positions> kthvalue_with_indices(std::int64_t k, std::int64_t dim) const {
    return detail::pair_of<Self>(fornax::kthvalue(number(), k, dim));
  }
  /// The middle element along a dim, the smaller of two; the first NaN if there is one. The gradient goes there.
  Self median(std::int64_t dim) const { return median_with_indices(dim).first; }
  std::pair<Self, Positions> median_with_indices(std::int64_t dim) const {
    return detail::pair_of<Self>(fornax::median(number(), dim));
  }
  /// The most frequent element along a dim, the smallest of several, and the last place where it is.
  Self mode(std::int64_t dim) const { return mode_with_indices(dim).first; }
  std::pair<Self, Positions> mode_with_indices(std::int64_t dim) const {
    return detail::pair_of<Self>(fornax::mode(number(), dim));
  }
  /// The element below which a fraction q of a dim lies, at rank q (n - 1); of several fractions one for each.
  Self quantile(double q, std::int64_t dim, QuantileMethod method = QuantileMethod::Linear) const {
    return Self::unchecked(fornax::quantile(real(), {&q, 1}, dim, method));
  }
  Self quantile(std::initializer_list<double> q, std::int64_t dim,
                QuantileMethod method = QuantileMethod::Linear) const {
    return Self::unchecked(fornax::quantile(real(), {q.begin(), q.size()}, dim, method));
  }
  /// log(sum of exp(x)) along a dim, without overflow.
  Self logsumexp(std::int64_t dim) const {
    return Self::unchecked(fornax::logsumexp(real(), DimSet::of(checked_dim("logsumexp", dim, D))));
  }
  /// The root of `var`; slope 0 where all elements are equal.
  Self stddev(std::int64_t dim) const {
    return Self::unchecked(fornax::stddev(real(), DimSet::of(checked_dim("stddev", dim, D))));
  }
  /// Number of elements that are not 0 (true).
  Tensor<B, 1, Int> count_nonzero() const {
    return Tensor<B, 1, Int>::unchecked(fornax::reshape(fornax::count_nonzero(defined(), DimSet::all(D)), Shape{1}));
  }
  Positions count_nonzero_dim(std::int64_t dim) const {
    const int d = checked_dim("count_nonzero", dim, D);
    return Positions::unchecked(fornax::count_nonzero(defined(), DimSet::of(d)));
  }
  /// How often each of the numbers 0, 1, ... occurs; at least `minimum` counts.
  Tensor<B, 1, Int> bincount(std::int64_t minimum = 0) const {
    static_assert(D == 1 && std::same_as<K, Int>, "bincount needs Int elements of rank 1");
    return Tensor<B, 1, Int>::unchecked(fornax::bincount(array(), minimum));
  }
  /// How many elements fall into each of `bins` equal parts of [low, high], and the edges of the parts.
  std::pair<Tensor<B, 1, Int>, One> histogram(std::int64_t bins, double low, double high) const {
    const Histogram h = fornax::histogram(real(), bins, low, high);
    return {Tensor<B, 1, Int>::unchecked(h.counts), One::unchecked(h.edges)};
  }
  /// Covariances of the variables [V, N], divided by N - correction, and their correlations: [V, V].
  Self cov(std::int64_t correction = 1) const {
    static_assert(D == 2, "cov needs variables and observations: rank 2");
    return Self::unchecked(fornax::cov(real(), correction));
  }
  Self corrcoef() const {
    static_assert(D == 2, "corrcoef needs variables and observations: rank 2");
    return Self::unchecked(fornax::corrcoef(real()));
  }

 private:
  const Array& array() const { return static_cast<const Self&>(*this).array(); }
  const Array& defined() const {
    if (!array().defined()) detail::throw_empty();
    return array();
  }
  const Array& number() const {
    static_assert(!std::same_as<K, Bool>, "this reduction needs numbers; any() and all() reduce Bool tensors");
    return defined();
  }
  const Array& real() const {
    detail::require_float_kind<K>();
    return defined();
  }
  Array magnitudes() const { return unary(UnaryFn::Abs, number()); }
  const Array& truths() const {
    static_assert(std::same_as<K, Bool>, "any() and all() need Bool elements; to_bool() converts a tensor");
    return defined();
  }
  Positions arg(bool largest, std::int64_t dim) const {
    static_assert(!std::same_as<K, Bool>, "argmax and argmin need numbers; to_int() converts a tensor");
    return Positions::unchecked(arg_reduce(largest, defined(), dim));
  }
  std::pair<Self, Positions> at(std::int64_t dim, Positions index) const {
    Self values = Self::unchecked(fornax::gather(array(), dim, index.array()));
    return {std::move(values), std::move(index)};
  }
};

}  // namespace fornax::methods
