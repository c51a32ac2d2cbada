#pragma once
// NumPy's .npz format: named arrays in a zip archive. Belongs to fornax::data, since it needs zlib.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fornax/io/named.hpp>

namespace fornax::io {

/// The arrays of a .npz file, as numpy.savez and numpy.savez_compressed write it; names without their ".npy".
///
/// Kinds:   those of read_npy.
/// Errors:  IoError if the file cannot be read; FormatError if it is not a zip archive of .npy files, stored or deflated, is
///          damaged (checksums are compared), has a name twice, or what read_npy refuses. Memory follows the size of the
///          file: no more than deflate can make of it, about 1030 times, and no more than it announces.
/// Source:  PKWARE, .ZIP File Format Specification 6.3.
NamedData read_npz(const std::string& path);
/// The same from memory; errors call it `name`.
NamedData read_npz_bytes(std::span<const std::byte> bytes, std::string_view name);

/// Whether arrays are deflated.
enum class Packing : std::uint8_t { Stored, Deflated };

/// Writes a .npz file, as a whole or not at all. The same content gives the same bytes.
///
/// Errors:  IoError; DTypeError for bf16, which NumPy has not; ValueError for names of more than 65535 bytes.
/// Source:  that of read_npz; with its 64-bit extension, so arrays may be of any size.
void write_npz(const std::string& path, const NamedData& data, Packing packing = Packing::Stored);

}  // namespace fornax::io
