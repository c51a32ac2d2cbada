#include <fornax/data/csv.hpp>

#include <fuzz/fuzz.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fornax::fuzz::one_input(data, size, [](std::span<const std::byte> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    fornax::data::CsvTable::parse(text, "fuzz").numbers();
  });
}
