#include <array>
#include <optional>
#include <vector>

#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/kernels/fold.hpp>
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

template <class T> const T* elements(std::byte* at) { return reinterpret_cast<const T*>(at); }

/// The elements of one result, cut into blocks: f(block, n) for each, adjacent in memory.
template <class F, class Each> void for_each_block(const Walk& walk, std::byte* at, Each&& each) {
  using T = typename F::Element;
  const std::int64_t count = walk.reduced.numel();
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

/// What a result is once its elements are joined. A mean divides by their number, a sum by 1.
template <class F> typename F::Element finish(typename F::Total total, double divisor) {
  using T = typename F::Element;
  if constexpr (F::rounds && F::is_sum) total /= divisor;
  if constexpr (std::is_same_v<T, bool>)
    return total != 0;
  else
    return static_cast<T>(static_cast<compute_t<T>>(total));
}

// The kernel that folds adjacent elements with the machine's best instructions; null if there is none.
template <class F> RowKernels::Fold row_kernel() {
  using T = typename F::Element;
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    const RowKernels& rows = row_kernels(dtype_v<T>, isa());
    return F::is_sum ? rows.sum : F::is_prod ? nullptr : F::is_max ? rows.max : rows.min;
  } else {
    return nullptr;
  }
}

template <class F> void reduce_one(const Walk& walk, std::byte* at, typename F::Element* y, double divisor) {
  using T = typename F::Element;
  using Total = typename F::Total;
  const std::int64_t count = walk.reduced.numel();
  Total total = F::start();
  if (walk.step == 1 || count == 1) {
    const T* x = elements<T>(at);
    const RowKernels::Fold kernel = row_kernel<F>();
    const auto fold = [&](std::int64_t i) {
      const std::int64_t n = std::min(F::range, count - i);
      return kernel ? static_cast<Total>(kernel(x + i, n)) : fold_range<F>(x + i, n);
    };
    const std::int64_t ranges = (count + F::range - 1) / F::range;
    if (ranges < 4) {
      for (std::int64_t i = 0; i < count; i += F::range) total = F::template join<Total>(total, fold(i));
    } else {
      std::vector<Total> totals(static_cast<std::size_t>(ranges));
      parallel_for(ranges, 2, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) totals[static_cast<std::size_t>(r)] = fold(r * F::range);
      });
      for (const Total& t : totals) total = F::template join<Total>(total, t);
    }
  } else {
    Total range = F::start();
    std::int64_t blocks = 0;
    for_each_block<F>(walk, at, [&](const T* block, std::int64_t n) {
      range = F::template join<Total>(range, fold_block<F>(block, n));
      if (++blocks % F::blocks_of_range != 0) return;
      total = F::template join<Total>(total, range);
      range = F::start();
    });
    total = F::template join<Total>(total, range);
  }
  *y = finish<F>(total, divisor);
}

/// to[c] joined with x[c]. Apart from the class below, whose members might overlap x as far as the compiler can see.
template <class F>
void join_row(typename F::Lane* __restrict to, const typename F::Element* __restrict x, std::int64_t width) {
  for (std::int64_t c = 0; c < width; ++c) {
    const typename F::Lane next = F::load(x[c]);  // loaded in any case: a conditional load would not vectorise
    to[c] = F::join(to[c], next);
  }
}

// Results of a tile: 16 lanes of f32 are 16 KiB and stay in L1, and a row of a tile is 1 KiB of memory that is read at once.
constexpr std::int64_t kColumns = 256;

/// Up to kColumns adjacent results at once. Each is joined as fold.hpp says, but its neighbours fill the vector unit.
template <class F> class Columns {
 public:
  using T = typename F::Element;
  using Lane = typename F::Lane;
  using Total = typename F::Total;

  explicit Columns(std::int64_t width) : width_(width) {
    std::fill_n(totals_, width, F::start());
    std::fill_n(range_, width, F::start());
  }

  void add_row(const T* x) {
    Lane* lane = lanes_[row_ % kLanes];
    if (row_ < kLanes) std::fill_n(lane, width_, F::start());
    if constexpr (F::is_sum && (std::is_same_v<T, float> || std::is_same_v<T, double>))
      add_(lane, x, width_);
    else
      join_row<F>(lane, x, width_);
    if (++row_ == F::block) close_block();
  }
  void finish_to(T* y, double divisor) {
    close_block();
    close_range();
    for (std::int64_t c = 0; c < width_; ++c) y[c] = finish<F>(totals_[c], divisor);
  }

 private:
  static constexpr std::int64_t kLanes = F::any_order ? 1 : F::lanes;

  void close_block() {
    if (row_ == 0) return;
    const std::int64_t width = width_;                 // a copy, which no store can change
    const std::int64_t used = std::min(row_, kLanes);  // the other lanes would join nothing but `start`
    for (std::int64_t half = kLanes / 2; half > 0; half /= 2)
      for (std::int64_t l = 0; l < half && l + half < used; ++l)
        for (std::int64_t c = 0; c < width; ++c) lanes_[l][c] = F::join(lanes_[l][c], lanes_[l + half][c]);
    for (std::int64_t c = 0; c < width; ++c)
      range_[c] = F::template join<Total>(range_[c], static_cast<Total>(lanes_[0][c]));
    row_ = 0;
    if (++blocks_ % F::blocks_of_range == 0) close_range();
  }
  void close_range() {
    for (std::int64_t c = 0; c < width_; ++c) {
      totals_[c] = F::template join<Total>(totals_[c], range_[c]);
      range_[c] = F::start();
    }
  }

  std::int64_t width_;
  void (*add_)(void*, const void*,
               std::int64_t) = row_kernels(dtype_v<T> == DType::F64 ? DType::F64 : DType::F32, isa()).add;
  std::int64_t row_ = 0;  // within the block
  std::int64_t blocks_ = 0;
  Lane lanes_[kLanes][kColumns];
  Total range_[kColumns], totals_[kColumns];
};

