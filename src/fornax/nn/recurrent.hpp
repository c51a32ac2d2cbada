#pragma once
// Recurrent networks of several layers and one or two directions.

#include <fornax/functional/recurrent.hpp>
#include <fornax/nn/layer.hpp>
#include <fornax/nn/mode.hpp>

namespace fornax::functional {

FORNAX_ENUM(Rnn, Tanh, Relu)

}  // namespace fornax::functional

namespace fornax::nn {

/// The weights of one direction of one layer, its gates one after another: G = 1 (Rnn), 3 (Gru: r, z, n) or 4 (Lstm:
/// i, f, g, o).
///
/// Shapes: weight_input [G d_hidden, d_input], weight_hidden [G d_hidden, d_hidden], biases [G d_hidden].
template <class B> struct RecurrentLayer {
  Tensor<B, 2> weight_input, weight_hidden;
  std::optional<Tensor<B, 1>> bias_input, bias_hidden;
  FORNAX_MODULE(RecurrentLayer, weight_input, weight_hidden, bias_input, bias_hidden)
};

namespace detail {

template <class B>
std::vector<functional::RecurrentWeights> weights_of(const std::vector<RecurrentLayer<B>>& layers) try {
  using functional::impl::array_or_none;
  std::vector<functional::RecurrentWeights> all;
  for (const auto& l : layers)
    all.push_back(
        {l.weight_input.array(), l.weight_hidden.array(), array_or_none(l.bias_input), array_or_none(l.bias_hidden)});
  return all;
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}
template <class B> functional::Recurrent recurrent_options(bool bidirectional, bool batch_first, double dropout) {
  return {.bidirectional = bidirectional, .batch_first = batch_first, .dropout = is_training<B>() ? dropout : 0};
}

}  // namespace detail

/// What the configs of the three have in common.
#define FORNAX_RECURRENT_FIELDS                                                      \
  std::int64_t d_input = 0, d_hidden = 0, num_layers = 1;                            \
  bool bias = true, bidirectional = false;                                           \
  bool batch_first = true; /* sequences are [N, T, d_input], else [T, N, d_input] */ \
  double dropout = 0;      /* between layers, in training */                         \
  Initializer initializer = Initializer::xavier_normal();

namespace detail {

void validate_recurrent(std::string_view config, std::int64_t d_input, std::int64_t d_hidden, std::int64_t num_layers,
                        double dropout);

template <class B, class Config>
std::vector<RecurrentLayer<B>> init_recurrent(const Config& c, std::int64_t gates, const InitOptions& on) {
  c.validate();
  std::vector<RecurrentLayer<B>> layers;
  const std::int64_t directions = c.bidirectional ? 2 : 1, rows = gates * c.d_hidden;
  for (std::int64_t i = 0; i < c.num_layers * directions; ++i) {
    const std::int64_t in = i < directions ? c.d_input : directions * c.d_hidden;
    RecurrentLayer<B> layer{init_parameter<B>(c.initializer, {rows, in}, in, c.d_hidden, on),
                            init_parameter<B>(c.initializer, {rows, c.d_hidden}, c.d_hidden, c.d_hidden, on),
                            {},
                            {}};
    if (c.bias) layer.bias_input = init_parameter<B>(c.initializer, {rows}, in, c.d_hidden, on);
    if (c.bias) layer.bias_hidden = init_parameter<B>(c.initializer, {rows}, c.d_hidden, c.d_hidden, on);
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace detail

/// h' = f(W x + b + U h + c) over sequences: functional::rnn.
///
/// Shapes: x [N, T, d_input] (batch_first) or [T, N, d_input] -> output [..., directions d_hidden] and the last state
///         h [num_layers directions, N, d_hidden].
template <class B> struct Rnn {
  std::vector<RecurrentLayer<B>> layers;
  bool bidirectional = false, batch_first = true;
  double dropout = 0;
  functional::Rnn nonlinearity = functional::Rnn::Tanh;
  FORNAX_MODULE(Rnn, layers, bidirectional, batch_first, dropout, nonlinearity)

  /// From the state h0; from zeros if there is none.
  functional::TypedRecurrentResult<B> forward(const Tensor<B, 3>& x, const functional::Optional<B, 3>& h0 = {}) const {
    return functional::impl::typed<B>(
        functional::rnn(x.array(), functional::impl::array_or_none(h0), detail::weights_of(layers), nonlinearity,
                        detail::recurrent_options<B>(bidirectional, batch_first, dropout)));
  }
};
struct RnnConfig {
  FORNAX_RECURRENT_FIELDS
  functional::Rnn nonlinearity = functional::Rnn::Tanh;
  FORNAX_LAZY_CONFIG(RnnConfig, d_input, d_hidden, num_layers, bias, bidirectional, batch_first, dropout, initializer,
                     nonlinearity)
  void validate() const { detail::validate_recurrent("RnnConfig", d_input, d_hidden, num_layers, dropout); }
  template <BackendType B> Rnn<B> init(const InitOptions& on = {}) const {
    return {detail::init_recurrent<B>(*this, 1, on), bidirectional, batch_first, dropout, nonlinearity};
  }
};

/// Gated recurrent units: functional::gru. Shapes as for Rnn.
template <class B> struct Gru {
  std::vector<RecurrentLayer<B>> layers;
  bool bidirectional = false, batch_first = true;
  double dropout = 0;
  bool reset_after = true;
  FORNAX_MODULE(Gru, layers, bidirectional, batch_first, dropout, reset_after)

  functional::TypedRecurrentResult<B> forward(const Tensor<B, 3>& x, const functional::Optional<B, 3>& h0 = {}) const {
    return functional::impl::typed<B>(
        functional::gru(x.array(), functional::impl::array_or_none(h0), detail::weights_of(layers), reset_after,
                        detail::recurrent_options<B>(bidirectional, batch_first, dropout)));
  }
};
struct GruConfig {
  FORNAX_RECURRENT_FIELDS
  bool reset_after = true;  // the reset gate acts on the product, as in PyTorch; else on the state, as in the paper
  FORNAX_LAZY_CONFIG(GruConfig, d_input, d_hidden, num_layers, bias, bidirectional, batch_first, dropout, initializer,
                     reset_after)
  void validate() const { detail::validate_recurrent("GruConfig", d_input, d_hidden, num_layers, dropout); }
  template <BackendType B> Gru<B> init(const InitOptions& on = {}) const {
    return {detail::init_recurrent<B>(*this, 3, on), bidirectional, batch_first, dropout, reset_after};
  }
};

/// The state of an Lstm: h and c [num_layers directions, N, d_hidden].
template <class B> struct LstmState {
  Tensor<B, 3> h, c;
  FORNAX_FIELDS(h, c)
};

/// Long short-term memory: functional::lstm. Shapes as for Rnn; the result has the cells' state c too.
template <class B> struct Lstm {
  std::vector<RecurrentLayer<B>> layers;
  bool bidirectional = false, batch_first = true;
  double dropout = 0;
  FORNAX_MODULE(Lstm, layers, bidirectional, batch_first, dropout)

  functional::TypedLstmResult<B> forward(const Tensor<B, 3>& x,
                                         const std::optional<LstmState<B>>& state = std::nullopt) const {
    functional::RecurrentResult r =
        functional::lstm(x.array(), state ? state->h.array() : Array(), state ? state->c.array() : Array(),
                         detail::weights_of(layers), detail::recurrent_options<B>(bidirectional, batch_first, dropout));
    return {Tensor<B, 3>::unchecked(std::move(r.output)), Tensor<B, 3>::unchecked(std::move(r.h)),
            Tensor<B, 3>::unchecked(std::move(r.c))};
  }
};
struct LstmConfig {
  FORNAX_RECURRENT_FIELDS
  FORNAX_LAZY_CONFIG(LstmConfig, d_input, d_hidden, num_layers, bias, bidirectional, batch_first, dropout, initializer)
  void validate() const { detail::validate_recurrent("LstmConfig", d_input, d_hidden, num_layers, dropout); }
  template <BackendType B> Lstm<B> init(const InitOptions& on = {}) const {
    return {detail::init_recurrent<B>(*this, 4, on), bidirectional, batch_first, dropout};
  }
};
#undef FORNAX_RECURRENT_FIELDS

}  // namespace fornax::nn
