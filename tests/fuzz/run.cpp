#include <fornax/train/views/run_json.hpp>

#include <fuzz/fuzz.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fornax::fuzz::one_input(data, size, [](std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const fornax::train::History run = fornax::train::parse_run("fuzz", text);
    // What was accepted can be shown.
    fornax::fuzz::require(!fornax::train::page_data(run).empty());
  });
}
