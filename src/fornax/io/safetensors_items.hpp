#pragma once

#include <vector>

#include <fornax/io/named.hpp>
#include <fornax/io/safetensors_header.hpp>

namespace fornax::io {

/// The tensors in the order in which their elements lie in a file: wide types first, so that all are aligned.
std::vector<SafetensorsItem> items_of(const NamedArrays& arrays);
std::vector<SafetensorsItem> items_of(const NamedData& data);

}  // namespace fornax::io
