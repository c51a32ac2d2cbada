#pragma once
// What the fuzz targets share. A target takes any bytes; that a reader refuses them is right, and anything else than a
// FormatError is a fault, which ends the program.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include <fornax/array/error.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fornax::fuzz {

/// Calls read(bytes); if it returns, the bytes were accepted.
template <class Read> int one_input(const std::uint8_t* data, std::size_t size, const Read& read) {
  try {
    read(std::as_bytes(std::span(data, size)));
  } catch (const FormatError&) {  // NOLINT(bugprone-empty-catch): the expected end
  }
  return 0;
}

/// Ends the program unless the condition holds.
inline void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace fornax::fuzz
