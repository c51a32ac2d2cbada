#include <fornax/ops/functions/statistics.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fornax/array/interpreter.hpp>
#include <fornax/array/tensor_data.hpp>
#include <fornax/ops/functions/elementwise.hpp>
#include <fornax/ops/functions/sorting.hpp>
#include <fornax/ops/op.hpp>

namespace fornax {

namespace {

constexpr std::int64_t kMostBins = std::int64_t{1} << 59;  // what a Shape holds

// x with at least one dim, `dim` counted from the front, and its size, which is not 0.
struct Dim {
  Array x;
  int dim;
  std::int64_t size;
};

Dim dim_of(std::string_view operation, const Array& x, std::int64_t dim) {
  require_defined(operation, x);
  require_numeric(operation, x);
  const Array raised = x.rank() == 0 ? reshape(x, Shape{1}) : x;
  const int d = checked_dim(operation, dim, raised.rank());
  const std::int64_t n = raised.shape()[d];
  if (n == 0) throw ValueError(operation, "dim " + std::to_string(d) + " of " + x.shape().str() + " is empty");
  return {raised, d, n};
}

ValuesAndIndices picked(const Array& x, const Dim& along, const Array& index) {
  const Array values = gather(along.x, along.dim, index);
  return x.rank() == 0 ? ValuesAndIndices{reshape(values, Shape{}), reshape(index, Shape{})}
                       : ValuesAndIndices{values, index};
}

// An array of rank 1 as one that broadcasts along a dim of an array of this rank.
Array along_dim(const Array& x, int dim, int rank) {
  Shape shape;
  for (int d = 0; d < rank; ++d) shape = shape.inserted(d, d == dim ? x.numel() : 1);
  return reshape(x, shape);
}

std::int64_t bins_of(const Array& x, std::int64_t minimum) {
  require_defined("bincount", x);
  require_int("bincount", x);
  if (x.rank() != 1) throw ShapeError("bincount", "needs rank 1, got " + x.shape().str());
  if (minimum < 0) throw ValueError("bincount", "the smallest number of bins is " + std::to_string(minimum));
  std::int64_t bins = minimum;
  for (const std::int64_t v : x.to_data().to_vector<std::int64_t>()) {
    if (v < 0 || v >= kMostBins)
      throw ValueError("bincount", "the number " + std::to_string(v) + " has no bin; numbers count from 0");
    bins = std::max(bins, v + 1);
  }
  return bins;
}

Array variables(std::string_view operation, const Array& x) {
  require_defined(operation, x);
  require_float(operation, x);
  if (x.rank() > 2) throw ShapeError(operation, "needs variables [V, N] or one [N], got " + x.shape().str());
  return x.rank() < 2 ? reshape(x, Shape{1, x.numel()}) : x;
}

}  // namespace

ValuesAndIndices kthvalue(const Array& x, std::int64_t k, std::int64_t dim) {
  const Dim along = dim_of("kthvalue", x, dim);
  if (k < 1 || k > along.size)
    throw ValueError("kthvalue", "k is " + std::to_string(k) + ", dim " + std::to_string(along.dim) + " of " +
                                     x.shape().str() + " has size " + std::to_string(along.size));
  return picked(x, along, narrow(run(op::ArgSort{along.dim, false, k}, {along.x}), along.dim, k - 1, 1));
}

ValuesAndIndices median(const Array& x, std::int64_t dim) {
  const Dim along = dim_of("median", x, dim);
  const std::int64_t k = (along.size + 1) / 2;
  Array index = narrow(run(op::ArgSort{along.dim, false, k}, {along.x}), along.dim, k - 1, 1);
  if (is_float(x.dtype())) {
    const Array largest = arg_reduce(true, along.x, along.dim);  // the first NaN if there is one
    index = where(is_nan(gather(along.x, along.dim, largest)), largest, index);
  }
  return picked(x, along, index);
}

ValuesAndIndices mode(const Array& x, std::int64_t dim) {
  const Dim along = dim_of("mode", x, dim);
  const std::int64_t n = along.size;
  const int d = along.dim;
  const ValuesAndIndices sorted = sort(along.x, d);
  const Array differs =
      binary(BinaryFn::NotEqual, narrow(sorted.values, d, 1, n - 1), narrow(sorted.values, d, 0, n - 1));
  // Each place counts how many equal elements precede it: its distance from the last one where a run began.
  const Array place = broadcast_to(
      along_dim(arange(*x.interpreter(), 0, n, 1, DType::I64, x.device()), d, along.x.rank()), along.x.shape());
  const Array begins = cat({narrow(place, d, 0, 1), where(differs, narrow(place, d, 1, n - 1), 0)}, d);
  const Array begin = gather(begins, d, run(op::ArgScan{true, d}, {begins}));
  return picked(x, along, gather(sorted.indices, d, arg_reduce(true, place - begin, d)));
}

Array quantile(const Array& x, std::span<const double> q, std::int64_t dim, QuantileMethod method) {
  const Dim along = dim_of("quantile", x, dim);
  require_float("quantile", x);
  std::vector<std::int64_t> below, above;
  std::vector<double> weight;
  bool exact = true;
  for (const double fraction : q) {
    if (!(fraction >= 0 && fraction <= 1))
      throw ValueError("quantile", "the fraction " + Scalar(fraction).str() + " is outside [0, 1]");
    double rank = fraction * static_cast<double>(along.size - 1);
    if (method == QuantileMethod::Lower) rank = std::floor(rank);
    if (method == QuantileMethod::Higher) rank = std::ceil(rank);
    if (method == QuantileMethod::Nearest) rank = std::rint(rank);
    const double low = std::floor(rank);
    exact = exact && rank == low;
    below.push_back(static_cast<std::int64_t>(low));
    above.push_back(static_cast<std::int64_t>(std::ceil(rank)));
    weight.push_back(method == QuantileMethod::Midpoint && rank != low ? 0.5 : rank - low);
  }
  const int d = along.dim;
  const Array sorted = sort(along.x, d).values;
  Array y = select(sorted, d, host_values(x, below, Shape{below.size()}));
  if (!exact) {
    const Array w =
        broadcast_to(along_dim(host_values(x, weight, Shape{weight.size()}, x.dtype()), d, sorted.rank()), y.shape());
    // Apart: on the line between an infinity and itself there is nothing.
    y = where(equal(w, 0.0), y, lerp(y, select(sorted, d, host_values(x, above, Shape{above.size()})), w));
  }
  const Array last = narrow(sorted, d, along.size - 1, 1);
  return where(is_nan(last), std::numeric_limits<double>::quiet_NaN(), y);
}

Array logsumexp(const Array& x, DimSet dims) {
  require_defined("logsumexp", x);
  require_float("logsumexp", x);
  if (x.numel() == 0) return log(reduce(ReduceFn::Sum, exp(x), dims));
  // Any shift gives the same value, so none needs a gradient; an infinite one would only give inf - inf.
  const Array largest = detach(reduce(ReduceFn::Max, x, dims));
  const Array shift = where(unary(UnaryFn::IsFinite, largest), largest, 0.0);
  return log(reduce(ReduceFn::Sum, exp(x - shift), dims)) + shift;
}

Array flat_sqrt(const Array& x) {
  const Array zero = equal(x, 0.0);
  return where(zero, 0.0, sqrt(where(zero, 1.0, x)));
}

Array norm(const Array& x, double p, DimSet dims) {
  const Array size = unary(UnaryFn::Abs, x);
  if (p == 0) return reduce(ReduceFn::Sum, cast(with_scalar(ScalarFn::NotEqual, x, 0.0), x.dtype()), dims);
  if (std::isinf(p)) return reduce(p > 0 ? ReduceFn::Max : ReduceFn::Min, size, dims);
  if (p == 1) return reduce(ReduceFn::Sum, size, dims);
  if (p == 2) return flat_sqrt(reduce(ReduceFn::Sum, unary(UnaryFn::Square, x), dims));
  // Zeros, and sums of nothing but zeros, have slope 0; for p < 0 a zero makes the norm 0 by way of an infinity.
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Array zero = equal(size, 0.0);
  const Array powers = where(zero, p > 0 ? 0.0 : infinity, pow(where(zero, 1.0, size), p));
  const Array sum = reduce(ReduceFn::Sum, powers, dims);
  const Array nothing = equal(sum, 0.0);
  return where(nothing, 0.0, pow(where(nothing, 1.0, sum), 1 / p));
}

Array variance(const Array& x, DimSet dims, std::int64_t correction) {
  const Array centred = x - reduce(ReduceFn::Mean, x, dims);
  const auto count = static_cast<double>(count_along(x, dims) - correction);
  return reduce(ReduceFn::Sum, unary(UnaryFn::Square, centred), dims) / (count > 0 ? count : 0.0);
}

std::int64_t count_along(const Array& x, DimSet dims) {
  std::int64_t count = 1;
  for (int d = 0; d < x.rank(); ++d)
    if (dims.has(d)) count *= x.shape()[d];
  return count;
}

Array stddev(const Array& x, DimSet dims, std::int64_t correction) {
  require_defined("stddev", x);
  require_float("stddev", x);
  return flat_sqrt(variance(x, dims, correction));
}

Array count_nonzero(const Array& x, DimSet dims) {
  require_defined("count_nonzero", x);
  return reduce(ReduceFn::Sum, cast(cast(x, DType::Bool), DType::I64), dims);
}

Array bincount(const Array& x, std::int64_t minimum) {
  const std::int64_t bins = bins_of(x, minimum);
  const Array one = full_like(cast(x, DType::I64), 1);
  return select_assign(zeros_like(one, Shape{bins}), 0, x, one, Update::Add);
}

Array bincount(const Array& x, const Array& weights, std::int64_t minimum) {
  const std::int64_t bins = bins_of(x, minimum);
  require_defined("bincount", weights);
  require_numeric("bincount", weights);
  require_same_shape("bincount", x, weights);
  return select_assign(zeros_like(weights, Shape{bins}), 0, x, weights, Update::Add);
}

Histogram histogram(const Array& x, std::int64_t bins, double low, double high) {
  require_defined("histogram", x);
  require_float("histogram", x);
  if (bins < 1 || bins >= kMostBins) throw ValueError("histogram", "the number of bins is " + std::to_string(bins));
  if (!(low < high) || !std::isfinite(high - low))
    throw ValueError("histogram", "the range from " + Scalar(low).str() + " to " + Scalar(high).str() +
                                      " has no finite, positive length");
  const Array place = arange(*x.interpreter(), 0.0, static_cast<double>(bins + 1), 1.0, DType::F64, x.device());
  const Array end = full_like(zeros_like(place, Shape{}), high), start = full_like(end, low);
  const Array edges = cast(lerp(start, end, place / static_cast<double>(bins)), x.dtype());
  const Array flat = reshape(x, Shape{x.numel()});
  const Array inside = logical_and(greater_equal(flat, Scalar(low)), lower_equal(flat, high));
  const Scalar first = 0, last = bins - 1;
  const Array bin = clamp(searchsorted(edges, flat, true) - 1, &first, &last);
  const Array counts = cast(inside, DType::I64);
  return {select_assign(zeros_like(counts, Shape{bins}), 0, bin, counts, Update::Add), edges};
}

Array cov(const Array& x, std::int64_t correction) {
  const Array rows = variables("cov", x);
  const Array centred = rows - reduce(ReduceFn::Mean, rows, 1);
  const double count = std::max(static_cast<double>(rows.shape()[1] - correction), 0.0);
  const Array y = matmul(centred, centred, false, true) / count;
  return x.rank() < 2 ? reshape(y, Shape{}) : y;
}

Array corrcoef(const Array& x) {
  const Array rows = variables("corrcoef", x);
  const Array centred = rows - reduce(ReduceFn::Mean, rows, 1);
  const Array unit = centred / sqrt(reduce(ReduceFn::Sum, unary(UnaryFn::Square, centred), 1));
  const Array y = matmul(unit, unit, false, true);
  return x.rank() < 2 ? reshape(y, Shape{}) : y;
}

}  // namespace fornax
