#pragma once
// Recording functions of tensors.

#include <tuple>
#include <vector>

#include <fornax/decorators/trace/tag.hpp>
#include <fornax/tensor/checkpoint.hpp>
#include <fornax/tensor/tensor.hpp>

namespace fornax::trace {

/// The operations of f(x...), recorded. f gets tensors on Trace<B> and returns a tensor or a std::tuple of tensors, on
/// Trace<B> or a decorator over it; tensors that it captures are constants of the program. To record a backward pass,
/// lift the arguments: Tensor<Autodiff<Trace<Cpu>>, 2>::from_inner(x).require_grad(), and return the gradients.
///
/// Example: trace::record([&](const auto& x) { return model.forward(x); }, x).write("model.html");
template <class F, BackendType B, std::size_t D, Kind K, class... Rest>
Program record(F&& f, const Tensor<B, D, K>& first, const Rest&... rest) {
  return record(Options(), std::forward<F>(f), first, rest...);
}

/// The same with options.
template <class F, BackendType B, std::size_t D, Kind K, class... Rest>
Program record(const Options& options, F&& f, const Tensor<B, D, K>& first, const Rest&... rest) {
  static_assert((std::same_as<typename Rest::Backend, B> && ...), "the arguments are on different backends");
  Recorder recorder(Trace<B>::interpreter(), options);
  const auto traced = [&]<std::size_t R, class K2>(const Tensor<B, R, K2>& x) {
    return Tensor<Trace<B>, R, K2>::unchecked(recorder.input(x.array()));
  };
  const auto arguments = std::tuple{traced(first), traced(rest)...};
  const auto result = std::apply(std::forward<F>(f), arguments);
  const Arrays outputs = detail::RegionResult<std::remove_const_t<decltype(result)>>::pack(result);
  return recorder.finish({outputs.data(), outputs.size()});
}

}  // namespace fornax::trace
