#pragma once

#include <fornax/array/dtype.hpp>

namespace fornax {

namespace detail {

/// What the calling thread casts to; F32 if nothing is cast.
extern constinit thread_local DType autocast_dtype;
inline bool autocasts() { return autocast_dtype != DType::F32; }

/// While it lives, the calling thread casts to this.
class SetAutocast {
 public:
  explicit SetAutocast(DType dtype) : outer_(autocast_dtype) { autocast_dtype = dtype; }
  ~SetAutocast() { autocast_dtype = outer_; }
  SetAutocast(const SetAutocast&) = delete;
  SetAutocast& operator=(const SetAutocast&) = delete;

 private:
  DType outer_;
};

}  // namespace detail

/// Mixed precision on the calling thread for as long as it lives. Operations that take their time from products (matmul,
/// convolutions, attention) get their f32 inputs as `dtype`; those that need the digits (sums, norms, softmax, losses, exp,
/// log, pow, factorizations, ...) get 16-bit inputs as f32; others that are given several Float dtypes get the widest. The
/// casts are recorded like any operation, so parameters stay f32, and so do their gradients. f64 is left alone. A backward
/// pass is not affected: its operations follow from what was recorded. A checkpointed region is run again as it was run at
/// first.
///
/// bf16 needs nothing else; for f16 scale the loss (optim::GradScaler).
///
/// Errors:  DTypeError unless dtype is BF16 or F16, or F32, which turns an outer one off.
/// Example: const auto loss = [&] {
///            const Autocast low(DType::BF16);
///            return loss_of(net.forward(x), y);
///          }();
///          auto grads = loss.backward();
/// Source:  which operations get what follows Micikevicius et al., "Mixed precision training", 2018, and PyTorch's autocast.
class Autocast {
 public:
  explicit Autocast(DType dtype);

 private:
  detail::SetAutocast set_;
};

}  // namespace fornax
