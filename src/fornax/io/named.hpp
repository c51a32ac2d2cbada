#pragma once
// Arrays by name: what model files hold.

#include <map>
#include <optional>
#include <string>

#include <fornax/array/array.hpp>
#include <fornax/array/tensor_data.hpp>

namespace fornax::io {

using NamedData = std::map<std::string, TensorData>;
using NamedArrays = std::map<std::string, Array>;
/// Texts by name, such as who made a file and how.
using Metadata = std::map<std::string, std::string>;

/// What reading may change.
struct ReadOptions {
  /// Floats of any width arrive as this dtype; nothing: as they are stored.
  std::optional<DType> floats_as = {};
  /// Where arrays are made; null: on Cpu.
  Interpreter* backend = nullptr;
  Device device{};
};

/// Array from host data, with the dtype and at the place that the options say.
Array to_array(const TensorData& data, const ReadOptions& options = {});
NamedArrays to_arrays(const NamedData& data, const ReadOptions& options = {});
/// Copies on the host; decorators are looked through.
NamedData to_data(const NamedArrays& arrays);

}  // namespace fornax::io
