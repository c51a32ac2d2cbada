#include <fornax/cpu/isa/norm.hpp>

#include <cmath>

#include <fornax/cpu/isa/vec.hpp>

namespace fornax::cpu::FORNAX_ISA {

namespace {

// Two passes, over a row that stays in the cache: the mean of squares alone would cancel.
template <class T> RowMoments moments(const NormRow& row, const void* from) {
  const auto* x = static_cast<const T*>(from);
  const std::int64_t n = row.channels * row.length;
  const auto count = static_cast<double>(n);
  const T mean = row.centred ? static_cast<T>(sum_over<T>(
                                                  n, [](auto v) { return v; }, x) /
                                              count)
                             : T(0);
  const auto squared = [mean](auto v) {
    const auto d = v - mean;
    return d * d;
  };
  const double variance = sum_over<T>(n, squared, x) / count;
  return {static_cast<double>(mean), static_cast<double>(static_cast<T>(1 / std::sqrt(variance + row.eps)))};
}

template <class T>
void forward(const NormRow& row, const RowMoments& at, const void* from, const void* weights, const void* biases,
             void* to) {
  const auto* x = static_cast<const T*>(from);
  const auto *weight = static_cast<const T*>(weights), *bias = static_cast<const T*>(biases);
  auto* y = static_cast<T*>(to);
  const T m = static_cast<T>(at.mean), s = static_cast<T>(at.scale);
  if (!weight)
    return map_over<T>(
        row.channels * row.length, y, [=](auto v) { return (v - m) * s; }, x);
  if (row.length == 1) {
    if (!bias)
      return map_over<T>(
          row.channels, y, [=](auto v, auto w) { return (v - m) * s * w; }, x, weight);
    return map_over<T>(
        row.channels, y, [=](auto v, auto w, auto b) { return (v - m) * s * w + b; }, x, weight, bias);
  }
  for (std::int64_t c = 0; c < row.channels; ++c) {
    const T w = s * weight[c], b = bias ? bias[c] : T(0);
    map_over<T>(
        row.length, y + c * row.length, [=](auto v) { return (v - m) * w + b; }, x + c * row.length);
  }
}

/// The sums over a row of g w and of g w (x - mean) scale.
struct Sums {
  double plain = 0, along = 0;
};

// Runs of one element: weights lie side by side as the elements do.
template <class T>
Sums sums_side_by_side(const NormRow& row, const RowMoments& at, const T* x, const T* weight, const T* g, T* dweight,
                       T* dbias) {
  const T mean = static_cast<T>(at.mean), scale = static_cast<T>(at.scale);
  constexpr std::int64_t lanes = kLanes<T>, block = 32 * lanes;
  Sums sums;
  for (std::int64_t start = 0; start < row.channels; start += block) {
    const std::int64_t end = start + block < row.channels ? start + block : row.channels;
    Vec<T> plain{}, along{};
    std::int64_t i = start;
    for (; i + lanes <= end; i += lanes) {
      expect_later(g + i);
      const Vec<T> normal = (load(x + i) - mean) * scale, gi = load(g + i);
      const Vec<T> scaled = weight ? gi * load(weight + i) : gi;
      plain += scaled;
      along += scaled * normal;
      if (!dweight) continue;
      store<T>(dweight + i, load(dweight + i) + gi * normal);
      store<T>(dbias + i, load(dbias + i) + gi);
    }
    T last_plain = sum_of_lanes<T>(plain), last_along = sum_of_lanes<T>(along);
    for (; i < end; ++i) {
      const T normal = (x[i] - mean) * scale, scaled = weight ? g[i] * weight[i] : g[i];
      last_plain += scaled;
      last_along += scaled * normal;
      if (!dweight) continue;
      dweight[i] += g[i] * normal;
      dbias[i] += g[i];
    }
    sums.plain += static_cast<double>(last_plain);
    sums.along += static_cast<double>(last_along);
  }
  return sums;
}

template <class T>
Sums sums_of_runs(const NormRow& row, const RowMoments& at, const T* x, const T* weight, const T* g, T* dweight,
                  T* dbias) {
  const T mean = static_cast<T>(at.mean);
  Sums sums;
  for (std::int64_t c = 0; c < row.channels; ++c) {
    const T *xs = x + c * row.length, *gs = g + c * row.length;
    const double plain = sum_over<T>(
        row.length, [](auto v) { return v; }, gs);
    const double along = at.scale * sum_over<T>(
                                        row.length, [=](auto v, auto u) { return (v - mean) * u; }, xs, gs);
    const double w = weight ? static_cast<double>(weight[c]) : 1;
    sums.plain += w * plain;
    sums.along += w * along;
    if (!dweight) continue;
    dweight[c] += static_cast<T>(along);
    dbias[c] += static_cast<T>(plain);
  }
  return sums;
}

// With u = g w and n = (x - mean) scale: dx = scale (u - mean(u) - n mean(u n)).
bool side_by_side(const NormRow& row, const void* weight) { return row.length == 1 || !weight; }

template <class T>
RowMeans means(const NormRow& row, const RowMoments& at, const void* from, const void* weights, const void* cotangent,
               void* to_weight, void* to_bias) {
  const auto *x = static_cast<const T*>(from), *weight = static_cast<const T*>(weights);
  const auto* g = static_cast<const T*>(cotangent);
  auto *dweight = static_cast<T*>(to_weight), *dbias = static_cast<T*>(to_bias);
  const std::int64_t n = row.channels * row.length;
  const Sums sums = side_by_side(row, weight)
                        ? sums_side_by_side({n, 1, row.eps, row.centred}, at, x, weight, g, dweight, dbias)
                        : sums_of_runs(row, at, x, weight, g, dweight, dbias);
  const auto count = static_cast<double>(n);
  return {row.centred ? static_cast<double>(static_cast<T>(sums.plain / count)) : 0,
          static_cast<double>(static_cast<T>(at.scale * sums.along / count))};
}

template <class T>
void backward(const NormRow& row, const RowMoments& at, const void* from, const void* weights, const void* cotangent,
              void* to, void* to_weight, void* to_bias) {
  const auto *x = static_cast<const T*>(from), *weight = static_cast<const T*>(weights);
  const auto* g = static_cast<const T*>(cotangent);
  auto* dx = static_cast<T*>(to);
  const RowMeans of = means<T>(row, at, x, weight, g, to_weight, to_bias);
  const T mean = static_cast<T>(at.mean), scale = static_cast<T>(at.scale), plain = static_cast<T>(of.plain),
          along = static_cast<T>(of.along);
  if (row.length == 1 && weight)
    return map_over<T>(
        row.channels, dx, [=](auto u, auto v, auto w) { return (u * w - plain - (v - mean) * along) * scale; }, g, x,
        weight);
  for (std::int64_t c = 0; c < (weight ? row.channels : 1); ++c) {
    const std::int64_t length = weight ? row.length : row.channels * row.length, start = c * length;
    const T w = weight ? weight[c] : T(1);
    map_over<T>(
        length, dx + start, [=](auto u, auto v) { return (u * w - plain - (v - mean) * along) * scale; }, g + start,
        x + start);
  }
}

template <class T> void channel_forward(const ChannelRuns& runs, const void* from, void* to, ChannelNorm& norm) {
  const auto* x = static_cast<const T*>(from);
  auto* y = static_cast<T*>(to);
  const auto n = static_cast<double>(runs.count * runs.length);
  double sum = 0, squares = 0;
  for (std::int64_t r = 0; r < runs.count; ++r)
    sum += sum_over<T>(
        runs.length, [](auto v) { return v; }, x + r * runs.step);
  norm.mean = sum / n;
  const T mean = static_cast<T>(norm.mean);
  for (std::int64_t r = 0; r < runs.count; ++r)
    squares += sum_over<T>(
        runs.length,
        [mean](auto v) {
          const auto d = v - mean;
          return d * d;
        },
        x + r * runs.step);
  norm.variance = squares / n;
  const T scale = static_cast<T>(norm.weight / std::sqrt(norm.variance + norm.eps)), bias = static_cast<T>(norm.bias);
  for (std::int64_t r = 0; r < runs.count; ++r)
    map_over<T>(
        runs.length, y + r * runs.step, [=](auto v) { return (v - mean) * scale + bias; }, x + r * runs.step);
}

template <class T>
void channel_backward(const ChannelRuns& runs, const void* from, const void* cotangent, void* to, ChannelNorm& norm) {
  const auto *x = static_cast<const T*>(from), *g = static_cast<const T*>(cotangent);
  auto* dx = static_cast<T*>(to);
  const auto n = static_cast<double>(runs.count * runs.length);
  const T mean = static_cast<T>(norm.mean);
  double plain = 0, along = 0;
  for (std::int64_t r = 0; r < runs.count; ++r) {
    const std::int64_t at = r * runs.step;
    plain += sum_over<T>(
        runs.length, [](auto u) { return u; }, g + at);
    along += sum_over<T>(
        runs.length, [=](auto u, auto v) { return u * (v - mean); }, g + at, x + at);
  }
  const double rstd = 1 / std::sqrt(norm.variance + norm.eps);
  const T scale = static_cast<T>(norm.weight * rstd), level = static_cast<T>(plain / n);
  const T slope = static_cast<T>(along * rstd * rstd / n);
  for (std::int64_t r = 0; r < runs.count; ++r) {
    const std::int64_t at = r * runs.step;
    map_over<T>(
        runs.length, dx + at, [=](auto u, auto v) { return (u - level - (v - mean) * slope) * scale; }, g + at, x + at);
  }
  norm.weight = along * rstd, norm.bias = plain;
}

template <class T>
constexpr NormKernels kNorm{moments<T>, forward<T>, means<T>, backward<T>, channel_forward<T>, channel_backward<T>};

}  // namespace

const NormKernels& norm_kernels(DType type);
const NormKernels& norm_kernels(DType type) { return type == DType::F64 ? kNorm<double> : kNorm<float>; }

}  // namespace fornax::cpu::FORNAX_ISA
