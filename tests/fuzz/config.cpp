#include <array>
#include <optional>
#include <string>
#include <vector>

#include <fornax/array/error.hpp>
#include <fornax/nn/config.hpp>
#include <fornax/nn/initializer.hpp>
#include <fuzz/fuzz.hpp>

namespace {

struct Inner {
  std::int64_t width = 4;
  double rate = 0.5;
  FORNAX_CONFIG(Inner, width, rate)
  void validate() const { fornax::nn::require_positive("Inner", "width", width); }
};

struct Outer {
  std::string name;
  bool bias = true;
  float scale = 1;
  std::int32_t count = 0;
  std::optional<double> limit;
  std::vector<Inner> layers;
  std::array<std::int64_t, 2> channels{1, 1};
  Inner inner;
  fornax::nn::Initializer initializer = fornax::nn::Initializer::zeros();
  FORNAX_CONFIG(Outer, name, bias, scale, count, limit, layers, channels, inner, initializer)
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fornax::fuzz::one_input(data, size, [](std::span<const std::byte> bytes) {
    const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    try {
      const Outer read = Outer::from_json(text, {.allow_missing = true});
      // What is accepted is written as text that reads the same.
      const std::string written = read.to_json();
      fornax::fuzz::require(Outer::from_json(written).to_json() == written);
    } catch (const fornax::ValueError&) {  // NOLINT(bugprone-empty-catch): a setting outside its domain
    }
  });
}
