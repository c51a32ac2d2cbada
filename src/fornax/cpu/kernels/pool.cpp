#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/kernels/channels_last.hpp>
#include <fornax/cpu/kernels/compute_type.hpp>
#include <fornax/cpu/kernels/dispatch.hpp>
#include <fornax/cpu/kernels/elementwise.hpp>
#include <fornax/cpu/kernels/fold.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

using Size = std::int64_t;

/// All windows, with leading dims of size 1 where there are fewer than three.
struct Windows {
  Size in[kMaxSpatialDims] = {1, 1, 1}, out[kMaxSpatialDims] = {1, 1, 1}, step[kMaxSpatialDims] = {1, 1, 1};
  std::vector<PoolWindow> along[kMaxSpatialDims];
  Size planes = 1, in_plane = 1, out_plane = 1;
  Size most_elements = 1;  // of a window

  Windows(const PoolSettings& s, const Shape& x, const Shape& y) {
    for (int d = 0; d < x.rank() - s.dims; ++d) planes *= x[d];
    for (int to = 0; to < kMaxSpatialDims; ++to) {
      const int d = to - (kMaxSpatialDims - s.dims);
      if (d < 0) {
        along[to].push_back({0, 1, 1});
        continue;
      }
      in[to] = x[x.rank() - s.dims + d];
      out[to] = y[y.rank() - s.dims + d];
      if (!s.adaptive) step[to] = s.dilation[static_cast<std::size_t>(d)];
      for (Size i = 0; i < out[to]; ++i) along[to].push_back(pool_window(s, d, in[to], i));
      in_plane *= in[to];
      out_plane *= out[to];
      Size most = 0;
      for (const PoolWindow& a : along[to]) most = std::max(most, a.count);
      most_elements *= most;
    }
  }
  /// Each element is in one window.
  bool tile() const {
    for (int d = 0; d < kMaxSpatialDims; ++d) {
      Size end = 0;
      for (const PoolWindow& a : along[d]) {
        if (a.first != end || (step[d] != 1 && a.count > 1)) return false;
        end += a.count;
      }
      if (end != in[d]) return false;
    }
    return true;
  }
};

/// Calls f(plane) for each plane, on several threads if there is work for them.
template <class F> void for_each_plane(const Windows& w, F&& f) {
  Size seen = 0;
  for (const PoolWindow& a : w.along[2]) seen += a.count;
  // Elements looked at, if the windows of all dims overlap as those of the last do.
  const double cost = static_cast<double>(w.planes * std::max(w.in_plane, w.out_plane)) *
                      std::max(1.0, static_cast<double>(seen) / static_cast<double>(w.in[2]));
  constexpr double least = 1 << 16;  // about 50 us
  const double grain = std::max(1.0, least * static_cast<double>(w.planes) / std::max(cost, 1.0));
  parallel_for(w.planes, static_cast<Size>(std::min(grain, 1e9)), [&](Size begin, Size end) {
    for (Size p = begin; p < end; ++p) f(p);
  });
}

/// Calls f(a, b, c) for the three windows of each output, in row-major order.
template <class F> void for_each_window(const Windows& w, F&& f) {
  for (const PoolWindow& a : w.along[0])
    for (const PoolWindow& b : w.along[1])
      for (const PoolWindow& c : w.along[2]) f(a, b, c);
}

/// Calls f(plane, output, place of the largest) for the windows of each plane.
template <class T, class F> void for_each_largest(const Windows& w, const T* x, const F& f) {
  using C = compute_t<T>;
  for_each_plane(w, [&](Size plane) {
    const T* from = x + plane * w.in_plane;
    Size output = plane * w.out_plane;
    for_each_window(w, [&](const PoolWindow& a, const PoolWindow& b, const PoolWindow& c) {
      Size best = (a.first * w.in[1] + b.first) * w.in[2] + c.first;
      C largest = static_cast<C>(from[best]);
      for (Size i = 0; i < a.count; ++i) {
        for (Size j = 0; j < b.count; ++j) {
          const Size row = ((a.first + i * w.step[0]) * w.in[1] + b.first + j * w.step[1]) * w.in[2] + c.first;
          for (Size k = 0; k < c.count; ++k) {
            const C value = static_cast<C>(from[row + k * w.step[2]]);
            if (value > largest || is_nan(value)) largest = value, best = row + k * w.step[2];
          }
        }
      }
      f(plane, output++, best);
    });
  });
}

