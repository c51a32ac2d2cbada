#include <fornax/io/checkpoint.hpp>

#include <fuzz/fuzz.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fornax::fuzz::one_input(
      data, size, [](std::span<const std::byte> bytes) { fornax::io::load_checkpoint_bytes(bytes, "fuzz"); });
}
