#include <fornax/cpu/fused/reduction.hpp>

#include <algorithm>
#include <vector>

#include <fornax/cpu/kernels/joining.hpp>

namespace fornax::cpu {

namespace {

template <class F> class RowReduction final : public Reduction {
  using T = typename F::Element;
  using Total = typename F::Total;

 public:
  RowReduction(const fused::Call& call, const Array& y, double divisor, int workers)
      : rows_(call.rows),
        length_(call.columns),
        ranges_((call.columns + F::range - 1) / F::range),
        divisor_(divisor),
        y_(reinterpret_cast<T*>(dense(y).data)),
        workers_(static_cast<std::size_t>(workers)) {
    if (ranges_ > 1) totals_.resize(static_cast<std::size_t>(rows_ * ranges_));
  }

  void tile(int worker, const std::byte* data, std::int64_t row, std::int64_t column, std::int64_t n) override {
    Total& range = workers_[static_cast<std::size_t>(worker)].range;
    for (const T* x = reinterpret_cast<const T*>(data); n > 0; ++row, column = 0) {
      const std::int64_t piece = std::min(n, length_ - column);
      if constexpr (kAdds) {
        range = add_blocks_(range, x, piece);
      } else {
        for (std::int64_t i = 0; i < piece; i += F::block) {
          const std::int64_t size = std::min(F::block, piece - i);
          range = F::template join<Total>(range, kernel_ ? static_cast<Total>(kernel_(x + i, size))
                                                         : static_cast<Total>(fold_block<F>(x + i, size)));
        }
      }
      x += piece;
      n -= piece;
      column += piece;
      if (column < length_ && column % F::range != 0) return;
      if (ranges_ == 1) {
        y_[row] = cpu::finish<F>(F::template join<Total>(F::start(), range), divisor_);
      } else {
        totals_[static_cast<std::size_t>(row * ranges_ + (column - 1) / F::range)] = range;
      }
      range = F::start();
    }
  }

  void finish() override {
    if (ranges_ == 1) return;
    for (std::int64_t row = 0; row < rows_; ++row) {
      Total total = F::start();
      for (std::int64_t r = 0; r < ranges_; ++r)
        total = F::template join<Total>(total, totals_[static_cast<std::size_t>(row * ranges_ + r)]);
      y_[row] = cpu::finish<F>(total, divisor_);
    }
  }

 private:
  static constexpr bool kAdds = F::is_sum && (std::is_same_v<T, float> || std::is_same_v<T, double>);

  struct alignas(64) Worker {  // a cache line each
    Total range = F::start();
  };

  std::int64_t rows_, length_, ranges_;
  double divisor_;
  T* y_;
  const RowKernels::Fold kernel_ = row_kernel<F>();
  double (*const add_blocks_)(double, const void*,
                              std::int64_t) = row_kernels(kAdds ? dtype_v<T> : DType::F32, isa()).add_blocks;
  std::vector<Worker> workers_;
  std::vector<Total> totals_;  // of each range of each row
};

template <class F> class ColumnReduction final : public Reduction {
  using T = typename F::Element;

 public:
  ColumnReduction(const Array& y, double divisor, int workers)
      : divisor_(divisor), y_(reinterpret_cast<T*>(dense(y).data)), workers_(static_cast<std::size_t>(workers)) {
    for (Worker& w : workers_) w.columns.reserve(kMostColumns / kColumns);
  }

  void begin(int worker, std::int64_t column, std::int64_t width) override {
    Worker& w = workers_[static_cast<std::size_t>(worker)];
    w.first = column;
    w.width = width;
    w.columns.clear();
    for (std::int64_t c = 0; c < width; c += kColumns) w.columns.emplace_back(std::min(kColumns, width - c));
  }
  void tile(int worker, const std::byte* data, std::int64_t, std::int64_t, std::int64_t n) override {
    Worker& w = workers_[static_cast<std::size_t>(worker)];
    for (const T *x = reinterpret_cast<const T*>(data), *end = x + n; x < end; x += w.width)
      for (std::size_t c = 0; c < w.columns.size(); ++c) w.columns[c].add_row(x + c * kColumns);
  }
  void end(int worker) override {
    Worker& w = workers_[static_cast<std::size_t>(worker)];
    for (std::size_t c = 0; c < w.columns.size(); ++c) w.columns[c].finish_to(y_ + w.first + c * kColumns, divisor_);
  }

 private:
  struct Worker {
    std::int64_t first = 0, width = 0;
    std::vector<Columns<F>> columns;  // reserved: nothing may fail once the program runs
  };

  double divisor_;
  T* y_;
  std::vector<Worker> workers_;
};

/// Columns of rows that come whole, in tasks of whole blocks.
template <class F> class BlockReduction final : public Reduction {
  using T = typename F::Element;
  using Total = typename F::Total;

 public:
  BlockReduction(const fused::Call& call, const Array& y, double divisor, int workers)
      : rows_(call.rows),
        width_(call.columns),
        divisor_(divisor),
        y_(reinterpret_cast<T*>(dense(y).data)),
        workers_(static_cast<std::size_t>(workers)),
        blocks_(cpu_empty("fusion", Shape{(rows_ + F::block - 1) / F::block * width_, sizeof(Total)}, DType::U8)) {
    for (auto& columns : workers_) {
      columns.reserve(static_cast<std::size_t>((width_ + kColumns - 1) / kColumns));
      for (std::int64_t c = 0; c < width_; c += kColumns) columns.emplace_back(std::min(kColumns, width_ - c));
    }
  }

  void tile(int worker, const std::byte* data, std::int64_t row, std::int64_t, std::int64_t n) override {
    auto& columns = workers_[static_cast<std::size_t>(worker)];
    for (const T *x = reinterpret_cast<const T*>(data), *end = x + n; x < end; x += width_, ++row) {
      const bool last = (row + 1) % F::block == 0 || row + 1 == rows_;
      Total* const to = block(row / F::block);
      for (std::size_t c = 0; c < columns.size(); ++c) {
        columns[c].add_row(x + c * kColumns);
        if (last) columns[c].take_block(to + c * kColumns);
      }
    }
  }

  void finish() override {
    const std::int64_t count = (rows_ + F::block - 1) / F::block;
    const auto width = static_cast<std::size_t>(width_);
    std::vector<Total> totals(width, F::start()), ranges(width, F::start());
    for (std::int64_t b = 0; b < count; ++b) {
      const Total* const of_block = block(b);
      for (std::size_t c = 0; c < width; ++c) ranges[c] = F::template join<Total>(ranges[c], of_block[c]);
      if ((b + 1) % F::blocks_of_range != 0 && b + 1 != count) continue;
      for (std::size_t c = 0; c < width; ++c) {
        totals[c] = F::template join<Total>(totals[c], ranges[c]);
        ranges[c] = F::start();
      }
    }
    for (std::size_t c = 0; c < width; ++c) y_[c] = cpu::finish<F>(totals[c], divisor_);
  }

 private:
  Total* block(std::int64_t b) const { return reinterpret_cast<Total*>(dense(blocks_).data) + b * width_; }

  std::int64_t rows_, width_;
  double divisor_;
  T* y_;
  std::vector<std::vector<Columns<F>>> workers_;
  Array blocks_;
};

}  // namespace

std::unique_ptr<Reduction> make_reduction(const fused::Call& call, ReduceFn fn, fused::Walk walk, const Array& y,
                                          int workers) {
  const bool by_rows = walk == fused::Walk::Rows;
  const double divisor = fn == ReduceFn::Mean ? static_cast<double>(by_rows ? call.columns : call.rows) : 1;
  std::unique_ptr<Reduction> made;
  with_fold(fn, y.dtype(), [&]<class F>(F) {
    if (by_rows) {
      made = std::make_unique<RowReduction<F>>(call, y, divisor, workers);
    } else if (call.program.walk == fused::Walk::WholeRows) {
      made = std::make_unique<BlockReduction<F>>(call, y, divisor, workers);
    } else {
      made = std::make_unique<ColumnReduction<F>>(y, divisor, workers);
    }
  });
  return made;
}

Grain grain_of(ReduceFn fn, DType type) {
  Grain grain{};
  with_fold(fn, type, [&]<class F>(F) { grain = {F::block, F::range}; });
  return grain;
}

}  // namespace fornax::cpu