/// Calls f(number of the output, places of its window's elements, how many) for the windows of an image.
template <class F> void for_each_place(const Windows& w, const F& f) {
  std::vector<Size> places(static_cast<std::size_t>(w.most_elements));
  Size output = 0;
  for_each_window(w, [&](const PoolWindow& a, const PoolWindow& b, const PoolWindow& c) {
    Size count = 0;
    for (Size i = 0; i < a.count; ++i)
      for (Size j = 0; j < b.count; ++j) {
        const Size row = ((a.first + i * w.step[0]) * w.in[1] + b.first + j * w.step[1]) * w.in[2] + c.first;
        for (Size k = 0; k < c.count; ++k) places[static_cast<std::size_t>(count++)] = row + k * w.step[2];
      }
    f(output++, places.data(), count);
  });
}

/// Calls f(image) for pictures with so many adjacent channels.
template <class F> void for_each_image(const Windows& w, Size channels, const F& f) {
  const Size grain = std::max<Size>(1, (1 << 16) / std::max<Size>(channels * w.in_plane, 1));
  parallel_for(w.planes / channels, grain, [&](Size begin, Size end) {
    for (Size image = begin; image < end; ++image) f(image);
  });
}

/// Rows of channels at such places of a picture.
template <class T> class PictureRows {
 public:
  PictureRows(const Windows& w, std::size_t row_bytes)
      : row_bytes_(static_cast<Size>(row_bytes)), rows_(static_cast<std::size_t>(w.most_elements)) {}
  T* const* at(T* picture, const Size* places, Size count) {
    for (Size k = 0; k < count; ++k) rows_[static_cast<std::size_t>(k)] = row(picture, places[k]);
    return rows_.data();
  }
  T* row(T* picture, Size place) const {
    using Byte = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;
    return static_cast<Byte*>(picture) + place * row_bytes_;
  }

 private:
  Size row_bytes_;
  std::vector<T*> rows_;
};

/// y = the largest of each window of pictures with adjacent channels.
void largest_of_channels(const Windows& w, Size channels, const Array& x, const Array& y) {
  const RowKernels& rows = row_kernels(x.dtype(), isa());
  const std::size_t row_bytes = static_cast<std::size_t>(channels) * size_of(x.dtype());
  for_each_image(w, channels, [&](Size image) {
    PictureRows<const void> from(w, row_bytes);
    PictureRows<void> to(w, row_bytes);
    const void* const picture = from.row(dense(x).data, image * w.in_plane);
    void* const result = to.row(dense(y).data, image * w.out_plane);
    for_each_place(w, [&](Size output, const Size* places, Size count) {
      rows.largest(to.row(result, output), from.at(picture, places, count), count, channels);
    });
  });
}

/// dx = g at the places of the largest elements of x.
void spread_to_channels(const Windows& w, Size channels, const Array& x, const Array& g, const Array& dx) {
  const RowKernels& rows = row_kernels(x.dtype(), isa());
  const std::size_t row_bytes = static_cast<std::size_t>(channels) * size_of(x.dtype());
  const bool tiles = w.tile();
  for_each_image(w, channels, [&](Size image) {
    PictureRows<const void> from(w, row_bytes);
    PictureRows<void> to(w, row_bytes);
    const void* const picture = from.row(dense(x).data, image * w.in_plane);
    const void* const cotangent = from.row(dense(g).data, image * w.out_plane);
    void* const result = to.row(dense(dx).data, image * w.in_plane);
    if (!tiles) std::memset(result, 0, static_cast<std::size_t>(w.in_plane) * row_bytes);
    for_each_place(w, [&](Size output, const Size* places, Size count) {
      rows.to_largest(to.at(result, places, count), from.at(picture, places, count), from.row(cotangent, output), count,
                      channels, !tiles);
    });
  });
}

