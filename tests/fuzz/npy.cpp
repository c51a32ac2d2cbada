#include <fornax/io/npy.hpp>

#include <fuzz/fuzz.hpp>

// What is accepted is written and read again: the same array.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fornax::io;
  return fornax::fuzz::one_input(data, size, [](std::span<const std::byte> bytes) {
    const fornax::TensorData array = read_npy_bytes(bytes, "fuzz");
    fornax::fuzz::require(read_npy_bytes(npy_bytes(array), "again") == array);
  });
}
