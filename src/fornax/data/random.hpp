#pragma once
// Random numbers for the order of items and for augmentation: the same on every machine, and cheap to begin anew for each
// item, so that an item's numbers do not depend on which thread prepares it.

#include <cstdint>

namespace fornax::data {

/// The generator SplitMix64.
///
/// Source:  Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class Random {
 public:
  explicit Random(std::uint64_t seed = 0) : state_(seed) {}
  /// The stream that belongs to several numbers together, such as a seed, an epoch and an item.
  Random(std::uint64_t seed, std::uint64_t a, std::uint64_t b = 0) : state_(mixed(mixed(seed) + a)) {
    state_ = mixed(state_ + b);
  }

  std::uint64_t next() { return mixed(state_ += kStep); }
  /// Evenly on [0, 1).
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Evenly on 0, 1, ..., n - 1; n is at least 1.
  std::int64_t below(std::int64_t n) {
    const auto m = static_cast<std::uint64_t>(n);
    const std::uint64_t uneven = (0 - m) % m;  // 2^64 mod m: values below would make small numbers more frequent
    std::uint64_t x = next();
    while (x < uneven) x = next();
    return static_cast<std::int64_t>(x % m);
  }
  bool chance(double probability) { return uniform() < probability; }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111eb;
    return z ^ (z >> 31U);
  }
  std::uint64_t state_;
};

}  // namespace fornax::data