/// Where the largest are, in pictures with adjacent channels: a row of channels at a time.
template <class T> void max_index_of_channels(const Windows& w, Size channels, const T* x, Size* y) {
  const RowKernels& rows = row_kernels(dtype_v<T>, isa());
  const Size images = w.planes / channels;
  const Size grain = std::max<Size>(1, (1 << 16) / std::max<Size>(channels * w.in_plane, 1));
  parallel_for(images, grain, [&](Size begin, Size end) {
    std::vector<T> best(static_cast<std::size_t>(channels));
    std::vector<std::int32_t> at(static_cast<std::size_t>(channels));
    for (Size image = begin; image < end; ++image) {
      const T* from = x + image * w.in_plane * channels;
      Size* to = y + image * w.out_plane * channels;
      for_each_window(w, [&](const PoolWindow& a, const PoolWindow& b, const PoolWindow& c) {
        const Size first = (a.first * w.in[1] + b.first) * w.in[2] + c.first;
        std::copy_n(from + first * channels, channels, best.begin());
        std::fill(at.begin(), at.end(), static_cast<std::int32_t>(first));
        for (Size i = 0; i < a.count; ++i)
          for (Size j = 0; j < b.count; ++j) {
            const Size row = ((a.first + i * w.step[0]) * w.in[1] + b.first + j * w.step[1]) * w.in[2] + c.first;
            for (Size k = 0; k < c.count; ++k) {
              const Size place = row + k * w.step[2];
              rows.keep_larger(from + place * channels, best.data(), at.data(), static_cast<std::int32_t>(place),
                               channels);
            }
          }
        to = std::copy(at.begin(), at.end(), to);
      });
    }
  });
}

Size divisor_of(const AvgPoolSettings& s, const PoolWindow& a, const PoolWindow& b, const PoolWindow& c) {
  if (s.divisor) return *s.divisor;
  return s.count_include_pad ? a.padded * b.padded * c.padded : a.count * b.count * c.count;
}

template <class T> void mean(const AvgPoolSettings& s, const Windows& w, const T* x, T* y) {
  for_each_plane(w, [&](Size plane) {
    const T* from = x + plane * w.in_plane;
    T* to = y + plane * w.out_plane;
    for_each_window(w, [&](const PoolWindow& a, const PoolWindow& b, const PoolWindow& c) {
      double sum = 0;  // a window may hold a whole picture: too many terms for f32
      for (Size i = 0; i < a.count; ++i)
        for (Size j = 0; j < b.count; ++j) {
          const T* row = from + ((a.first + i) * w.in[1] + b.first + j) * w.in[2] + c.first;
          for (Size k = 0; k < c.count; ++k) sum += static_cast<double>(row[k]);
        }
      *to++ = static_cast<T>(sum / static_cast<double>(divisor_of(s, a, b, c)));
    });
  });
}

template <class T> void spread(const AvgPoolSettings& s, const Windows& w, const T* y, T* x) {
  for_each_plane(w, [&](Size plane) {
    const T* from = y + plane * w.out_plane;
    T* to = x + plane * w.in_plane;
    std::fill_n(to, w.in_plane, T(0));
    for_each_window(w, [&](const PoolWindow& a, const PoolWindow& b, const PoolWindow& c) {
      const T share = *from++ / static_cast<T>(divisor_of(s, a, b, c));
      for (Size i = 0; i < a.count; ++i)
        for (Size j = 0; j < b.count; ++j) {
          T* row = to + ((a.first + i) * w.in[1] + b.first + j) * w.in[2] + c.first;
          for (Size k = 0; k < c.count; ++k) row[k] += share;
        }
    });
  });
}

}  // namespace

namespace {

/// Pictures whose channels are adjacent in memory, and that are no other pictures as well.
bool has_adjacent_channels(const Array& x, int dims) {
  return x.rank() == dims + 2 && !is_contiguous(x) && is_channels_last(x);
}

}  // namespace

Array execute(const op::MaxPool& op, const Spec& spec, Operands inputs) {
  const PoolSettings& s = *op.settings;
  const Array& given = inputs[0].array();
  if (spec.shape.numel() > 0 && is_float(spec.dtype) && has_adjacent_channels(given, s.dims)) {
    const DType type = compute_type(spec.dtype);
    const Array x = given.dtype() == type ? given : converted(op.name(), given, type);
    const Array y = cpu_empty(op.name(), spec.shape, type, channels_last_strides(spec.shape));
    largest_of_channels(Windows(s, x.shape(), spec.shape), x.shape()[1], x, y);
    return type == spec.dtype ? y : converted(op.name(), y, spec.dtype);
  }
  const Array x = cpu_contiguous(given);
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  if (y.numel() == 0) return y;
  const Windows w(s, x.shape(), spec.shape);
  with_numeric_type(x.dtype(), [&]<class T>(T) {
    const auto* from = reinterpret_cast<const T*>(dense(x).data);
    auto* to = reinterpret_cast<T*>(dense(y).data);
    for_each_largest(w, from, [&](Size plane, Size i, Size best) { to[i] = from[plane * w.in_plane + best]; });
  });
  return y;
}

