#pragma once
// Recurrent networks: cells, and cells over sequences. The input is mapped for all steps at once; the steps themselves
// run one after another.

#include <span>
#include <vector>

#include <fornax/functional/typed.hpp>

namespace fornax::functional {

/// Weights of one direction of one layer, gates one after another: [G H, In], [G H, H], [G H]. A bias may be empty.
struct RecurrentWeights {
  Array input, hidden, input_bias, hidden_bias;
};

/// Nonlinearity of the plain cell.
enum class Rnn : std::uint8_t { Tanh, Relu };
/// f(W x + b + U h + c). Shapes: x [N, In], h [N, H] -> [N, H].
Array rnn_cell(const Array& x, const Array& h, const RecurrentWeights& weights, Rnn f = Rnn::Tanh);
/// Gates r, z, n: h' = (1 - z) n + z h, where r = σ(·), z = σ(·) and n = tanh(W x + b + r (U h + c)). Without
/// `reset_after` the reset comes before the product: n = tanh(W x + b + U (r h) + c).
///
/// Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.
Array gru_cell(const Array& x, const Array& h, const RecurrentWeights& weights, bool reset_after = true);
struct LstmState {
  Array h, c;
};
/// Gates i, f, g, o: c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c').
///
/// Source: Hochreiter, Schmidhuber, "Long short-term memory", 1997; forget gate: Gers et al., 2000.
LstmState lstm_cell(const Array& x, const LstmState& state, const RecurrentWeights& weights);

struct Recurrent {
  bool bidirectional = false;
  bool batch_first = false;        // sequences are [N, T, In] in place of [T, N, In]
  double dropout = 0;              // between layers
  Generator* generator = nullptr;  // for dropout; the device's own if null
};
struct RecurrentResult {
  Array output;  // the last layer's h at each step; directions side by side
  Array h;       // [layers directions, N, H] after the last step
  Array c;       // the same of an LSTM's cells; else empty
};
/// A network over sequences. Number of layers: number of weights / directions; they stand layer by layer, forward before
/// backward. The backward direction reads from the end.
///
/// Shapes: x [T, N, In], T >= 1; initial states [layers directions, N, H] or empty: zeros -> output [T, N, directions H].
/// Errors: ShapeError if the shapes do not fit; ValueError if the weights are no whole number of layers, or dropout is
///         outside [0, 1].
RecurrentResult rnn(const Array& x, const Array& h0, std::span<const RecurrentWeights> weights, Rnn f = Rnn::Tanh,
                    const Recurrent& options = {});
RecurrentResult gru(const Array& x, const Array& h0, std::span<const RecurrentWeights> weights, bool reset_after = true,
                    const Recurrent& options = {});
RecurrentResult lstm(const Array& x, const Array& h0, const Array& c0, std::span<const RecurrentWeights> weights,
                     const Recurrent& options = {});

// --- Typed --------------------------------------------------------------------------------------------------------------

/// Weights of one direction of one layer.
template <BackendType B> struct TypedRecurrentWeights {
  Tensor<B, 2> input, hidden;
  std::optional<Tensor<B, 1>> input_bias, hidden_bias;

  RecurrentWeights arrays() const {
    return {input.array(), hidden.array(), impl::array_or_none(input_bias), impl::array_or_none(hidden_bias)};
  }
};
template <BackendType B> struct TypedRecurrentResult { Tensor<B, 3> output, h; };
template <BackendType B> struct TypedLstmResult { Tensor<B, 3> output, h, c; };

namespace impl {
template <BackendType B> std::vector<RecurrentWeights> arrays(std::span<const TypedRecurrentWeights<B>> weights) {
  std::vector<RecurrentWeights> all;
  for (const auto& w : weights) all.push_back(w.arrays());
  return all;
}
template <BackendType B> TypedRecurrentResult<B> typed(RecurrentResult r) {
  return {Tensor<B, 3>::unchecked(std::move(r.output)), Tensor<B, 3>::unchecked(std::move(r.h))};
}
}  // namespace impl

template <BackendType B>
Tensor<B, 2> rnn_cell(const Tensor<B, 2>& x, const Tensor<B, 2>& h, const TypedRecurrentWeights<B>& weights,
                      Rnn f = Rnn::Tanh) {
  return Tensor<B, 2>::unchecked(rnn_cell(x.array(), h.array(), weights.arrays(), f));
}
template <BackendType B>
Tensor<B, 2> gru_cell(const Tensor<B, 2>& x, const Tensor<B, 2>& h, const TypedRecurrentWeights<B>& weights,
                      bool reset_after = true) {
  return Tensor<B, 2>::unchecked(gru_cell(x.array(), h.array(), weights.arrays(), reset_after));
}
/// h and c after one step.
template <BackendType B>
std::pair<Tensor<B, 2>, Tensor<B, 2>> lstm_cell(const Tensor<B, 2>& x, const Tensor<B, 2>& h, const Tensor<B, 2>& c,
                                                const TypedRecurrentWeights<B>& weights) {
  LstmState next = lstm_cell(x.array(), {h.array(), c.array()}, weights.arrays());
  return {Tensor<B, 2>::unchecked(std::move(next.h)), Tensor<B, 2>::unchecked(std::move(next.c))};
}
template <BackendType B>
TypedRecurrentResult<B> rnn(const Tensor<B, 3>& x, const Optional<B, 3>& h0,
                            std::type_identity_t<std::span<const TypedRecurrentWeights<B>>> weights, Rnn f = Rnn::Tanh,
                            const Recurrent& options = {}) {
  return impl::typed<B>(rnn(x.array(), impl::array_or_none(h0), impl::arrays<B>(weights), f, options));
}
template <BackendType B>
TypedRecurrentResult<B> gru(const Tensor<B, 3>& x, const Optional<B, 3>& h0,
                            std::type_identity_t<std::span<const TypedRecurrentWeights<B>>> weights,
                            bool reset_after = true, const Recurrent& options = {}) {
  return impl::typed<B>(gru(x.array(), impl::array_or_none(h0), impl::arrays<B>(weights), reset_after, options));
}
template <BackendType B>
TypedLstmResult<B> lstm(const Tensor<B, 3>& x, const Optional<B, 3>& h0, const Optional<B, 3>& c0,
                        std::type_identity_t<std::span<const TypedRecurrentWeights<B>>> weights,
                        const Recurrent& options = {}) {
  RecurrentResult r =
      lstm(x.array(), impl::array_or_none(h0), impl::array_or_none(c0), impl::arrays<B>(weights), options);
  return {Tensor<B, 3>::unchecked(std::move(r.output)), Tensor<B, 3>::unchecked(std::move(r.h)),
          Tensor<B, 3>::unchecked(std::move(r.c))};
}

}  // namespace fornax::functional
