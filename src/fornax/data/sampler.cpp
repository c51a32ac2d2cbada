#include <fornax/data/sampler.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include <fornax/array/error.hpp>
#include <fornax/data/random.hpp>

namespace fornax::data {

namespace {

void check_count(std::string_view operation, std::int64_t count, std::int64_t available, bool replacement) {
  if (count < 0) throw ValueError(operation, "a count of " + std::to_string(count));
  if (replacement ? available == 0 && count > 0 : count > available)
    throw ValueError(operation, std::to_string(count) + " items are wanted, and " + std::to_string(available) +
                                    (replacement ? " can be drawn" : " can be drawn without replacement"));
}

std::vector<std::int64_t> sequence(std::int64_t n) {
  std::vector<std::int64_t> items(static_cast<std::size_t>(n));
  std::iota(items.begin(), items.end(), std::int64_t{0});
  return items;
}

// The first `count` places of a shuffle (Fisher and Yates).
void shuffle_front(std::vector<std::int64_t>& items, std::int64_t count, Random& random) {
  const auto n = static_cast<std::int64_t>(items.size());
  for (std::int64_t i = 0; i < count; ++i)
    std::swap(items[static_cast<std::size_t>(i)], items[static_cast<std::size_t>(i + random.below(n - i))]);
}

}  // namespace

std::vector<std::int64_t> permutation(std::int64_t n, std::uint64_t seed) { return sample(n, n, seed, false); }

std::vector<std::int64_t> sample(std::int64_t n, std::int64_t count, std::uint64_t seed, bool replacement) {
  check_count("sample", count, n, replacement);
  Random random(seed);
  if (!replacement) {
    std::vector<std::int64_t> items = sequence(n);
    shuffle_front(items, count, random);
    items.resize(static_cast<std::size_t>(count));
    return items;
  }
  std::vector<std::int64_t> items(static_cast<std::size_t>(count));
  for (std::int64_t& item : items) item = random.below(n);
  return items;
}

std::vector<std::int64_t> weighted_sample(std::span<const double> weights, std::int64_t count, std::uint64_t seed,
                                          bool replacement) {
  constexpr std::string_view operation = "weighted_sample";
  std::vector<double> sums;
  double sum = 0;
  std::int64_t positive = 0;
  for (const double w : weights) {
    if (!(w >= 0) || std::isinf(w))
      throw ValueError(operation, "weight " + std::to_string(sums.size()) + " is " + std::to_string(w) +
                                      "; weights are numbers from 0 on");
    sums.push_back(sum += w);
    positive += w > 0 ? 1 : 0;
  }
  if (std::isinf(sum)) throw ValueError(operation, "the sum of the weights is infinite");
  check_count(operation, count, positive, replacement);

  Random random(seed);
  std::vector<std::int64_t> items(static_cast<std::size_t>(count));
  if (replacement) {
    for (std::int64_t& item : items) {
      // The first sum above the draw: never an item of weight 0, whose sum is that of its neighbour. Rounding may give a
      // draw of the sum itself, which belongs to the last item that has a weight.
      const double draw = std::min(random.uniform() * sum, std::nextafter(sum, 0.0));
      item = std::ranges::upper_bound(sums, draw) - sums.begin();
    }
    return items;
  }
  // An item's key is the time of its first event, at a rate of its weight: the earliest are the sample.
  std::vector<std::pair<double, std::int64_t>> keys;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double time = -std::log1p(-random.uniform());
    if (weights[i] > 0) keys.emplace_back(time / weights[i], static_cast<std::int64_t>(i));
  }
  std::ranges::partial_sort(keys, keys.begin() + count);
  for (std::size_t i = 0; i < items.size(); ++i) items[i] = keys[i].second;
  return items;
}

Sampler Sampler::shuffled(std::uint64_t seed) {
  Sampler s;
  s.kind_ = Kind::Shuffled;
  s.seed_ = seed;
  return s;
}

Sampler Sampler::random(std::int64_t count, std::uint64_t seed, bool replacement) {
  Sampler s = shuffled(seed);
  s.kind_ = Kind::Random;
  s.count_ = count;
  s.replacement_ = replacement;
  return s;
}

Sampler Sampler::weighted(std::vector<double> weights, std::int64_t count, std::uint64_t seed, bool replacement) {
  Sampler s = random(count, seed, replacement);
  s.kind_ = Kind::Weighted;
  s.weights_ = std::move(weights);
  return s;
}

std::int64_t Sampler::count(std::int64_t n) const {
  return kind_ == Kind::Sequential || kind_ == Kind::Shuffled ? n : count_;
}

std::vector<std::int64_t> Sampler::order(std::int64_t n, std::int64_t epoch) const {
  const std::uint64_t seed = Random(seed_, static_cast<std::uint64_t>(epoch)).next();
  switch (kind_) {
    case Kind::Sequential: return sequence(n);
    case Kind::Shuffled: return permutation(n, seed);
    case Kind::Random: return sample(n, count_, seed, replacement_);
    default: break;
  }
  if (static_cast<std::int64_t>(weights_.size()) != n)
    throw ValueError("Sampler::weighted",
                     std::to_string(weights_.size()) + " weights for " + std::to_string(n) + " items");
  return weighted_sample(weights_, count_, seed, replacement_);
}

std::uint64_t Sampler::fingerprint() const {
  std::uint64_t hash =
      Random(static_cast<std::uint64_t>(kind_), replacement_ ? 1 : 0, static_cast<std::uint64_t>(count_)).next();
  hash = Random(hash, seed_).next();
  for (const double w : weights_) hash = Random(hash, std::bit_cast<std::uint64_t>(w)).next();
  return hash;
}

}  // namespace fornax::data
