#include <array>
#include <optional>
#include <vector>

#include <fornax/cpu/kernels/joining.hpp>
#include <fornax/cpu/kernels/kernels.hpp>
#include <fornax/cpu/kernels/runs.hpp>
#include <fornax/cpu/threads.hpp>

namespace fornax::cpu {

namespace {

/// A reduction's walk: over the results, and for each of them over the elements that make it. Both shapes have x's rank
/// and size 1 in the dims of the other, so that x's strides serve both.
struct Walk {
  View x;
  Shape kept, reduced;
  std::int64_t count;                     // elements of one result
  std::optional<std::int64_t> step = {};  // between the elements of one result, if it is always the same
  bool columns = false;                   // adjacent results read adjacent elements

  Walk(const Array& array, const Shape& result);
};

// Stride of the innermost dim that has more than one element; 0 if there is none.
std::int64_t inner_stride(const Shape& shape, const Strides& strides) {
  for (int d = shape.rank() - 1; d >= 0; --d)
    if (shape[d] != 1) return strides[static_cast<std::size_t>(d)];
  return 0;
}

Walk::Walk(const Array& array, const Shape& result) : x(array), kept(result), reduced(array.shape()) {
  for (int d = 0; d < kept.rank(); ++d)
    if (kept[d] == (*x.shape)[d]) reduced = reduced.with(d, 1);
  count = reduced.numel();
  const std::int64_t inner = inner_stride(reduced, *x.strides);
  std::int64_t expected = inner;
  bool even = true;
  for (int d = reduced.rank() - 1; d >= 0; --d) {
    if (reduced[d] == 1) continue;
    even = even && (*x.strides)[static_cast<std::size_t>(d)] == expected;
    expected *= reduced[d];
  }
  if (even) step = inner;
  columns = inner != 1 && inner_stride(kept, *x.strides) == 1;
}

/// Whether each result is made of adjacent elements, one after the other.
bool are_rows(const Array& x, const Shape& result) {
  bool reduced = false;
  for (int d = 0; d < result.rank(); ++d) {
    if (reduced && result[d] != 1) return false;
    reduced = reduced || result[d] != x.shape()[d];
  }
  return is_contiguous(x);
}

template <class T> const T* elements(std::byte* at) { return reinterpret_cast<const T*>(at); }

/// The elements of one result, cut into blocks: f(block, n) for each, adjacent in memory.
template <class F, class Each> void for_each_block(const Walk& walk, std::byte* at, Each&& each) {
  using T = typename F::Element;
  const std::int64_t count = walk.count;
  if (walk.step == 1 || count == 1) {
    for (std::int64_t i = 0; i < count; i += F::block) each(elements<T>(at) + i, std::min(F::block, count - i));
    return;
  }
  T block[F::block];
  std::int64_t filled = 0;
  const auto pack = [&](const T* from, std::int64_t step, std::int64_t n) {
    for (std::int64_t i = 0; i < n;) {
      const std::int64_t part = std::min(n - i, F::block - filled);
      if (step == 1)
        std::copy_n(from + i, part, block + filled);
      else
        for (std::int64_t j = 0; j < part; ++j) block[filled + j] = from[(i + j) * step];
      i += part;
      filled += part;
      if (filled < F::block) return;
      each(block, F::block);
      filled = 0;
    }
  };
  if (walk.step) {
    pack(elements<T>(at), *walk.step, count);
  } else {
    constexpr auto size = static_cast<std::int64_t>(sizeof(T));
    for_each_run<1>(
        walk.reduced, {at}, {walk.x.strides}, {sizeof(T)},
        [&](const auto& run, const auto& step, std::int64_t n) { pack(elements<T>(run[0]), step[0] / size, n); });
  }
  if (filled > 0) each(block, filled);
}

template <class F>
typename F::Element reduce_adjacent(const typename F::Element* x, std::int64_t count, double divisor) {
  using Total = typename F::Total;
  const RowKernels::Fold kernel = row_kernel<F>();
  const auto fold = [&](std::int64_t i) {
    const std::int64_t n = std::min(F::range, count - i);
    return kernel ? static_cast<Total>(kernel(x + i, n)) : fold_range<F>(x + i, n);
  };
  const std::int64_t ranges = (count + F::range - 1) / F::range;
  Total total = F::start();
  if (ranges < 4) {
    for (std::int64_t i = 0; i < count; i += F::range) total = F::template join<Total>(total, fold(i));
  } else {
    std::vector<Total> totals(static_cast<std::size_t>(ranges));
    parallel_for(ranges, 2, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) totals[static_cast<std::size_t>(r)] = fold(r * F::range);
    });
    for (const Total& t : totals) total = F::template join<Total>(total, t);
  }
  return finish<F>(total, divisor);
}

