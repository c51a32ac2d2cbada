#include <fornax/functional/recurrent.hpp>

#include <fornax/array/allocate.hpp>
#include <fornax/functional/activation.hpp>
#include <fornax/functional/common.hpp>
#include <fornax/functional/dropout.hpp>
#include <fornax/functional/linear.hpp>
#include <fornax/ops/op.hpp>

namespace fornax::functional {

namespace {

using namespace impl;

// Gate number i of rows [N, gates H].
Array gate(const Array& rows, std::int64_t i, std::int64_t width) { return narrow(rows, 1, i * width, width); }

// One step; `of_x` is the mapped input [N, gates H], c is empty but for an LSTM.
using Step = LstmState (*)(const Array& of_x, const LstmState& s, const RecurrentWeights& w, int setting);

LstmState plain_step(const Array& of_x, const LstmState& s, const RecurrentWeights& w, int f) {
  const Array sum = of_x + linear(s.h, w.hidden, w.hidden_bias);
  return {static_cast<Rnn>(f) == Rnn::Tanh ? tanh(sum) : relu(sum), {}};
}

LstmState gru_step(const Array& of_x, const LstmState& s, const RecurrentWeights& w, int reset_after) {
  const std::int64_t width = s.h.shape()[1];
  const auto part = [&](std::int64_t first, std::int64_t gates, const Array& h) {
    const Array bias = w.hidden_bias.defined() ? narrow(w.hidden_bias, 0, first * width, gates * width) : Array();
    return linear(h, narrow(w.hidden, 0, first * width, gates * width), bias);
  };
  const Array of_h = part(0, reset_after ? 3 : 2, s.h);
  const Array reset = sigmoid(gate(of_x, 0, width) + gate(of_h, 0, width));
  const Array update = sigmoid(gate(of_x, 1, width) + gate(of_h, 1, width));
  const Array recalled = reset_after ? reset * gate(of_h, 2, width) : part(2, 1, reset * s.h);
  const Array fresh = tanh(gate(of_x, 2, width) + recalled);
  return {(1.0 - update) * fresh + update * s.h, {}};
}

LstmState lstm_step(const Array& of_x, const LstmState& s, const RecurrentWeights& w, int) {
  const std::int64_t width = s.h.shape()[1];
  const Array g = of_x + linear(s.h, w.hidden, w.hidden_bias);
  const Array c = sigmoid(gate(g, 1, width)) * s.c + sigmoid(gate(g, 0, width)) * tanh(gate(g, 2, width));
  return {sigmoid(gate(g, 3, width)) * tanh(c), c};
}

struct Cell {
  std::string_view name;
  std::int64_t gates;
  bool has_c;
  Step step;
  int setting = 0;
};

void check_weights(const Cell& cell, const RecurrentWeights& w, std::int64_t in, std::int64_t width) {
  require_shape(cell.name, "the input's weight", w.input, Shape{cell.gates * width, in});
  require_shape(cell.name, "the state's weight", w.hidden, Shape{cell.gates * width, width});
  for (const Array* b : {&w.input_bias, &w.hidden_bias})
    if (b->defined()) require_shape(cell.name, "a bias", *b, Shape{cell.gates * width});
}

void require_weights(const Cell& cell, const Array& x, const RecurrentWeights& w) {
  require_floats(cell.name, {&x, &w.input, &w.hidden});
  require_rank(cell.name, "the state's weight", w.hidden, 2);
}

LstmState one_step(const Cell& cell, const Array& x, const LstmState& s, const RecurrentWeights& w) {
  require_weights(cell, x, w);
  require_rank(cell.name, "the input", x, 2);
  const std::int64_t width = w.hidden.shape()[1];
  check_weights(cell, w, x.shape()[1], width);
  for (const Array* state : {&s.h, &s.c}) {
    if (state == &s.c && !cell.has_c) continue;
    require_floats(cell.name, {&x, state});
    require_shape(cell.name, "the state", *state, Shape{x.shape()[0], width});
  }
  return cell.step(linear(x, w.input, w.input_bias), s, w, cell.setting);
}

// All steps of an LSTM in one operation.
Array lstm_direction(const Array& x, const RecurrentWeights& w, bool backward, LstmState& last) {
  const bool both = w.input_bias.defined() && w.hidden_bias.defined();
  const Array bias = both ? w.input_bias + w.hidden_bias : w.input_bias.defined() ? w.input_bias : w.hidden_bias;
  const Arrays y = run_all(op::Lstm{backward}, {linear(x, w.input, bias), w.hidden, last.h, last.c});
  const std::int64_t end = backward ? 0 : x.shape()[0] - 1;
  last = {squeeze(narrow(y[0], 0, end, 1), 0), squeeze(narrow(y[1], 0, end, 1), 0)};
  return y[0];
}

// The same for gated recurrent units.
Array gru_direction(const Array& x, const RecurrentWeights& w, bool backward, bool reset_after, LstmState& last) {
  const Array bias = w.hidden_bias.defined() ? w.hidden_bias : zeros_like(x, Shape{w.hidden.shape()[0]});
  const Array h =
      run_all(op::Gru{backward, reset_after}, {linear(x, w.input, w.input_bias), w.hidden, bias, last.h})[0];
  last.h = squeeze(narrow(h, 0, backward ? 0 : x.shape()[0] - 1, 1), 0);
  return h;
}

// A checked network.
struct Net {
  const Cell& cell;
  std::span<const RecurrentWeights> weights;
  const Recurrent& options;
  std::size_t directions;
  std::int64_t batch, width;

