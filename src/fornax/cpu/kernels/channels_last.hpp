#pragma once
// Pictures [N, C, ...] whose channels are adjacent in memory: how convolutions like them.

#include <fornax/cpu/kernels/kernels.hpp>

namespace fornax::cpu {

/// Strides without gaps, the dims in the order in which those of `like` lie in memory.
Strides strides_as_in(const Array& like, const Shape& shape);
Strides channels_last_strides(const Shape& shape);
bool is_channels_last(const Array& x);
/// x itself if it is that, else a copy that is.
Array as_channels_last(std::string_view operation, const Array& x);

}  // namespace fornax::cpu
