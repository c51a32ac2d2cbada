#pragma once

#include <fornax/cpu/cpu.hpp>

namespace fornax::cpu {

/// The indices as contiguous i64. Throws IndexError, naming the first that is not valid for the dim of x.
Array checked_indices(std::string_view operation, const Array& x, int dim, const Array& index);

}  // namespace fornax::cpu
