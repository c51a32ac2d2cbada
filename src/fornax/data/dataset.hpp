#pragma once
// Datasets: anything with a size and items. A dataset is read by several threads at once, through const methods, and is
// copied lightly: what is large stands behind a shared pointer.

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fornax/array/tensor_data.hpp>
#include <fornax/data/random.hpp>

namespace fornax::data {

/// Items that can be asked for by their number: `size()`, and `get(i)` for i in [0, size).
template <class D>
concept MapDataset = requires(const D& d, std::int64_t i) {
  { d.size() } -> std::convertible_to<std::int64_t>;
  d.get(i);
};

/// One whose items depend on chance too, such as augmented images: `get(i, random)`.
template <class D>
concept RandomDataset = MapDataset<D> && requires(const D& d, std::int64_t i, Random& random) {
  d.get(i, random);
};

/// Items that come one after the other: `stream()` gives an object whose `next()` is an optional item, empty at the end.
/// Each call of `stream` begins anew.
template <class D>
concept IterableDataset = requires(const D& d) {
  d.stream().next().has_value();
};

/// What a dataset's items are.
template <MapDataset D> using ItemOf = std::remove_cvref_t<decltype(std::declval<const D&>().get(0))>;
template <IterableDataset D>
using StreamItemOf = typename decltype(std::declval<const D&>().stream().next())::value_type;

/// Item i; its chance, if it has any, from this generator.
template <MapDataset D> ItemOf<D> get_item(const D& dataset, std::int64_t i, Random& random) {
  if constexpr (RandomDataset<D>) {
    return dataset.get(i, random);
  } else {
    return dataset.get(i);
  }
}

/// Throws IndexError unless i is in [0, size).
void check_item(std::string_view dataset, std::int64_t i, std::int64_t size);

/// Items in memory.
///
/// Example: InMemoryDataset words(std::vector<std::string>{"one", "two"});
template <class T> class InMemoryDataset {
 public:
  explicit InMemoryDataset(std::vector<T> items) : items_(std::make_shared<const std::vector<T>>(std::move(items))) {}
  std::int64_t size() const { return static_cast<std::int64_t>(items_->size()); }
  T get(std::int64_t i) const {
    check_item("InMemoryDataset", i, size());
    return (*items_)[static_cast<std::size_t>(i)];
  }

 private:
  std::shared_ptr<const std::vector<T>> items_;
};

/// An input and the number of its class.
struct Labelled {
  TensorData input;
  std::int64_t label = 0;
};

/// The rows of two arrays.
///
/// Shapes:  inputs [N, ...], labels [N], Int; item i is inputs[i] and labels[i].
/// Errors:  ShapeError, DTypeError.
/// Example: auto [images, labels] = read_fashion_mnist(find_fashion_mnist(), FashionSplit::Train);
///          TensorDataset train(images, labels);
class TensorDataset {
 public:
  TensorDataset(TensorData inputs, TensorData labels);
  std::int64_t size() const { return size_; }
  Labelled get(std::int64_t i) const;

 private:
  std::int64_t size_;
  Shape row_;
  std::shared_ptr<const TensorData> inputs_, labels_;
};

}  // namespace fornax::data
