#include <fornax/data/stream_loader.hpp>

#include <string>

#include <fornax/array/error.hpp>

namespace fornax::data::detail {

void check_options(const StreamOptions& options) {
  if (options.batch_size < 1 || options.shuffle_buffer < 0)
    throw ValueError("StreamLoader", "batch_size " + std::to_string(options.batch_size) + ", shuffle_buffer " +
                                         std::to_string(options.shuffle_buffer) +
                                         "; at least 1 and at least 0 would fit");
}

std::uint64_t fingerprint(const StreamOptions& options) {
  const std::uint64_t hash = Random(options.seed, static_cast<std::uint64_t>(options.shuffle_buffer)).next();
  return Random(hash, static_cast<std::uint64_t>(options.batch_size), options.drop_last ? 1 : 0).next();
}

}  // namespace fornax::data::detail
