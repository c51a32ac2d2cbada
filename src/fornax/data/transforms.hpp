#pragma once
// Datasets made of datasets. All are lazy: an item is made when it is asked for.

#include <array>
#include <memory>
#include <span>
#include <tuple>

#include <fornax/data/dataset.hpp>
#include <fornax/data/sampler.hpp>

namespace fornax::data {

// --- Items changed ----------------------------------------------------------------------------------------------------

/// f(item), or f(item, random) for a change by chance. Each epoch of a DataLoader has numbers of its own; `get(i)` alone
/// always has the same.
template <MapDataset D, class F> class Mapped {
 public:
  Mapped(D dataset, F f) : dataset_(std::move(dataset)), f_(std::move(f)) {}
  std::int64_t size() const { return dataset_.size(); }
  auto get(std::int64_t i, Random& random) const {
    if constexpr (std::is_invocable_v<const F&, ItemOf<D>, Random&>) {
      ItemOf<D> item = get_item(dataset_, i, random);
      return f_(std::move(item), random);
    } else {
      return f_(get_item(dataset_, i, random));
    }
  }
  auto get(std::int64_t i) const {
    Random random(0, 0, static_cast<std::uint64_t>(i));
    return get(i, random);
  }

 private:
  D dataset_;
  F f_;
};

/// Example: auto floats = map(images, [](Labelled x) { x.input = x.input.convert(DType::F32); return x; });
template <MapDataset D, class F> Mapped<D, F> map(D dataset, F f) { return {std::move(dataset), std::move(f)}; }

// --- Items chosen -----------------------------------------------------------------------------------------------------

/// Throws IndexError unless all are in [0, size).
void check_items(std::string_view dataset, std::span<const std::int64_t> items, std::int64_t size);
/// Where parts begin and end that have these shares of n items: whole numbers that sum up to n. Throws ValueError for
/// shares that are negative or do not sum up to 1.
std::vector<std::int64_t> split_points(std::int64_t n, std::span<const double> shares);

/// Throws ValueError unless both are at least 1.
void check_windows(std::int64_t length, std::int64_t step);

/// Some items of a dataset, in an order of their own.
template <MapDataset D> class Selection {
 public:
  Selection(D dataset, std::vector<std::int64_t> items) : dataset_(std::move(dataset)) {
    check_items("select", items, dataset_.size());
    items_ = std::make_shared<const std::vector<std::int64_t>>(std::move(items));
  }
  std::int64_t size() const { return static_cast<std::int64_t>(items_->size()); }
  ItemOf<D> get(std::int64_t i) const { return dataset_.get(item(i)); }
  ItemOf<D> get(std::int64_t i, Random& random) const { return get_item(dataset_, item(i), random); }

 private:
  std::int64_t item(std::int64_t i) const {
    check_item("select", i, size());
    return (*items_)[static_cast<std::size_t>(i)];
  }
  D dataset_;
  std::shared_ptr<const std::vector<std::int64_t>> items_;
};

template <MapDataset D> Selection<D> select(D dataset, std::vector<std::int64_t> items) {
  return {std::move(dataset), std::move(items)};
}
/// All items in one random order. (Sampler::shuffled has one for each epoch.)
template <MapDataset D> Selection<D> shuffle(D dataset, std::uint64_t seed) {
  std::vector<std::int64_t> items = permutation(dataset.size(), seed);
  return {std::move(dataset), std::move(items)};
}
/// `count` items drawn with or without replacement.
template <MapDataset D> Selection<D> sample(D dataset, std::int64_t count, std::uint64_t seed, bool replacement) {
  std::vector<std::int64_t> items = sample(dataset.size(), count, seed, replacement);
  return {std::move(dataset), std::move(items)};
}
/// `count` items from number `first` on. Throws IndexError if there are fewer.
template <MapDataset D> Selection<D> part(D dataset, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> items;
  for (std::int64_t i = 0; i < count; ++i) items.push_back(first + i);
  return {std::move(dataset), std::move(items)};
}
/// Parts with these shares of the items, of which each is in exactly one, at random.
///
/// Example: auto [train, valid] = split(dataset, std::array{0.9, 0.1}, 7);
template <MapDataset D, std::size_t N>
std::array<Selection<D>, N> split(const D& dataset, const std::array<double, N>& shares, std::uint64_t seed) {
  const std::vector<std::int64_t> points = split_points(dataset.size(), shares),
                                  order = permutation(dataset.size(), seed);
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<Selection<D>, N>{
        Selection<D>(dataset, std::vector<std::int64_t>(order.begin() + points[I], order.begin() + points[I + 1]))...};
  }
  (std::make_index_sequence<N>());
}

// --- Items together ---------------------------------------------------------------------------------------------------

/// Runs of `length` items, as vectors, that begin `step` items apart; what does not fill a run at the end is left out.
template <MapDataset D> class Windows {
 public:
  Windows(D dataset, std::int64_t length, std::int64_t step)
      : dataset_(std::move(dataset)), length_(length), step_(step) {
    check_windows(length, step);
  }
  std::int64_t size() const {
    const std::int64_t n = dataset_.size();
    return n < length_ ? 0 : (n - length_) / step_ + 1;
  }
  std::vector<ItemOf<D>> get(std::int64_t i) const {
    Random random(0, 0, static_cast<std::uint64_t>(i));
    return get(i, random);
  }
  std::vector<ItemOf<D>> get(std::int64_t i, Random& random) const {
    check_item("windows", i, size());
    std::vector<ItemOf<D>> run;
    for (std::int64_t k = 0; k < length_; ++k) run.push_back(get_item(dataset_, i * step_ + k, random));
    return run;
  }

 private:
  D dataset_;
  std::int64_t length_, step_;
};

template <MapDataset D> Windows<D> windows(D dataset, std::int64_t length, std::int64_t step = 1) {
  return {std::move(dataset), length, step};
}

/// The items of several datasets, one dataset behind the other; all have the same type of items.
template <MapDataset First, MapDataset... Rest> class Concat {
 public:
  explicit Concat(First first, Rest... rest) : parts_(std::move(first), std::move(rest)...) {}
  std::int64_t size() const {
    return std::apply([](const auto&... part) { return (static_cast<std::int64_t>(part.size()) + ...); }, parts_);
  }
  ItemOf<First> get(std::int64_t i) const {
    Random random(0, 0, static_cast<std::uint64_t>(i));
    return get(i, random);
  }
  ItemOf<First> get(std::int64_t i, Random& random) const {
    check_item("concat", i, size());
    return at<0>(i, random);
  }

 private:
  template <std::size_t K> ItemOf<First> at(std::int64_t i, Random& random) const {
    const auto& part = std::get<K>(parts_);
    if constexpr (K == sizeof...(Rest)) {
      return get_item(part, i, random);
    } else {
      return i < part.size() ? get_item(part, i, random) : at<K + 1>(i - part.size(), random);
    }
  }
  std::tuple<First, Rest...> parts_;
};

template <MapDataset First, MapDataset... Rest> Concat<First, Rest...> concat(First first, Rest... rest) {
  return Concat<First, Rest...>(std::move(first), std::move(rest)...);
}

}  // namespace fornax::data