  // x [T, N, In] through one direction of a layer; the state at the end goes to `last`.
  Array direction(const Array& x, std::size_t number, LstmState& last) const {
    const RecurrentWeights& w = weights[number];
    const bool backward = number % directions == 1;
    if (cell.has_c) return lstm_direction(x, w, backward, last);
    if (cell.gates == 3) return gru_direction(x, w, backward, cell.setting != 0, last);
    const std::vector<Array> steps = unstacked(linear(x, w.input, w.input_bias), 0);
    std::vector<Array> outputs(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::size_t t = backward ? steps.size() - 1 - i : i;
      last = cell.step(steps[t], last, w, cell.setting);
      outputs[t] = last.h;
    }
    return stacked(outputs, 0);
  }
};

Array state_at(const Array& states, const Array& x, const Net& net, std::size_t number) {
  if (!states.defined()) return zeros_like(x, Shape{net.batch, net.width});
  return squeeze(narrow(states, 0, static_cast<std::int64_t>(number), 1), 0);
}

Net checked(const Cell& cell, const Array& x, const Array& h0, const Array& c0,
            std::span<const RecurrentWeights> weights, const Recurrent& options) {
  require_floats(cell.name, {&x});
  require_probability(cell.name, "dropout", options.dropout);
  const std::size_t directions = options.bidirectional ? 2 : 1;
  if (weights.empty() || weights.size() % directions != 0)
    throw ValueError(cell.name, std::to_string(weights.size()) + " sets of weights for " + std::to_string(directions) +
                                    " directions; needs a whole number of layers");
  if (x.rank() != 3 || x.shape()[options.batch_first ? 1 : 0] == 0)
    throw ShapeError(cell.name,
                     "the input has shape " + x.shape().str() +
                         (options.batch_first ? "; needs [N, T, In], T >= 1" : "; needs [T, N, In], T >= 1"));
  for (const RecurrentWeights& w : weights) require_weights(cell, x, w);
  const std::int64_t batch = x.shape()[options.batch_first ? 0 : 1], width = weights[0].hidden.shape()[1];
  for (std::size_t i = 0; i < weights.size(); ++i)
    check_weights(cell, weights[i], i < directions ? x.shape()[2] : static_cast<std::int64_t>(directions) * width,
                  width);
  for (const Array* state : {&h0, &c0}) {
    if (!state->defined()) continue;
    require_floats(cell.name, {&x, state});
    require_shape(cell.name, "the initial state", *state, Shape{weights.size(), batch, width});
  }
  return {cell, weights, options, directions, batch, width};
}

RecurrentResult over_sequence(const Cell& cell, const Array& x, const Array& h0, const Array& c0,
                              std::span<const RecurrentWeights> weights, const Recurrent& options) try {
  const Net net = checked(cell, x, h0, c0, weights, options);
  Array layer_input = options.batch_first ? swap_dims(x, 0, 1) : x;
  std::vector<Array> last_h, last_c;
  for (std::size_t number = 0; number < weights.size(); number += net.directions) {
    if (number > 0 && options.dropout > 0)
      layer_input = dropout(layer_input, {.probability = options.dropout, .generator = options.generator});
    std::vector<Array> outputs;
    for (std::size_t n = number; n < number + net.directions; ++n) {
      LstmState state{state_at(h0, x, net, n), cell.has_c ? state_at(c0, x, net, n) : Array()};
      outputs.push_back(net.direction(layer_input, n, state));
      last_h.push_back(state.h);
      if (cell.has_c) last_c.push_back(state.c);
    }
    layer_input = joined(outputs, -1);
  }
  return {options.batch_first ? swap_dims(layer_input, 0, 1) : layer_input, stacked(last_h, 0),
          cell.has_c ? stacked(last_c, 0) : Array()};
} catch (const std::bad_alloc&) {
  fornax::detail::throw_exhausted();
}

}  // namespace

Array rnn_cell(const Array& x, const Array& h, const RecurrentWeights& weights, Rnn f) {
  return one_step({"rnn_cell", 1, false, plain_step, static_cast<int>(f)}, x, {h, {}}, weights).h;
}

Array gru_cell(const Array& x, const Array& h, const RecurrentWeights& weights, bool reset_after) {
  return one_step({"gru_cell", 3, false, gru_step, reset_after}, x, {h, {}}, weights).h;
}

LstmState lstm_cell(const Array& x, const LstmState& state, const RecurrentWeights& weights) {
  return one_step({"lstm_cell", 4, true, lstm_step}, x, state, weights);
}

RecurrentResult rnn(const Array& x, const Array& h0, std::span<const RecurrentWeights> weights, Rnn f,
                    const Recurrent& options) {
  return over_sequence({"rnn", 1, false, plain_step, static_cast<int>(f)}, x, h0, {}, weights, options);
}

RecurrentResult gru(const Array& x, const Array& h0, std::span<const RecurrentWeights> weights, bool reset_after,
                    const Recurrent& options) {
  return over_sequence({"gru", 3, false, gru_step, reset_after}, x, h0, {}, weights, options);
}

RecurrentResult lstm(const Array& x, const Array& h0, const Array& c0, std::span<const RecurrentWeights> weights,
                     const Recurrent& options) {
  return over_sequence({"lstm", 4, true, lstm_step}, x, h0, c0, weights, options);
}

}  // namespace fornax::functional
