#pragma once
// What reductions of whole arrays and of fused programs share: the last step of a result, and many results at once.

#include <algorithm>
#include <cstdint>

#include <fornax/cpu/isa/rows.hpp>
#include <fornax/cpu/kernels/fold.hpp>

namespace fornax::cpu {

/// Calls f(F()) with the Fold F that fn stands for on this dtype.
template <class Use> void with_fold(ReduceFn fn, DType type, Use&& f) {
  // True is 1 and false is 0, so any is the maximum and all the minimum.
  if (fn == ReduceFn::Any) return f(Fold<ReduceFn::Max, bool>());
  if (fn == ReduceFn::All) return f(Fold<ReduceFn::Min, bool>());
  with_numeric_type(type, [&]<class T>(T) {
    switch (fn) {
      case ReduceFn::Mean:
      case ReduceFn::Sum: return f(Fold<ReduceFn::Sum, T>());
      case ReduceFn::Prod: return f(Fold<ReduceFn::Prod, T>());
      case ReduceFn::Max: return f(Fold<ReduceFn::Max, T>());
      default: return f(Fold<ReduceFn::Min, T>());
    }
  });
}

/// What a result is once its elements are joined. A mean divides by their number, a sum by 1.
template <class F> typename F::Element finish(typename F::Total total, double divisor) {
  using T = typename F::Element;
  if constexpr (F::rounds && F::is_sum)
    if (divisor != 1) total /= divisor;
  if constexpr (std::is_same_v<T, bool>)
    return total != 0;
  else
    return static_cast<T>(static_cast<compute_t<T>>(total));
}

/// The kernel that folds adjacent elements with the machine's best instructions; null if there is none.
template <class F> RowKernels::Fold row_kernel() {
  using T = typename F::Element;
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    const RowKernels& rows = row_kernels(dtype_v<T>, isa());
    return F::is_sum ? rows.sum : F::is_prod ? nullptr : F::is_max ? rows.max : rows.min;
  } else {
    return nullptr;
  }
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
    if constexpr (kHasKernels)
      kernels_.add(lane, x, width_);
    else
      join_row<F>(lane, x, width_);
    if (++row_ == F::block) close_block();
  }
  /// What the rows since the last block give, which are a block or the rest; the next row begins another one.
  void take_block(Total* to) {
    close_block();
    std::copy_n(range_, width_, to);
    std::fill_n(range_, width_, F::start());
    blocks_ = 0;
  }
  /// Rows that lie `step` elements apart.
  void add_rows(const T* x, std::int64_t step, std::int64_t rows) {
    std::int64_t r = 0;
    if constexpr (kHasKernels) {
      // Of a block that begins here, all rows of a lane together.
      while (row_ == 0 && r < rows) {
        row_ = std::min(F::block, rows - r);
        kernels_.sum_lanes(lanes_[0], kColumns, x + r * step, step, row_, width_);
        r += row_;
        if (row_ == F::block) close_block();
      }
    }
    for (; r < rows; ++r) add_row(x + r * step);
  }
  void finish_to(T* y, double divisor) {
    close_block();
    close_range();
    for (std::int64_t c = 0; c < width_; ++c) y[c] = finish<F>(totals_[c], divisor);
  }

 private:
  static constexpr std::int64_t kLanes = F::any_order ? 1 : F::lanes;
  static constexpr bool kHasKernels = F::is_sum && (std::is_same_v<T, float> || std::is_same_v<T, double>);

  void close_block() {
    if (row_ == 0) return;
    const std::int64_t width = width_;                 // a copy, which no store can change
    const std::int64_t used = std::min(row_, kLanes);  // the other lanes would join nothing but `start`
    if constexpr (kHasKernels) {
      kernels_.join_lanes(lanes_[0], kColumns, used, width, range_);
    } else {
      for (std::int64_t half = kLanes / 2; half > 0; half /= 2)
        for (std::int64_t l = 0; l < half && l + half < used; ++l)
          for (std::int64_t c = 0; c < width; ++c) lanes_[l][c] = F::join(lanes_[l][c], lanes_[l + half][c]);
      for (std::int64_t c = 0; c < width; ++c)
        range_[c] = F::template join<Total>(range_[c], static_cast<Total>(lanes_[0][c]));
    }
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
  const RowKernels& kernels_ = row_kernels(dtype_v<T> == DType::F64 ? DType::F64 : DType::F32, isa());
  std::int64_t row_ = 0;  // within the block
  std::int64_t blocks_ = 0;
  Lane lanes_[kLanes][kColumns];
  Total range_[kColumns], totals_[kColumns];
};

}  // namespace fornax::cpu
