// checkpoint_writer PATH STEP: saves checkpoint after checkpoint to PATH, from this step on, until it is killed; after each
// it writes the step's number, 8 bytes, to its output.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <fornax/io/checkpoint.hpp>

int main(int, char** arguments) {
  using namespace fornax;
  for (std::int64_t step = std::atoll(arguments[2]);; ++step) {
    const std::vector<float> values(50'000, static_cast<float>(step));
    io::save_checkpoint(arguments[1], io::to_arrays({{"w", TensorData(values)}}), {{"step", std::to_string(step)}});
    if (::write(1, &step, sizeof(step)) != sizeof(step)) return 1;
  }
}
