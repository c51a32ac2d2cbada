#pragma once

#include <array>
#include <tuple>

#include <fornax/tensor/tensor.hpp>

namespace fornax {

namespace detail {

template <class R> struct RegionResult;
template <class B, std::size_t D, class K> struct RegionResult<Tensor<B, D, K>> {
  static Arrays pack(const Tensor<B, D, K>& t) { return t.array(); }
  static Tensor<B, D, K> unpack(const Arrays& a) { return Tensor<B, D, K>::unchecked(a[0]); }
};
template <class... T> struct RegionResult<std::tuple<T...>> {
  static Arrays pack(const std::tuple<T...>& all) {
    Arrays a;
    std::apply([&](const auto&... t) { (a.push_back(t.array()), ...); }, all);
    return a;
  }
  static std::tuple<T...> unpack(const Arrays& a) {
    std::size_t i = 0;
    return std::tuple<T...>{T::unchecked(a[i++])...};
  }
};

}  // namespace detail

/// f(args...), of which backward keeps only the arguments: it runs f again when it gets there, with the same random
/// numbers. Trades time for memory.
///
/// f returns a tensor or a std::tuple of tensors. Tracked tensors that it captures get their gradients too; captured
/// references must stay valid, and unchanged, until backward.
///
/// Example: auto h = checkpoint([&](const auto& x) { return block(x); }, x);
template <class F, BackendType B, std::size_t D, Kind K, class... Rest>
auto checkpoint(F f, const Tensor<B, D, K>& first, const Rest&... rest) {
  using Result = decltype(f(first, rest...));
  if constexpr (!B::is_autodiff) {
    return f(first, rest...);
  } else {
    struct Call final : autodiff::Region {
      explicit Call(F function) : f(std::move(function)) {}
      Arrays run(const Arrays& x) override {
        std::size_t i = 0;
        const std::tuple<Tensor<B, D, K>, Rest...> args{Tensor<B, D, K>::unchecked(x[i++]), Rest::unchecked(x[i++])...};
        return detail::RegionResult<Result>::pack(std::apply(f, args));
      }
      F f;
    };
    Arrays inputs(first.array());
    (inputs.push_back(rest.array()), ...);
    return detail::RegionResult<Result>::unpack(
        autodiff::checkpoint(B::interpreter(), Ref<autodiff::Region>(new Call(std::move(f))), inputs));
  }
}

}  // namespace fornax
