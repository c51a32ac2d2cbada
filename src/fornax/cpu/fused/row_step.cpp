#include <fornax/cpu/fused/row_step.hpp>

#include <algorithm>
#include <utility>

#include <fornax/cpu/isa/norm.hpp>
#include <fornax/cpu/isa/rows.hpp>

namespace fornax::cpu {

namespace {

class SoftmaxRows final : public RowStep {
 public:
  SoftmaxRows(const fused::Call& call, const Step& step)
      : length_(call.columns),
        bytes_(call.columns * static_cast<std::int64_t>(size_of(step.dtype))),
        log_(step.fn != 0),
        kernel_(row_kernels(step.dtype, isa()).softmax) {}

  void tile(int, std::byte* y, const std::byte* const* x, std::int64_t, std::int64_t count) override {
    for (std::int64_t r = 0; r < count; ++r) kernel_(x[0] + r * bytes_, y + r * bytes_, length_, log_);
  }

 private:
  std::int64_t length_, bytes_;
  bool log_;
  void (*kernel_)(const void*, void*, std::int64_t, bool);
};

NormRow norm_row(const fused::Call& call, const Step& step) {
  return {call.columns, 1, call.settings[step.setting].number.as_double(), step.fn != 0};
}

/// Moments of the rows of each worker's present tile.
class KeptMoments {
 public:
  KeptMoments(int workers, std::int64_t rows) : rows_(rows), of_(static_cast<std::size_t>(workers * rows)) {}
  RowMoments& of(int worker, std::int64_t row) { return of_[static_cast<std::size_t>(worker * rows_ + row % rows_)]; }

 private:
  std::int64_t rows_;
  std::vector<RowMoments> of_;
};

class NormRows final : public RowStep {
 public:
  NormRows(const fused::Call& call, const Step& step, int workers, std::int64_t rows_of_tile)
      : row_(norm_row(call, step)),
        bytes_(call.columns * static_cast<std::int64_t>(size_of(step.dtype))),
        count_(step.count),
        kernels_(norm_kernels(step.dtype, isa())),
        moments_(workers, rows_of_tile) {}

  void tile(int worker, std::byte* y, const std::byte* const* x, std::int64_t row, std::int64_t count) override {
    const std::byte *weight = count_ > 1 ? x[1] : nullptr, *bias = count_ > 2 ? x[2] : nullptr;
    for (std::int64_t r = 0; r < count; ++r)
      kernels_.forward(row_, find(worker, x[0] + r * bytes_, row + r), x[0] + r * bytes_, weight, bias, y + r * bytes_);
  }
  void numbers(int worker, float* to, const std::byte* const* x, std::int64_t row) override {
    const RowMoments& at = find(worker, x[0], row);
    to[0] = static_cast<float>(at.mean), to[1] = static_cast<float>(at.scale);
  }
  /// Found by this step, which came before.
  const RowMoments& moments(int worker, std::int64_t row) { return moments_.of(worker, row); }

 private:
  const RowMoments& find(int worker, const std::byte* x, std::int64_t row) {
    return moments_.of(worker, row) = kernels_.moments(row_, x);
  }

  NormRow row_;
  std::int64_t bytes_;
  int count_;
  const NormKernels& kernels_;
  KeptMoments moments_;
};

template <class T> class NormGradRows final : public RowStep {
 public:
  /// `forward`: the step that has found the moments of the same rows; may be null.
  NormGradRows(const fused::Call& call, const Step& step, const Arrays& results, int workers, NormRows* forward)
      : row_(norm_row(call, step)),
        affine_(step.count > 2),
        kernels_(norm_kernels(step.dtype, isa())),
        forward_(forward),
        sums_(call.rows, call.columns, affine_ ? 2 * call.columns : 0, workers) {
    for (std::size_t k = 0; k < 2; ++k)
      to_[k] = step.vectors[k] == kNowhere ? nullptr : reinterpret_cast<T*>(dense(results[step.vectors[k]]).data);
  }

  void tile(int worker, std::byte* y, const std::byte* const* x, std::int64_t row, std::int64_t count) override {
    const std::int64_t bytes = row_.channels * static_cast<std::int64_t>(sizeof(T));
    for (std::int64_t r = 0; r < count; ++r) {
      const std::byte* const from = x[0] + r * bytes;
      with_sums(worker, row + r, [&](T* dweight, T* dbias) {
        kernels_.backward(row_, moments(worker, from, row + r), from, affine_ ? x[2] : nullptr, x[1] + r * bytes,
                          y + r * bytes, dweight, dbias);
      });
    }
  }
  void numbers(int worker, float* to, const std::byte* const* x, std::int64_t row) override {
    const RowMoments at = moments(worker, x[0], row);
    RowMeans of{};
    with_sums(worker, row, [&](T* dweight, T* dbias) {
      of = kernels_.means(row_, at, x[0], affine_ ? x[2] : nullptr, x[1], dweight, dbias);
    });
    to[0] = static_cast<float>(at.mean), to[1] = static_cast<float>(at.scale);
    to[2] = static_cast<float>(of.plain), to[3] = static_cast<float>(of.along);
  }

  void finish() override {
    for (std::int64_t k = 0; k < 2; ++k)
      if (to_[k]) sums_.totals(k * row_.channels, row_.channels, to_[k]);
  }

 private:
  RowMoments moments(int worker, const std::byte* x, std::int64_t row) {
    return forward_ ? forward_->moments(worker, row) : kernels_.moments(row_, x);
  }
  // add(where the gradients of weight and bias are added up)
  template <class F> void with_sums(int worker, std::int64_t row, const F& add) {
    T* const sums = sums_.add_to(worker, row);
    add(affine_ ? sums : nullptr, affine_ ? sums + row_.channels : nullptr);
    sums_.added(worker, row);
  }

  NormRow row_;
  bool affine_;
  const NormKernels& kernels_;
  NormRows* forward_;
  NormSums<T> sums_;
  T* to_[2];
};

/// Whether `later` takes the moments of the rows that `first` takes those of; between them nothing else is written there.
bool same_moments(const fused::Call& call, const Step* first, const Step* later) {
  const auto eps = [&](const Step* s) { return call.settings[s->setting].number.as_double(); };
  if (first->code != fused::Code::Norm || first->x[0] != later->x[0] || first->fn != later->fn) return false;
  return eps(first) == eps(later) &&
         std::none_of(first, later, [&](const Step& between) { return between.y == later->x[0]; });
}

}  // namespace

std::vector<std::unique_ptr<RowStep>> make_row_steps(const fused::Call& call, const Plan& plan, const Arrays& results,
                                                     int workers, std::int64_t rows_of_tile) {
  std::vector<std::unique_ptr<RowStep>> made;
  std::vector<std::pair<const Step*, NormRows*>> norms;
  for (const Step& step : plan.steps) {
    if (step.code == fused::Code::Softmax) made.push_back(std::make_unique<SoftmaxRows>(call, step));
    if (step.code == fused::Code::Norm) {
      auto norm = std::make_unique<NormRows>(call, step, workers, rows_of_tile);
      norms.push_back({&step, norm.get()});
      made.push_back(std::move(norm));
    }
    if (step.code != fused::Code::NormGrad) continue;
    NormRows* forward = nullptr;
    for (const auto& [first, norm] : norms)
      if (same_moments(call, first, &step)) forward = norm;
    if (step.dtype == DType::F64)
      made.push_back(std::make_unique<NormGradRows<double>>(call, step, results, workers, forward));
    else
      made.push_back(std::make_unique<NormGradRows<float>>(call, step, results, workers, forward));
  }
  return made;
}

}  // namespace fornax::cpu