Array execute(const op::MaxPoolGrad& op, const Spec& spec, Operands inputs) {
  const PoolSettings& s = *op.settings;
  const DType type = compute_type(spec.dtype);
  const auto as_type = [&](const Array& a) { return a.dtype() == type ? a : converted(op.name(), a, type); };
  Array x = as_type(inputs[0].array()), g = as_type(inputs[1].array());
  const Windows w(s, x.shape(), g.shape());
  if (g.numel() > 0 && has_adjacent_channels(x, s.dims)) {
    const Array dx = cpu_empty(op.name(), spec.shape, type, channels_last_strides(spec.shape));
    spread_to_channels(w, x.shape()[1], x, as_channels_last(op.name(), g), dx);
    return type == spec.dtype ? dx : converted(op.name(), dx, spec.dtype);
  }
  x = cpu_contiguous(x);
  g = cpu_contiguous(g);
  const Array dx = cpu_empty(op.name(), spec.shape, type);
  const auto run = [&]<class T>(T) {
    const auto *from = reinterpret_cast<const T*>(dense(x).data), *share = reinterpret_cast<const T*>(dense(g).data);
    auto* to = reinterpret_cast<T*>(dense(dx).data);
    std::fill_n(to, dx.numel(), T(0));
    for_each_largest(w, from, [&](Size plane, Size i, Size best) { to[plane * w.in_plane + best] += share[i]; });
  };
  type == DType::F64 ? run(double{}) : run(float{});
  return as_dtype(op.name(), dx, spec.dtype);
}

Array execute(const op::MaxPoolIndex& op, const Spec& spec, Operands inputs) {
  const Array& given = inputs[0].array();
  if (has_adjacent_channels(given, op.settings->dims) && (given.dtype() == DType::F32 || given.dtype() == DType::F64) &&
      given.numel() <= INT32_MAX && spec.shape.numel() > 0) {
    Array y = cpu_empty(op.name(), spec.shape, DType::I64, channels_last_strides(spec.shape));
    const Windows w(*op.settings, given.shape(), spec.shape);
    const auto run = [&]<class T>(T) {
      max_index_of_channels(w, given.shape()[1], reinterpret_cast<const T*>(dense(given).data),
                            reinterpret_cast<Size*>(dense(y).data));
    };
    given.dtype() == DType::F64 ? run(double{}) : run(float{});
    return y;
  }
  const Array x = cpu_contiguous(given);
  Array y = cpu_empty(op.name(), spec.shape, DType::I64);
  if (y.numel() == 0) return y;
  const Windows w(*op.settings, x.shape(), spec.shape);
  with_numeric_type(x.dtype(), [&]<class T>(T) {
    auto* to = reinterpret_cast<Size*>(dense(y).data);
    for_each_largest(w, reinterpret_cast<const T*>(dense(x).data), [&](Size, Size i, Size best) { to[i] = best; });
  });
  return y;
}

Array execute(const op::AvgPool& op, const Spec& spec, Operands inputs) {
  const AvgPoolSettings& s = *op.settings;
  const DType type = compute_type(spec.dtype);
  const Array x = as_contiguous(op.name(), inputs[0].array(), type);
  Array y = cpu_empty(op.name(), spec.shape, type);
  if (y.numel() > 0) {
    const Windows w(s.windows, s.transposed ? spec.shape : x.shape(), s.transposed ? x.shape() : spec.shape);
    const auto run = [&]<class T>(T) {
      const auto* from = reinterpret_cast<const T*>(dense(x).data);
      auto* to = reinterpret_cast<T*>(dense(y).data);
      s.transposed ? spread(s, w, from, to) : mean(s, w, from, to);
    };
    type == DType::F64 ? run(double{}) : run(float{});
  }
  return as_dtype(op.name(), std::move(y), spec.dtype);
}

}  // namespace fornax::cpu
