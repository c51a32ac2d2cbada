#pragma once
// Files of tensors in any of the formats that fornax knows.

#include <functional>
#include <string>
#include <string_view>

#include <fornax/array/tensor_data.hpp>
#include <fornax/io/safetensors.hpp>

namespace fornax::tool {

enum class Format { Safetensors, Checkpoint, Npz, Npy };
std::string_view name_of(Format format);
/// By the name of a format; throws ValueError.
Format format_named(const std::string& name);
/// By the ending of a file's name; throws ValueError.
Format format_for(const std::string& path);
/// By how the file begins, whatever it is called.
Format format_of(const std::string& path);

/// Calls f with each tensor, in alphabetical order; of safetensors files one is in memory at a time. A .npy file has one, which
/// gets the file's name without its ending. Checkpoints are checked as a whole first.
///
/// Returns the texts of the file. Errors: IoError, FormatError.
io::Metadata each_tensor(const std::string& path, Format format,
                         const std::function<void(const std::string& name, const TensorData& data)>& f);

/// Writes tensors as a whole or not at all. Texts are left out of formats that have none.
///
/// Errors:  those of the formats' writers; ValueError for a .npy file of several tensors.
void write_tensors(const std::string& path, Format format, const io::NamedData& tensors, const io::Metadata& texts);

}  // namespace fornax::tool
