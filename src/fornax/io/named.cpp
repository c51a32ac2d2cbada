#include <fornax/io/named.hpp>

#include <utility>

#include <fornax/array/interpreter.hpp>
#include <fornax/cpu/tag.hpp>

namespace fornax::io {

Array to_array(const TensorData& data, const ReadOptions& options) {
  if (options.floats_as && is_float(data.dtype()) && data.dtype() != *options.floats_as)
    return to_array(data.convert(*options.floats_as), {std::nullopt, options.backend, options.device});
  Interpreter& on = options.backend != nullptr ? *options.backend : Cpu::interpreter();
  Array array = backend_of(on).upload(data.dtype(), data.shape(), data.bytes(), options.device);
  return on.watches(array.numel()) ? on.enter(std::move(array)) : array;
}

NamedArrays to_arrays(const NamedData& data, const ReadOptions& options) {
  NamedArrays arrays;
  for (const auto& [name, values] : data) arrays.emplace(name, to_array(values, options));
  return arrays;
}

NamedData to_data(const NamedArrays& arrays) {
  NamedData data;
  for (const auto& [name, array] : arrays) data.emplace(name, array.to_data());
  return data;
}

}  // namespace fornax::io
