#pragma once
// Which items an epoch has, and in which order.

#include <cstdint>
#include <span>
#include <vector>

namespace fornax::data {

/// 0, 1, ..., n - 1 in random order.
std::vector<std::int64_t> permutation(std::int64_t n, std::uint64_t seed);
/// `count` of 0, 1, ..., n - 1 in random order: each as often as chance has it, or at most once.
/// Throws ValueError for count < 0, for n = 0 with count > 0, and without replacement for count > n.
std::vector<std::int64_t> sample(std::int64_t n, std::int64_t count, std::uint64_t seed, bool replacement);
/// The same, item i with a probability that is proportional to weights[i]; without replacement one after the other from
/// what is left. Throws ValueError for weights that are negative, NaN or infinite, or too few that are positive.
///
/// Source:  Efraimidis, Spirakis, "Weighted random sampling with a reservoir", 2006 (without replacement).
std::vector<std::int64_t> weighted_sample(std::span<const double> weights, std::int64_t count, std::uint64_t seed,
                                          bool replacement);

/// Gives each epoch its order: a function of seed and epoch alone.
class Sampler {
 public:
  /// All items as they come.
  static Sampler sequential() { return {}; }
  /// All items, in an order of its own for each epoch.
  static Sampler shuffled(std::uint64_t seed);
  static Sampler random(std::int64_t count, std::uint64_t seed, bool replacement = true);
  static Sampler weighted(std::vector<double> weights, std::int64_t count, std::uint64_t seed, bool replacement = true);

  /// Number of items in an epoch of a dataset of n.
  std::int64_t count(std::int64_t n) const;
  /// Throws ValueError as the functions above do, and if there are not n weights.
  std::vector<std::int64_t> order(std::int64_t n, std::int64_t epoch) const;
  /// The same for equal samplers, and hardly ever for others.
  std::uint64_t fingerprint() const;

 private:
  enum class Kind : std::uint8_t { Sequential, Shuffled, Random, Weighted };
  Sampler() = default;

  Kind kind_ = Kind::Sequential;
  bool replacement_ = true;
  std::int64_t count_ = 0;
  std::uint64_t seed_ = 0;
  std::vector<double> weights_;
};

}  // namespace fornax::data