/// The results of rows of n adjacent elements; rows begin `step` elements apart.
template <class F, class T = typename F::Element>
void reduce_rows(const T* x, std::int64_t step, std::int64_t rows, std::int64_t n, double divisor, T* y) {
  if constexpr (F::is_sum && (std::is_same_v<T, float> || std::is_same_v<T, double>))
    if (n <= F::range) return row_kernels(dtype_v<T>, isa()).sum_each(x, step, rows, n, divisor, y);
  for (std::int64_t r = 0; r < rows; ++r) y[r] = reduce_adjacent<F>(x + r * step, n, divisor);
}

template <class F> typename F::Element reduce_scattered(const Walk& walk, std::byte* at, double divisor) {
  using T = typename F::Element;
  using Total = typename F::Total;
  Total total = F::start(), range = F::start();
  std::int64_t blocks = 0;
  for_each_block<F>(walk, at, [&](const T* block, std::int64_t n) {
    range = F::template join<Total>(range, fold_block<F>(block, n));
    if (++blocks % F::blocks_of_range != 0) return;
    total = F::template join<Total>(total, range);
    range = F::start();
  });
  return finish<F>(F::template join<Total>(total, range), divisor);
}

/// Calls some(x, step, y, n) for n results whose elements begin `step` elements apart, or tile(x, y, width) for each group of
/// adjacent ones.
template <class T, class Y, class Some, class Tile>
void for_each_result(const Walk& walk, const Array& y, Some&& some, Tile&& tile, bool one_by_one = false) {
  for_each_run<2>(walk.kept, {walk.x.data, dense(y).data}, {walk.x.strides, &dense(y).strides}, {sizeof(T), sizeof(Y)},
                  [&](const auto& at, const auto& step, std::int64_t n) {
                    // As many tiles as needed, about equally wide: a narrow one at the end would cost as much as a wide one.
                    const std::int64_t tiles = (n + kColumns - 1) / kColumns;
                    const std::int64_t width = walk.columns ? std::min(kColumns, (n / tiles + 16) / 16 * 16) : 1;
                    const std::int64_t work = width * std::max<std::int64_t>(walk.count, 1);
                    // Tiles that share out their rows come one after the other.
                    const std::int64_t grain =
                        one_by_one ? n : width * std::max<std::int64_t>(kLeastElements / work, 1);
                    parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
                      auto* const to = reinterpret_cast<Y*>(at[1]);  // a new array, whose elements are adjacent
                      if (!walk.columns)
                        return some(at[0] + begin * step[0], step[0] / static_cast<std::int64_t>(sizeof(T)), to + begin,
                                    end - begin);
                      for (std::int64_t i = begin; i < end; i += width)
                        tile(at[0] + i * step[0], to + i, std::min(width, end - i));
                    });
                  });
}

/// The results of a tile whose rows are shared out, a block at a time.
template <class F>
void reduce_columns(const Walk& walk, std::byte* from, typename F::Element* to, std::int64_t width, double divisor) {
  using Total = typename F::Total;
  const std::int64_t blocks = (walk.count + F::block - 1) / F::block, step = *walk.step;
  std::vector<Total> parts(static_cast<std::size_t>(blocks * width));
  const std::int64_t grain = std::max<std::int64_t>(1, kLeastElements / 2 / (F::block * width));
  parallel_for(blocks, grain, [&](std::int64_t begin, std::int64_t end) {
    Columns<F> columns(width);
    for (std::int64_t b = begin; b < end; ++b) {
      columns.add_rows(elements<typename F::Element>(from) + b * F::block * step, step,
                       std::min(F::block, walk.count - b * F::block));
      columns.take_block(parts.data() + b * width);
    }
  });
  for (std::int64_t c = 0; c < width; ++c) {
    Total total = F::start();
    for (std::int64_t b = 0; b < blocks;) {
      Total range = F::start();
      for (const std::int64_t end = std::min(b + F::blocks_of_range, blocks); b < end; ++b)
        range = F::template join<Total>(range, parts[static_cast<std::size_t>(b * width + c)]);
      total = F::template join<Total>(total, range);
    }
    to[c] = finish<F>(total, divisor);
  }
}

