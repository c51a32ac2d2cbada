#include <fornax/data/idx.hpp>

#include <fuzz/fuzz.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fornax::fuzz::one_input(data, size,
                                 [](std::span<const std::byte> bytes) { fornax::read_idx_bytes(bytes, "fuzz"); });
}
