#include <fornax/data/image.hpp>

#include <fuzz/fuzz.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fornax::fuzz::one_input(
      data, size, [](std::span<const std::byte> bytes) { fornax::data::read_image_bytes(bytes, "fuzz"); });
}
