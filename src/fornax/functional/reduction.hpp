#pragma once
// How the losses of single elements or samples become one.

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// None keeps them; Mean and Sum give [1]; BatchMean divides the sum by the size of dim 0. The mean of none is NaN.
enum class Reduction : std::uint8_t { None, Mean, Sum, BatchMean };

namespace impl {
Array reduced(const Array& loss, Reduction reduction);
}  // namespace impl

/// Losses of rank D after a reduction that is known at compile time.
template <Reduction R, BackendType B, std::size_t D> using Reduced = Tensor<B, R == Reduction::None ? D : 1>;

}  // namespace fornax::functional
