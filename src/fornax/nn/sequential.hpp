#pragma once
// Layers one after another, and layers without parameters that only move elements.

#include <fornax/functional/fold.hpp>
#include <fornax/nn/layer.hpp>

namespace fornax::nn {

/// The layers one after another, each on what the one before it gave. Ranks may change on the way. A list of layers of
/// one type is a std::vector, which its module walks through itself.
///
/// Example: auto mlp = nn::sequential(fc1, nn::Relu(), fc2);
template <class... Layers> struct Sequential {
  std::tuple<Layers...> layers;
  FORNAX_MODULE(Sequential, layers)

  template <class X> auto forward(const X& x) const { return run<0>(x); }

 private:
  template <std::size_t I, class X> auto run(const X& x) const {
    if constexpr (I == sizeof...(Layers)) {
      return x;
    } else {
      // A linear map computes the activation behind it as its end.
      constexpr std::size_t next = I + 1 < sizeof...(Layers) ? I + 1 : I;
      if constexpr (requires { std::get<I>(layers).forward(x, function_of(std::get<next>(layers))); })
        return run<I + 2>(std::get<I>(layers).forward(x, function_of(std::get<next>(layers))));
      else
        return run<I + 1>(std::get<I>(layers).forward(x));
    }
  }
};
template <class... Layers> Sequential<Layers...> sequential(Layers... layers) {
  return {std::tuple<Layers...>(std::move(layers)...)};
}

/// x as it is.
struct Identity {
  FORNAX_LAYER(Identity)
  template <AnyTensor T> T forward(const T& x) const { return x; }
};
/// The dims behind the first as one: [N, ...] -> [N, n].
struct Flatten {
  FORNAX_LAYER(Flatten)
  template <BackendType B, std::size_t D> Tensor<B, 2> forward(const Tensor<B, D>& x) const {
    static_assert(D >= 2, "Flatten needs a batch dim and others");
    return x.template flatten<2>(1);
  }
};
/// [N, C f², H, W] -> [N, C, H f, W f]; PixelUnshuffle goes back.
struct PixelShuffle {
  std::int64_t upscale_factor = 2;
  FORNAX_LAYER(PixelShuffle, upscale_factor)
  void validate() const { require_positive("PixelShuffle", "upscale_factor", upscale_factor); }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::pixel_shuffle(x, upscale_factor);
  }
};
struct PixelUnshuffle {
  std::int64_t downscale_factor = 2;
  FORNAX_LAYER(PixelUnshuffle, downscale_factor)
  void validate() const { require_positive("PixelUnshuffle", "downscale_factor", downscale_factor); }
  template <BackendType B, std::size_t D> Tensor<B, D> forward(const Tensor<B, D>& x) const {
    return functional::pixel_unshuffle(x, downscale_factor);
  }
};

}  // namespace fornax::nn
