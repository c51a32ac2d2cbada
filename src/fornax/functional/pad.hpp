#pragma once
// Elements added around an array, or cut off.

#include <span>

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// Elements to add before and after those of a dim; a negative number cuts so many off.
struct PadWidth {
  std::int64_t before = 0, after = 0;
};
/// What is added: one value; the elements mirrored at the outermost one; the outermost one; the other end's.
enum class PadMode : std::uint8_t { Constant, Reflect, Replicate, Circular };
struct Pad {
  PadMode mode = PadMode::Constant;
  Scalar value = 0;  // for PadMode::Constant
};

/// x with its last dims padded, one width for each of them, outermost first: for [..., H, W] height, then width.
///
/// Shapes: [..., n, ...] -> [..., before + n + after, ...].
/// Errors: ShapeError for more widths than dims, if more is cut off than there is, or if a mode cannot reach so far:
///         Reflect n - 1 elements, Circular n, Replicate any number if n > 0; DTypeError for a fraction among integers.
Array pad(const Array& x, std::span<const PadWidth> widths, const Pad& options = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

/// Example: pad(image, {{1, 1}, {2, 2}}, {.mode = PadMode::Reflect})
template <BackendType B, std::size_t D, Kind K, std::size_t N>
Tensor<B, D, K> pad(const Tensor<B, D, K>& x, const PadWidth (&widths)[N], const Pad& options = {}) {
  static_assert(N <= D, "pad takes at most one width for each dim");
  return Tensor<B, D, K>::unchecked(pad(x.array(), std::span<const PadWidth>(widths), options));
}

}  // namespace fornax::functional
