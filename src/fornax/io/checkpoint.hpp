#pragma once
// Checkpoints: safetensors files that notice damage.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <fornax/io/safetensors.hpp>

namespace fornax::io {

/// Writes a checkpoint, as a whole or not at all: a safetensors file, which others can read too, with a checksum of the
/// header and of each tensor among its metadata (XXH3, 64 bits). A process that is killed while it saves leaves what was
/// at the path before.
///
/// Errors:  IoError with the path and the system's reason; ValueError for a name that is not UTF-8 or is __metadata__, or
///          for a text in `metadata` whose name begins with "fornax.".
/// Example: save_checkpoint("step-1000.safetensors", weights, {{"step", "1000"}});
void save_checkpoint(const std::string& path, const NamedArrays& arrays, const Metadata& metadata = {});

/// All of a checkpoint, checked.
///
/// Errors:  IoError if the file cannot be read; FormatError if it is not a checkpoint or is damaged: cut off, or with any
///          bit of header or elements changed.
Record load_checkpoint(const std::string& path, const ReadOptions& options = {});
/// The same from memory; errors call it `name`.
Record load_checkpoint_bytes(std::span<const std::byte> bytes, std::string_view name, const ReadOptions& options = {});

}  // namespace fornax::io
