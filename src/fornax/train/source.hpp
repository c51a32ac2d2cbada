#pragma once
// Loaders as the Learner reads them: those of data/, and any range of batches.

#include <iterator>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <fornax/array/error.hpp>

namespace fornax::train::detail {

/// What gives batches by `next()`, an optional that is empty at the end of an epoch.
template <class L>
concept NextLoader = requires(L& loader) {
  loader.next().has_value();
  *loader.next();
};
/// What can say where it is, and go there.
template <class L>
concept PlacedLoader = requires(L& loader) {
  loader.restore(std::remove_cvref_t<decltype(loader.state())>::parse(loader.state().str()));
};

template <class L> std::int64_t batches_of(const L& loader) {
  if constexpr (requires { static_cast<std::int64_t>(loader.size()); }) return static_cast<std::int64_t>(loader.size());
  return -1;
}
template <class L> std::string place_of(const L& loader) {
  if constexpr (PlacedLoader<const L> || PlacedLoader<L>) return loader.state().str();
  return {};
}

/// One batch after the other.
template <class L> class Source {
 public:
  explicit Source(L& loader) : loader_(loader) {}

  bool next() {
    batch_ = loader_.next();
    return batch_.has_value();
  }
  const auto& batch() const { return *batch_; }

  void go_to(const std::string& place, std::int64_t batch) {
    if constexpr (PlacedLoader<L>) {
      loader_.restore(std::remove_cvref_t<decltype(loader_.state())>::parse(place));
    } else {
      while (batch-- > 0 && next()) {}
    }
  }

 private:
  L& loader_;
  decltype(std::declval<L&>().next()) batch_;
};

/// A range: an epoch goes from its beginning to its end.
template <class L>
requires(!NextLoader<L>) class Source<L> {
 public:
  explicit Source(L& range) : range_(range) {}

  bool next() {
    if (at_) {
      ++*at_;
    } else {
      at_.emplace(std::begin(range_));
    }
    if (*at_ != std::end(range_)) return true;
    at_.reset();
    return false;
  }
  const auto& batch() const { return **at_; }

  void go_to(const std::string&, std::int64_t batch) {
    at_.reset();
    while (batch-- > 0 && next()) {}
  }

 private:
  L& range_;
  std::optional<decltype(std::begin(std::declval<L&>()))> at_;
};

/// No loader at all.
struct NoLoader {
  std::optional<int> next() { return std::nullopt; }
};

}  // namespace fornax::train::detail