template <class F> void reduce(const Walk& walk, const Array& y, double divisor) {
  using T = typename F::Element;
  // Many rows of few columns: the sum of a bias's gradient.
  const bool shares_rows = walk.step && walk.count >= 4 * F::block && walk.kept.numel() <= 4 * kColumns;
  for_each_result<T, T>(
      walk, y,
      [&](std::byte* from, std::int64_t step, T* to, std::int64_t n) {
        const T* const x = elements<T>(from);
        if (walk.step == 1 || walk.count == 1) return reduce_rows<F>(x, step, n, walk.count, divisor, to);
        for (std::int64_t i = 0; i < n; ++i)
          to[i] = reduce_scattered<F>(walk, from + i * step * static_cast<std::int64_t>(sizeof(T)), divisor);
      },
      [&](std::byte* from, T* to, std::int64_t width) {
        if (shares_rows) return reduce_columns<F>(walk, from, to, width, divisor);
        Columns<F> columns(width);
        for_each_run<1>(walk.reduced, {from}, {walk.x.strides}, {sizeof(T)},
                        [&](const auto& at, const auto& step, std::int64_t n) {
                          columns.add_rows(elements<T>(at[0]), step[0] / static_cast<std::int64_t>(sizeof(T)), n);
                        });
        columns.finish_to(to, divisor);
      },
      walk.columns && shares_rows);
}

/// The index of the best element of one result.
template <class F> std::int64_t find_best(const Walk& walk, std::byte* at) {
  using Lane = typename F::Lane;
  Lane best = F::start();
  std::int64_t where = 0, start = 0;
  for_each_block<F>(walk, at, [&](const typename F::Element* block, std::int64_t n) {
    const Lane here = fold_block<F>(block, n);
    if (start == 0 || (!is_nan(best) && F::beats(here, best))) {
      best = here;
      const auto is_best = [&](Lane v) { return v == best || (is_nan(v) && is_nan(best)); };
      where = start + std::find_if(block, block + n, [&](auto v) { return is_best(F::load(v)); }) - block;
    }
    start += n;
  });
  return where;
}

/// The same for `width` adjacent results.
template <class F> void find_best_columns(const Walk& walk, std::byte* at, std::int64_t* y, std::int64_t width) {
  using Lane = typename F::Lane;
  using T = typename F::Element;
  Lane best[kColumns];
  const T* x = elements<T>(at);
  for (std::int64_t c = 0; c < width; ++c) best[c] = F::load(x[c]);
  std::fill_n(y, width, 0);
  for (std::int64_t row = 1; row < walk.count; ++row) {
    x += *walk.step;
    for (std::int64_t c = 0; c < width; ++c) {
      const Lane next = F::load(x[c]);
      const bool replaces = !is_nan(best[c]) & F::beats(next, best[c]);
      best[c] = replaces ? next : best[c];
      y[c] += (row - y[c]) & -std::int64_t{replaces};  // `replaces ? row : y[c]` would become a branch
    }
  }
}

}  // namespace

Array execute(const op::Reduce& op, const Spec& spec, Operands inputs) {
  if (inputs[0]->shape() == spec.shape) return inputs[0].take();  // any fold of one element is that element
  const Array& x = inputs[0].array();
  const Array y =
      spec.shape.numel() == 1 ? cpu_number(spec.shape, spec.dtype) : cpu_empty(op.name(), spec.shape, spec.dtype);
  const std::int64_t rows = y.numel(), n = rows == 0 ? 0 : x.numel() / rows;
  const double divisor = op.fn == ReduceFn::Mean ? static_cast<double>(n) : 1;
  with_fold(op.fn, spec.dtype, [&]<class F>(F) {
    using T = typename F::Element;
    if (!are_rows(x, spec.shape)) return reduce<F>(Walk(x, spec.shape), y, divisor);
    const auto* from = elements<T>(dense(x).data);
    auto* to = reinterpret_cast<T*>(dense(y).data);
    parallel_for(rows, std::max<std::int64_t>(1, kLeastElements / std::max<std::int64_t>(n, 1)),
                 [&](std::int64_t begin, std::int64_t end) {
                   reduce_rows<F>(from + begin * n, n, end - begin, n, divisor, to + begin);
                 });
  });
  return y;
}

Array execute(const op::ArgReduce& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Walk walk(inputs[0].array(), spec.shape);
  const auto run = [&]<class F>(F) {
    using T = typename F::Element;
    for_each_result<T, std::int64_t>(
        walk, y,
        [&](std::byte* from, std::int64_t step, std::int64_t* to, std::int64_t n) {
          for (std::int64_t i = 0; i < n; ++i)
            to[i] = find_best<F>(walk, from + i * step * static_cast<std::int64_t>(sizeof(T)));
        },
        [&](std::byte* from, std::int64_t* to, std::int64_t width) { find_best_columns<F>(walk, from, to, width); });
  };
  with_numeric_type(walk.x.dtype, [&]<class T>(T) {
    if (op.largest)
      run(Fold<ReduceFn::Max, T>());
    else
      run(Fold<ReduceFn::Min, T>());
  });
  return y;
}

}  // namespace fornax::cpu
