#include <fornax/cpu/fused/row_step.hpp>

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

class NormRows final : public RowStep {
 public:
  NormRows(const fused::Call& call, const Step& step)
      : row_(norm_row(call, step)),
        bytes_(call.columns * static_cast<std::int64_t>(size_of(step.dtype))),
        count_(step.count),
        kernel_(norm_kernels(step.dtype, isa()).forward) {}

  void tile(int, std::byte* y, const std::byte* const* x, std::int64_t, std::int64_t count) override {
    const std::byte *weight = count_ > 1 ? x[1] : nullptr, *bias = count_ > 2 ? x[2] : nullptr;
    for (std::int64_t r = 0; r < count; ++r) kernel_(row_, x[0] + r * bytes_, weight, bias, y + r * bytes_);
  }

 private:
  NormRow row_;
  std::int64_t bytes_;
  int count_;
  void (*kernel_)(const NormRow&, const void*, const void*, const void*, void*);
};

template <class T> class NormGradRows final : public RowStep {
 public:
  NormGradRows(const fused::Call& call, const Step& step, const Arrays& results, int workers)
      : row_(norm_row(call, step)),
        affine_(step.count > 2),
        kernel_(norm_kernels(step.dtype, isa()).backward),
        sums_(call.rows, call.columns, affine_ ? 2 * call.columns : 0, workers) {
    for (std::size_t k = 0; k < 2; ++k)
      to_[k] = step.vectors[k] == kNowhere ? nullptr : reinterpret_cast<T*>(dense(results[step.vectors[k]]).data);
  }

  void tile(int worker, std::byte* y, const std::byte* const* x, std::int64_t row, std::int64_t count) override {
    const std::int64_t bytes = row_.channels * static_cast<std::int64_t>(sizeof(T));
    for (std::int64_t r = 0; r < count; ++r) {
      T* const sums = sums_.add_to(worker, row + r);
      kernel_(row_, x[0] + r * bytes, affine_ ? x[2] : nullptr, x[1] + r * bytes, y + r * bytes,
              affine_ ? sums : nullptr, affine_ ? sums + row_.channels : nullptr);
      sums_.added(worker, row + r);
    }
  }

  void finish() override {
    for (std::int64_t k = 0; k < 2; ++k)
      if (to_[k]) sums_.totals(k * row_.channels, row_.channels, to_[k]);
  }

 private:
  NormRow row_;
  bool affine_;
  void (*kernel_)(const NormRow&, const void*, const void*, const void*, void*, void*, void*);
  NormSums<T> sums_;
  T* to_[2];
};

}  // namespace

std::unique_ptr<RowStep> make_row_step(const fused::Call& call, const Step& step, const Arrays& results, int workers) {
  if (step.code == fused::Code::Softmax) return std::make_unique<SoftmaxRows>(call, step);
  if (step.code == fused::Code::Norm) return std::make_unique<NormRows>(call, step);
  if (step.dtype == DType::F64) return std::make_unique<NormGradRows<double>>(call, step, results, workers);
  return std::make_unique<NormGradRows<float>>(call, step, results, workers);
}

}  // namespace fornax::cpu