/// Calls one(x, y) for each result, or tile(x, y, width) for each group of adjacent ones.
template <class T, class Y, class One, class Tile>
void for_each_result(const Walk& walk, const Array& y, One&& one, Tile&& tile) {
  for_each_run<2>(walk.kept, {walk.x.data, dense(y).data}, {walk.x.strides, &dense(y).strides}, {sizeof(T), sizeof(Y)},
                  [&](const auto& at, const auto& step, std::int64_t n) {
                    const std::int64_t width = walk.columns ? kColumns : 1;
                    const std::int64_t work = width * std::max<std::int64_t>(walk.reduced.numel(), 1);
                    const std::int64_t grain = width * std::max<std::int64_t>(kLeastElements / work, 1);
                    parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
                      for (std::int64_t i = begin; i < end; i += width) {
                        std::byte* from = at[0] + i * step[0];
                        auto* to = reinterpret_cast<Y*>(at[1] + i * step[1]);
                        if (walk.columns)
                          tile(from, to, std::min(width, end - i));
                        else
                          one(from, to);
                      }
                    });
                  });
}

template <class F> void reduce(const Walk& walk, const Array& y, double divisor) {
  using T = typename F::Element;
  for_each_result<T, T>(
      walk, y, [&](std::byte* from, T* to) { reduce_one<F>(walk, from, to, divisor); },
      [&](std::byte* from, T* to, std::int64_t width) {
        Columns<F> columns(width);
        for_each_run<1>(walk.reduced, {from}, {walk.x.strides}, {sizeof(T)},
                        [&](const auto& at, const auto& step, std::int64_t n) {
                          for (std::int64_t i = 0; i < n; ++i) columns.add_row(elements<T>(at[0] + i * step[0]));
                        });
        columns.finish_to(to, divisor);
      });
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
  for (std::int64_t row = 1; row < walk.reduced.numel(); ++row) {
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
  if (inputs[0]->numel() == 1) return inputs[0].take();  // any fold of one element is that element
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Walk walk(inputs[0].array(), spec.shape);
  // True is 1 and false is 0, so any is the maximum and all the minimum.
  if (op.fn == ReduceFn::Any) {
    reduce<Fold<ReduceFn::Max, bool>>(walk, y, 1);
  } else if (op.fn == ReduceFn::All) {
    reduce<Fold<ReduceFn::Min, bool>>(walk, y, 1);
  } else {
    with_numeric_type(spec.dtype, [&]<class T>(T) {
      switch (op.fn) {
        case ReduceFn::Mean: return reduce<Fold<ReduceFn::Sum, T>>(walk, y, static_cast<double>(walk.reduced.numel()));
        case ReduceFn::Sum: return reduce<Fold<ReduceFn::Sum, T>>(walk, y, 1);
        case ReduceFn::Prod: return reduce<Fold<ReduceFn::Prod, T>>(walk, y, 1);
        case ReduceFn::Max: return reduce<Fold<ReduceFn::Max, T>>(walk, y, 1);
        default: return reduce<Fold<ReduceFn::Min, T>>(walk, y, 1);
      }
    });
  }
  return y;
}

Array execute(const op::ArgReduce& op, const Spec& spec, Operands inputs) {
  Array y = cpu_empty(op.name(), spec.shape, spec.dtype);
  const Walk walk(inputs[0].array(), spec.shape);
  const auto run = [&]<class F>(F) {
    using T = typename F::Element;
    for_each_result<T, std::int64_t>(
        walk, y, [&](std::byte* from, std::int64_t* to) { *to = find_best<F>(walk, from); },
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
