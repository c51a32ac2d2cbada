#include <fornax/io/safetensors.hpp>

#include <fuzz/fuzz.hpp>

// What is accepted is written and read again: the same tensors.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fornax::io;
  return fornax::fuzz::one_input(data, size, [](std::span<const std::byte> bytes) {
    const SafetensorsReader file(bytes, "fuzz");
    NamedData tensors;
    for (const std::string& name : file.names()) tensors.emplace(name, file.read(name));
    const std::vector<std::byte> again = safetensors_bytes(tensors, file.metadata());
    const SafetensorsReader second(again, "again");
    fornax::fuzz::require(second.metadata() == file.metadata() && second.names() == file.names());
    for (const auto& [name, tensor] : tensors) fornax::fuzz::require(second.read(name) == tensor);
  });
}
