#pragma once
// What the functions on pictures share. Not part of the public surface.

#include <string_view>
#include <vector>

#include <fornax/ops/functions.hpp>

namespace fornax::functional {

/// x as [N, C, spatial...]: with a batch dim of size 1 if it comes without. Throws ShapeError for any other rank.
Array as_batch(std::string_view op, const Array& x, int spatial_dims);
/// y without its batch dim, if x came without.
Array like_batch(const Array& y, const Array& x, int spatial_dims);

/// x with zeros before and after along a dim.
Array with_zeros(const Array& x, int dim, std::int64_t before, std::int64_t after);

}  // namespace fornax::functional
